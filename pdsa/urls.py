"""Addresses of the pdsa app, by part of the site."""

from django.urls import URLPattern, path

from pdsa.views import cycle_acts, cycles, feeds, log, outreach, printing, projects, tests_list

app_name = "pdsa"

project_patterns: list[URLPattern] = [
    path("projects/", projects.projects, name="projects"),
    path("projects/new/", projects.new_project, name="new_project"),
    path("projects/<int:project_id>/", projects.project, name="project"),
    path("projects/<int:project_id>/edit/", projects.edit_project, name="edit_project"),
    path("projects/<int:project_id>/review/", projects.review_project, name="review_project"),
    path("projects/<int:project_id>/ramps/", projects.ramps, name="ramps"),
    path(
        "projects/<int:project_id>/storyboard.pdf", printing.storyboard_pdf, name="storyboard_pdf"
    ),
    path("projects/<int:project_id>/tests/", tests_list.project_tests, name="project_tests"),
    path("projects/<int:project_id>/ideas/new/", projects.new_idea, name="new_idea"),
    path("ideas/<int:idea_id>/edit/", projects.edit_idea, name="edit_idea"),
]

_TEST = "tests/<int:cycle_id>/"
cycle_patterns: list[URLPattern] = [
    path("tests/", tests_list.own_tests, name="tests"),
    path("tests/shared/", tests_list.shared_tests, name="shared_tests"),
    path("tests/calendar/", feeds.calendar_page, name="calendar"),
    path("tests/calendar/end/", feeds.end_calendar, name="end_calendar"),
    path("calendar/<str:secret>.ics", feeds.calendar_feed, name="calendar_feed"),
    path("tests/next/", tests_list.next_things, name="next_things"),
    path("tests/log/", log.log, name="log"),
    path("tests/log-done/", log.log_done, name="log_done"),
    path(_TEST, cycles.cycle, name="cycle"),
    path(f"{_TEST}test.pdf", printing.test_pdf, name="test_pdf"),
    path(f"{_TEST}as-shared/", cycles.as_shared, name="as_shared"),
    path(f"{_TEST}history/", cycles.history, name="history"),
    path(f"{_TEST}copy/", log.copy, name="copy"),
    path(f"{_TEST}finish/", cycle_acts.finish, name="finish"),
    path(f"{_TEST}decide/<slug:decision>/", cycle_acts.decide, name="decide"),
    path(f"{_TEST}next/", cycle_acts.continue_, name="continue"),
    path(f"{_TEST}not-predicted/", cycle_acts.not_predicted, name="not_predicted"),
    path(f"{_TEST}focus/", cycle_acts.focus, name="focus"),
    path(f"{_TEST}share/", cycle_acts.share, name="share"),
    *(
        path(f"{_TEST}{act}/", cycle_acts.move, {"act": act}, name=act)
        for act in ("plan", "start", "study", "pause", "resume", "cancel", "restore", "reopen")
    ),
    path(f"{_TEST}questions/add/", cycle_acts.add_prediction, name="add_prediction"),
    path(f"{_TEST}tasks/add/", cycle_acts.add_task, name="add_task"),
    path(f"{_TEST}numbers/add/", cycle_acts.add_reading, name="add_reading"),
    path(f"{_TEST}files/add/", cycle_acts.add_file, name="add_file"),
    path(f"{_TEST}files/<int:attachment_id>/remove/", cycle_acts.remove_file, name="remove_file"),
    path(f"{_TEST}measures/link/", cycle_acts.link_measure, name="link_measure"),
    path(f"{_TEST}comments/add/", cycle_acts.add_comment, name="add_comment"),
    path("tests/<int:pk>/autosave/", cycle_acts.save_cycle, name="save_cycle"),
    path("test-questions/<int:pk>/autosave/", cycle_acts.save_prediction, name="save_prediction"),
    path("test-questions/<int:pk>/remove/", cycle_acts.remove_prediction, name="remove_prediction"),
    path("test-tasks/<int:pk>/autosave/", cycle_acts.save_task, name="save_task"),
    path("test-tasks/<int:pk>/done/", cycle_acts.finish_task, name="finish_task"),
    path("test-tasks/<int:pk>/remove/", cycle_acts.remove_task, name="remove_task"),
    path("test-numbers/<int:pk>/remove/", cycle_acts.remove_reading, name="remove_reading"),
    path(
        "test-questions/<int:pk>/put-back/",
        cycle_acts.put_back_prediction,
        name="put_back_prediction",
    ),
    path("test-tasks/<int:pk>/put-back/", cycle_acts.put_back_task, name="put_back_task"),
    path("test-numbers/<int:pk>/put-back/", cycle_acts.put_back_reading, name="put_back_reading"),
    path("comments/<int:pk>/take-back/", cycle_acts.take_back_comment, name="take_back_comment"),
]

_LIST = "outreach/<str:code>/"
outreach_patterns: list[URLPattern] = [
    path("outreach/", outreach.outreach, name="outreach"),
    path(_LIST, outreach.outreach_list, name="outreach_list"),
    path(f"{_LIST}tests/add/", outreach.add_to_test, name="add_to_test"),
    path(f"{_LIST}tests/remove/", outreach.remove_from_test, name="remove_from_test"),
    path(f"{_LIST}list.<slug:form>", outreach.outreach_download, name="outreach_file"),
]

urlpatterns: list[URLPattern] = [*project_patterns, *cycle_patterns, *outreach_patterns]

"""Addresses of the learning system."""

from django.urls import path

from learning.views import coaching, holding, home, progress, sessions

app_name = "learning"
urlpatterns = [
    path("", sessions.calendar_page, name="calendar"),
    path("home/", home.home_part, name="home_part"),
    path("sessions/plan/", sessions.plan_session_page, name="plan_session"),
    path("sessions/<int:session_id>/", sessions.session_page, name="session"),
    path("sessions/<int:session_id>/change/", sessions.change_session_page, name="change_session"),
    path(
        "sessions/<int:session_id>/act/<str:act>/",
        sessions.move_session_on_page,
        name="move_session_on",
    ),
    path("sessions/<int:session_id>/links/", sessions.add_link_page, name="add_session_link"),
    path("sessions/<int:session_id>/check-in/", sessions.check_in_page, name="check_in"),
    path(
        "sessions/<int:session_id>/check-in/<int:person_id>/undo/",
        sessions.undo_check_in_page,
        name="undo_check_in",
    ),
    path("sessions/<int:session_id>/pre-work/", sessions.pre_work_page, name="pre_work"),
    path("sessions/<int:session_id>/feedback/", sessions.feedback_page, name="feedback"),
    path(
        "sessions/<int:session_id>/session.ics",
        sessions.session_calendar_file,
        name="session_file",
    ),
    path("phases/add/", sessions.add_phase_page, name="add_phase"),
    path("phases/<int:phase_id>/", sessions.phase_page, name="phase"),
    path("phases/<int:phase_id>/delete/", sessions.delete_phase_page, name="delete_phase"),
    path("caseload/", coaching.caseload_page, name="caseload"),
    path("coaching/<str:code>/", coaching.coaching_page, name="coaching"),
    path("coaching/<str:code>/calls/plan/", coaching.plan_call_page, name="plan_call"),
    path("coaching/<str:code>/actions/add/", coaching.add_action_page, name="add_action"),
    path("coaching/<str:code>/help/", coaching.ask_for_help_page, name="ask_for_help"),
    path("coaching/<str:code>/progress/", progress.progress_page, name="progress"),
    path("coaching/<str:code>/reports/<str:month>/", progress.open_report_page, name="open_report"),
    path("coaching/<str:code>/holding/", holding.holding_page, name="holding"),
    path("coaching/<str:code>/holding/plan/", holding.plan_control_page, name="plan_control"),
    path("holding/<int:control_id>/", holding.change_control_page, name="change_control"),
    path("holding/<int:control_id>/check/", holding.check_control_page, name="check_control"),
    path("holding/<int:control_id>/end/", holding.end_control_page, name="end_control"),
    path("calls/<int:call_id>/", coaching.call_page, name="call"),
    path("calls/<int:call_id>/hold/", coaching.hold_call_page, name="hold_call"),
    path("calls/<int:call_id>/cancel/", coaching.cancel_call_page, name="cancel_call"),
    path("call-notes/<int:pk>/autosave/", coaching.save_call_notes, name="save_call_notes"),
    path("calls/<int:pk>/private/autosave/", coaching.save_private_note, name="save_private_note"),
    path("coaching/<str:code>/take-over/", coaching.take_over_page, name="take_over"),
    path("actions/", coaching.own_actions_page, name="own_actions"),
    path("actions/<int:item_id>/close/", coaching.close_action_page, name="close_action"),
    path("actions/<int:item_id>/reopen/", coaching.reopen_action_page, name="reopen_action"),
    path("help/<int:help_id>/answer/", coaching.answer_help_page, name="answer_help"),
    path("reports/", progress.reports_page, name="reports"),
    path("reports/<int:report_id>/", progress.report_page, name="report"),
    path("reports/<int:pk>/autosave/", progress.save_report, name="save_report"),
    path("reports/<int:report_id>/submit/", progress.submit_report_page, name="submit_report"),
    path(
        "reports/<int:report_id>/take-back/",
        progress.take_report_back_page,
        name="take_report_back",
    ),
    path(
        "reports/<int:report_id>/acknowledge/",
        progress.acknowledge_report_page,
        name="acknowledge_report",
    ),
    path("reports/<int:report_id>/close/", progress.close_report_page, name="close_report"),
]

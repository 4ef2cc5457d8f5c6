"""Addresses of the programme's evaluation."""

from django.urls import path

from learning.views import codebook, coding, evaluation, interviews, surveys

app_name = "evaluation"
urlpatterns = [
    path("evaluation/", evaluation.evaluation_page, name="overview"),
    path("evaluation/home/", evaluation.home_part, name="home_part"),
    path("evaluation/tables/<str:name>/", evaluation.table_page, name="table"),
    path("evaluation/tables/<str:name>/csv", evaluation.table_file, name="table_file"),
    path("evaluation/files/<str:form>", evaluation.tables_file, name="files"),
    path("evaluation/released/", evaluation.released_page, name="released"),
    path(
        "evaluation/released/<int:released_id>/take-back/",
        evaluation.take_back_page,
        name="take_back",
    ),
    path(
        "evaluation/release/reports/<int:report_id>/",
        evaluation.choose_report_text_page,
        name="choose_report_text",
    ),
    path(
        "evaluation/release/reports/<int:report_id>/<str:field>/",
        evaluation.release_report_page,
        name="release_report",
    ),
    path(
        "evaluation/release/tests/<int:cycle_id>/",
        evaluation.choose_test_text_page,
        name="choose_test_text",
    ),
    path(
        "evaluation/release/tests/<int:cycle_id>/<str:field>/",
        evaluation.release_test_page,
        name="release_test",
    ),
    path("evaluation/surveys/", surveys.surveys_page, name="surveys"),
    path("evaluation/surveys/new/", surveys.new_survey_page, name="new_survey"),
    path("evaluation/surveys/<int:survey_id>/", surveys.survey_page, name="survey"),
    path(
        "evaluation/surveys/<int:survey_id>/change/",
        surveys.change_survey_page,
        name="change_survey",
    ),
    path(
        "evaluation/surveys/<int:survey_id>/act/<str:act>/",
        surveys.act_on_survey_page,
        name="act_on_survey",
    ),
    path(
        "evaluation/surveys/<int:survey_id>/results/<str:form>",
        surveys.survey_file,
        name="survey_file",
    ),
    path("surveys/<int:survey_id>/", surveys.answer_survey_page, name="answer_survey"),
    path("evaluation/interviews/", interviews.interviews_page, name="interviews"),
    path("evaluation/interviews/add/", interviews.add_excerpts_page, name="add_excerpts"),
    path("evaluation/interviews/import/", interviews.import_excerpts_page, name="import_excerpts"),
    path("evaluation/codebook/", codebook.codebook_page, name="codebook"),
    path("evaluation/codebook/begin/", codebook.begin_codebook_page, name="begin_codebook"),
    path("evaluation/codebook/<int:version>/", codebook.codebook_page, name="codebook_version"),
    path("evaluation/codebook/<int:version>/fix/", codebook.fix_codebook_page, name="fix_codebook"),
    path("evaluation/codebook/<int:version>/csv", codebook.codebook_file, name="codebook_file"),
    path("evaluation/codebook/<int:version>/add/", codebook.add_entry_page, name="add_entry"),
    path(
        "evaluation/codebook/entries/<int:entry_id>/",
        codebook.change_entry_page,
        name="change_entry",
    ),
    path(
        "evaluation/codebook/entries/<int:entry_id>/remove/",
        codebook.remove_entry_page,
        name="remove_entry",
    ),
    path("evaluation/coding/", coding.rounds_page, name="rounds"),
    path("evaluation/coding/begin/", coding.begin_round_page, name="begin_round"),
    path("evaluation/coding/<int:round_id>/", coding.round_page, name="round"),
    path(
        "evaluation/coding/<int:round_id>/excerpts/<int:excerpt_id>/",
        coding.code_excerpt_page,
        name="code_excerpt",
    ),
    path(
        "evaluation/coding/<int:round_id>/finish/",
        coding.finish_coding_page,
        name="finish_coding",
    ),
    path(
        "evaluation/coding/<int:round_id>/settle/<int:excerpt_id>/",
        coding.settle_excerpt_page,
        name="settle_excerpt",
    ),
    path(
        "evaluation/coding/<int:round_id>/files/<str:form>",
        coding.round_file,
        name="round_file",
    ),
]

"""API addresses of the learning app, below /api/v1/."""

from django.urls import URLPattern, path

from learning.api import evaluation, programme, views

urlpatterns: list[URLPattern] = [
    path("change-package/", views.PackageVersionListView.as_view(), name="api_change_packages"),
    path(
        "change-package/<int:number>/",
        views.PackageVersionView.as_view(),
        name="api_change_package",
    ),
    path(
        "evaluation/<str:name>/",
        evaluation.EvaluationTableView.as_view(),
        name="api_evaluation_table",
    ),
    path("search/", views.SearchView.as_view(), name="api_search"),
    path("sessions/", programme.SessionListView.as_view(), name="api_sessions"),
    path("calls/", programme.CallListView.as_view(), name="api_calls"),
    path("actions/", programme.ActionItemListView.as_view(), name="api_actions"),
    path("scores/", programme.ScoreListView.as_view(), name="api_scores"),
    path("monthly-reports/", programme.MonthlyReportListView.as_view(), name="api_monthly_reports"),
    path("stories/", programme.StoryListView.as_view(), name="api_stories"),
    path("syntheses/", programme.SynthesisListView.as_view(), name="api_syntheses"),
]

"""API addresses of the grants app, below /api/v1/."""

from django.urls import path

from grants.api import views

urlpatterns = [
    path("grants/funds/", views.FundListView.as_view(), name="api_grant_funds"),
    path("grants/awards/", views.AwardListView.as_view(), name="api_grant_awards"),
    path("grants/awards/<int:award_id>/", views.AwardView.as_view(), name="api_grant_award"),
    path("grants/movements/", views.MovementListView.as_view(), name="api_grant_movements"),
    path("grants/reports/", views.GrantReportListView.as_view(), name="api_grant_reports"),
    path(
        "grants/reports/<int:report_id>/lines/",
        views.GrantReportLinesView.as_view(),
        name="api_grant_report_lines",
    ),
]

"""API addresses of the reports app, below /api/v1/."""

from django.urls import URLPattern, path

from reports.api import imputed, views

urlpatterns: list[URLPattern] = [
    path("measures/", views.MeasureListView.as_view(), name="api_measures"),
    path("measures/<str:code>/", views.MeasureView.as_view(), name="api_measure"),
    path("results/", views.ResultListView.as_view(), name="api_results"),
    path("imputed-results/", imputed.ImputedResultListView.as_view(), name="api_imputed_results"),
    path("report-cards/", views.ReportCardListView.as_view(), name="api_report_cards"),
    path("report-cards/<int:card_id>/", views.ReportCardView.as_view(), name="api_report_card"),
    path(
        "report-cards/<int:card_id>/download",
        views.ReportCardDownloadView.as_view(),
        name="api_report_card_download",
    ),
]

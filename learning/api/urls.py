"""API addresses of the learning app, below /api/v1/."""

from django.urls import URLPattern, path

from learning.api import evaluation, views

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
]

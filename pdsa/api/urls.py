"""API addresses of the pdsa app, below /api/v1/."""

from django.urls import URLPattern, path

from pdsa.api import views

urlpatterns: list[URLPattern] = [
    path("tests/", views.CycleListView.as_view(), name="api_cycles"),
    path("tests/<int:cycle_id>/", views.CycleView.as_view(), name="api_cycle"),
]

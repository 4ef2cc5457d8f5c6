"""API addresses of the pdsa app, below /api/v1/."""

from django.urls import URLPattern, path

from pdsa.api import measure_views, project_views, views

_PROJECT = "projects/<int:project_id>/"
_MEASURE = "project-measures/<int:local_measure_id>/"

urlpatterns: list[URLPattern] = [
    path("tests/", views.CycleListView.as_view(), name="api_cycles"),
    path("tests/<int:cycle_id>/", views.CycleView.as_view(), name="api_cycle"),
    path("projects/", project_views.ProjectListView.as_view(), name="api_projects"),
    path(_PROJECT, project_views.ProjectView.as_view(), name="api_project"),
    path(f"{_PROJECT}aim/", project_views.AimView.as_view(), name="api_aim"),
    path(f"{_PROJECT}charter/", project_views.CharterView.as_view(), name="api_charter"),
    path(f"{_PROJECT}drivers/", project_views.DriverListView.as_view(), name="api_drivers"),
    path("library/", project_views.LibraryView.as_view(), name="api_library"),
    path("library/<slug:code>/", project_views.LibraryIdeaView.as_view(), name="api_library_idea"),
    path(
        "project-measures/",
        measure_views.LocalMeasureListView.as_view(),
        name="api_local_measures",
    ),
    path(_MEASURE, measure_views.LocalMeasureView.as_view(), name="api_local_measure"),
    path(f"{_MEASURE}points/", measure_views.PointListView.as_view(), name="api_points"),
]

"""Addresses of the reports app, by part of the site."""

from django.urls import URLPattern, path

from reports.views import dashboards, downloads, home, overview

app_name = "reports"

_MEASURE = "teams/<str:code>/measures/<str:measure>/"

dashboard_patterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("teams/", home.dashboard, name="dashboard"),
    path("teams/<str:code>/", dashboards.team_dashboard, name="team_dashboard"),
    path("teams/<str:code>/sites/", dashboards.team_sites, name="team_sites"),
    path(_MEASURE, dashboards.team_measure, name="team_measure"),
    path("programme/", overview.overview, name="overview"),
]
download_patterns: list[URLPattern] = [
    path("teams/<str:code>/figures.csv", downloads.team_figures, name="team_figures"),
    path("teams/<str:code>/sites.csv", downloads.site_figures, name="site_figures"),
    path(
        "teams/<str:code>/completeness.csv",
        downloads.team_completeness,
        name="completeness_figures",
    ),
    path(f"{_MEASURE}figures.csv", downloads.measure_figures, name="measure_figures"),
    path(f"{_MEASURE}<slug:chart>.<slug:form>", downloads.measure_chart, name="measure_chart"),
    path("programme/figures.csv", downloads.overview_figures, name="overview_figures"),
]

urlpatterns: list[URLPattern] = [*dashboard_patterns, *download_patterns]

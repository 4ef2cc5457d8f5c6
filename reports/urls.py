"""Addresses of the reports app, by part of the site."""

from django.urls import URLPattern, path

from reports.views import (
    cards,
    dashboards,
    downloads,
    expert,
    home,
    imputed,
    overview,
    public,
    real,
    site_finder,
)

app_name = "reports"

_MEASURE = "teams/<str:code>/measures/<str:measure>/"

dashboard_patterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("teams/", home.dashboard, name="dashboard"),
    path("teams/<str:code>/", dashboards.team_dashboard, name="team_dashboard"),
    path("teams/<str:code>/sites/", dashboards.team_sites, name="team_sites"),
    path("teams/<str:code>/real/", real.team_real, name="team_real"),
    path(_MEASURE, dashboards.team_measure, name="team_measure"),
    path(f"{_MEASURE}numbers/", dashboards.team_measure_numbers, name="team_measure_numbers"),
    path(f"{_MEASURE}expert/", expert.measure_expert, name="measure_expert"),
    path("teams/<str:code>/imputed/", imputed.team_imputed, name="team_imputed"),
    path("teams/<str:code>/site-finder/", site_finder.team_site_finder, name="team_site_finder"),
    path("programme/", overview.overview, name="overview"),
    path("programme/imputed/", imputed.programme_imputed, name="overview_imputed"),
]
download_patterns: list[URLPattern] = [
    path("teams/<str:code>/figures.csv", downloads.team_figures, name="team_figures"),
    path("teams/<str:code>/figures.xlsx", downloads.team_workbook, name="team_workbook"),
    path("teams/<str:code>/sites.csv", downloads.site_figures, name="site_figures"),
    path(
        "teams/<str:code>/completeness.csv",
        downloads.team_completeness,
        name="completeness_figures",
    ),
    path(f"{_MEASURE}figures.csv", downloads.measure_figures, name="measure_figures"),
    path(f"{_MEASURE}figures.xlsx", downloads.measure_workbook, name="measure_workbook"),
    path(f"{_MEASURE}indices.csv", expert.measure_indices, name="measure_indices"),
    path(f"{_MEASURE}comparisons.csv", expert.measure_comparisons, name="measure_comparisons"),
    path(f"{_MEASURE}<slug:chart>.<slug:form>", downloads.measure_chart, name="measure_chart"),
    path("teams/<str:code>/imputed.csv", imputed.imputed_figures, name="imputed_figures"),
    path("teams/<str:code>/validity.csv", imputed.validity_figures, name="validity_figures"),
    path(
        "teams/<str:code>/site-finder.csv",
        site_finder.site_finder_figures,
        name="site_finder_figures",
    ),
    path("programme/figures.csv", downloads.overview_figures, name="overview_figures"),
    path(
        "programme/imputed.csv", imputed.programme_imputed_figures, name="overview_imputed_figures"
    ),
    path("programme/figures.xlsx", downloads.overview_workbook, name="overview_workbook"),
]
card_patterns: list[URLPattern] = [
    path("report-cards/", cards.cards, name="cards"),
    path("report-cards/draft/", cards.draft, name="card_draft"),
    path("report-cards/all.zip", cards.cards_zip, name="cards_zip"),
    path("report-cards/<int:card_id>/", cards.card_page, name="card"),
    path("report-cards/<int:card_id>/commentary/", cards.commentary, name="card_commentary"),
    path("report-cards/<int:card_id>/review/", cards.review, name="card_review"),
    path("report-cards/<int:card_id>/reopen/", cards.reopen, name="card_reopen"),
    path("report-cards/<int:card_id>/publish/", cards.publish, name="card_publish"),
    path("report-cards/<int:card_id>/withdraw/", cards.withdraw, name="card_withdraw"),
    path(
        "report-cards/<int:card_id>/card.<slug:file_format>",
        cards.card_download,
        name="card_download",
    ),
]
#: Open to everybody, also without sign-in.
public_patterns: list[URLPattern] = [
    path("public/", public.public_card, name="public"),
    path("public/<int:card_id>/", public.public_card, name="public_card"),
    path(
        "public/<int:card_id>/card.<slug:file_format>",
        public.public_download,
        name="public_download",
    ),
]

urlpatterns: list[URLPattern] = [
    *dashboard_patterns,
    *download_patterns,
    *card_patterns,
    *public_patterns,
]

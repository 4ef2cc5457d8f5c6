"""The page of race, ethnicity and language data of a team."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from measures import queries
from reports.dashboards.real import real_parts
from reports.forms.filters import ResultFilters
from reports.views.pages import AUDIENCE_WORDS, render_results, team_or_404
from teams.permissions import Permission, require
from teams.requests import ScopedRequest


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_real(request: ScopedRequest, code: str) -> HttpResponse:
    """Asked, answered, declined, unknown and imputed, by period and by site."""
    scope = request.scope
    team = team_or_404(scope, code)
    filters = ResultFilters(
        request.GET,
        scope=scope,
        team=team,
        with_strata=False,
        with_measure=False,
        with_line=False,
        with_focus=False,
    )
    chosen = filters.selection
    context = {
        "team": team,
        "filters": filters,
        "selection": chosen,
        "audience": AUDIENCE_WORDS[scope.audience(team.pk)],
        "query": chosen.query() if chosen else "",
    }
    if chosen is not None:
        over_time = queries.list_completeness(scope, source=chosen.source, teams=[team])
        by_site = queries.list_completeness(scope, source=chosen.source, teams=[team], by_site=True)
        # Years with years and months with months, up to the chosen one.
        wanted = {period.pk for period in chosen.trend_periods}
        over_time = [r for r in over_time if r.period.pk in wanted]
        context |= {
            "parts": real_parts(
                over_time=over_time,
                by_site=[r for r in by_site if r.period.pk == chosen.period.pk],
                sites_over_time=[r for r in by_site if r.period.pk in wanted],
            ),
            "rounded": any(r.rounded for r in over_time),
            "download_url": reverse("reports:completeness_figures", args=[team.code])
            + chosen.query(),
        }
    return render_results(
        request, "reports/team_real.html", "reports/parts/real_results.html", context
    )

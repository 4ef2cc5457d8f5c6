"""Team dashboard, measure page, site view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from measures import queries
from measures.enums import ReferenceStrategy
from measures.queries import PeerBand, SetResult
from reports.dashboards.measure import MeasurePage, measure_page
from reports.dashboards.sites import sites_page
from reports.dashboards.tables import figure_rows
from reports.dashboards.team import care_results, team_page
from reports.dashboards.wording import measure_finding
from reports.forms.filters import ResultFilters, Selection
from reports.views.imputed import measure_imputed
from reports.views.pages import AUDIENCE_WORDS, render_results, team_or_404
from teams.models import Team
from teams.permissions import Permission, require
from teams.queries import get_programme
from teams.requests import ScopedRequest, wants_part
from teams.scoping import Scope

#: Charts of the measure page and the files that each can become.
CHART_FORMS: dict[str, tuple[str, ...]] = {
    "strip": ("svg", "png", "pptx"),
    "trend": ("svg", "png", "pptx"),
    "peers": ("svg", "png", "pptx"),
    "sites": ("svg", "png", "pptx"),
}


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_dashboard(request: ScopedRequest, code: str) -> HttpResponse:
    """Every measure of a team as a gap strip, its trend, peers, sites and completeness."""
    scope = request.scope
    team = team_or_404(scope, code)
    filters = ResultFilters(request.GET, scope=scope, team=team)
    chosen = filters.selection
    context = _frame(scope, team, filters)
    if chosen is not None:
        results = team_results(scope, team, chosen, only_trend=True)
        why_not = why_no_peers(chosen)
        context |= {
            "page": team_page(
                results=results,
                period=chosen.period.label,
                periods=[p.label for p in chosen.trend_periods],
                focus=chosen.focus,
                bands={} if why_not else _bands(scope, team, chosen, chosen.measure_ids),
                site_results=_site_results(scope, team, chosen, _site_measure(results, chosen)),
                completeness=queries.list_completeness(
                    scope, source=chosen.source, period=chosen.period, teams=[team]
                ),
                peers_why_not=why_not,
            ),
            "as_of": max((r.computed_at for r in results), default=None),
            "download_url": reverse("reports:team_figures", args=[team.code]) + chosen.query(),
            "workbook_url": reverse("reports:team_workbook", args=[team.code]) + chosen.query(),
        }
    return render_results(
        request, "reports/team_dashboard.html", "reports/parts/team_results.html", context
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_measure(request: ScopedRequest, code: str, measure: str) -> HttpResponse:
    """One measure of a team with all its numbers, charts and downloads.

    Its filters load the page anew: htmx takes scripts out of what it swaps in, and with them the figure
    of the interactive chart.
    """
    if wants_part(request):
        return HttpResponseClientRedirect(request.get_full_path())
    scope = request.scope
    team = team_or_404(scope, code)
    read = read_measure(scope, team, measure, request)
    context = _frame(scope, team, read.filters) | {
        "definition": read.definition,
        "page": read.page,
        "imputed": measure_imputed(scope, team, read.filters.selection),
    }
    if read.page is not None and read.filters.selection is not None:
        query = read.filters.selection.query(measure="")
        address = {"code": team.code, "measure": read.definition.measure.code}
        context |= {
            "as_of": read.page.block.result.computed_at,
            "query": query,
            "csv_url": reverse("reports:measure_figures", kwargs=address) + query,
            "workbook_url": reverse("reports:measure_workbook", kwargs=address) + query,
            "expert_url": reverse("reports:measure_expert", kwargs=address) + query,
            "chart_urls": {
                name: [
                    {
                        "label": form.upper(),
                        "url": reverse(
                            "reports:measure_chart", kwargs=address | {"chart": name, "form": form}
                        )
                        + query,
                    }
                    for form in CHART_FORMS[name]
                ]
                for name in CHART_FORMS
            },
        }
    return render(request, "reports/team_measure.html", context)


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_measure_numbers(request: ScopedRequest, code: str, measure: str) -> HttpResponse:
    """The table behind a strip of the team dashboard, fetched when it is opened."""
    scope = request.scope
    team = team_or_404(scope, code)
    filters = ResultFilters(
        request.GET, scope=scope, team=team, with_measure=False, measure_code=measure
    )
    chosen = filters.selection
    if chosen is None or chosen.definition is None:
        raise Http404("There is no such measure here.")
    results = queries.list_team_results(
        scope,
        team=team,
        source=chosen.source,
        periods=[chosen.period],
        stratum_set=chosen.stratum_set,
        line_of_business=chosen.line_of_business,
        measure_ids=chosen.measure_ids,
    )
    if not results:
        raise Http404("There are no results of this measure for this choice.")
    bands = {} if why_no_peers(chosen) else _bands(scope, team, chosen, chosen.measure_ids)
    context = {
        "result": results[0],
        "rows": figure_rows(results[0], bands=bands),
        "finding": measure_finding(results[0]),
    }
    return render(request, "reports/parts/measure_numbers.html", context)


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_sites(request: ScopedRequest, code: str) -> HttpResponse:
    """One measure by site, every group of people, and completeness by site."""
    scope = request.scope
    team = team_or_404(scope, code)
    filters = ResultFilters(request.GET, scope=scope, team=team, with_line=False, one_measure=True)
    chosen = filters.selection
    context = _frame(scope, team, filters)
    if chosen is not None and chosen.definition is not None:
        results = _site_results(scope, team, chosen, chosen.definition.measure_id)
        context |= {
            "page": sites_page(
                results=results,
                focus=chosen.focus,
                completeness=queries.list_completeness(
                    scope, source=chosen.source, period=chosen.period, teams=[team], by_site=True
                ),
            ),
            "as_of": max((r.computed_at for r in results), default=None),
            "download_url": reverse("reports:site_figures", args=[team.code]) + chosen.query(),
        }
    return render_results(
        request, "reports/team_sites.html", "reports/parts/site_results.html", context
    )


def _frame(scope: Scope, team: Team, filters: ResultFilters) -> dict[str, Any]:
    chosen = filters.selection
    change = None
    if chosen is not None:
        changes = queries.list_latest_changes(
            source_ids=[chosen.source.pk], period_ids=[chosen.period.pk]
        )
        change = changes.get((chosen.source.pk, chosen.period.pk, team.pk))
    return {
        "data_as_of": change.published_at if change else None,
        "team": team,
        "filters": filters,
        "selection": chosen,
        "audience": AUDIENCE_WORDS[scope.audience(team.pk)],
        "page": None,
        "query": chosen.query() if chosen else "",
    }


@dataclass(frozen=True)
class MeasureRead:
    """What the measure page and its downloads are made of."""

    filters: ResultFilters
    definition: Any
    page: MeasurePage | None
    results: Sequence[SetResult]
    site_results: Sequence[SetResult]
    line_results: Sequence[SetResult]


def read_measure(scope: Scope, team: Team, code: str, request: HttpRequest) -> MeasureRead:
    """Raises Http404 for a measure that has no definition in the period shown."""
    filters = ResultFilters(
        request.GET, scope=scope, team=team, with_measure=False, measure_code=code
    )
    chosen = filters.selection
    if chosen is None or chosen.definition is None:
        raise Http404("There is no such measure here.")
    only = [chosen.definition.measure_id]
    results = team_results(scope, team, chosen)
    why_not = why_no_peers(chosen)
    site_results, line_results = queries.list_part_results(
        scope,
        team=team,
        source=chosen.source,
        period=chosen.period,
        stratum_set=chosen.stratum_set,
        measure_ids=only,
    )
    page = measure_page(
        results=results,
        period=chosen.period.label,
        periods=[p.label for p in chosen.trend_periods],
        focus=chosen.focus,
        bands={} if why_not else _bands(scope, team, chosen, only),
        peers_why_not=why_not,
        site_results=site_results,
        line_results=line_results,
        seed=get_programme().simulation_seed,
    )
    return MeasureRead(filters, chosen.definition, page, results, site_results, line_results)


def team_results(
    scope: Scope, team: Team, chosen: Selection, *, only_trend: bool = False
) -> list[SetResult]:
    """The team's results of the periods of the trend, for the measure and line chosen.

    only_trend: of the earlier periods no more than the group in focus and the reference, if it is named.
    """
    of_rule = chosen.rule.stratum_id
    trend = [chosen.focus.id] if chosen.focus is not None else []
    trend += [of_rule] if of_rule is not None else []
    # Another rule than a named group can choose any, and another one in each measure.
    only_trend &= chosen.rule.strategy == ReferenceStrategy.NAMED
    return queries.list_team_results(
        scope,
        team=team,
        source=chosen.source,
        periods=chosen.trend_periods,
        stratum_set=chosen.stratum_set,
        line_of_business=chosen.line_of_business,
        measure_ids=chosen.measure_ids,
        earlier_strata=trend if only_trend else None,
    )


def why_no_peers(chosen: Selection) -> str:
    """Why there is no peer band for what is chosen; empty where there can be one."""
    if chosen.source.team_id is not None:
        return "These are the group's own data. Other groups' own systems are not comparable with them."
    if chosen.line_of_business is not None:
        return (
            "Peers are compared over all payers together. Choose “All payers together” to see them."
        )
    return ""


def _bands(
    scope: Scope, team: Team, chosen: Selection, measure_ids: list[int] | None
) -> dict[tuple[int, int], PeerBand]:
    return queries.list_peer_bands(
        scope,
        team=team,
        source=chosen.source,
        period=chosen.period,
        stratum_set=chosen.stratum_set,
        measure_ids=measure_ids,
    )


def _site_measure(results: Sequence[SetResult], chosen: Selection) -> int | None:
    """The chosen measure; without one, the first in page order that shows a gap in focus.

    First in the order of the page, not the widest: a page that always opens on the worst is a ranking.
    """
    if chosen.focus is None or chosen.line_of_business is not None:
        return None
    current = [r for r in care_results(results) if r.period.pk == chosen.period.pk]
    with_gap = (
        r for r in current if (f := r.figure(chosen.focus.code)) is not None and f.gap_excludes_zero
    )
    first = next(with_gap, None) or next(iter(current), None)
    return first.definition.measure_id if first else None


def _site_results(
    scope: Scope, team: Team, chosen: Selection, measure_id: int | None
) -> list[SetResult]:
    if measure_id is None:
        return []
    return queries.list_site_results(
        scope,
        team=team,
        source=chosen.source,
        period=chosen.period,
        stratum_set=chosen.stratum_set,
        measure_ids=[measure_id],
    )

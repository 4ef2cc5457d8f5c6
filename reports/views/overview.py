"""The programme's results over all groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from measures import queries
from measures.enums import StratumKind
from measures.queries import SetResult
from reports.dashboards.overview import overview_page
from reports.forms.filters import ResultFilters
from reports.views.pages import render_results
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope


@dataclass(frozen=True)
class OverviewRead:
    filters: ResultFilters
    programme: Sequence[SetResult]
    groups: Sequence[SetResult]


def read_overview(request: ScopedRequest, *, all_measures: bool = False) -> OverviewRead:
    """Programme totals of all measures; groups for the measure and line chosen, or for all measures.

    The programme is not split by line of business: its parts would give the groups' numbers away.

    Groups are those in the reader's scope: nobody's scope is empty by accident, an evaluator's is by design.
    """
    scope = request.scope
    filters = ResultFilters(
        request.GET,
        scope=scope,
        with_focus=False,
        with_line=bool(scope.team_ids),
        one_measure=not all_measures,
    )
    chosen = filters.selection
    if chosen is None:
        return OverviewRead(filters, [], [])
    # The programme is not divided by line of business (see measures.ingest.families.Unit).
    programme = (
        []
        if chosen.line_of_business is not None
        else queries.list_programme_results(
            source=chosen.source, periods=[chosen.period], stratum_set=chosen.stratum_set
        )
    )
    groups = queries.list_overview(
        scope,
        source=chosen.source,
        period=chosen.period,
        stratum_set=chosen.stratum_set,
        line_of_business=chosen.line_of_business,
        measure_ids=chosen.measure_ids,
    )
    return OverviewRead(filters, programme, groups)


@require(Permission.VIEW_OVERVIEW)
@require_safe
def overview(request: ScopedRequest) -> HttpResponse:
    """Totals over all groups by measure, and one measure in every group that the reader may see."""
    scope = request.scope
    read = read_overview(request)
    chosen = read.filters.selection
    page = None
    if chosen is not None and read.programme:
        strata = [
            s for s in queries.list_strata(chosen.stratum_set) if s.kind == StratumKind.SPECIFIED
        ]
        page = overview_page(
            programme=read.programme,
            groups=read.groups,
            measure_code=chosen.definition.measure.code if chosen.definition else "",
            strata=strata,
            completeness=queries.list_completeness(
                scope, source=chosen.source, period=chosen.period
            ),
        )
    context = {
        "filters": read.filters,
        "selection": chosen,
        "page": page,
        "as_of": max((r.computed_at for r in read.programme), default=None),
        "query": chosen.query() if chosen else "",
        "download_url": reverse("reports:overview_figures") + (chosen.query() if chosen else ""),
        "workbook_url": reverse("reports:overview_workbook") + (chosen.query() if chosen else ""),
        "audience": _audience(scope),
    }
    return render_results(
        request, "reports/overview.html", "reports/parts/overview_results.html", context
    )


def _audience(scope: Scope) -> str:
    if not scope.team_ids:
        return "Totals over all groups, privacy-protected. No group is named."
    order = "Groups stand in alphabetical order and are never ranked."
    if scope.own_team_ids >= set(scope.team_ids):
        return f"Programme director: small numbers of groups are shown with caution. {order}"
    return f"Privacy-protected: numbers about few people are hidden. {order}"

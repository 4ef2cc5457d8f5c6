"""The expert view of a measure: summary indices, odds, families of comparisons, sites; page and CSV."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from measures import queries
from measures.queries import SetResult
from reports.dashboards.comparisons import (
    COMPARISON_COLUMNS,
    ComparisonFamily,
    comparison_lines,
    family_of,
)
from reports.dashboards.evidence import changes_of
from reports.dashboards.expert import SecondComparison, expert_view, second_comparison
from reports.dashboards.indices import INDEX_COLUMNS, index_lines
from reports.forms.filters import Selection
from reports.views.dashboards import MeasureRead, read_measure
from reports.views.files import csv_body, result_file
from reports.views.pages import render_results, team_or_404
from teams.enums import SecondReference
from teams.models import Team
from teams.permissions import Permission, require
from teams.queries import get_programme
from teams.requests import ScopedRequest
from teams.scoping import Scope


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def measure_expert(request: ScopedRequest, code: str, measure: str) -> HttpResponse:
    """Fetched when the fold of the measure page is opened; a page of its own without scripts."""
    scope = request.scope
    team = team_or_404(scope, code)
    read = read_measure(scope, team, measure, request)
    chosen = read.filters.selection
    if read.page is None or chosen is None:
        raise Http404("There are no results of this measure for this choice.")
    query = chosen.query(measure="")
    address = {"code": team.code, "measure": read.definition.measure.code}
    return render_results(
        request,
        "reports/measure_expert.html",
        "reports/parts/expert_view.html",
        {
            "team": team,
            "definition": read.definition,
            "selection": chosen,
            "query": query,
            "audience": None,
            "focus": read.page.focus,
            "view": expert_view(
                read.page.block.result,
                family=read_family(scope, team, chosen),
                changes=changes_of(read.results, chosen.period.label),
                panel=_panel(scope, team, read, chosen),
                seed=read.page.seed,
                second=_second(read),
                site_results=read.site_results,
                focus=chosen.focus,
            ),
            "comparisons_url": reverse("reports:measure_comparisons", kwargs=address) + query,
            "indices_url": reverse("reports:measure_indices", kwargs=address) + query,
            "workbook_url": reverse("reports:measure_workbook", kwargs=address) + query,
        },
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def measure_indices(request: ScopedRequest, code: str, measure: str) -> HttpResponse:
    """CSV of the summary indices of one period."""
    scope = request.scope
    team = team_or_404(scope, code)
    read = read_measure(scope, team, measure, request)
    chosen = read.filters.selection
    if read.page is None or chosen is None:
        raise Http404("There are no results of this measure for this choice.")
    return result_file(
        request,
        csv_body(INDEX_COLUMNS, index_lines(read.page.block.result, seed=read.page.seed)),
        name=f"{read.definition.measure.code.lower()}-indices",
        form="csv",
        parameters=chosen.parameters(),
        team=team,
        of=(chosen.period.label, chosen.stratum_set.code),
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def measure_comparisons(request: ScopedRequest, code: str, measure: str) -> HttpResponse:
    """CSV of odds ratios, adjusted p-values and the NCHS rule, of one period."""
    scope = request.scope
    team = team_or_404(scope, code)
    read = read_measure(scope, team, measure, request)
    chosen = read.filters.selection
    if read.page is None or chosen is None:
        raise Http404("There are no results of this measure for this choice.")
    lines = comparison_lines(read.page.block.result, read_family(scope, team, chosen))
    return result_file(
        request,
        csv_body(COMPARISON_COLUMNS, lines),
        name=f"{read.definition.measure.code.lower()}-comparisons",
        form="csv",
        parameters=chosen.parameters(),
        team=team,
        of=(chosen.period.label, chosen.stratum_set.code),
    )


def read_family(scope: Scope, team: Team, chosen: Selection) -> ComparisonFamily:
    """The comparisons of all measures at this place, in this period and set."""
    return family_of(
        queries.list_team_results(
            scope,
            team=team,
            source=chosen.source,
            periods=[chosen.period],
            stratum_set=chosen.stratum_set,
            line_of_business=chosen.line_of_business,
        )
    )


def _panel(scope: Scope, team: Team, read: MeasureRead, chosen: Selection) -> queries.Panel | None:
    """Rows of people of this period and the one before, of all payers together."""
    if chosen.line_of_business is not None:
        return None
    in_order = sorted((r.period for r in read.results), key=lambda p: p.ends_on)
    upto = [p for p in in_order if p.ends_on <= chosen.period.ends_on]
    return queries.read_panel(
        scope,
        team=team,
        source=chosen.source,
        measure_id=read.definition.measure_id,
        periods=upto[-2:],
        set_code=chosen.stratum_set.code,
    )


def _second(read: MeasureRead) -> SecondComparison | None:
    """The comparison that the programme asks for beside each set's own reference."""
    rule = SecondReference(get_programme().second_reference)
    chosen = read.filters.selection
    if read.page is None or chosen is None or rule == SecondReference.NONE:
        return None
    programme: dict[str, SetResult] = {}
    labels = [p.label for p in chosen.trend_periods]
    if rule in (SecondReference.BEST, SecondReference.LARGEST):
        found = queries.list_programme_results(
            source=chosen.source,
            periods=chosen.trend_periods[-2:],
            stratum_set=chosen.stratum_set,
            measure_ids=[read.definition.measure_id],
        )
        programme = {r.period.label: r for r in found}
    return second_comparison(
        rule,
        read.page.block.result,
        programme=programme.get(chosen.period.label),
        programme_before=programme.get(labels[-2]) if len(labels) > 1 else None,
    )

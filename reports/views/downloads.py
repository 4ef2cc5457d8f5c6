"""Files of what the dashboards show: CSV of numbers, SVG and PNG of charts. Each is written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from measures import queries
from reports.charts import Chart
from reports.dashboards.comparisons import COMPARISON_COLUMNS, comparison_lines
from reports.dashboards.downloads import (
    COMPLETENESS_COLUMNS,
    FIGURE_COLUMNS,
    completeness_lines,
    figure_lines,
)
from reports.dashboards.indices import INDEX_COLUMNS, index_lines
from reports.dashboards.slides import measure_slide
from reports.dashboards.wording import rule_words, source_note
from reports.dashboards.workbook import render_workbook
from reports.forms.filters import ResultFilters, Selection
from reports.views.dashboards import CHART_FORMS, read_measure, team_results
from reports.views.expert import read_family
from reports.views.files import csv_body, result_file
from reports.views.overview import read_overview
from reports.views.pages import team_or_404
from teams.drawing.files import chart_png, chart_svg
from teams.models import Team
from teams.permissions import Permission, require
from teams.requests import ScopedRequest


def _csv(
    request: ScopedRequest,
    *,
    name: str,
    columns: Sequence[str],
    lines: Iterable[Sequence[object]],
    selection: Selection,
    team: Team | None = None,
) -> HttpResponse:
    return result_file(
        request,
        csv_body(columns, lines),
        name=name,
        form="csv",
        parameters=selection.parameters(),
        team=team,
        of=(selection.period.label, selection.stratum_set.code),
    )


def _workbook(
    request: ScopedRequest,
    *,
    name: str,
    results: Sequence[queries.SetResult],
    selection: Selection,
    team: Team | None = None,
    more: Mapping[str, pd.DataFrame] | None = None,
) -> HttpResponse:
    latest = max(results, key=lambda r: r.computed_at) if results else None
    notes = [
        ("About", team.name if team else "All groups"),
        ("Data from", selection.source.name),
        ("Period", selection.period.label),
        ("Compared by", selection.stratum_set.name),
        ("Reference", rule_words(results) or "none"),
        ("Line of business", selection.line_label),
        ("As of", latest.computed_at.date().isoformat() if latest else ""),
        ("Method", latest.method_version if latest else ""),
        ("Gaps", "Percentage points: the stratum less the reference. Rates are in percent."),
        (
            "Words in place of numbers",
            "Suppressed, too few to report and no denominator are three different things; none is 0.",
        ),
    ]
    return result_file(
        request,
        render_workbook(results, notes=notes, more=more),
        name=name,
        form="xlsx",
        parameters=selection.parameters(),
        team=team,
        of=(selection.period.label, selection.stratum_set.code),
    )


def _selected(filters: ResultFilters) -> Selection:
    if filters.selection is None:
        raise Http404("There are no results yet.")
    return filters.selection


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_figures(request: ScopedRequest, code: str) -> HttpResponse:
    """CSV of the team dashboard: all measures, all periods of the trend, all strata of the set."""
    scope = request.scope
    team = team_or_404(scope, code)
    chosen = _selected(ResultFilters(request.GET, scope=scope, team=team))
    return _csv(
        request,
        name="figures",
        columns=FIGURE_COLUMNS,
        lines=figure_lines(team_results(scope, team, chosen)),
        selection=chosen,
        team=team,
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_workbook(request: ScopedRequest, code: str) -> HttpResponse:
    """The same as a workbook."""
    scope = request.scope
    team = team_or_404(scope, code)
    chosen = _selected(ResultFilters(request.GET, scope=scope, team=team))
    return _workbook(
        request,
        name="figures",
        results=team_results(scope, team, chosen),
        selection=chosen,
        team=team,
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def site_figures(request: ScopedRequest, code: str) -> HttpResponse:
    """CSV of the site view: the measure chosen, every site."""
    scope = request.scope
    team = team_or_404(scope, code)
    chosen = _selected(
        ResultFilters(request.GET, scope=scope, team=team, with_line=False, one_measure=True)
    )
    results = queries.list_site_results(
        scope,
        team=team,
        source=chosen.source,
        period=chosen.period,
        stratum_set=chosen.stratum_set,
        measure_ids=chosen.measure_ids,
    )
    return _csv(
        request,
        name="sites",
        columns=FIGURE_COLUMNS,
        lines=figure_lines(results),
        selection=chosen,
        team=team,
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_completeness(request: ScopedRequest, code: str) -> HttpResponse:
    """CSV of completeness by field, of the team and of its sites."""
    scope = request.scope
    team = team_or_404(scope, code)
    chosen = _selected(ResultFilters(request.GET, scope=scope, team=team))
    common: dict[str, Any] = {"source": chosen.source, "period": chosen.period, "teams": [team]}
    rows = [
        *queries.list_completeness(scope, **common),
        *queries.list_completeness(scope, **common, by_site=True),
    ]
    return _csv(
        request,
        name="completeness",
        columns=COMPLETENESS_COLUMNS,
        lines=completeness_lines(rows),
        selection=chosen,
        team=team,
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def measure_figures(request: ScopedRequest, code: str, measure: str) -> HttpResponse:
    """CSV of the measure page: all periods, then lines of business, then sites."""
    scope = request.scope
    team = team_or_404(scope, code)
    read = read_measure(scope, team, measure, request)
    lines = figure_lines([*read.results, *read.line_results, *read.site_results])
    return _csv(
        request,
        name=read.definition.measure.code.lower(),
        columns=FIGURE_COLUMNS,
        lines=lines,
        selection=_selected(read.filters),
        team=team,
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def measure_workbook(request: ScopedRequest, code: str, measure: str) -> HttpResponse:
    """The same as a workbook, with the comparisons and summary indices of the period shown."""
    scope = request.scope
    team = team_or_404(scope, code)
    read = read_measure(scope, team, measure, request)
    chosen = _selected(read.filters)
    lines, compared = [], []
    if read.page is not None:
        result = read.page.block.result
        lines = list(index_lines(result, seed=read.page.seed))
        compared = list(comparison_lines(result, read_family(scope, team, chosen)))
    return _workbook(
        request,
        name=read.definition.measure.code.lower(),
        results=[*read.results, *read.line_results, *read.site_results],
        selection=chosen,
        team=team,
        more={
            "Comparisons": pd.DataFrame(compared, columns=list(COMPARISON_COLUMNS)),
            "Indices": pd.DataFrame(lines, columns=list(INDEX_COLUMNS)),
        },
    )


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def measure_chart(
    request: ScopedRequest, code: str, measure: str, chart: str, form: str
) -> HttpResponse:
    """One chart of the measure page as a file: SVG, PNG, or a slide whose numbers can be edited."""
    scope = request.scope
    team = team_or_404(scope, code)
    read = read_measure(scope, team, measure, request)
    if read.page is None:
        raise Http404("There is no such chart.")
    charts: dict[str, Chart | None] = {
        "strip": read.page.strip,
        "trend": read.page.trend,
        "peers": read.page.peers,
        "sites": read.page.sites,
    }
    drawn = charts.get(chart)
    if drawn is None or form not in CHART_FORMS[chart]:
        raise Http404("There is no such chart.")
    chosen = _selected(read.filters)
    note = source_note(read.page.block.result, team)
    body: str | bytes
    if form == "pptx":
        body = measure_slide(
            chart,
            drawn,
            page=read.page,
            results=read.results,
            site_results=read.site_results,
            periods=[p.label for p in chosen.trend_periods],
            note=note,
        )
    else:
        body = chart_svg(drawn, note) if form == "svg" else chart_png(drawn, note)
    return result_file(
        request,
        body,
        name=f"{read.definition.measure.code.lower()}-{chart}",
        form=form,
        parameters=chosen.parameters(),
        team=team,
        of=(chosen.period.label,),
    )


@require(Permission.VIEW_OVERVIEW)
@require_safe
def overview_figures(request: ScopedRequest) -> HttpResponse:
    """CSV of the overview: the programme's totals, and the groups that the reader may see by name."""
    read = read_overview(request, all_measures=True)
    chosen = _selected(read.filters)
    return _csv(
        request,
        name="overview",
        columns=FIGURE_COLUMNS,
        lines=figure_lines([*read.programme, *read.groups]),
        selection=chosen,
    )


@require(Permission.VIEW_OVERVIEW)
@require_safe
def overview_workbook(request: ScopedRequest) -> HttpResponse:
    """The same as a workbook."""
    read = read_overview(request, all_measures=True)
    chosen = _selected(read.filters)
    return _workbook(
        request, name="overview", results=[*read.programme, *read.groups], selection=chosen
    )

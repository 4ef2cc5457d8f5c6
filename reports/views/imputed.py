"""Race where nobody asked: every measure as a range, how well the imputation does, and both as files."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from measures import queries
from measures.queries.imputation import list_programme_imputed
from reports.dashboards.imputed import (
    IMPUTED_COLUMNS,
    VALIDITY_COLUMNS,
    ImputedBlock,
    imputed_block,
    imputed_lines,
    validity_csv,
    validity_lines,
)
from reports.forms.filters import ResultFilters, Selection
from reports.views.files import csv_body, result_file
from reports.views.pages import AUDIENCE_WORDS, team_or_404
from teams.models import Team
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_imputed(request: ScopedRequest, code: str) -> HttpResponse:
    """All measures of a team with race imputed where nobody asked, and the validity of that."""
    scope = request.scope
    team = team_or_404(scope, code)
    filters = _filters(request, scope, team)
    chosen = filters.selection
    context: dict[str, Any] = {
        "team": team,
        "filters": filters,
        "selection": chosen,
        "audience": AUDIENCE_WORDS[scope.audience(team.pk)],
        "blocks": [],
        "finder_url": reverse("reports:team_site_finder", args=[team.code]),
    }
    if chosen is not None:
        results = queries.list_imputed(scope, team=team, source=chosen.source, period=chosen.period)
        validity = queries.list_validity(
            scope, team=team, source=chosen.source, period=chosen.period
        )
        query = chosen.query(strata="", focus="", measure="", line="")
        context |= {
            "blocks": [imputed_block(result) for result in results],
            "validity": validity_lines(validity),
            "query": query,
            "csv_url": reverse("reports:imputed_figures", args=[team.code]) + query,
            "validity_url": reverse("reports:validity_figures", args=[team.code]) + query,
        }
    return render(request, "reports/team_imputed.html", context)


@require(Permission.VIEW_OVERVIEW)
@require_safe
def programme_imputed(request: ScopedRequest) -> HttpResponse:
    """All measures over all groups together with race imputed where nobody asked."""
    filters = _filters(request, request.scope, None)
    chosen = filters.selection
    context: dict[str, Any] = {"filters": filters, "selection": chosen, "blocks": []}
    if chosen is not None:
        results = list_programme_imputed(source=chosen.source, period=chosen.period)
        query = chosen.query(strata="", focus="", measure="", line="")
        context |= {
            "blocks": [imputed_block(result) for result in results],
            "query": query,
            "csv_url": reverse("reports:overview_imputed_figures") + query,
        }
    return render(request, "reports/programme_imputed.html", context)


@require(Permission.VIEW_OVERVIEW)
@require_safe
def programme_imputed_figures(request: ScopedRequest) -> HttpResponse:
    """CSV of all ranges of the programme's page."""
    chosen = _chosen(request, request.scope, None)
    results = list_programme_imputed(source=chosen.source, period=chosen.period)
    return _csv(request, "imputed", IMPUTED_COLUMNS, imputed_lines(results), chosen, None)


def measure_imputed(scope: Scope, team: Team, chosen: Selection | None) -> ImputedBlock | None:
    """The block of one measure for its page; None where nothing was imputed for it."""
    if chosen is None or chosen.definition is None:
        return None
    results = queries.list_imputed(
        scope,
        team=team,
        source=chosen.source,
        period=chosen.period,
        measure_ids=chosen.measure_ids,
    )
    return imputed_block(results[0]) if results else None


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def imputed_figures(request: ScopedRequest, code: str) -> HttpResponse:
    """CSV of all ranges of the page."""
    scope = request.scope
    team = team_or_404(scope, code)
    chosen = _chosen(request, scope, team)
    results = queries.list_imputed(scope, team=team, source=chosen.source, period=chosen.period)
    return _csv(request, "imputed", IMPUTED_COLUMNS, imputed_lines(results), chosen, team)


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def validity_figures(request: ScopedRequest, code: str) -> HttpResponse:
    """CSV of the figures of validity; without lines for readers outside the group."""
    scope = request.scope
    team = team_or_404(scope, code)
    chosen = _chosen(request, scope, team)
    rows = queries.list_validity(scope, team=team, source=chosen.source, period=chosen.period)
    lines = validity_csv(
        rows, team=team.code, period=chosen.period.label, source=chosen.source.code
    )
    return _csv(request, "imputation-validity", VALIDITY_COLUMNS, lines, chosen, team)


def _filters(request: ScopedRequest, scope: Scope, team: Team | None) -> ResultFilters:
    filters = ResultFilters(
        request.GET, scope=scope, team=team, with_measure=False, with_line=False, with_focus=False
    )
    # Groups of people are always the four that can be imputed.
    filters.fields.pop("strata", None)
    return filters


def _chosen(request: ScopedRequest, scope: Scope, team: Team | None) -> Selection:
    chosen = _filters(request, scope, team).selection
    if chosen is None:
        raise Http404("There are no results yet.")
    return chosen


def _csv(
    request: ScopedRequest,
    name: str,
    columns: Any,
    lines: Any,
    chosen: Selection,
    team: Team | None,
) -> HttpResponse:
    return result_file(
        request,
        csv_body(columns, lines),
        name=name,
        form="csv",
        parameters=chosen.parameters(strata="", focus="", measure="", line=""),
        team=team,
        of=(chosen.period.label,),
    )

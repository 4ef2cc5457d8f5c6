"""Where to start asking: who lives around a group's sites, from published tables."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from measures import queries
from measures.queries.imputation import GROUP_LABELS
from measures.queries.site_finder import FINDABLE, SiteArea, SiteAreas, list_site_areas
from reports.views.files import csv_body, result_file
from reports.views.pages import AUDIENCE_WORDS, team_or_404
from teams.models import Team
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope

COLUMNS = (
    "group_id", "site_id", "site", "zip", "stratum", "share_of_residents", "per_million_of_the_country",
    "race_known_share_of_patients", "table",
)  # fmt: skip
_BY_NAME = "name"


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def team_site_finder(request: ScopedRequest, code: str) -> HttpResponse:
    """Sites by name, or in the order that the reader asks for, with the people who live around them."""
    scope = request.scope
    team = team_or_404(scope, code)
    found = _read(scope, team)
    wanted = request.GET.get("order", _BY_NAME)
    order = wanted if wanted in FINDABLE else _BY_NAME
    address = reverse("reports:team_site_finder", args=[team.code])
    orders = [(_BY_NAME, "Site name"), *((g, GROUP_LABELS[g].split(",")[0]) for g in FINDABLE)]
    context: dict[str, Any] = {
        "team": team,
        "audience": AUDIENCE_WORDS[scope.audience(team.pk)],
        "found": found,
        "groups": [(g, GROUP_LABELS[g].split(",")[0].split(" of ")[0]) for g in FINDABLE],
        "rows": [
            {
                "area": area,
                "numbers": None
                if area.shares is None or area.per_million is None
                else [(area.shares[g], area.per_million[g]) for g in FINDABLE],
            }
            for area in _ordered(found, order)
        ],
        "orders": [
            {"label": label, "url": f"{address}?order={key}", "active": key == order}
            for key, label in orders
        ],
        "csv_url": reverse("reports:site_finder_figures", args=[team.code]),
    }
    return render(request, "reports/team_site_finder.html", context)


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def site_finder_figures(request: ScopedRequest, code: str) -> HttpResponse:
    """CSV: one line per site and group of people."""
    scope = request.scope
    team = team_or_404(scope, code)
    found = _read(scope, team)
    lines = (
        [
            team.code,
            area.site.code,
            area.site.name,
            area.zip_code,
            group,
            "" if area.shares is None else area.shares[group],
            "" if area.per_million is None else area.per_million[group],
            "" if area.known_share is None else area.known_share,
            found.table,
        ]
        for area in found.areas
        for group in GROUP_LABELS
    )
    return result_file(
        request,
        csv_body(COLUMNS, lines),
        name="site-finder",
        form="csv",
        parameters={},
        team=team,
    )


def _read(scope: Scope, team: Team) -> SiteAreas:
    source = queries.get_default_source(scope)
    periods = list(queries.list_periods(source)) if source else []
    return list_site_areas(
        scope,
        team=team,
        source=source,
        period=periods[0] if periods else None,
        day=timezone.localdate(),
    )


def _ordered(found: SiteAreas, order: str) -> list[SiteArea]:
    if order == _BY_NAME:
        return list(found.areas)

    def most_first(area: SiteArea) -> tuple[float, str]:
        people = -1.0 if area.per_million is None else area.per_million[order]
        return -people, area.site.name

    return sorted(found.areas, key=most_first)

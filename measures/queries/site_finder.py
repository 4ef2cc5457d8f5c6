"""Who lives around a group's sites, from published tables: where to start when race is hardly known.

No ranking: sites stand by name, unless the reader asks for another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
from django.conf import settings

from measures.enums import RaceTableKind, RealCategory, RealField
from measures.models import Period, RaceTable, Source
from measures.queries.completeness import list_completeness
from measures.stats.imputed import REPORTED
from teams.models import Site, Team
from teams.queries import list_sites
from teams.scoping import Scope

#: Groups that a reader can look for; the reference is there to compare with.
FINDABLE = tuple(group for group in REPORTED if group != "white")


@dataclass(frozen=True)
class SiteArea:
    """A site and the people who live in its ZIP area (adults; not the site's patients).

    shares: group → share of the residents, 0–1; per_million: group → how many of a million people of
    that group in the whole country live here, which compares numbers of people between areas. Both None
    where the site has no ZIP code or the table does not list it; `why_not` then says which.
    known_share: of the site's own patients, race known directly or declined, None without patients.
    """

    site: Site
    zip_code: str
    shares: dict[str, float] | None
    per_million: dict[str, float] | None
    known_share: float | None
    why_not: str = ""


@dataclass(frozen=True)
class SiteAreas:
    """Sites of a team by name. table: version of the table of places, empty where none is loaded."""

    areas: tuple[SiteArea, ...]
    table: str
    known_share: float | None


def list_site_areas(
    scope: Scope, *, team: Team, source: Source | None, period: Period | None, day: date
) -> SiteAreas:
    """Areas around the sites that belong to a team in scope on a day.

    source, period: of the completeness beside them.
    """
    if team.pk not in scope.team_ids:
        return SiteAreas((), "", None)
    sites = [
        site
        for site in list_sites(scope, team.code)
        if any(
            a.starts_on <= day and (a.ends_on is None or a.ends_on >= day)
            for a in site.own_assignments  # type: ignore[attr-defined]
        )
    ]
    table = RaceTable.objects.filter(kind=RaceTableKind.ZIP, is_current=True).first()
    rows = _rows(table, [int(site.zip_code) for site in sites if site.zip_code])
    by_site, known = _known_shares(scope, team, source, period)
    areas = []
    for site in sites:
        row = rows.get(int(site.zip_code)) if site.zip_code else None
        areas.append(
            SiteArea(
                site=site,
                zip_code=site.zip_code,
                shares=None if row is None else {g: row[f"s_{g}"] for g in REPORTED},
                per_million=None if row is None else {g: 1e6 * row[f"p_{g}"] for g in REPORTED},
                known_share=by_site.get(site.pk),
                why_not=""
                if row is not None
                else "The table has nobody in this ZIP code."
                if site.zip_code
                else "The site has no ZIP code.",
            )
        )
    return SiteAreas(tuple(areas), table.version if table else "", known)


def _rows(table: RaceTable | None, codes: Sequence[int]) -> dict[int, dict[str, float]]:
    if table is None or not codes:
        return {}
    path = Path(settings.STATE_DIR) / table.stored_as
    if not path.exists():
        return {}
    frame = pl.read_ipc(path).filter(pl.col("code").is_in(list(codes)))
    return {
        row["code"]: row
        for row in frame.iter_rows(named=True)
        # A place where nobody was counted has no shares.
        if row["s_white"] == row["s_white"]
    }


def _known_shares(
    scope: Scope, team: Team, source: Source | None, period: Period | None
) -> tuple[dict[int, float], float | None]:
    """(site → share of patients whose race needs no asking, the same of the whole team)."""
    if source is None or period is None:
        return {}, None
    wanted = (RealCategory.SELF_REPORTED, RealCategory.OTHER_DIRECT, RealCategory.DECLINED)
    by_site = {}
    for row in list_completeness(scope, source=source, period=period, teams=[team], by_site=True):
        share = row.share(*wanted)
        if row.field == RealField.RACE and row.site is not None and share is not None:
            by_site[row.site.pk] = share
    whole = [
        row.share(*wanted)
        for row in list_completeness(scope, source=source, period=period, teams=[team])
        if row.field == RealField.RACE
    ]
    return by_site, whole[0] if whole else None

"""What is known of race, ethnicity and language: how many were asked, how many answered, over time and by site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from measures.enums import RealCategory, RealField
from measures.queries import CompletenessRow
from reports import charts
from reports.dashboards import marks
from teams.formats import format_percent


@dataclass(frozen=True)
class RealLine:
    """One period or site. Shares are of all eligible, 0–1, None without members."""

    label: str
    eligible: int
    asked: float | None
    answered: float | None
    other_direct: float | None
    declined: float | None
    unknown: float | None
    not_collected: float | None
    imputed: float | None


@dataclass(frozen=True)
class SiteOverTime:
    """One site: (asked, answered) in each period, None where it had nobody."""

    label: str
    shares: tuple[tuple[float | None, float | None] | None, ...]


@dataclass(frozen=True)
class RealPart:
    """One field: its charts and lines over time and by site."""

    field: RealField
    over_time: charts.Chart | None
    by_site: charts.Chart | None
    periods: tuple[RealLine, ...]
    sites: tuple[RealLine, ...]
    columns: tuple[str, ...] = ()
    sites_over_time: tuple[SiteOverTime, ...] = ()

    @property
    def time_id(self) -> str:
        """Id of the figure on the page."""
        return f"{self.field.value}-over-time"

    @property
    def site_id(self) -> str:
        return f"{self.field.value}-by-site"


#: So many periods stand side by side for each site.
SITE_PERIODS = 6


def real_parts(
    *,
    over_time: Sequence[CompletenessRow],
    by_site: Sequence[CompletenessRow],
    sites_over_time: Sequence[CompletenessRow] = (),
) -> list[RealPart]:
    """over_time: of the team, oldest first; by_site: of one period; sites_over_time: by site in all of them.

    Fields without members are left out.
    """
    parts = []
    for field in RealField:
        periods = [r for r in over_time if r.field == field and r.eligible]
        sites = [r for r in by_site if r.field == field and r.eligible]
        sites.sort(key=lambda r: r.site is None)
        if not periods:
            continue
        drawn = marks.completeness_of(periods, what=field.label, by="period")
        placed = marks.completeness_of(sites, what=field.label, by="site")
        parts.append(
            RealPart(
                field=field,
                over_time=charts.draw_completeness(
                    drawn, ident=f"real-{field.value}-time", finding=_over_time(field, periods)
                )
                if drawn
                else None,
                by_site=charts.draw_completeness(
                    placed, ident=f"real-{field.value}-site", finding=_by_site(field, sites)
                )
                if placed and len(sites) > 1
                else None,
                periods=tuple(_line(r, r.period.label) for r in reversed(periods)),
                sites=tuple(_line(r, r.site.name if r.site else "Site not listed") for r in sites),
                columns=tuple(r.period.label for r in periods[-SITE_PERIODS:]),
                sites_over_time=_sites_over_time(
                    [r for r in sites_over_time if r.field == field and r.eligible],
                    [r.period.label for r in periods[-SITE_PERIODS:]],
                ),
            )
        )
    return parts


def _sites_over_time(
    rows: Sequence[CompletenessRow], columns: Sequence[str]
) -> tuple[SiteOverTime, ...]:
    """Sites by name, those that are not listed last; nothing where there is one period only."""
    if len(columns) < 2:
        return ()
    found: dict[tuple[bool, str], dict[str, CompletenessRow]] = {}
    for row in rows:
        name = row.site.name if row.site else "Site not listed"
        found.setdefault((row.site is None, name), {})[row.period.label] = row
    return tuple(
        SiteOverTime(
            label=name,
            shares=tuple(
                (at[c].asked_share, at[c].answered_share) if c in at else None for c in columns
            ),
        )
        for (_, name), at in sorted(found.items())
        if any(c in at for c in columns)
    )


def _line(row: CompletenessRow, label: str) -> RealLine:
    return RealLine(
        label=label,
        eligible=row.eligible,
        asked=row.asked_share,
        answered=row.answered_share,
        other_direct=row.share(RealCategory.OTHER_DIRECT, RealCategory.SOURCE_UNKNOWN),
        declined=row.share(RealCategory.DECLINED),
        unknown=row.share(RealCategory.UNKNOWN),
        not_collected=row.share(RealCategory.NOT_COLLECTED),
        imputed=row.share(RealCategory.INDIRECT),
    )


def _over_time(field: RealField, periods: Sequence[CompletenessRow]) -> str:
    now, *earlier = (f"{_percent(row)}{{}} in {row.period.label}" for row in reversed(periods))
    said = now.format(f" told their {field.label.lower()} themselves")
    return ", ".join([said, *(before.format("") for before in earlier[:1])])


def _by_site(field: RealField, sites: Sequence[CompletenessRow]) -> str:
    ordered = sorted(sites, key=lambda r: r.answered_share or 0.0)
    least, most = _percent(ordered[0]), _percent(ordered[-1])
    what = f"told their {field.label.lower()} themselves"
    return (
        f"{least} {what} at every site" if least == most else f"By site, {least} to {most} {what}"
    )


def _percent(row: CompletenessRow) -> str:
    # Whole percent, because the counts of readers outside the group are rounded.
    return format_percent(row.answered_share or 0.0, 0)

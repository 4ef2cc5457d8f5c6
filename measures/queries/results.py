"""Stratified results as a reader may see them: the one place where raw results are opened.

Everything that shows a number — pages, charts, CSV, XLSX, PDF, API — reads `Figure`s made here.
A number that the reader may not see is not in the figure at all; its state says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import QuerySet

from measures.enums import LineOfBusiness, StratumKind
from measures.models import (
    Computation,
    MeasureDefinition,
    Period,
    Source,
    StratumResult,
    StratumSet,
)
from measures.stats.peers import MINIMUM_PEERS, quartile_band
from measures.stats.rounding import published_decimals
from measures.stats.states import CellState, GapState
from teams.enums import Audience
from teams.models import Site, Team
from teams.permissions import Permission, check_permission
from teams.scoping import Scope

#: Counts of 1 to 10 are never shown outside the group (CMS cell size rule).
PRIVACY_THRESHOLD = 11


@dataclass(frozen=True)
class StratumLabel:
    id: int
    set_code: str
    code: str
    label: str
    short_label: str
    kind: StratumKind
    position: int
    is_reference: bool = False


@dataclass(frozen=True)
class UnitLabel:
    """What a result is about: the programme (no team), a team, one of its sites or lines of business."""

    team: Team | None
    site: Site | None = None
    is_site: bool = False
    line_of_business: LineOfBusiness | None = None

    @property
    def name(self) -> str:
        if self.is_site:
            return self.site.name if self.site else "Site not listed"
        return self.team.name if self.team else "All groups"


@dataclass(frozen=True)
class Figure:
    """The figures of one stratum, as far as the reader may see them.

    rate and its interval are proportions 0–1, gaps are percentage points (group − reference), ratios are
    group / reference. `numbers_shown` false: every number is None and `state` says why. For the group
    itself a small denominator keeps its numbers and `caution` is true.
    patients_to_parity: persons (or events) more — or, for an inverse measure, fewer — that would
    bring the stratum to the reference's rate; 0 when it is there already.
    self_reported_share, indirect_share: of the denominator; outside the group in steps of 5 points.
    """

    stratum: StratumLabel
    state: CellState
    numbers_shown: bool
    caution: bool
    denominator: int | None
    numerator: int | None
    rate: float | None
    rate_lower: float | None
    rate_upper: float | None
    decimals: int
    self_reported_share: float | None
    indirect_share: float | None
    gap_state: GapState
    gap_shown: bool
    gap_points: float | None
    gap_points_lower: float | None
    gap_points_upper: float | None
    ratio: float | None
    ratio_lower: float | None
    ratio_upper: float | None
    p_value: float | None
    q_value: float | None
    patients_to_parity: int | None

    @property
    def gap_excludes_zero(self) -> bool:
        """The interval of the gap lies on one side of 0: the rule by which a gap counts as seen."""
        return self.gap_shown and (self.gap_points_lower > 0 or self.gap_points_upper < 0)  # type: ignore[operator]


@dataclass(frozen=True)
class SetResult:
    """One measure, period and unit over one stratum set, with everything that a reader must be told."""

    source: Source
    definition: MeasureDefinition
    period: Period
    unit: UnitLabel
    stratum_set: StratumSet
    total: Figure | None
    figures: tuple[Figure, ...]
    reference: StratumLabel | None
    audience: Audience
    computed_at: datetime
    method_version: str
    data_version: int

    @property
    def higher_is_better(self) -> bool:
        return self.definition.higher_is_better

    def figure(self, stratum_code: str) -> Figure | None:
        return next((f for f in self.figures if f.stratum.code == stratum_code), None)

    @property
    def compared(self) -> tuple[Figure, ...]:
        """Figures of specified strata: the ones that a chart draws."""
        return tuple(f for f in self.figures if f.stratum.kind == StratumKind.SPECIFIED)


@dataclass(frozen=True)
class PeerBand:
    """Where the other groups lie, anonymously: whole percent (rate) or whole points (gap).

    None in all three where fewer than five peers have a value that may be shown.
    """

    measure_id: int
    stratum_id: int
    peer_count: int
    rate_percent: tuple[int, int, int] | None
    gap_points: tuple[int, int, int] | None


def _share(part: int, whole: int, audience: Audience) -> float:
    share = part / whole
    return share if audience == Audience.OWN else round(share * 20) / 20


def _figure(row: StratumResult, label: StratumLabel, audience: Audience) -> Figure:
    own = audience == Audience.OWN
    state = CellState(row.own_state if own else row.state)
    gap_state = GapState(row.own_gap_state if own else row.gap_state)
    shown = state == CellState.SHOWN or (own and state == CellState.SMALL_DENOMINATOR)
    gap_shown = gap_state == GapState.SHOWN or (own and gap_state == GapState.SMALL_DENOMINATOR)

    def number(value: Any) -> Any:
        return value if shown else None

    def points(value: float | None) -> float | None:
        return value * 100 if gap_shown and value is not None else None

    def comparison(value: Any) -> Any:
        return value if gap_shown else None

    return Figure(
        stratum=label,
        state=state,
        numbers_shown=shown,
        caution=shown and state == CellState.SMALL_DENOMINATOR,
        denominator=number(row.denominator),
        numerator=number(row.numerator),
        rate=number(row.rate),
        rate_lower=number(row.rate_lower),
        rate_upper=number(row.rate_upper),
        decimals=int(published_decimals(row.denominator)) if shown else 0,
        self_reported_share=_share(row.self_reported, row.denominator, audience) if shown else None,
        indirect_share=_share(row.indirect, row.denominator, audience) if shown else None,
        gap_state=gap_state,
        gap_shown=gap_shown,
        gap_points=points(row.gap),
        gap_points_lower=points(row.gap_lower),
        gap_points_upper=points(row.gap_upper),
        ratio=comparison(row.ratio),
        ratio_lower=comparison(row.ratio_lower),
        ratio_upper=comparison(row.ratio_upper),
        p_value=comparison(row.p_value),
        q_value=comparison(row.q_value),
        patients_to_parity=comparison(row.patients_to_parity),
    )


def _labels(stratum_set: StratumSet) -> dict[int, StratumLabel]:
    strata = [*stratum_set.strata.all()]
    return {
        s.pk: StratumLabel(
            s.pk,
            stratum_set.code,
            s.code,
            s.label,
            s.short_label,
            StratumKind(s.kind),
            s.position,
            s.is_reference,
        )
        for s in strata
    }


def list_strata(stratum_set: StratumSet) -> list[StratumLabel]:
    """The strata of a set in its order, declined and unknown among them."""
    return list(_labels(stratum_set).values())


def _assemble(
    rows: Iterable[StratumResult],
    *,
    source: Source,
    stratum_set: StratumSet,
    audience_of: Any,
) -> list[SetResult]:
    """Group rows (select_related: computation, period, team, site) into SetResults, measures in page order."""
    total_set = StratumSet.objects.get(code="all")
    labels = _labels(stratum_set) | _labels(total_set)
    grouped: dict[tuple[Any, ...], list[StratumResult]] = defaultdict(list)
    for row in rows:
        key = (
            row.measure_id,
            row.period_id,
            row.team_id,
            row.by_site,
            row.site_id,
            row.line_of_business,
        )
        grouped[key].append(row)
    years = {rows_of[0].period.year for rows_of in grouped.values()}
    definitions = {
        (d.measure_id, d.year): d
        for d in MeasureDefinition.objects.filter(year__in=years).select_related("measure")
    }
    results = []
    for rows_of in grouped.values():
        first = rows_of[0]
        audience: Audience = audience_of(first.team_id)
        figures = sorted(
            (_figure(row, labels[row.stratum_id], audience) for row in rows_of),
            key=lambda f: f.stratum.position,
        )
        reference_id = next((row.reference_id for row in rows_of if row.reference_id), None)
        latest = max((row.computation for row in rows_of), key=lambda c: c.computed_at)
        results.append(
            SetResult(
                source=source,
                definition=definitions[(first.measure_id, first.period.year)],
                period=first.period,
                unit=UnitLabel(
                    team=first.team,
                    site=first.site,
                    is_site=first.by_site,
                    line_of_business=None
                    if first.line_of_business is None
                    else LineOfBusiness(first.line_of_business),
                ),
                stratum_set=stratum_set,
                total=next((f for f in figures if f.stratum.kind == StratumKind.TOTAL), None),
                figures=tuple(f for f in figures if f.stratum.kind != StratumKind.TOTAL),
                reference=labels.get(reference_id) if reference_id else None,
                audience=audience,
                computed_at=latest.computed_at,
                method_version=latest.method_version,
                data_version=latest.data_version,
            )
        )
    results.sort(
        key=lambda r: (
            r.definition.measure.position,
            r.period.ends_on,
            r.unit.team.name if r.unit.team else "",
            r.unit.name,
        )
    )
    return results


def _rows(
    source: Source, stratum_set: StratumSet, periods: Sequence[Period]
) -> QuerySet[StratumResult]:
    return StratumResult.objects.filter(
        source=source,
        period__in=list(periods),
        stratum__stratum_set__in=[stratum_set.pk, StratumSet.objects.get(code="all").pk],
    ).select_related("computation", "period", "team", "site")


def list_team_results(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    line_of_business: int | None = None,
    measure_ids: Sequence[int] | None = None,
) -> list[SetResult]:
    """A team's results, one SetResult per measure and period; empty for a team out of scope."""
    if team.pk not in scope.team_ids:
        return []
    rows = _rows(source, stratum_set, periods).filter(
        team=team, by_site=False, line_of_business=line_of_business
    )
    if measure_ids is not None:
        rows = rows.filter(measure_id__in=list(measure_ids))
    return _assemble(rows, source=source, stratum_set=stratum_set, audience_of=scope.audience)


def list_site_results(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    period: Period,
    stratum_set: StratumSet,
    measure_ids: Sequence[int] | None = None,
) -> list[SetResult]:
    """A team's results by site (all lines of business), one SetResult per measure and site."""
    if team.pk not in scope.team_ids:
        return []
    rows = _rows(source, stratum_set, [period]).filter(team=team, by_site=True)
    if measure_ids is not None:
        rows = rows.filter(measure_id__in=list(measure_ids))
    return _assemble(rows, source=source, stratum_set=stratum_set, audience_of=scope.audience)


def list_line_results(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    period: Period,
    stratum_set: StratumSet,
    measure_ids: Sequence[int] | None = None,
) -> list[SetResult]:
    """A team's results by line of business, one SetResult per measure and line."""
    if team.pk not in scope.team_ids:
        return []
    rows = _rows(source, stratum_set, [period]).filter(
        team=team, by_site=False, line_of_business__isnull=False
    )
    if measure_ids is not None:
        rows = rows.filter(measure_id__in=list(measure_ids))
    results = _assemble(rows, source=source, stratum_set=stratum_set, audience_of=scope.audience)
    return sorted(
        results, key=lambda r: (r.definition.measure.position, r.unit.line_of_business or 0)
    )


def list_overview(
    scope: Scope,
    *,
    source: Source,
    period: Period,
    stratum_set: StratumSet,
    line_of_business: int | None = None,
    measure_ids: Sequence[int] | None = None,
) -> list[SetResult]:
    """Every team in scope side by side, by measure and then by team name; never ranked."""
    check_permission(scope, Permission.VIEW_OVERVIEW)
    rows = _rows(source, stratum_set, [period]).filter(
        team_id__in=scope.team_ids, by_site=False, line_of_business=line_of_business
    )
    if measure_ids is not None:
        rows = rows.filter(measure_id__in=list(measure_ids))
    return _assemble(rows, source=source, stratum_set=stratum_set, audience_of=scope.audience)


def list_programme_results(
    *,
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    measure_ids: Sequence[int] | None = None,
) -> list[SetResult]:
    """The programme over all groups, always with the eyes of the public: privacy-protected.

    Group contributions cannot be taken out of it, not even by a group that knows its own rows
    (`measures.stats.suppression`, insider rule).
    """
    rows = _rows(source, stratum_set, periods).filter(team__isnull=True)
    if measure_ids is not None:
        rows = rows.filter(measure_id__in=list(measure_ids))
    return _assemble(
        rows, source=source, stratum_set=stratum_set, audience_of=lambda team_id: Audience.OTHERS
    )


def list_peer_bands(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    period: Period,
    stratum_set: StratumSet,
    measure_ids: Sequence[int] | None = None,
) -> dict[tuple[int, int], PeerBand]:
    """Quartiles of the other teams' shown rates and gaps, keyed by (measure id, stratum id).

    Anonymous: at least MINIMUM_PEERS peers with a value that everybody may see, whole points.
    """
    if team.pk not in scope.team_ids:
        return {}
    rows = _rows(source, stratum_set, [period]).filter(
        team__isnull=False, by_site=False, line_of_business=None
    )
    if measure_ids is not None:
        rows = rows.filter(measure_id__in=list(measure_ids))
    rates: dict[tuple[int, int], list[float]] = defaultdict(list)
    gaps: dict[tuple[int, int], list[float]] = defaultdict(list)
    for row in rows.exclude(team=team).values_list(
        "measure_id", "stratum_id", "state", "rate", "gap_state", "gap"
    ):
        measure_id, stratum_id, state, rate, gap_state, gap = row
        if state == CellState.SHOWN and rate is not None:
            rates[measure_id, stratum_id].append(rate * 100)
            if gap_state == GapState.SHOWN and gap is not None:
                gaps[measure_id, stratum_id].append(gap * 100)

    def band(values: list[float]) -> tuple[int, int, int] | None:
        if len(values) < MINIMUM_PEERS:
            return None
        lower, median, upper = quartile_band(np.array([values]))[0]
        return int(lower), int(median), int(upper)

    return {
        key: PeerBand(key[0], key[1], len(values), band(values), band(gaps.get(key, [])))
        for key, values in rates.items()
    }


def get_as_of(source: Source) -> datetime | None:
    """When the latest results of a source were computed."""
    latest = Computation.objects.filter(source=source).order_by("-computed_at").first()
    return latest.computed_at if latest else None

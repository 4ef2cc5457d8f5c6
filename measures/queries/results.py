"""Stratified results as a reader may see them: the one place where raw results are opened.

Everything that shows a number — pages, charts, CSV, XLSX, PDF, API — reads `Figure`s made here.
A number that the reader may not see is not in the figure at all; its state says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.db.models import F, Q

from measures.enums import LineOfBusiness, ReferenceStrategy, StratumKind
from measures.models import (
    Computation,
    MeasureDefinition,
    PartResult,
    Period,
    Source,
    Stratum,
    StratumResult,
    StratumSet,
)
from measures.queries import own_sets
from measures.queries.axis import OWN_SETS, SOURCED_SETS
from measures.queries.parts import read_parts, work_out_parts
from measures.queries.references import (
    BENCHMARK_CODE,
    ReferenceUsed,
    used_by,
)
from measures.stats.peers import quartile_band
from measures.stats.rounding import published_decimals, published_share
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


class Figure(NamedTuple):
    """The figures of one stratum, as far as the reader may see them. A tuple: a page makes hundreds.

    rate and its interval are proportions 0–1, gaps are percentage points (group − reference), ratios are
    group / reference. `numbers_shown` false: every number is None and `state` says why. For the group
    itself a small denominator keeps its numbers and `caution` is true.
    patients_to_parity: persons (or events) more — or, for an inverse measure, fewer — that would
    bring the stratum to the reference's rate; 0 when it is there already.
    self_reported_share, indirect_share: of the denominator; outside the group in steps of 5 points. None in
    sets whose answers carry no source, such as age bands.
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
    """One measure, period and unit over one stratum set, with everything that a reader must be told.

    reference: what the strata are compared with: one of them, everyone, or a benchmark, which has no id;
    None where there is nothing. rule: why it is this one.
    """

    source: Source
    definition: MeasureDefinition
    period: Period
    unit: UnitLabel
    stratum_set: StratumSet
    total: Figure | None
    figures: tuple[Figure, ...]
    reference: StratumLabel | None
    rule: ReferenceUsed
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
    def reference_figure(self) -> Figure | None:
        """The reference in this unit; of a benchmark a figure that has a rate and nobody in it."""
        if self.rule.strategy == ReferenceStrategy.OVERALL:
            return self.total
        if self.rule.strategy == ReferenceStrategy.BENCHMARK and self.reference is not None:
            return _benchmark_figure(self.reference, float(self.rule.benchmark or 0))
        return self.figure(self.reference.code) if self.reference is not None else None

    @property
    def compared(self) -> tuple[Figure, ...]:
        """Figures of specified strata: the ones that a chart draws."""
        return tuple(f for f in self.figures if f.stratum.kind == StratumKind.SPECIFIED)


def _benchmark_figure(label: StratumLabel, rate: float) -> Figure:
    nothing = dict.fromkeys(Figure._fields)
    told = {
        "stratum": label,
        "state": CellState.SHOWN,
        "numbers_shown": True,
        "caution": False,
        "rate": rate,
        "decimals": 1,
        "gap_state": GapState.IS_REFERENCE,
        "gap_shown": False,
    }
    return Figure(**(nothing | told))  # type: ignore[arg-type]


def _benchmark_label(rule: ReferenceUsed) -> StratumLabel:
    """A benchmark as something to compare with: its label says how high it is and who published it."""
    value = f"{100 * float(rule.benchmark or 0):g}%"
    return StratumLabel(
        id=0,
        set_code=BENCHMARK_CODE,
        code=BENCHMARK_CODE,
        label=f"Benchmark of {value} ({rule.label})",
        short_label=f"benchmark {value}",
        kind=StratumKind.SPECIFIED,
        position=-1,
    )


@dataclass(frozen=True)
class PeerBand:
    """Where the other groups lie, anonymously: whole percent (rate) or whole points (gap).

    None in all three where fewer than five peers have a value that may be shown.
    """

    measure_id: int
    stratum_id: int
    peer_count: int
    rate_percent: tuple[int, int, int] | None
    gap_peer_count: int
    gap_points: tuple[int, int, int] | None


#: By number: looking an enumeration up costs more than the rest of a figure.
_CELL_STATES = {state.value: state for state in CellState}
_GAP_STATES = {state.value: state for state in GapState}


def _share(part: int, whole: int, audience: Audience) -> float:
    return part / whole if audience == Audience.OWN else published_share(part, whole)


def _points(proportion: float | None) -> float | None:
    return None if proportion is None else proportion * 100


def _figure(row: Any, label: StratumLabel, audience: Audience, decimals: int) -> Figure:
    own = audience == Audience.OWN
    state = _CELL_STATES[row.own_state if own else row.state]
    gap_state = _GAP_STATES[row.own_gap_state if own else row.gap_state]
    shown = state == CellState.SHOWN or (own and state == CellState.SMALL_DENOMINATOR)
    gap_shown = gap_state == GapState.SHOWN or (own and gap_state == GapState.SMALL_DENOMINATOR)
    has_basis = shown and label.set_code in SOURCED_SETS
    return Figure(
        stratum=label,
        state=state,
        numbers_shown=shown,
        caution=shown and state == CellState.SMALL_DENOMINATOR,
        denominator=row.denominator if shown else None,
        numerator=row.numerator if shown else None,
        rate=row.rate if shown else None,
        rate_lower=row.rate_lower if shown else None,
        rate_upper=row.rate_upper if shown else None,
        decimals=decimals if shown else 0,
        self_reported_share=_share(row.self_reported, row.denominator, audience)
        if has_basis
        else None,
        indirect_share=_share(row.indirect, row.denominator, audience) if has_basis else None,
        gap_state=gap_state,
        gap_shown=gap_shown,
        gap_points=_points(row.gap) if gap_shown else None,
        gap_points_lower=_points(row.gap_lower) if gap_shown else None,
        gap_points_upper=_points(row.gap_upper) if gap_shown else None,
        ratio=row.ratio if gap_shown else None,
        ratio_lower=row.ratio_lower if gap_shown else None,
        ratio_upper=row.ratio_upper if gap_shown else None,
        p_value=row.p_value if gap_shown else None,
        q_value=row.q_value if gap_shown else None,
        patients_to_parity=row.patients_to_parity if gap_shown else None,
    )


def _label(stratum: Stratum) -> StratumLabel:
    return StratumLabel(
        stratum.pk,
        stratum.stratum_set.code,
        stratum.code,
        stratum.label,
        stratum.short_label,
        StratumKind(stratum.kind),
        stratum.position,
        stratum.is_reference,
    )


def list_strata(stratum_set: StratumSet) -> list[StratumLabel]:
    """The strata of a set in its order, declined and unknown among them."""
    return [
        _label(s) for s in stratum_set.strata_and_everyone if s.stratum_set_id == stratum_set.pk
    ]


class _Row(NamedTuple):
    """What is read of a result. Plain rows, not model objects: a page reads thousands.

    The first six say which unit, measure and period it is about; rows of one such key belong together.
    """

    measure_id: int
    period_id: int
    team_id: int | None
    by_site: bool
    site_id: int | None
    line_of_business: int | None
    stratum_id: int
    computation_id: int
    reference_id: int | None
    denominator: int
    numerator: int
    self_reported: int
    indirect: int
    state: int
    own_state: int
    rate: float | None
    rate_lower: float | None
    rate_upper: float | None
    gap_state: int
    own_gap_state: int
    gap: float | None
    gap_lower: float | None
    gap_upper: float | None
    ratio: float | None
    ratio_lower: float | None
    ratio_upper: float | None
    p_value: float | None
    q_value: float | None
    patients_to_parity: int | None


#: Fields that a stored result of the programme or of a team has; it is no site and has no line.
_WHOLE_FIELDS = tuple(
    f for f in _Row._fields if f not in ("by_site", "site_id", "line_of_business")
)


def _read_wholes(
    units: Q,
    *,
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    measure_ids: Sequence[int] | None,
    audience_of: Callable[[int | None], Audience],
) -> list[SetResult]:
    """SetResults of the programme or the teams that `units` selects: at most five queries."""
    strata = stratum_set.strata_and_everyone
    results = StratumResult.objects.filter(
        units, source=source, period__in=periods, stratum_id__in=[s.pk for s in strata]
    )
    if measure_ids is not None:
        results = results.filter(measure_id__in=list(measure_ids))
    rows = [
        _Row(measure_id, period_id, team_id, False, None, None, *rest)
        for measure_id, period_id, team_id, *rest in results.values_list(*_WHOLE_FIELDS)
    ]
    return _results(
        rows,
        computations=Computation.objects.in_bulk({row.computation_id for row in rows}),
        strata=strata,
        definitions=_definitions_of(periods, {row.measure_id for row in rows}) if rows else {},
        source=source,
        periods=periods,
        stratum_set=stratum_set,
        audience_of=audience_of,
    )


def _read_parts(
    units: Q,
    *,
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    measure_ids: Sequence[int] | None,
    audience_of: Callable[[int | None], Audience],
) -> list[SetResult]:
    """The same of the sites or lines of business that `units` selects: at most seven queries."""
    strata = stratum_set.strata_and_everyone
    definitions = _definitions_of(periods)
    found = read_parts(PartResult.objects.filter(units, source=source, period__in=periods))
    computations = Computation.objects.in_bulk({part["computation_id"] for part in found})
    parts = work_out_parts(
        found,
        rules={pk: computation.reference_rules for pk, computation in computations.items()},
        strata=strata,
        higher_is_better={key: d.higher_is_better for key, d in definitions.items()},
        measure_ids=measure_ids,
    )
    results = _results(
        [_Row(**part) for part in parts],
        computations=computations,
        strata=strata,
        definitions=definitions,
        source=source,
        periods=periods,
        stratum_set=stratum_set,
        audience_of=audience_of,
    )
    return [_closed(result) for result in results]


def _read_own(
    scope: Scope,
    by: str,
    *,
    team: Team,
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    measure_ids: Sequence[int] | None,
) -> list[SetResult]:
    """SetResults of a set that only the group itself sees; empty for everybody else."""
    strata = stratum_set.strata_and_everyone
    found = own_sets.read_own_set(
        scope,
        team=team,
        source=source,
        periods=periods,
        set_code=stratum_set.code,
        strata=strata,
        measure_ids=measure_ids,
        by=by,
    )
    definitions = _definitions_of(periods)
    rows = work_out_parts(
        found,
        rules={part["computation_id"]: {} for part in found},
        strata=strata,
        higher_is_better={key: d.higher_is_better for key, d in definitions.items()},
        measure_ids=measure_ids,
    )
    return _results(
        [_Row(**row) for row in rows],
        computations=Computation.objects.in_bulk({row["computation_id"] for row in rows}),
        strata=strata,
        definitions=definitions,
        source=source,
        periods=periods,
        stratum_set=stratum_set,
        audience_of=scope.audience,
    )


def _closed(result: SetResult) -> SetResult:
    """A part of which others may see nothing at all does not say either which strata it has."""
    figures = (*result.figures, result.total)
    if result.audience == Audience.OTHERS and all(f is None or f.state.is_private for f in figures):
        return replace(result, figures=())
    return result


def _definitions_of(
    periods: Sequence[Period], measure_ids: Collection[int] | None = None
) -> dict[tuple[int, int], MeasureDefinition]:
    """Definitions by measure id and period id; of some measures, or of all."""
    found = MeasureDefinition.objects.filter(year__in={p.year for p in periods})
    if measure_ids is not None:
        found = found.filter(measure__in=measure_ids)
    by_year = {(d.measure_id, d.year): d for d in found.select_related("measure")}
    return {
        (measure_id, period.pk): definition
        for (measure_id, year), definition in by_year.items()
        for period in periods
        if period.year == year
    }


def _results(
    rows: Sequence[_Row],
    *,
    computations: Mapping[int, Computation],
    strata: Sequence[Stratum],
    definitions: Mapping[tuple[int, int], MeasureDefinition],
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    audience_of: Callable[[int | None], Audience],
) -> list[SetResult]:
    """Figures of rows, as far as the reader may see them; measures in page order."""
    if not rows:
        return []
    labels = {s.pk: _label(s) for s in strata}
    own_strata = [s for s in strata if s.stratum_set_id == stratum_set.pk]
    periods_by_id = {p.pk: p for p in periods}
    grouped: dict[tuple[Any, ...], list[_Row]] = defaultdict(list)
    for row in rows:
        grouped[row[:6]].append(row)
    rules = {
        pk: used_by(computation.reference_rules, stratum_set, own_strata)
        for pk, computation in computations.items()
    }
    teams = Team.objects.in_bulk({row.team_id for row in rows if row.team_id})
    sites = Site.objects.in_bulk({row.site_id for row in rows if row.site_id})
    decimals = dict(
        zip(
            (row.denominator for row in rows),
            published_decimals([row.denominator for row in rows]).tolist(),
            strict=True,
        )
    )
    found = []
    for key, rows_of in grouped.items():
        measure_id, period_id, team_id, by_site, site_id, line_of_business = key
        audience = audience_of(team_id)
        figures = sorted(
            (
                _figure(row, labels[row.stratum_id], audience, decimals[row.denominator])
                for row in rows_of
            ),
            key=lambda f: f.stratum.position,
        )
        of_set = next(
            (row for row in rows_of if labels[row.stratum_id].set_code == stratum_set.code),
            rows_of[0],
        )
        rule = rules[of_set.computation_id]
        latest = max(
            (computations[row.computation_id] for row in rows_of), key=lambda c: c.computed_at
        )
        found.append(
            SetResult(
                source=source,
                definition=definitions[measure_id, period_id],
                period=periods_by_id[period_id],
                unit=UnitLabel(
                    team=teams.get(team_id),
                    site=sites.get(site_id),
                    is_site=by_site,
                    line_of_business=None
                    if line_of_business is None
                    else LineOfBusiness(line_of_business),
                ),
                stratum_set=stratum_set,
                total=next((f for f in figures if f.stratum.kind == StratumKind.TOTAL), None),
                figures=tuple(f for f in figures if f.stratum.kind != StratumKind.TOTAL),
                reference=_reference_label(rule, of_set.reference_id, labels),
                rule=rule,
                audience=audience,
                computed_at=latest.computed_at,
                method_version=latest.method_version,
                data_version=latest.data_version,
            )
        )
    found.sort(
        key=lambda r: (
            r.definition.measure.position,
            r.period.ends_on,
            r.unit.team.name if r.unit.team else "",
            r.unit.name,
        )
    )
    return found


def _reference_label(
    rule: ReferenceUsed,
    reference_id: int | None,
    labels: Mapping[int, StratumLabel],
) -> StratumLabel | None:
    if rule.strategy == ReferenceStrategy.BENCHMARK:
        return _benchmark_label(rule) if rule.benchmark is not None else None
    return labels.get(reference_id) if reference_id else None


def list_team_results(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    line_of_business: int | None = None,
    measure_ids: Sequence[int] | None = None,
    earlier_strata: Sequence[int] | None = None,
) -> list[SetResult]:
    """A team's results, one SetResult per measure and period; empty for a team out of scope.

    earlier_strata: of all periods but the last given only these strata are read, for a page whose
    trend is about two of them.
    """
    if team.pk not in scope.team_ids:
        return []
    if stratum_set.code in OWN_SETS:
        found = _read_own(
            scope, own_sets.WHOLE if line_of_business is None else own_sets.LINES,
            team=team, source=source, periods=periods, stratum_set=stratum_set, measure_ids=measure_ids,
        )  # fmt: skip
        return [
            r
            for r in found
            if line_of_business is None or r.unit.line_of_business == line_of_business
        ]
    if line_of_business is not None:
        return _read_parts(
            Q(team=team, line_of_business=line_of_business),
            source=source,
            periods=periods,
            stratum_set=stratum_set,
            measure_ids=measure_ids,
            audience_of=scope.audience,
        )
    units = Q(team=team)
    if earlier_strata is not None and len(periods) > 1:
        units &= Q(period=periods[-1]) | Q(stratum_id__in=list(earlier_strata))
    return _read_wholes(
        units,
        source=source,
        periods=periods,
        stratum_set=stratum_set,
        measure_ids=measure_ids,
        audience_of=scope.audience,
    )


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
    if stratum_set.code in OWN_SETS:
        return _read_own(
            scope, own_sets.SITES, team=team, source=source, periods=[period], stratum_set=stratum_set,
            measure_ids=measure_ids,
        )  # fmt: skip
    return _read_parts(
        Q(team=team, by_site=True),
        source=source,
        periods=[period],
        stratum_set=stratum_set,
        measure_ids=measure_ids,
        audience_of=scope.audience,
    )


def list_part_results(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    period: Period,
    stratum_set: StratumSet,
    measure_ids: Sequence[int] | None = None,
) -> tuple[list[SetResult], list[SetResult]]:
    """A team's results by site and by line of business, one SetResult per measure and part.

    Together, because a page that shows both pays the reading and the working out once.
    """
    if team.pk not in scope.team_ids:
        return [], []
    if stratum_set.code in OWN_SETS:
        results = [
            result
            for by in (own_sets.SITES, own_sets.LINES)
            for result in _read_own(
                scope, by, team=team, source=source, periods=[period], stratum_set=stratum_set,
                measure_ids=measure_ids,
            )
        ]  # fmt: skip
    else:
        results = _read_parts(
            Q(team=team),
            source=source,
            periods=[period],
            stratum_set=stratum_set,
            measure_ids=measure_ids,
            audience_of=scope.audience,
        )
    lines = [r for r in results if not r.unit.is_site]
    lines.sort(key=lambda r: (r.definition.measure.position, r.unit.line_of_business or 0))
    return [r for r in results if r.unit.is_site], lines


def list_results_of_teams(
    scope: Scope,
    *,
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    line_of_business: int | None = None,
    measure_ids: Sequence[int] | None = None,
) -> list[SetResult]:
    """Results of every team in scope, by measure, period and then by team name."""
    return _of_teams(
        scope,
        line_of_business,
        source=source,
        periods=periods,
        stratum_set=stratum_set,
        measure_ids=measure_ids,
    )


def list_gaps_of_teams(
    scope: Scope,
    *,
    source: Source,
    periods: Sequence[Period],
    stratum_set: StratumSet,
    gaps: Collection[tuple[int, int, int]],
) -> list[SetResult]:
    """The same, with no more than some gaps and their references.

    gaps: (team id, measure id, stratum id); of a team out of scope nothing is read. A result can hold the
    gaps of other strata that are named for another team or measure.
    """
    wanted = Q()
    for team_id, measure_id in sorted({(team_id, measure_id) for team_id, measure_id, _ in gaps}):
        if team_id in scope.team_ids:
            wanted |= Q(team=team_id, measure=measure_id)
    if not wanted:
        return []
    wanted &= (
        Q(stratum__in={stratum_id for _, _, stratum_id in gaps})
        | Q(stratum=F("reference"))
        | Q(stratum__kind=StratumKind.TOTAL)
    )
    return _read_wholes(
        wanted,
        source=source,
        periods=periods,
        stratum_set=stratum_set,
        measure_ids=None,
        audience_of=scope.audience,
    )


def _of_teams(scope: Scope, line_of_business: int | None, **what: Any) -> list[SetResult]:
    teams = Q(team__in=scope.team_ids)
    if line_of_business is None:
        return _read_wholes(teams, audience_of=scope.audience, **what)
    return _read_parts(
        teams & Q(line_of_business=line_of_business), audience_of=scope.audience, **what
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
    return _of_teams(
        scope,
        line_of_business,
        source=source,
        periods=[period],
        stratum_set=stratum_set,
        measure_ids=measure_ids,
    )


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
    return _read_wholes(
        Q(team__isnull=True),
        source=source,
        periods=periods,
        stratum_set=stratum_set,
        measure_ids=measure_ids,
        audience_of=lambda team_id: Audience.OTHERS,
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

    Anonymous: at least `MINIMUM_PEERS` (measures.stats.peers) peers with a value that everybody may see, whole points.
    """
    if team.pk not in scope.team_ids:
        return {}
    rows = StratumResult.objects.filter(
        Q(stratum__stratum_set=stratum_set) | Q(stratum__stratum_set__code="all"),
        source=source,
        period=period,
        team__isnull=False,
        state=CellState.SHOWN,
    ).exclude(team=team)
    if measure_ids is not None:
        rows = rows.filter(measure_id__in=list(measure_ids))
    rates: dict[tuple[int, int], list[float]] = defaultdict(list)
    gaps: dict[tuple[int, int], list[float]] = defaultdict(list)
    for measure_id, stratum_id, rate, gap_state, gap in rows.values_list(
        "measure_id", "stratum_id", "rate", "gap_state", "gap"
    ):
        rates[measure_id, stratum_id].append(rate * 100)
        if gap_state == GapState.SHOWN and gap is not None:
            gaps[measure_id, stratum_id].append(gap * 100)
    rate_bands, gap_bands = _bands(rates), _bands(gaps)
    return {
        key: PeerBand(
            measure_id=key[0],
            stratum_id=key[1],
            peer_count=len(values),
            rate_percent=rate_bands[key],
            gap_peer_count=len(gaps.get(key, ())),
            gap_points=gap_bands.get(key),
        )
        for key, values in rates.items()
    }


def _bands(
    values: dict[tuple[int, int], list[float]],
) -> dict[tuple[int, int], tuple[int, int, int] | None]:
    """All bands at once: quartiles of a few numbers cost as much as those of hundreds."""
    if not values:
        return {}
    longest = max(len(peers) for peers in values.values())
    table = np.full((len(values), longest), np.nan)
    for row, peers in zip(table, values.values(), strict=True):
        row[: len(peers)] = peers
    return {
        key: None if np.isnan(band[0]) else (int(band[0]), int(band[1]), int(band[2]))
        for key, band in zip(values, quartile_band(table), strict=True)
    }


def get_as_of(source: Source) -> datetime | None:
    """When the latest results of a source were computed."""
    latest = Computation.objects.filter(source=source).order_by("-computed_at").first()
    return latest.computed_at if latest else None

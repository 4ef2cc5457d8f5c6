"""From the months of a measure and what people decided to charts: one per group, and one of the gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from measures.stats.spc import (
    RULE_SETS,
    Assurance,
    ChartKind,
    ChartWarning,
    ControlChart,
    DataKind,
    Glyph,
    Phase,
    PhaseOffer,
    Series,
    analyse,
    assure,
    choose_chart,
    list_glyphs,
    make_series,
    offer_phase,
)
from pdsa.charts.values import Decision, Group, LaneCycle, MeasureData
from pdsa.enums import ChartDecisionKind, PointKind

_DEFAULT = {True: "run_ihi", False: "shewhart_ihi"}


@dataclass(frozen=True, eq=False)
class GroupChart:
    """One line of a chart: its control chart, and how each of its points is drawn."""

    name: str
    chart: ControlChart
    glyphs: tuple[Glyph, ...]
    warnings: tuple[ChartWarning, ...]
    assurance: Assurance | None


@dataclass(frozen=True, eq=False)
class MeasureCharts:
    """The charts of one measure. gap: focus less reference, in percentage points for shares.

    phase_starts: places where phases begin, the first among them. excluded: (place, decision).
    """

    data: MeasureData
    focus: GroupChart | None
    reference: GroupChart | None
    gap: GroupChart | None
    phases: tuple[Phase, ...]
    phase_decisions: dict[int, Decision]
    offer: PhaseOffer | None

    @property
    def rules_off(self) -> bool:
        """Periods overlap: neighbouring points count the same people, so that no rule holds."""
        return self.data.overlaps

    def place(self, day: date) -> int | None:
        """Place of the period that holds a day; None outside the axis."""
        before = [i for i, start in enumerate(self.data.periods) if start <= day]
        return before[-1] if before else None


def series_of(data: MeasureData, group: Group) -> Series:
    """The points of a group as a series. Raises ValueError where numbers cannot be."""
    excluded = [
        place
        for place, day in enumerate(data.periods)
        if any(
            d.kind == ChartDecisionKind.EXCLUDE
            and d.starts_on == day
            and d.stratum_id in (None, group.stratum_id)
            for d in data.decisions
        )
    ]
    kind = DataKind(data.point_kind.value)
    if kind in (DataKind.PROPORTION, DataKind.RATE):
        return make_series(
            kind,
            [None if p.number is None else p.numerator for p in group.points],
            [None if p.number is None else p.denominator for p in group.points],
            excluded=excluded,
        )
    return make_series(kind, [p.number for p in group.points], excluded=excluded)


def gap_series(data: MeasureData, focus: Group, reference: Group) -> Series:
    """Focus less reference wherever both have a number; out where either point is out."""
    scale = 100.0 if data.point_kind == PointKind.PROPORTION else 1.0
    excluded = {
        place
        for group in (focus, reference)
        for place, included in enumerate(series_of(data, group).included)
        if not included
    }
    values = [
        None if a.number is None or b.number is None else scale * (a.number - b.number)
        for a, b in zip(focus.points, reference.points, strict=True)
    ]
    return make_series(DataKind.VALUE, values, excluded=excluded)


def phases_of(data: MeasureData) -> tuple[tuple[Phase, ...], dict[int, Decision]]:
    """Phases as people decided, with the decision that began each; what lies off the axis is left out."""
    places = {day: place for place, day in enumerate(data.periods)}
    begun = {
        places[d.starts_on]: d
        for d in data.decisions
        if d.kind == ChartDecisionKind.PHASE and places.get(d.starts_on, 0) > 0
    }
    starts = [0, *sorted(begun)]
    frozen = {
        places[d.starts_on] + 1
        for d in data.decisions
        if d.kind == ChartDecisionKind.BASELINE and d.starts_on in places
    }
    phases = []
    for start, end in zip(starts, [*starts[1:], len(data.periods)], strict=True):
        inside = [place for place in frozen if start < place <= end]
        phases.append(Phase(start, max(inside) if inside else None))
    return tuple(phases), begun


def _choose(series: Series, data: MeasureData, phases: Sequence[Phase]) -> tuple[ChartKind, str]:
    choice = choose_chart(series, phases=phases)
    kind, wanted = choice.kind, data.rule_set
    if not wanted:
        return kind, choice.rule_set
    rules = RULE_SETS[wanted]
    if wanted == "nhs_mdc" and kind != ChartKind.RUN:
        return ChartKind.I, wanted
    if not rules.mean:
        return ChartKind.RUN, wanted
    if kind == ChartKind.RUN and not rules.median:
        # Too few points for limits: a run chart with the rules that belong to it.
        return kind, _DEFAULT[True]
    return kind, wanted


def _read(
    name: str, series: Series, data: MeasureData, phases: Sequence[Phase], target: float | None
) -> GroupChart:
    kind, rules = _choose(series, data, phases)
    chart = analyse(series, kind, rules, phases=phases, screened=data.is_screened)
    assured = None
    if target is not None:
        assured = assure(chart, target, higher_is_better=data.higher_is_better)
    return GroupChart(
        name,
        chart,
        list_glyphs(chart, higher_is_better=data.higher_is_better),
        choose_chart(series, phases=phases).warnings,
        assured,
    )


def _offer(data: MeasureData, chart: ControlChart) -> PhaseOffer | None:
    declined = [
        place + 1
        for place, day in enumerate(data.periods)
        for d in data.decisions
        if d.kind == ChartDecisionKind.NO_PHASE and d.starts_on == day
    ]
    changes = [
        max((i for i, day in enumerate(data.periods) if day <= cycle.starts_on), default=0)
        for cycle in data.cycles
        if data.periods
    ]
    return offer_phase(
        chart,
        higher_is_better=data.higher_is_better,
        changes=changes,
        declined_at=max(declined, default=None),
    )


def assemble(data: MeasureData) -> MeasureCharts:
    """All charts of a measure."""
    phases, begun = phases_of(data) if data.periods else ((), {})
    focus = reference = gap = offer = None
    if data.periods and data.focus is not None:
        focus = _read(data.focus.name, series_of(data, data.focus), data, phases, data.target)
        offer = None if data.overlaps else _offer(data, focus.chart)
        if data.reference is not None and data.reference is not data.focus:
            reference = _read(
                data.reference.name, series_of(data, data.reference), data, phases, data.target
            )
            gap = _read(
                f"{data.focus.name} less {data.reference.name}",
                gap_series(data, data.focus, data.reference),
                data,
                phases,
                None,
            )
    return MeasureCharts(data, focus, reference, gap, phases, begun, offer)


def cycles_at(charts: MeasureCharts) -> list[tuple[LaneCycle, int, int]]:
    """Tests that touch the time axis, each with its first and last place on it, in order of start."""
    periods = charts.data.periods
    found = []
    for cycle in charts.data.cycles:
        first = charts.place(cycle.starts_on)
        last = len(periods) - 1 if cycle.ends_on is None else charts.place(cycle.ends_on)
        if not periods or last is None or (first is None and last is None):
            continue
        found.append((cycle, first or 0, max(last, first or 0)))
    return sorted(found, key=lambda item: (item[0].starts_on, item[0].id))

"""A series read as a run or control chart: phases, lines, signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from measures.stats.spc.limits import D4, Limits, compute_limits, mean_moving_range
from measures.stats.spc.rules import (
    RULE_SETS,
    Direction,
    RuleSet,
    Signal,
    Track,
    count_crossings,
    longest_run,
)
from measures.stats.spc.runs import AnhoejLimits, RunsLimits, anhoej_limits, runs_limits
from measures.stats.spc.series import ChartKind, Phase, Series, check_phases

#: Points before numbers are joined by a line, before runs are looked at, before limits are drawn at all,
#: before limits are more than trial limits.
LINE_FROM, RULES_FROM, LIMITS_FROM, LOCKED_FROM = 3, 10, 12, 20


class Stage(IntEnum):
    """How much a phase can carry; each stage shows what the earlier ones do."""

    EMPTY = 0
    NUMBERS = 1
    """1 or 2 points: the numbers alone."""
    LINE = 2
    """3 to 9 points: a line, no centre, no rules."""
    RULES = 3
    """10 points and more: a centre line and rules about it; on a control chart no limits yet."""
    TRIAL = 4
    """12 to 19 points: trial limits."""
    LOCKED = 5
    """20 points and more: limits hold."""


@dataclass(frozen=True)
class RunsCount:
    """Runs of one phase and what chance alone would make of so many points.

    useful: points that are not on the line. Every limit is None without a useful point, and those of
    the number of runs where all points lie on one side.
    """

    useful: int
    above: int
    longest_run: int
    crossings: int
    anhoej: AnhoejLimits | None
    runs_limits: RunsLimits | None

    @property
    def runs(self) -> int:
        return self.crossings + 1 if self.useful else 0


@dataclass(frozen=True, eq=False)
class PhaseResult:
    """One phase of a chart: points `start` to `end` (not included).

    centre_shown, limits_shown, rules_applied: what the stage allows. beyond: places beyond the limits,
    whatever the rule set says about them. no_variation: the baseline gives no spread, so the limits are
    the centre line and nothing is said about distances from it.
    """

    number: int
    start: int
    end: int
    baseline_end: int
    stage: Stage
    limits: Limits
    useful_count: int
    baseline_count: int
    missing: tuple[int, ...]
    excluded: tuple[int, ...]
    runs: RunsCount
    beyond: tuple[int, ...]
    no_variation: bool
    rules_applied: bool

    @property
    def centre_shown(self) -> bool:
        return self.stage >= Stage.RULES

    @property
    def limits_shown(self) -> bool:
        return self.stage >= Stage.TRIAL and bool(np.isfinite(self.limits.sigma).any())

    @property
    def is_frozen(self) -> bool:
        return self.baseline_end < self.end


@dataclass(frozen=True, eq=False)
class ControlChart:
    """Everything that a drawing, a table and a sentence need. All places count from 0.

    values: what is drawn, NaN where there is no number. screened: jumps did not widen the limits.
    """

    series: Series
    kind: ChartKind
    rule_set: RuleSet
    screened: bool
    phases: tuple[PhaseResult, ...]
    signals: tuple[Signal, ...]

    @property
    def values(self) -> NDArray[np.float64]:
        return self.series.values

    @property
    def last_phase(self) -> PhaseResult | None:
        return self.phases[-1] if self.phases else None

    def centre(self) -> NDArray[np.float64]:
        """Centre line at every point; NaN where there is none (yet)."""
        return self._lines(lambda p: np.full(p.end - p.start, p.limits.centre), limits=False)

    def lower(self) -> NDArray[np.float64]:
        return self._lines(lambda p: p.limits.lower, limits=True)

    def upper(self) -> NDArray[np.float64]:
        return self._lines(lambda p: p.limits.upper, limits=True)

    def _lines(self, line: object, *, limits: bool) -> NDArray[np.float64]:
        assert callable(line)
        found = np.full(len(self.series), np.nan)
        for phase in self.phases:
            if phase.limits_shown if limits else phase.centre_shown:
                found[phase.start : phase.end] = line(phase)
        return found

    def signals_at(self, place: int) -> tuple[Signal, ...]:
        """Signals that flag a point, in the order of the rules."""
        return tuple(signal for signal in self.signals if place in signal.points)


def analyse(
    series: Series,
    chart: ChartKind,
    rule_set: str,
    *,
    phases: Sequence[Phase] = (),
    screened: bool = True,
    clamped: bool = True,
    minimum: bool = True,
) -> ControlChart:
    """Read a series as one kind of chart with one set of rules.

    Every phase is computed on its own: no range, run or signal crosses its border. With a frozen
    baseline the parameters come from the baseline, and the rules look at all points of the phase.
    minimum: rules are silent until a phase has points enough (10 with a median, 12 with limits);
    without it they are applied to any number of points, and lines are shown for any.

    Raises:
        ValueError: unknown rule set, a set that is not made for the chart's centre line, phases that
            do not fit, data of the wrong kind.
    """
    if rule_set not in RULE_SETS:
        raise ValueError(f"There is no rule set “{rule_set}”.")
    rules = RULE_SETS[rule_set]
    if not (rules.median if chart == ChartKind.RUN else rules.mean):
        raise ValueError(f"The rules “{rules.name}” are not made for this kind of chart.")
    if rules.code == "nhs_mdc" and chart != ChartKind.I:
        raise ValueError("The rules of Making Data Count are made for charts of individual values.")
    results: list[PhaseResult] = []
    signals: list[Signal] = []
    for number, (phase, end) in enumerate(check_phases(phases, len(series)) if len(series) else ()):
        result, found = _read_phase(
            series, chart, rules, number, phase, end, screened, clamped, minimum
        )
        results.append(result)
        signals += found
    return ControlChart(series, chart, rules, screened, tuple(results), tuple(signals))


def _read_phase(
    series: Series,
    chart: ChartKind,
    rules: RuleSet,
    number: int,
    phase: Phase,
    end: int,
    screened: bool,
    clamped: bool,
    minimum: bool,
) -> tuple[PhaseResult, list[Signal]]:
    stretch = slice(phase.start, end)
    baseline = slice(phase.start, phase.frozen_at or end)
    limits = compute_limits(series, chart, stretch, baseline, screened=screened, clamped=clamped)
    useful = series.useful[stretch]
    has_value = np.isfinite(series.values[stretch])
    baseline_count = int(series.useful[baseline].sum())
    known = limits.sigma[useful & np.isfinite(limits.sigma)]
    no_variation = bool(len(known)) and not bool((known > 0).any())
    track = _track(series, limits, phase.start, useful)
    stage = _stage(int(useful.sum()), baseline_count, chart)
    if not minimum and baseline_count:
        stage = Stage.LOCKED
    needed = Stage.RULES if chart == ChartKind.RUN else Stage.TRIAL
    applied = stage >= needed and not _is_constant(series, useful, stretch)
    found: list[Signal] = []
    if applied:
        for rule in rules.rules:
            for pattern in rule.find(track):
                places = tuple(int(track.places[p]) for p in pattern.positions)
                found.append(
                    Signal(
                        rule.code,
                        rule.name,
                        places[0],
                        places[-1],
                        () if pattern.whole else places,
                        pattern.direction,
                        number,
                    )
                )
    result = PhaseResult(
        number=number,
        start=phase.start,
        end=end,
        baseline_end=phase.frozen_at or end,
        stage=stage,
        limits=limits,
        useful_count=int(useful.sum()),
        baseline_count=baseline_count,
        missing=_places(~has_value, phase.start),
        excluded=_places(has_value & ~series.included[stretch], phase.start),
        runs=_count_runs(track),
        beyond=tuple(int(p) for p in track.places[track.beyond != 0]),
        no_variation=no_variation or _is_constant(series, useful, stretch),
        rules_applied=applied,
    )
    return result, found


def _stage(useful: int, baseline: int, chart: ChartKind) -> Stage:
    if useful < LINE_FROM:
        return Stage.NUMBERS if useful else Stage.EMPTY
    # A centre line is as good as the points that it is made from, however many follow.
    if baseline < RULES_FROM:
        return Stage.LINE
    if baseline < LIMITS_FROM or chart == ChartKind.RUN:
        return Stage.RULES
    return Stage.TRIAL if baseline < LOCKED_FROM else Stage.LOCKED


def _is_constant(series: Series, useful: NDArray[np.bool_], stretch: slice) -> bool:
    values = series.values[stretch][useful]
    return len(values) > 0 and bool(values.max() - values.min() <= series.tolerance)


def _places(mask: NDArray[np.bool_], start: int) -> tuple[int, ...]:
    return tuple(int(place) + start for place in np.flatnonzero(mask))


def _track(series: Series, limits: Limits, start: int, useful: NDArray[np.bool_]) -> Track:
    positions = np.flatnonzero(useful)
    values = series.values[start : start + len(useful)][positions]
    tolerance = series.tolerance
    distance = values - limits.centre
    sigma = limits.sigma[positions]
    some = np.isfinite(sigma) & (sigma > 0)
    sigmas = np.full(len(values), np.nan)
    np.divide(distance, sigma, out=sigmas, where=some)
    return Track(
        places=(positions + start).astype(np.int64),
        side=_sign(distance, tolerance),
        beyond=np.where(
            some,
            _sign(np.maximum(values - limits.upper[positions], 0.0), tolerance)
            - _sign(np.maximum(limits.lower[positions] - values, 0.0), tolerance),
            0,
        ).astype(np.int64),
        sigmas=sigmas,
        rise=_sign(np.diff(values, prepend=values[:1]), tolerance),
    )


def _sign(distances: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """1, -1, or 0 where a distance is none but for its last digit (or not known)."""
    return (distances > tolerance).astype(np.int64) - (distances < -tolerance).astype(np.int64)


def _count_runs(track: Track) -> RunsCount:
    sides = track.sides
    useful, above = len(sides), int((sides > 0).sum())
    return RunsCount(
        useful=useful,
        above=above,
        longest_run=longest_run(track.side),
        crossings=count_crossings(track.side),
        anhoej=anhoej_limits(useful) if useful else None,
        runs_limits=runs_limits(above, useful - above) if 0 < above < useful else None,
    )


@dataclass(frozen=True, eq=False)
class MovingRanges:
    """Companion of an I chart: distance of each point to the one before it, with centre and limit."""

    values: NDArray[np.float64]
    centre: float
    upper: float


def moving_range_chart(series: Series, *, screened: bool = False) -> MovingRanges:
    """Moving ranges of the useful points; NaN where a neighbour is missing or taken out.

    Source: Montgomery (2020), Introduction to Statistical Quality Control, ch. 6.4.
    """
    counted = np.where(series.useful, series.values, np.nan)
    centre = mean_moving_range(counted, screened=screened)
    return MovingRanges(
        np.concatenate([[np.nan], np.abs(np.diff(counted))]) if len(series) else counted,
        centre,
        D4 * centre,
    )


__all__ = [
    "ControlChart",
    "Direction",
    "MovingRanges",
    "PhaseResult",
    "RunsCount",
    "Stage",
    "analyse",
    "moving_range_chart",
]

"""How a gap changed between two periods, who moved, and how long it takes at this pace.

Arguments: `g` group, `r` reference, 0 the earlier and 1 the later period. People of the two periods are
taken to be different ones. Where many are the same, as in most panels, the interval of the change is
wider than it needs to be, never too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.gaps import absolute_gap, newcombe, shortfall
from measures.stats.rates import Interval, rate, z_value

FloatArray = NDArray[np.float64]


class Verdict(IntEnum):
    """What can be said of the change; `UNCLEAR` where its interval holds 0."""

    UNKNOWN = 0
    """One of the four rates has no denominator."""
    UNCLEAR = 1
    NARROWED = 2
    WIDENED = 3
    """Also where it turned round and is larger than before on the other side."""


class Movement(IntEnum):
    """Which rates got better, by their own estimates. Level counts as not better."""

    UNKNOWN = 0
    BOTH_BETTER = 1
    ONLY_GROUP_BETTER = 2
    ONLY_REFERENCE_BETTER = 3
    NEITHER_BETTER = 4
    """A gap that narrows so was levelled down."""


class Pace(IntEnum):
    UNKNOWN = 0
    CLOSED = 1
    """The group is level or ahead."""
    NOT_ON_TRACK = 2
    """The interval of the change holds 0, or the gap grows."""
    ON_TRACK = 3


@dataclass(frozen=True)
class GapChange:
    """Arrays of one shape; proportions. Gaps are group less reference, whatever the direction.

    group_change and reference_change are later less earlier rates; `level` is that of all intervals.
    """

    before: FloatArray
    before_interval: Interval
    after: FloatArray
    after_interval: Interval
    change: FloatArray
    interval: Interval
    group_change: FloatArray
    reference_change: FloatArray
    verdict: NDArray[np.int8]
    movement: NDArray[np.int8]
    level: float


@dataclass(frozen=True)
class RunRate:
    """Years from the later period until the gap is 0; NaN unless `pace` is ON_TRACK (or CLOSED: 0)."""

    years: FloatArray
    interval: Interval
    pace: NDArray[np.int8]


def mover_difference(
    later: ArrayLike, later_limits: Interval, earlier: ArrayLike, earlier_limits: Interval
) -> Interval:
    """Interval of later - earlier from the intervals of two independent estimates.

    Source: Zou & Donner (2008), Statistics in Medicine 27:1693-1702.
    """
    d1, d0 = np.asarray(later, dtype=np.float64), np.asarray(earlier, dtype=np.float64)
    change = d1 - d0
    return Interval(
        change - np.sqrt((d1 - later_limits.lower) ** 2 + (earlier_limits.upper - d0) ** 2),
        change + np.sqrt((later_limits.upper - d1) ** 2 + (d0 - earlier_limits.lower) ** 2),
    )


def gap_change(
    x_g0: ArrayLike,
    n_g0: ArrayLike,
    x_r0: ArrayLike,
    n_r0: ArrayLike,
    x_g1: ArrayLike,
    n_g1: ArrayLike,
    x_r1: ArrayLike,
    n_r1: ArrayLike,
    *,
    higher_is_better: ArrayLike,
    level: float = 0.95,
) -> GapChange:
    """Change of a gap with the interval that follows from the two Newcombe intervals.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    return change_of_gaps(
        absolute_gap(x_g0, n_g0, x_r0, n_r0),
        newcombe(x_g0, n_g0, x_r0, n_r0, level),
        absolute_gap(x_g1, n_g1, x_r1, n_r1),
        newcombe(x_g1, n_g1, x_r1, n_r1, level),
        group_change=rate(x_g1, n_g1) - rate(x_g0, n_g0),
        reference_change=rate(x_r1, n_r1) - rate(x_r0, n_r0),
        higher_is_better=higher_is_better,
        level=level,
    )


def change_of_gaps(
    before: ArrayLike,
    earlier: Interval,
    after: ArrayLike,
    later: Interval,
    *,
    group_change: ArrayLike,
    reference_change: ArrayLike,
    higher_is_better: ArrayLike,
    level: float = 0.95,
) -> GapChange:
    """The same from two gaps with their intervals, whatever the reference is: everybody, or a benchmark.

    group_change, reference_change: later less earlier rate of each; 0 for a benchmark that stayed.
    """
    before, after = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    interval = mover_difference(after, later, before, earlier)
    group, reference, change = np.broadcast_arrays(
        np.asarray(group_change, dtype=np.float64),
        np.asarray(reference_change, dtype=np.float64),
        after - before,
    )
    clear = (interval.lower > 0.0) | (interval.upper < 0.0)
    smaller = np.abs(after) < np.abs(before)
    known = ~np.isnan(change)
    verdict = np.where(clear, np.where(smaller, Verdict.NARROWED, Verdict.WIDENED), Verdict.UNCLEAR)
    group_better = shortfall(group, higher_is_better) > 0.0
    reference_better = shortfall(reference, higher_is_better) > 0.0
    movement = np.select(
        [group_better & reference_better, group_better, reference_better],
        [Movement.BOTH_BETTER, Movement.ONLY_GROUP_BETTER, Movement.ONLY_REFERENCE_BETTER],
        Movement.NEITHER_BETTER,
    )
    return GapChange(
        before=before,
        before_interval=earlier,
        after=after,
        after_interval=later,
        change=change,
        interval=interval,
        group_change=group,
        reference_change=reference,
        verdict=np.where(known, verdict, Verdict.UNKNOWN).astype(np.int8),
        movement=np.where(known, movement, Movement.UNKNOWN).astype(np.int8),
        level=level,
    )


def run_rate(change: GapChange, *, years: ArrayLike = 1.0, higher_is_better: ArrayLike) -> RunRate:
    """Years until the gap is closed if it goes on changing as between the two periods.

    Only where the change towards 0 is clear, else "not on track". The interval is Fieller's: all times
    t at which the gap of a line through both periods is not different from 0.

    Args:
        change: as `gap_change` gives it; its level is that of the interval.
        years: from the earlier to the later period, above 0.

    Raises:
        ValueError: `years` is not above 0.
    Source: Fieller (1954), JRSS B 16:175-185.
    """
    apart = np.asarray(years, dtype=np.float64)
    if not (apart > 0.0).all():
        raise ValueError("The later period must come after the earlier one.")
    z = z_value(change.level)
    v0, v1 = _variance(change.before_interval, z), _variance(change.after_interval, z)
    behind = shortfall(change.after, higher_is_better) < 0.0
    towards = shortfall(change.change, higher_is_better) > 0.0
    clear = (change.interval.lower > 0.0) | (change.interval.upper < 0.0)
    # (1 + s) after - s before = 0 at s periods from the later one:
    # |(1 + s) after - s before| <= z sqrt((1 + s)² v1 + s² v0), a quadratic in s
    a = change.change**2 - z * z * (v0 + v1)
    b = change.after * change.change - z * z * v1
    c = change.after**2 - z * z * v1
    on_track = behind & towards & clear & (a > 0.0)
    safe = np.where(on_track, a, 1.0)
    root = np.sqrt(np.where(on_track, np.maximum(b * b - a * c, 0.0), 0.0))
    step = np.where(on_track, change.change, 1.0)
    known = ~np.isnan(change.change)
    pace = np.where(behind, np.where(on_track, Pace.ON_TRACK, Pace.NOT_ON_TRACK), Pace.CLOSED)
    pace = np.where(known, pace, Pace.UNKNOWN)
    closed = pace == Pace.CLOSED

    def told(periods: FloatArray) -> FloatArray:
        there = np.where(on_track, np.maximum(periods, 0.0) * apart, np.nan)
        return np.where(closed, 0.0, there)

    return RunRate(
        years=told(-change.after / step),
        interval=Interval(told((-b - root) / safe), told((-b + root) / safe)),
        pace=pace.astype(np.int8),
    )


def _variance(limits: Interval, z: float) -> FloatArray:
    """Variance with which the width would be that of a normal interval; above 0 at 0/100 percent too."""
    return np.asarray(((limits.upper - limits.lower) / (2.0 * z)) ** 2)

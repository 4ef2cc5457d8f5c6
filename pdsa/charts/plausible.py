"""Whether a number that was just typed could be a slip. It is saved all the same: these are questions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from measures.stats.spc import ChartKind, DataKind, compute_limits, make_series
from pdsa.charts.values import Point
from pdsa.enums import PointKind

#: Earlier points before anything can be called unusual.
_ENOUGH = 6
_CHART = {
    PointKind.PROPORTION: ChartKind.P_PRIME,
    PointKind.RATE: ChartKind.U_PRIME,
    PointKind.COUNT: ChartKind.C,
    PointKind.VALUE: ChartKind.I,
}


def question_about(
    point_kind: PointKind, point: Point, earlier: Sequence[Point], word: str
) -> str | None:
    """A question about one point, or None. earlier: the points before it, in order. word: "month"."""
    if point.number is None:
        return None
    previous = earlier[-1] if earlier else None
    if (
        previous is not None
        and previous.number is not None
        and (previous.numerator, previous.denominator, previous.value)
        == (point.numerator, point.denominator, point.value)
        and (point.denominator is None or point.denominator > 1)
    ):
        return f"Exactly as the {word} before. Is that so?"
    known = [p for p in earlier if p.number is not None]
    if len(known) < _ENOUGH:
        return None
    points = [*known, point]
    kind = DataKind(point_kind.value)
    sized = kind in (DataKind.PROPORTION, DataKind.RATE)
    series = make_series(
        kind,
        [p.numerator if sized else p.number for p in points],
        [p.denominator for p in points] if sized else None,
    )
    limits = compute_limits(series, _CHART[point_kind], slice(0, len(points)), slice(0, len(known)))
    lower, upper = float(limits.lower[-1]), float(limits.upper[-1])
    if not np.isfinite(lower) or lower == upper or lower <= point.number <= upper:
        return None
    return f"Far from the {word}s before (usually {_usual(point_kind, lower, upper)}). Is that so?"


def _usual(point_kind: PointKind, lower: float, upper: float) -> str:
    if point_kind == PointKind.PROPORTION:
        return f"{100 * lower:.0f} to {100 * upper:.0f}%"
    return f"{lower:.3g} to {upper:.3g}"

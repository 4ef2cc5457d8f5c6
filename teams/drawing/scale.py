"""Axes: a domain that holds the data, with round steps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1, 2, 5, 10, 20, 25, 50, 100)


@dataclass(frozen=True)
class Scale:
    """Values from `start` to `end` onto pixels from `low` to `high` (low may be the larger one)."""

    start: float
    end: float
    low: float
    high: float
    ticks: tuple[float, ...] = ()

    def __call__(self, value: float) -> float:
        share = (value - self.start) / (self.end - self.start)
        return self.low + share * (self.high - self.low)

    def over(self, low: float, high: float) -> Scale:
        """The same values onto other pixels."""
        return Scale(self.start, self.end, low, high, self.ticks)


def round_scale(
    values: Iterable[float],
    *,
    floor: float | None = None,
    ceiling: float | None = None,
    least_span: float = 10,
    most_ticks: int = 6,
) -> Scale:
    """A scale whose ends and ticks are round and that holds all values, onto 0 to 1.

    floor, ceiling: bounds that ends never cross (0 and 100 for percentages). least_span keeps noise
    from looking like news when all values are close together.
    """
    numbers = [v for v in values if math.isfinite(v)]
    if not numbers:
        numbers = [0.0, least_span]
    low, high = min(numbers), max(numbers)
    if high - low < least_span:
        middle = (low + high) / 2
        low, high = middle - least_span / 2, middle + least_span / 2
        if floor is not None and low < floor:
            low, high = floor, floor + least_span
        if ceiling is not None and high > ceiling:
            low, high = ceiling - least_span, ceiling
    step = next((s for s in _STEPS if (high - low) / s <= most_ticks - 1), _STEPS[-1])
    start, end = math.floor(low / step) * step, math.ceil(high / step) * step
    if floor is not None:
        start = max(start, floor)
    if ceiling is not None:
        end = min(end, ceiling)
    count = round((end - start) / step)
    return Scale(start, end, 0.0, 1.0, tuple(start + i * step for i in range(count + 1)))


def free_scale(
    values: Iterable[float], *, floor: float | None = None, most_ticks: int = 6
) -> Scale:
    """The same for numbers of any size, such as minutes or events per visit. floor: 0 or nothing."""
    numbers = [v for v in values if math.isfinite(v)]
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    # No tick has more than twelve decimals, so that a smaller span than that is none.
    span = max((high - low) or abs(high) / 5 or 1.0, 1e-9)
    # Tens of the span become 10 to 100, for which the steps are made.
    factor = 10.0 ** (2 - math.ceil(math.log10(span)))
    scale = round_scale(
        [v * factor for v in (*numbers, low)], floor=floor, least_span=10, most_ticks=most_ticks
    )
    return Scale(
        scale.start / factor,
        scale.end / factor,
        0.0,
        1.0,
        tuple(round(tick / factor, 12) for tick in scale.ticks),
    )

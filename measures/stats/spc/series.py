"""What a chart over time is made of: the points, which of them count, and where its phases begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = ArrayLike | Sequence[float | None]

#: Relative to the largest number of a series: closer than this is the same number, and no side of a line.
SAME = 1e-12


class DataKind(StrEnum):
    """What one point is."""

    PROPORTION = "proportion"
    """n of N persons or visits."""
    RATE = "rate"
    """Events per unit of exposure; a person can have several."""
    COUNT = "count"
    """Events, the exposure being the same every time."""
    VALUE = "value"
    """One measured or computed number: a mean, an index, a gap."""


class ChartKind(StrEnum):
    RUN = "run"
    P = "p"
    P_PRIME = "p_prime"
    U = "u"
    U_PRIME = "u_prime"
    C = "c"
    I = "i"


@dataclass(frozen=True, eq=False)
class Series:
    """Points in their order in time, one per month or week, without holes: a missing month is NaN.

    numbers: numerators, events or values. sizes: denominators or exposures; None for counts and values.
    included: False for points that a person took out, with a reason that is kept elsewhere.
    """

    kind: DataKind
    numbers: NDArray[np.float64]
    sizes: NDArray[np.float64] | None
    included: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def values(self) -> NDArray[np.float64]:
        """What is drawn: n / N, events / exposure, or the number itself; NaN without anybody (N = 0)."""
        if self.sizes is None:
            return self.numbers
        found = np.full(len(self), np.nan)
        np.divide(self.numbers, self.sizes, out=found, where=self.sizes > 0)
        return found

    @property
    def useful(self) -> NDArray[np.bool_]:
        """Points that carry a number and were not taken out."""
        return np.isfinite(self.values) & self.included

    @property
    def tolerance(self) -> float:
        """Numbers closer than this are the same number."""
        values = self.values[np.isfinite(self.values)]
        return SAME * float(np.abs(values).max()) if len(values) else 0.0


def make_series(
    kind: DataKind,
    numbers: Numbers,
    sizes: Numbers | None = None,
    *,
    excluded: Iterable[int] = (),
) -> Series:
    """A series from plain numbers; None and NaN are missing points.

    excluded: places, from 0, of points that a person took out.
    Raises:
        ValueError: lengths differ, sizes are given where there are none (or the other way round), a
            number is infinite or negative, n is larger than N, events stand without exposure, a place
            does not exist.
    """
    y = _floats(numbers)
    if (kind in (DataKind.PROPORTION, DataKind.RATE)) != (sizes is not None):
        raise ValueError("Proportions and rates have sizes; counts and values have none.")
    n = None if sizes is None else _floats(sizes)
    included = np.ones(len(y), dtype=np.bool_)
    for place in excluded:
        if not 0 <= place < len(y):
            raise ValueError(f"There is no point {place} to take out.")
        included[place] = False
    if kind != DataKind.VALUE and (y < 0).any():
        raise ValueError("A count cannot be negative.")
    if n is not None:
        if len(n) != len(y):
            raise ValueError("Every point needs a number and a size.")
        if (n < 0).any():
            raise ValueError("A size cannot be negative.")
        if kind == DataKind.PROPORTION and (y > n).any():
            raise ValueError("n cannot be larger than N.")
        if ((n == 0) & (y > 0)).any():
            raise ValueError("Events cannot stand without exposure.")
        y = np.where(np.isfinite(n), y, np.nan)
    return Series(kind, y, n, included)


def _floats(numbers: Numbers) -> NDArray[np.float64]:
    if isinstance(numbers, Sequence):
        numbers = [np.nan if number is None else number for number in numbers]
    found = np.asarray(numbers, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError("A series has one dimension: time.")
    if np.isinf(found).any():
        raise ValueError("A number must be finite.")
    return found


@dataclass(frozen=True)
class Phase:
    """A stretch that is computed on its own, from `start` to the next phase.

    frozen_at: the parameters come from the points before this place and hold for the rest of the
    phase; None: from all of its points.
    """

    start: int
    frozen_at: int | None = None


def check_phases(phases: Sequence[Phase], length: int) -> tuple[tuple[Phase, int], ...]:
    """Each phase with the place after its last point. Raises ValueError for phases that do not fit."""
    phases = tuple(phases) or (Phase(0),)
    if phases[0].start != 0:
        raise ValueError("The first phase begins with the first point.")
    ends = [*(phase.start for phase in phases[1:]), length]
    for phase, end in zip(phases, ends, strict=True):
        if not phase.start < end and length:
            raise ValueError("Every phase has at least one point, and phases are in order.")
        if phase.frozen_at is not None and not phase.start < phase.frozen_at <= end:
            raise ValueError("A baseline lies inside its phase.")
    return tuple(zip(phases, ends, strict=True))

"""Could imputed figures beside a card give a hidden count away? Asked by linear programming.

A reader knows the shown strata of a unit, and for each imputed group the expected people to the ten and the
weighted rate to the percent. The direct answers behind an imputed rate are the very strata of the card, so
an imputed rate is a blurred sum over them. (Where a sender imputed some of those answers itself, the reader
who takes them for direct is wrong, and learns less.) For every hidden small count the check asks how small and how
large it could be in any table that fits all of that; a count that can only be 1 to k - 1 leaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from measures.stats.suppression import LEAST_COUNT, is_small

Floats = NDArray[np.float64]

_SLACK = 1e-6


@dataclass(frozen=True)
class PublishedImputed:
    """What readers get of one group. strata: indices of the strata that its direct answers stand in.

    expected: people, to the ten; rate: weighted, to the percent, a proportion.
    """

    strata: tuple[int, ...]
    expected: float
    rate: float


@dataclass(frozen=True)
class ImputedLeak:
    """A hidden count that imputed figures show to be 1 to k - 1. quantity: numerator, misses or denominator."""

    stratum: int
    quantity: str
    lowest: float
    highest: float


def is_blurred(n: Floats, x: Floats, *, k: int = LEAST_COUNT) -> bool:
    """Whether imputed people hide every small direct count of a group, whichever team takes its own away.

    n, x: the imputed part of the denominator and of the numerator, one value per team. They and the
    imputed misses have to come to k or more.
    """
    parts = np.stack([n, x, n - x])
    left = parts.sum(axis=1, keepdims=True) - (parts if parts.shape[1] > 1 else 0)
    return bool((left >= k).all())


def imputed_leaks(
    n: NDArray[np.int64],
    x: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    groups: Sequence[PublishedImputed],
    *,
    imputed_about: float,
    unknown: int,
    k: int = LEAST_COUNT,
) -> list[ImputedLeak]:
    """Hidden small counts of one unit and measure of which a reader can be sure.

    n, x: counts of the strata of one set, which add up to everybody. imputed_about: imputed rows as
    published, to the ten, 0 only for none. unknown: the stratum in which imputed people stand.
    """
    size = len(n)
    targets = [
        (int(stratum), quantity)
        for stratum in np.flatnonzero(hidden)
        for quantity, count in (
            ("numerator", x[stratum]),
            ("misses", n[stratum] - x[stratum]),
            ("denominator", n[stratum]),
        )
        if is_small(np.array([count]), k)[0]
    ]
    if not targets or not groups:
        return []
    # Met and not met of each stratum, then of the imputed part of each group, then of the groups not shown.
    width = 2 * size + 2 * len(groups) + 2
    equal: list[tuple[Mapping[int, float], float]] = []
    below: list[tuple[Mapping[int, float], float]] = []
    for stratum in np.flatnonzero(~hidden).tolist():
        equal.append(({stratum: 1.0}, float(x[stratum])))
        equal.append(({size + stratum: 1.0}, float(n[stratum] - x[stratum])))
    equal.append((dict.fromkeys(range(size), 1.0), float(x.sum())))
    equal.append(({size + s: 1.0 for s in range(size)}, float((n - x).sum())))
    # Where every stratum is hidden, nobody can tell an empty one from a small one.
    for stratum in [] if hidden.all() else np.flatnonzero(hidden & (n > 0)).tolist():
        below.append(({stratum: -1.0, size + stratum: -1.0}, -1.0))
    imputed_met, imputed_missed = [2 * size + 2 * len(groups)], [width - 1]
    for number, group in enumerate(groups):
        met, missed = 2 * size + 2 * number, 2 * size + 2 * number + 1
        imputed_met.append(met)
        imputed_missed.append(missed)
        hits = [*group.strata, met]
        everybody = [*hits, *(size + s for s in group.strata), missed]
        below.append((dict.fromkeys(everybody, 1.0), group.expected + 5))
        below.append((dict.fromkeys(everybody, -1.0), 5 - group.expected))
        for sign in (1.0, -1.0):
            # sign × (met − rate × everybody) ≤ half a percent of everybody.
            row = dict.fromkeys(everybody, -sign * group.rate - 0.005)
            for v in hits:
                row[v] += sign
            below.append((row, 0.0))
    together = dict.fromkeys([*imputed_met, *imputed_missed], 1.0)
    below.append((together, imputed_about + 5 if imputed_about else 0.0))
    below.append(
        (dict.fromkeys(together, -1.0), -max(imputed_about - 5, 1.0 if imputed_about else 0))
    )
    below.append(({**dict.fromkeys(imputed_met, 1.0), unknown: -1.0}, 0.0))
    below.append(({**dict.fromkeys(imputed_missed, 1.0), size + unknown: -1.0}, 0.0))

    program = _Program(_stack(equal, width), _stack(below, width))
    costs = np.zeros((len(targets), width))
    for at, (stratum, quantity) in enumerate(targets):
        costs[at, stratum] = quantity != "misses"
        costs[at, size + stratum] = quantity != "numerator"
    lowest, highest = _ranges(program, costs, k)
    return [
        ImputedLeak(stratum, quantity, float(lowest[at]), float(highest[at]))
        for at, (stratum, quantity) in enumerate(targets)
        if lowest[at] > _SLACK and highest[at] < k - _SLACK
    ]


class _Program:
    """What a reader knows, as a linear program; rows are (coefficients, value)."""

    def __init__(self, equal: tuple[Floats, Floats], below: tuple[Floats, Floats]) -> None:
        self.equal, self.below = equal, below

    def solve(self, cost: Floats) -> Floats | None:
        """A table of least cost; None where nothing fits or there is no least."""
        done = linprog(
            cost,
            A_eq=self.equal[0],
            b_eq=self.equal[1],
            A_ub=self.below[0],
            b_ub=self.below[1],
            bounds=(0, None),
            method="highs",
        )
        return np.asarray(done.x) if done.status == 0 else None


def _ranges(program: _Program, costs: Floats, k: int) -> tuple[Floats, Floats]:
    """Least and largest value of each target, as far as needed to see whether it can be 0 or k and more.

    One table that fits is evidence for many targets, so all are pushed together before each alone.
    """
    low, high = np.full(len(costs), np.inf), np.full(len(costs), -np.inf)

    def open_ones() -> NDArray[np.int64]:
        return np.flatnonzero((low > _SLACK) & (high < k - _SLACK))

    def push(which: NDArray[np.int64], sign: float) -> bool:
        table = program.solve(sign * costs[which].sum(axis=0))
        if table is None:
            return False
        values = costs @ table
        np.minimum(low, values, out=low)
        np.maximum(high, values, out=high)
        return True

    before = len(costs) + 1
    while len(left := open_ones()) and len(left) < before:
        before = len(left)
        for sign in (1.0, -1.0):
            if not push(left, sign):
                # Nothing fits: some answers on the card are not direct, and the reader's sum is wrong.
                return np.zeros(len(costs)), np.full(len(costs), np.inf)
    for at in open_ones():
        for sign in (1.0, -1.0):
            push(np.array([at]), sign)
    return low, high


def _stack(rows: Sequence[tuple[Mapping[int, float], float]], width: int) -> tuple[Floats, Floats]:
    """Coefficients [rows, width] and values."""
    matrix = np.zeros((len(rows), width))
    for at, (row, _) in enumerate(rows):
        for variable, weight in row.items():
            matrix[at, variable] = weight
    return matrix, np.array([value for _, value in rows])

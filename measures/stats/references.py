"""Who the others are compared with: rules named before the data are seen, and what they choose.

A rule is settled for a programme, and every report prints it with the reference's people and rate.
"Best" is chosen on an earlier period: picked in the period that it is then compared in, the best
of several groups looks better than it is, and everybody else worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import checked_counts, rate
from measures.stats.reliability import LEAST_DENOMINATOR

FloatArray = NDArray[np.float64]

ENOUGH = 100
"""People that a group needs to be chosen as best, unless the rule says otherwise."""


class Strategy(StrEnum):
    BEST = "best"
    LARGEST = "largest"
    NAMED = "named"
    OVERALL = "overall"
    BENCHMARK = "benchmark"


class ReferenceState(IntEnum):
    FOUND = 0
    NOBODY_QUALIFIES = 1
    """No group had enough people (best), or any (largest)."""
    NO_DENOMINATOR = 2
    """The reference was chosen, and has nobody in this period."""
    TOO_FEW = 3
    """The reference was chosen, and has fewer than 30 people in this period."""


@dataclass(frozen=True)
class ReferenceRule:
    """One strategy with what it needs; others are refused.

    least_n: people needed in the earlier period, of `BEST`; 30 or more.
    stratum, label: index and name on pages, of `NAMED`.
    benchmark, label: proportion 0 to 1 and where it comes from, of `BENCHMARK`.

    Raises:
        ValueError: what the strategy needs is missing or impossible.
    """

    strategy: Strategy
    least_n: int = ENOUGH
    stratum: int | None = None
    benchmark: float | None = None
    label: str = ""

    def __post_init__(self) -> None:
        if self.least_n < LEAST_DENOMINATOR:
            raise ValueError(f"A reference needs {LEAST_DENOMINATOR} people or more.")
        if (self.strategy is Strategy.NAMED) != (self.stratum is not None):
            raise ValueError("A stratum is named if, and only if, the rule is `named`.")
        if (self.strategy is Strategy.BENCHMARK) != (self.benchmark is not None):
            raise ValueError("A benchmark is given if, and only if, the rule is `benchmark`.")
        if self.benchmark is not None and not 0.0 <= self.benchmark <= 1.0:
            raise ValueError("A benchmark lies between 0 and 1. Write 0.85 for 85 percent.")
        if self.strategy in (Strategy.NAMED, Strategy.BENCHMARK) and not self.label:
            raise ValueError("A named reference or benchmark needs a label to print.")

    @property
    def sentence(self) -> str:
        """The rule as reports print it."""
        return {
            Strategy.BEST: (
                "Reference: the group with the best rate in the period before, among groups with "
                f"{self.least_n} or more people in it."
            ),
            Strategy.LARGEST: "Reference: the group with the most people.",
            Strategy.NAMED: f"Reference: {self.label}, named in advance.",
            Strategy.OVERALL: "Reference: everybody together; each group is a part of it.",
            Strategy.BENCHMARK: (
                f"Reference: {self.label}, {100 * (self.benchmark or 0.0):g} percent; "
                "a fixed number."
            ),
        }[self.strategy]


@dataclass(frozen=True)
class Reference:
    """What a rule chose; arrays without the axis of strata.

    index: the stratum, -1 where it is none of them (overall, benchmark) or none was found. n, x: its
    people in this period, and who of them met the measure (0 for a benchmark). rate: NaN unless
    `state` is FOUND or TOO_FEW.
    """

    rule: ReferenceRule
    index: NDArray[np.int64]
    n: NDArray[np.int64]
    x: NDArray[np.int64]
    rate: FloatArray
    state: NDArray[np.int8]


def choose(
    rule: ReferenceRule,
    x: ArrayLike,
    n: ArrayLike,
    *,
    eligible: ArrayLike,
    higher_is_better: ArrayLike = True,
    earlier_x: ArrayLike | None = None,
    earlier_n: ArrayLike | None = None,
) -> Reference:
    """The reference of every row of strata, the last axis of the counts.

    Equally good groups: the one with more people, then the one that comes first. Equally large ones:
    the one that comes first.

    Args:
        x, n: counts of this period [..., S].
        eligible: strata that may be a reference [S] or [..., S]: not declined, not unknown, no total.
        higher_is_better: direction [...], used by `BEST`.
        earlier_x, earlier_n: counts of the period that `BEST` chooses in; needed by it.

    Raises:
        ValueError: impossible counts, a named stratum that is not there or may not be a reference,
            or no earlier period for `BEST`.
    """
    hits, sizes = checked_counts(x, n)
    may = np.broadcast_to(np.asarray(eligible, dtype=bool), sizes.shape)
    rows = sizes.shape[:-1]
    none = np.full(rows, -1, dtype=np.int64)
    if rule.strategy is Strategy.BENCHMARK:
        nothing = np.zeros(rows, dtype=np.int64)
        return Reference(
            rule,
            none,
            nothing,
            nothing.copy(),
            np.full(rows, rule.benchmark),
            np.full(rows, ReferenceState.FOUND, dtype=np.int8),
        )
    if rule.strategy is Strategy.OVERALL:
        people, met = sizes.sum(axis=-1), hits.sum(axis=-1)
        return _found(rule, none, people, met, np.ones(rows, dtype=bool))
    if rule.stratum is not None:  # given if, and only if, the rule is `named`
        stratum = rule.stratum
        if not 0 <= stratum < sizes.shape[-1]:
            raise ValueError(f"There is no stratum {stratum} that could be the reference.")
        if not may[..., stratum].all():
            raise ValueError("Declined, unknown or a total cannot be the reference.")
        index = np.full(rows, stratum, dtype=np.int64)
    elif rule.strategy is Strategy.LARGEST:
        candidates = np.where(may, sizes, -1)
        index = np.where(candidates.max(axis=-1) > 0, candidates.argmax(axis=-1), -1)
    else:
        if earlier_x is None or earlier_n is None:
            raise ValueError("The best group is chosen in an earlier period, and none was given.")
        index = _best(
            *checked_counts(earlier_x, earlier_n), may, higher_is_better, rule.least_n, sizes.shape
        )
    at = np.maximum(index, 0)[..., None]
    return _found(
        rule,
        index,
        np.take_along_axis(sizes, at, axis=-1)[..., 0],
        np.take_along_axis(hits, at, axis=-1)[..., 0],
        index >= 0,
    )


def _best(
    hits: NDArray[np.int64],
    sizes: NDArray[np.int64],
    may: NDArray[np.bool_],
    higher_is_better: ArrayLike,
    least_n: int,
    shape: tuple[int, ...],
) -> NDArray[np.int64]:
    hits, sizes = np.broadcast_to(hits, shape), np.broadcast_to(sizes, shape)
    better = np.asarray(higher_is_better, dtype=bool)[..., None]
    good = rate(np.where(better, hits, sizes - hits), sizes)
    enough = may & (sizes >= least_n)
    score = np.where(enough, good, -1.0)
    tied = enough & (score == score.max(axis=-1, keepdims=True))
    largest = np.where(tied, sizes, -1)
    return np.asarray(np.where(enough.any(axis=-1), largest.argmax(axis=-1), -1), dtype=np.int64)


def _found(
    rule: ReferenceRule,
    index: NDArray[np.int64],
    people: NDArray[np.int64],
    met: NDArray[np.int64],
    found: NDArray[np.bool_],
) -> Reference:
    people, met = np.where(found, people, 0), np.where(found, met, 0)
    state = np.full(found.shape, ReferenceState.FOUND, dtype=np.int8)
    state[people < LEAST_DENOMINATOR] = ReferenceState.TOO_FEW
    state[people == 0] = ReferenceState.NO_DENOMINATOR
    state[~found] = ReferenceState.NOBODY_QUALIFIES
    return Reference(rule, index, people, met, rate(met, people), state)

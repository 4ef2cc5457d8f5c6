"""What people with probabilities add up to: sums of products from which every estimate can be made.

A person i has probabilities P_i over the groups of `RATED`, k_i rows in the denominator and Y_i of them in
the numerator (1 and 0 or 1 unless the measure counts events). Sums of several slices are the sum of their
sums, so a programme is as exact as a group.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from measures.stats.bisg import CATEGORIES

Floats = NDArray[np.float64]

REPORTED: tuple[str, ...] = ("white", "black", "hispanic", "api")
"""Groups for which imputed results may be shown. Imputation is not accurate enough for the others."""
RATED: tuple[str, ...] = (*REPORTED, "other")
"""Groups that are estimated together; `other` (AIAN and multiple races) is never shown."""

PAIRS: tuple[tuple[int, int], ...] = tuple(combinations_with_replacement(range(len(RATED)), 2))
_FIRST = np.array([r for r, _ in PAIRS])
_SECOND = np.array([s for _, s in PAIRS])
_IN_ORDER = [CATEGORIES.index(name) for name in REPORTED]
_REST = [n for n, name in enumerate(CATEGORIES) if name not in REPORTED]


@dataclass(frozen=True)
class Sums:
    """Sums over people; r ≤ s run over the 15 pairs of `PAIRS`.

    second: (15, 5) Σ P_r P_s × (k, Y, k², kY, Y²).
    third: (15, 5) Σ P_r P_s P_t k Y, one column per group t.
    fourth: (15, 15) Σ P_r P_s P_t P_u k².
    """

    second: Floats
    third: Floats
    fourth: Floats

    SIZE = 15 * 5 + 15 * 5 + 15 * 15

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.second + other.second, self.third + other.third, self.fourth + other.fourth
        )

    @classmethod
    def zero(cls) -> Sums:
        return cls.unpacked(np.zeros(cls.SIZE))

    def packed(self) -> Floats:
        """All of it as one row of `SIZE` numbers."""
        return np.concatenate([self.second.ravel(), self.third.ravel(), self.fourth.ravel()])

    @classmethod
    def unpacked(cls, row: Floats) -> Sums:
        """Raises ValueError unless the row has `SIZE` numbers."""
        numbers = np.asarray(row, np.float64)
        if numbers.shape != (cls.SIZE,):
            raise ValueError(f"Sums are {cls.SIZE} numbers, not {numbers.size}.")
        return cls(
            numbers[:75].reshape(15, 5),
            numbers[75:150].reshape(15, 5),
            numbers[150:].reshape(15, 15),
        )

    def square(self, column: int) -> Floats:
        """A column of `second` as a symmetric matrix (5, 5)."""
        return symmetric(self.second[:, column])

    @property
    def expected(self) -> Floats:
        """Σ P k: expected rows of each group in the denominator. Not a head count."""
        total: Floats = self.square(0).sum(axis=1)
        return total

    @property
    def expected_met(self) -> Floats:
        """Σ P Y: expected rows of each group in the numerator."""
        total: Floats = self.square(1).sum(axis=1)
        return total


def symmetric(pairs: Floats) -> Floats:
    """15 values of pairs as a symmetric matrix (5, 5)."""
    matrix = np.zeros((len(RATED), len(RATED)))
    matrix[_FIRST, _SECOND] = pairs
    matrix[_SECOND, _FIRST] = pairs
    return matrix


def rated(probabilities: Floats) -> Floats:
    """Probabilities in the order of `CATEGORIES` (people, 6) → in the order of `RATED` (people, 5)."""
    return np.column_stack(
        [probabilities[:, _IN_ORDER], probabilities[:, _REST].sum(axis=1, keepdims=True)]
    )


def sum_people(probabilities: Floats, rows: Floats, met: Floats) -> Sums:
    """Sums over people.

    probabilities: (people, 5) in the order of `RATED`, each row adds up to 1. rows: k, met: Y, both
    per person.

    Raises:
        ValueError: a probability is missing, negative, or a row does not add up to 1.
    """
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 2 or p.shape[1] != len(RATED):
        raise ValueError(f"A person needs {len(RATED)} probabilities.")
    if not ((p >= 0).all() and (np.abs(p.sum(axis=1) - 1) < 1e-6).all()):
        raise ValueError("Probabilities must be 0 or more and add up to 1.")
    k, y = np.asarray(rows, np.float64), np.asarray(met, np.float64)
    pairs = p[:, _FIRST] * p[:, _SECOND]
    second = pairs.T @ np.column_stack([k, y, k * k, k * y, y * y])
    third = pairs.T @ (p * (k * y)[:, None])
    fourth = pairs.T @ (pairs * (k * k)[:, None])
    return Sums(second, third, fourth)


@dataclass(frozen=True)
class HardCounts:
    """Rows by the one group that each person is put into: for comparison only. Each array (5,)."""

    denominator: Floats
    numerator: Floats


def hard_counts(
    probabilities: Floats, rows: Floats, met: Floats, *, least: float = 0.0
) -> HardCounts:
    """Everybody counted in the most probable group, or nowhere where its probability is below `least`.

    Biased as a rule, and selective by place and name: for sensitivity only.
    """
    chosen = np.argmax(probabilities, axis=1)
    sure = probabilities[np.arange(len(chosen)), chosen] >= least
    size = len(RATED)
    counts = (
        np.bincount(chosen[sure], weights=np.asarray(of, np.float64)[sure], minlength=size)
        for of in (rows, met)
    )
    return HardCounts(*(c.astype(np.float64) for c in counts))

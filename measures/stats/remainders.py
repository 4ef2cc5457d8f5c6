"""People that measures with one denominator leave between them: in no table, and easily subtracted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Remainder:
    """The people that two measures with one denominator leave between them.

    is_nested: who is in the first numerator is in the second; else nobody is in both, and those in
    neither are meant.
    """

    first: int
    second: int
    is_nested: bool

    def counts(self, n: IntArray, x: IntArray) -> IntArray:
        """Of tables [M, U, S] of the group."""
        if self.is_nested:
            return np.asarray(x[self.second] - x[self.first])
        return np.asarray(n[self.first] - x[self.first] - x[self.second])


def remainders(n: IntArray, x: IntArray) -> tuple[Remainder, ...]:
    """Of measures with one denominator, tables [M, U, S]: what can lie between each two of them.

    That one numerator lies within another, or apart from it, is nowhere written down. It is taken to be
    so where no cell says otherwise: then a reader who knows the measures may subtract.
    """
    found = []
    for i, j in combinations(range(len(x)), 2):
        if (x[i] <= x[j]).all():
            found.append(Remainder(i, j, is_nested=True))
        if (x[j] <= x[i]).all():
            found.append(Remainder(j, i, is_nested=True))
        if (x[i] + x[j] <= n[i]).all():
            found.append(Remainder(i, j, is_nested=False))
    return tuple(found)

"""p-values that hold the chance of a single false finding in a family: stricter than q.

Beside the q-values of `measures.stats.gaps`, for readers for whom one false "gap" is one too many.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def bonferroni(p: ArrayLike, family: ArrayLike) -> FloatArray:
    """m p, at most 1, for every p within its family of m tested ones; R's `p.adjust` semantics.

    Args:
        p: p values of any shape; NaN (not tested, suppressed, unreliable) stays NaN and is not
            counted in the size of its family.
        family: integer family id of each p, same shape or broadcastable.

    Raises:
        ValueError: a p outside 0 to 1.
    Source: Dunn (1961), Journal of the American Statistical Association 56:52-64.
    """
    values, families = _checked(p, family)
    adjusted = np.full(values.shape, np.nan)
    for members in _members(values, families):
        adjusted[members] = np.minimum(values[members] * len(members[0]), 1.0)
    return adjusted


def holm(p: ArrayLike, family: ArrayLike) -> FloatArray:
    """As `bonferroni`, stepping down from the smallest p: holds as much, and is never larger.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.
    """
    values, families = _checked(p, family)
    adjusted = np.full(values.shape, np.nan)
    for members in _members(values, families):
        own = values[members]
        order = np.argsort(own, kind="stable")
        steps = own[order] * (len(own) - np.arange(len(own)))
        stepped = np.empty(len(own))
        stepped[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
        adjusted[members] = stepped
    return adjusted


def _checked(p: ArrayLike, family: ArrayLike) -> tuple[FloatArray, NDArray[np.generic]]:
    values, families = np.broadcast_arrays(np.asarray(p, dtype=np.float64), np.asarray(family))
    if ((values < 0.0) | (values > 1.0)).any():
        raise ValueError("A p value lies outside 0 to 1.")
    return values, families


def _members(
    values: FloatArray, families: NDArray[np.generic]
) -> list[tuple[NDArray[np.intp], ...]]:
    """Indices of the tested p of each family."""
    tested = ~np.isnan(values)
    return [np.nonzero(tested & (families == one)) for one in np.unique(families[tested])]

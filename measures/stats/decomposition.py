"""Which part of a programme's gap arises inside its groups and which from who is served where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import checked_counts, rate

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Decomposition:
    """total = within + between, proportions; the last two arrays keep the axis of units.

    Of what units add to `between` only the sum has a meaning: one unit's part depends on how many of
    both groups it serves, whatever its rates.

    within: people of the two groups get different care in the same unit. between: they are served by
    different units. Errors treat the shares as fixed.
    """

    total: FloatArray
    within: FloatArray
    between: FloatArray
    within_error: FloatArray
    between_error: FloatArray
    within_of_unit: FloatArray
    between_of_unit: FloatArray


def decompose(x_g: ArrayLike, n_g: ArrayLike, x_r: ArrayLike, n_r: ArrayLike) -> Decomposition:
    """Kitagawa's decomposition of the gap of two groups over units, the last axis of the counts.

    With s the share of a group's people that a unit serves: within = Σ ½ (s_g + s_r)(p_g - p_r) and
    between = Σ (s_g - s_r) ½ (p_g + p_r). A unit that serves only one of the two groups tells nothing
    about a gap inside it, so what it adds is all between. NaN where a group has nobody anywhere.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Kitagawa (1955), JASA 50:1168-1194.
    """
    a, m, c, n = np.broadcast_arrays(*checked_counts(x_g, n_g), *checked_counts(x_r, n_r))
    p_g, p_r = rate(a, m), rate(c, n)
    v_g, v_r = _variance(p_g, m), _variance(p_r, n)
    first, second = _shares(m), _shares(n)
    only_g, only_r = n == 0, m == 0
    neither = only_g & only_r
    p_g, p_r = np.where(only_r, p_r, p_g), np.where(only_g, p_g, p_r)
    p_g, p_r = np.where(neither, 0.0, p_g), np.where(neither, 0.0, p_r)
    within = 0.5 * (first + second) * (p_g - p_r)
    between = (first - second) * 0.5 * (p_g + p_r)
    both = ~only_g & ~only_r
    inside = np.where(both, 0.5 * (first + second), 0.0)
    outside = np.where(both, 0.5, 1.0) * (first - second)
    return Decomposition(
        total=rate(a.sum(axis=-1), m.sum(axis=-1)) - rate(c.sum(axis=-1), n.sum(axis=-1)),
        within=within.sum(axis=-1),
        between=between.sum(axis=-1),
        within_error=np.sqrt((inside**2 * (v_g + v_r)).sum(axis=-1)),
        between_error=np.sqrt((outside**2 * (v_g + v_r)).sum(axis=-1)),
        within_of_unit=within,
        between_of_unit=between,
    )


def _variance(p: FloatArray, n: NDArray[np.int64]) -> FloatArray:
    return np.nan_to_num(p * (1.0 - p)) / np.maximum(n, 1)


def _shares(n: NDArray[np.int64]) -> FloatArray:
    """NaN where nobody is in any unit."""
    people = n.sum(axis=-1, keepdims=True)
    share = np.divide(n, people, out=np.full(n.shape, np.nan), where=people > 0)
    return np.asarray(share)

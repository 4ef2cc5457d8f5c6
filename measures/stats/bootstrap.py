"""Intervals of summary indices by simulation, and the headline of a set of groups.

Numerators are drawn again from their own rates, x* ~ Bin(n, x / n), the index is computed for every
draw (a best group is picked again), and the bias-corrected percentiles of these are the limits. A group
at 0 or 100 percent stays there in every draw; the interval does not know how sure that is.

The seed is stored with the result: the same seed and counts give the same limits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from measures.stats.homogeneity import Homogeneity, homogeneity
from measures.stats.indices import (
    Estimate,
    between_group_sd_corrected,
    signed_difference_from_reference,
)
from measures.stats.rates import Interval, checked_counts, z_value

FloatArray = NDArray[np.float64]

DRAWS = 2_000
_AT_ONCE = 4_000_000  # counts drawn together; bounds the memory


@dataclass(frozen=True)
class Headline:
    """The one number of how far apart the groups of a row are, with what belongs beside it.

    spread: bias-corrected between-group standard deviation, a proportion, never below 0. difference:
    overall rate less the reference's, with its standard error; None without a reference.
    """

    spread: float
    spread_interval: tuple[float, float]
    homogeneity: Homogeneity
    difference: Estimate | None
    seed: int
    draws: int


def bootstrap_interval(
    index: Callable[[NDArray[np.int64], NDArray[np.int64]], Estimate],
    x: ArrayLike,
    n: ArrayLike,
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = 0.95,
    least: float = 0.0,
) -> Interval:
    """Bias-corrected percentile interval of an index over the last axis of the counts.

    The interval always holds the estimate, so that equal rates give an interval that starts at 0, and
    is cut off at `least`. NaN where the index is, or where most draws have none.

    Args:
        index: function of counts, such as those of `measures.stats.indices`, with further arguments
            bound by `functools.partial`.
        least: smallest possible value; -inf for an index with a sign.

    Raises:
        ValueError: fewer than 100 draws; see `measures.stats.rates.checked_counts`.
    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 14.
    """
    hits, sizes = checked_counts(x, n)
    if draws < 100:
        raise ValueError("An interval needs 100 draws or more.")
    z = z_value(level)
    estimate = np.asarray(index(hits, sizes).value)
    rates = np.divide(hits, sizes, out=np.zeros(sizes.shape), where=sizes > 0)
    generator = np.random.default_rng(seed)
    batch = max(1, _AT_ONCE // max(1, sizes.size))
    values = np.empty((draws, *estimate.shape))
    for start in range(0, draws, batch):
        shape = (min(batch, draws - start), *sizes.shape)
        drawn = generator.binomial(np.broadcast_to(sizes, shape), rates)
        values[start : start + shape[0]] = index(drawn, np.broadcast_to(sizes, shape)).value
    values.sort(axis=0)  # draws without an index (NaN) come last
    usable = (~np.isnan(values)).sum(axis=0)
    below = ((values < estimate).sum(axis=0) + (values <= estimate).sum(axis=0)) / 2.0
    share = np.clip(below, 0.5, np.maximum(usable - 0.5, 0.5)) / np.maximum(usable, 1)
    bias = 2.0 * ndtri(share)
    there = ~np.isnan(estimate) & (usable > draws / 2)
    return Interval(
        np.where(
            there,
            np.maximum(np.minimum(_quantile(values, ndtr(bias - z), usable), estimate), least),
            np.nan,
        ),
        np.where(there, np.maximum(_quantile(values, ndtr(bias + z), usable), estimate), np.nan),
    )


def headline(
    x: ArrayLike,
    n: ArrayLike,
    *,
    seed: int,
    reference: int | None = None,
    draws: int = DRAWS,
    level: float = 0.95,
) -> Headline:
    """Spread with its interval, difference from the reference, and p of "no difference at all".

    Raises:
        ValueError: impossible counts, more than one row of groups, or a reference that is none of them.
    """
    spread = between_group_sd_corrected(x, n)
    tested = homogeneity(x, n, seed=seed)
    lower, upper = bootstrap_interval(
        between_group_sd_corrected, x, n, seed=seed, draws=draws, level=level
    )
    return Headline(
        spread=float(spread.value),
        spread_interval=(float(lower), float(upper)),
        homogeneity=tested,
        difference=(
            None
            if reference is None
            else signed_difference_from_reference(x, n, reference, weighted=True)
        ),
        seed=seed,
        draws=draws,
    )


def _quantile(ordered: FloatArray, level: FloatArray, usable: NDArray[np.int64]) -> FloatArray:
    """Quantile `level` of the first `usable` rows, interpolated linearly."""
    place = level * np.maximum(usable - 1, 0)
    low = np.floor(place).astype(np.intp)
    high = np.ceil(place).astype(np.intp)
    first = np.take_along_axis(ordered, low[None], axis=0)[0]
    second = np.take_along_axis(ordered, high[None], axis=0)[0]
    return np.asarray(first + (second - first) * (place - low))

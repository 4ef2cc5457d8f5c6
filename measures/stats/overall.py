"""A group against everybody it is a part of, and against a fixed benchmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from measures.stats.gaps import newcombe, two_proportion_p
from measures.stats.rates import Interval, checked_counts, rate, wilson

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Contrast:
    """Gap in proportions, standard error, interval and two-sided p; arrays of one shape."""

    gap: FloatArray
    error: FloatArray
    interval: Interval
    p_value: FloatArray


def against_overall(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Contrast:
    """Every group of the last axis against the overall rate, of which it is a part.

    Two rates of which one contains the other are not independent. With w the group's share of all
    people, p - overall = (1 - w) (p - rate of everyone else), and those two are; so the interval is
    (1 - w) times Newcombe's and the p-value is that of the group against everyone else. `error` is
    √((1-w)² pq/n + Σ over the others of w² pq/n).

    NaN for a group without a denominator or without anybody else. The groups exclude each other.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    hits, sizes = checked_counts(x, n)
    people = sizes.sum(axis=-1, keepdims=True)
    other_hits, others = hits.sum(axis=-1, keepdims=True) - hits, people - sizes
    compared = (sizes > 0) & (others > 0)
    share = np.divide(sizes, people, out=np.zeros(sizes.shape), where=people > 0)
    p = rate(hits, sizes)
    own = np.nan_to_num(p * (1.0 - p)) / np.maximum(sizes, 1)
    weighted = share**2 * own
    error = np.sqrt((1.0 - share) ** 2 * own + weighted.sum(axis=-1, keepdims=True) - weighted)
    rest = newcombe(hits, sizes, other_hits, others, level)
    outside = 1.0 - share
    return Contrast(
        gap=outside * (p - rate(other_hits, others)),
        error=np.where(compared, error, np.nan),
        interval=Interval(outside * rest.lower, outside * rest.upper),
        p_value=two_proportion_p(hits, sizes, other_hits, others),
    )


def against_benchmark(
    x: ArrayLike, n: ArrayLike, benchmark: ArrayLike, level: float = 0.95
) -> Contrast:
    """A rate against a fixed number without chance in it, such as a published percentile.

    The interval is Wilson's, shifted; the p-value is of the score test that the interval inverts, so
    p < 1 - level exactly where the interval leaves out 0. `error` is that of the rate. NaN where
    there is no denominator or no benchmark.

    Args:
        benchmark: proportions 0 to 1, never percent.

    Raises:
        ValueError: a benchmark outside 0 to 1; see `measures.stats.rates.checked_counts`.
    """
    hits, sizes = checked_counts(x, n)
    target = np.asarray(benchmark, dtype=np.float64)
    if ((target < 0.0) | (target > 1.0)).any():
        raise ValueError("A benchmark lies outside 0 to 1. Write 0.85 for 85 percent.")
    p = rate(hits, sizes)
    gap = p - target
    size = np.maximum(sizes, 1)
    expected = np.sqrt(target * (1.0 - target) / size)
    z = np.where(gap == 0.0, 0.0, np.inf)  # nobody can miss a benchmark of 100 % by chance
    np.divide(np.abs(gap), expected, out=z, where=expected > 0.0)
    lower, upper = wilson(hits, sizes, level)
    return Contrast(
        gap=gap,
        error=np.where(np.isnan(gap), np.nan, np.sqrt(p * (1.0 - p) / size)),
        interval=Interval(lower - target, upper - target),
        p_value=np.where(np.isnan(gap), np.nan, 2.0 * ndtr(-z)),
    )

"""A group against everybody it is a part of, and against a fixed benchmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from measures.stats.gaps import newcombe, rate_ratio, ratio_mover_wilson, two_proportion_p
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
    compared = (sizes > 0) & (people > sizes)
    share = np.divide(sizes, people, out=np.zeros(sizes.shape), where=people > 0)
    p = rate(hits, sizes)
    own = np.nan_to_num(p * (1.0 - p)) / np.maximum(sizes, 1)
    weighted = share**2 * own
    error = np.sqrt((1.0 - share) ** 2 * own + weighted.sum(axis=-1, keepdims=True) - weighted)
    gap, interval, p_value = against_whole(
        hits, sizes, hits.sum(axis=-1, keepdims=True), people, level
    )
    return Contrast(gap, np.where(compared, error, np.nan), interval, p_value)


def against_whole(
    x: ArrayLike, n: ArrayLike, x_all: ArrayLike, n_all: ArrayLike, level: float = 0.95
) -> tuple[FloatArray, Interval, FloatArray]:
    """(gap, interval, p-value) of a group against the whole that it is a part of.

    As `against_overall`, from the two counts alone: who the others are is not needed. NaN without a
    denominator or without anybody else.

    Raises:
        ValueError: a group that is not a part of the whole; see `measures.stats.rates.checked_counts`.
    """
    hits, sizes, other_hits, others = _with_rest(x, n, x_all, n_all)
    outside = np.divide(others, sizes + others, out=np.zeros(sizes.shape), where=others > 0)
    rest = newcombe(hits, sizes, other_hits, others, level)
    return (
        outside * (rate(hits, sizes) - rate(other_hits, others)),
        Interval(outside * rest.lower, outside * rest.upper),
        two_proportion_p(hits, sizes, other_hits, others),
    )


def ratio_to_whole(
    x: ArrayLike, n: ArrayLike, x_all: ArrayLike, n_all: ArrayLike, level: float = 0.95
) -> tuple[FloatArray, Interval]:
    """(ratio, interval) of a group's rate to that of the whole that it is a part of.

    With R the ratio to everyone else and w the group's share of all people, the ratio to the whole is
    R / (1 - w + w R), which grows with R; so its limits are those of R sent the same way, and it is 1 / w
    at most. NaN as in `against_whole`, and where nobody at all met the measure.

    Raises:
        ValueError: see `against_whole`.
    """
    hits, sizes, other_hits, others = _with_rest(x, n, x_all, n_all)
    share = np.divide(sizes, sizes + others, out=np.zeros(sizes.shape), where=others > 0)
    known = (sizes > 0) & (others > 0) & (hits + other_hits > 0)
    limits = ratio_mover_wilson(hits, sizes, other_hits, others, level)

    def sent(ratio: FloatArray) -> FloatArray:
        finite = np.isfinite(ratio)
        r = np.where(finite, ratio, 1.0)
        largest = np.divide(1.0, share, out=np.ones(share.shape), where=share > 0.0)
        told = np.where(finite, r / (1.0 - share + share * r), largest)
        return np.where(known & ~np.isnan(ratio), told, np.nan)

    ratio = rate_ratio(hits, sizes, hits + other_hits, sizes + others)
    return np.where(known, ratio, np.nan), Interval(sent(limits.lower), sent(limits.upper))


def _with_rest(
    x: ArrayLike, n: ArrayLike, x_all: ArrayLike, n_all: ArrayLike
) -> tuple[NDArray[np.int64], ...]:
    """Counts of the group and of everyone else, of one shape."""
    hits, sizes = checked_counts(x, n)
    all_hits, people = checked_counts(x_all, n_all)
    hits, sizes, all_hits, people = np.broadcast_arrays(hits, sizes, all_hits, people)
    other_hits, others = all_hits - hits, people - sizes
    if (other_hits < 0).any() or (others < other_hits).any():
        raise ValueError("A group is not a part of the whole that it is compared with.")
    return hits, sizes, other_hits, others


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

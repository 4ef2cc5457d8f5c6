"""Comparing one group with a reference: gap, ratio, test, family of tests, patients to parity.

Argument 1 or `g` is always the group and 2 or `r` the reference; the two are disjoint people.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from measures.stats.rates import Interval, checked_counts, rate, wilson, z_value

LEAST_EXPECTED = 5
"""Smallest expected count in all four cells for the pooled z test; below it Fisher's exact."""

_FISHER_TIE = (
    1.0 + 1e-7
)  # tables whose probability differs by rounding only count as equally likely
_FISHER_CHUNK = 256  # tables worked on together; bounds the memory of the padded array


def absolute_gap(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> NDArray[np.float64]:
    """rate(group) - rate(reference), a proportion in [-1, 1]; NaN if either has no denominator."""
    return rate(x1, n1) - rate(x2, n2)


def shortfall(gap: ArrayLike, higher_is_better: ArrayLike) -> NDArray[np.float64]:
    """The gap in the direction of good care: below 0 the group gets worse care than the reference.

    This is the only function that turns a sign; it takes and gives proportions.
    """
    sign = np.where(np.asarray(higher_is_better, dtype=bool), 1.0, -1.0)
    return np.asarray(np.asarray(gap, dtype=np.float64) * sign)


def shortfall_points(gap: ArrayLike, higher_is_better: ArrayLike) -> NDArray[np.float64]:
    """`shortfall` in percentage points."""
    return shortfall(gap, higher_is_better) * 100.0


def newcombe(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Interval:
    """Interval of the absolute gap p1 - p2, proportions; NaN if either has no denominator.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Newcombe (1998), Statistics in Medicine 17:873-890, method 10.
    """
    p1, p2 = rate(x1, n1), rate(x2, n2)
    first, second = wilson(x1, n1, level), wilson(x2, n2, level)
    gap = p1 - p2
    lower = gap - np.sqrt((p1 - first.lower) ** 2 + (second.upper - p2) ** 2)
    upper = gap + np.sqrt((first.upper - p1) ** 2 + (p2 - second.lower) ** 2)
    return Interval(np.clip(lower, -1.0, 1.0), np.clip(upper, -1.0, 1.0))


def agresti_caffo(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Interval:
    """Interval of the absolute gap after one success and one failure more in each arm.

    A cross-check of `newcombe`, never shown; so it is not cut off at -1 and 1, and is not centred
    on the gap. NaN if either arm has no denominator.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Agresti & Caffo (2000), The American Statistician 54:280-288.
    """
    first, n_first = checked_counts(x1, n1)
    second, n_second = checked_counts(x2, n2)
    p1, p2 = (first + 1) / (n_first + 2), (second + 1) / (n_second + 2)
    half = z_value(level) * np.sqrt(p1 * (1 - p1) / (n_first + 2) + p2 * (1 - p2) / (n_second + 2))
    compared = (n_first > 0) & (n_second > 0)
    return Interval(
        np.where(compared, p1 - p2 - half, np.nan), np.where(compared, p1 - p2 + half, np.nan)
    )


def rate_ratio(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> NDArray[np.float64]:
    """p1 / p2; +inf where only p2 is 0; NaN where both are 0 or either has no denominator."""
    p1, p2 = np.broadcast_arrays(rate(x1, n1), rate(x2, n2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(p1 / p2)


def ratio_mover_wilson(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Interval:
    """Interval of the ratio p1 / p2 by the method of variance estimates recovery.

    The upper limit is +inf where x2 = 0: no finite limit exists ("at least the lower limit").
    JSON has no infinity, so whoever stores it keeps the state beside it. NaN in both limits where
    either arm has no denominator.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Donner & Zou (2012), Statistical Methods in Medical Research 21:347-359.
    """
    return mover_ratio(rate(x1, n1), wilson(x1, n1, level), rate(x2, n2), wilson(x2, n2, level))


def mover_ratio(
    first: ArrayLike, first_limits: Interval, second: ArrayLike, second_limits: Interval
) -> Interval:
    """Interval of first / second, two independent numbers of 0 or more, from the interval of each.

    The lower limit is 0 where the lower limit of the first is 0, the upper +inf where the lower limit of
    the second is. NaN where a number is NaN.

    Source: Donner & Zou (2012), Statistical Methods in Medical Research 21:347-359.
    """
    p1, l1, u1, p2, l2, u2 = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (first, *first_limits)),
        *(np.asarray(part, dtype=np.float64) for part in (second, *second_limits)),
    )
    product = p1 * p2
    # The quadratic's roots in the form without cancellation: the textbook form divides by
    # u2 (2 p2 - u2), which passes through zero for a small p2.
    down = l1 * (2.0 * p1 - l1)
    lower_root = np.sqrt(np.maximum(product**2 - down * u2 * (2.0 * p2 - u2), 0.0))
    up = l2 * (2.0 * p2 - l2)
    upper_root = np.sqrt(np.maximum(product**2 - up * u1 * (2.0 * p1 - u1), 0.0))
    known = ~np.isnan(product)
    lower = np.where(known, 0.0, np.nan)
    np.divide(down, product + lower_root, out=lower, where=known & (down > 0.0))
    upper = np.where(known, np.inf, np.nan)
    np.divide(product + upper_root, up, out=upper, where=known & (up > 0.0))
    return Interval(lower, upper)


def katz(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Interval:
    """Interval of the ratio p1 / p2 on the logarithmic scale.

    NaN where it does not exist: a numerator of 0, both rates 1, or no denominator.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Katz, Baptista, Azen & Pike (1978), Biometrics 34:469-474.
    """
    first, n_first = checked_counts(x1, n1)
    second, n_second = checked_counts(x2, n2)
    z = z_value(level)
    usable = (first > 0) & (second > 0) & ((first < n_first) | (second < n_second))
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.log(rate(first, n_first)) - np.log(rate(second, n_second))
        half = z * np.sqrt(1 / first - 1 / n_first + 1 / second - 1 / n_second)
        return Interval(
            np.where(usable, np.exp(middle - half), np.nan),
            np.where(usable, np.exp(middle + half), np.nan),
        )


def two_proportion_p(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike
) -> NDArray[np.float64]:
    """Two-sided p for p1 = p2: pooled z if all four expected counts reach 5, else Fisher's exact.

    NaN if either arm has no denominator. 1 where both rates are 0 or both are 1.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    a, n_first = checked_counts(x1, n1)
    c, n_second = checked_counts(x2, n2)
    a, n_first, c, n_second = np.broadcast_arrays(a, n_first, c, n_second)
    total, hits = n_first + n_second, a + c
    compared = (n_first > 0) & (n_second > 0)
    # Smallest expected count >= 5, in integers: no rounding decides which test is used.
    enough = compared & (
        np.minimum(n_first, n_second) * np.minimum(hits, total - hits) >= LEAST_EXPECTED * total
    )
    p = np.full(a.shape, np.nan)
    if enough.any():
        p[enough] = _pooled_z(a[enough], n_first[enough], c[enough], n_second[enough])
    few = compared & ~enough
    if few.any():
        p[few] = _fisher_exact(a[few], n_first[few], c[few], n_second[few])
    return p


def pooled_z_p(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p of the pooled z test (Pearson's chi-square without correction) at any size.

    NaN if either arm has no denominator. 1 where both rates are 0 or both are 1.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    return _tested(_pooled_z, x1, n1, x2, n2)


def fisher_p(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p of Fisher's exact test at any size; NaN if either arm has no denominator.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    return _tested(_fisher_exact, x1, n1, x2, n2)


def _tested(
    test: Callable[..., NDArray[np.float64]],
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
) -> NDArray[np.float64]:
    counts = np.broadcast_arrays(*checked_counts(x1, n1), *checked_counts(x2, n2))
    compared = (counts[1] > 0) & (counts[3] > 0)
    p = np.full(compared.shape, np.nan)
    if compared.any():
        p[compared] = test(*(count[compared] for count in counts))
    return p


def _pooled_z(
    a: NDArray[np.int64], n1: NDArray[np.int64], c: NDArray[np.int64], n2: NDArray[np.int64]
) -> NDArray[np.float64]:
    pooled = (a + c) / (n1 + n2)
    error = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2))
    z = np.zeros(a.shape)
    np.divide(np.abs(a / n1 - c / n2), error, out=z, where=error > 0.0)
    return np.asarray(2.0 * ndtr(-z))


def _fisher_exact(
    a: NDArray[np.int64], n1: NDArray[np.int64], c: NDArray[np.int64], n2: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Two-sided Fisher p: sum of all tables with these margins at most as likely as the seen one."""
    hits = a + c
    least = np.maximum(0, hits - n2)
    width = np.minimum(n1, hits) - least + 1
    p = np.empty(a.shape)
    order = np.argsort(width, kind="stable")  # neighbours of like width: little padding
    for start in range(0, len(order), _FISHER_CHUNK):
        rows = order[start : start + _FISHER_CHUNK]
        step = np.arange(int(width[rows].max()))
        first = least[rows, None]
        inside = step < width[rows, None]
        value = np.where(inside, first + step, first)
        k, n, m = hits[rows, None], n1[rows, None], n2[rows, None]
        # log of P(value) / P(value - 1); sums of these need no factorials of large numbers
        previous = value - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log((k - previous) * (n - previous)) - np.log(value * (m - k + value))
        ratio = np.where(inside & (step > 0), ratio, 0.0)
        log_p = np.cumsum(ratio, axis=1)
        weight = np.where(inside, np.exp(log_p - log_p.max(axis=1, keepdims=True)), 0.0)
        seen = np.take_along_axis(weight, (a[rows] - least[rows])[:, None], axis=1)
        p[rows] = (weight * (weight <= seen * _FISHER_TIE)).sum(axis=1) / weight.sum(axis=1)
    return np.minimum(p, 1.0)


def benjamini_hochberg(p: ArrayLike, family: ArrayLike) -> NDArray[np.float64]:
    """Benjamini-Hochberg q for every p within its family; R's `p.adjust` semantics.

    Args:
        p: p values of any shape; NaN (not tested, suppressed, unreliable) stays NaN and is not
            counted in the size of its family.
        family: integer family id of each p, same shape or broadcastable.

    Raises:
        ValueError: a p outside 0 to 1.
    Source: Benjamini & Hochberg (1995), JRSS B 57:289-300.
    """
    return _step_up(p, family, lambda sizes: np.ones(sizes.shape))


def benjamini_yekutieli(p: ArrayLike, family: ArrayLike) -> NDArray[np.float64]:
    """As `benjamini_hochberg`, holding whatever the dependence between the tests; stricter.

    Source: Benjamini & Yekutieli (2001), Annals of Statistics 29:1165-1188.
    """
    return _step_up(
        p, family, lambda sizes: np.cumsum(1.0 / np.arange(1, sizes.max() + 1))[sizes - 1]
    )


def _step_up(
    p: ArrayLike,
    family: ArrayLike,
    factor: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """`factor` gives what p is multiplied with in families of these sizes."""
    values, families = np.broadcast_arrays(np.asarray(p, dtype=np.float64), np.asarray(family))
    tested = ~np.isnan(values)
    chosen, members = values[tested], families[tested]
    if ((chosen < 0.0) | (chosen > 1.0)).any():
        raise ValueError("A p value lies outside 0 to 1.")
    q = np.full(values.shape, np.nan)
    if not chosen.size:
        return q
    order = np.lexsort((chosen, members))
    _, family_index, sizes = np.unique(members[order], return_inverse=True, return_counts=True)
    starts = np.cumsum(sizes) - sizes
    rank = np.arange(chosen.size) - starts[family_index] + 1
    weight = sizes[family_index] / rank * factor(sizes)[family_index]
    raw = np.minimum(chosen[order] * weight, 1.0)
    # Running minimum from the largest p down, for all families at once: families are kept apart by
    # an integer offset on the rank of the value, so no floating-point number changes.
    distinct, place = np.unique(raw, return_inverse=True)
    keyed = place + family_index * distinct.size
    lowest = np.minimum.accumulate(keyed[::-1])[::-1] - family_index * distinct.size
    adjusted = np.empty(chosen.size)
    adjusted[order] = distinct[lowest]
    q[tested] = adjusted
    return q


def patients_to_parity(
    x_g: ArrayLike,
    n_g: ArrayLike,
    x_r: ArrayLike,
    n_r: ArrayLike,
    higher_is_better: ArrayLike,
) -> NDArray[np.float64]:
    """How many more members of the group need the good result for its rate to reach the reference.

    Worked out in integers, rounded up, 0 where the group is level or ahead. Given as floats with
    whole values so that NaN can say "no denominator" as it does everywhere else.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    group_x, group_n = checked_counts(x_g, n_g)
    reference_x, reference_n = checked_counts(x_r, n_r)
    behind = group_n * reference_x - group_x * reference_n
    behind = np.where(np.asarray(higher_is_better, dtype=bool), behind, -behind)
    some = (group_n > 0) & (reference_n > 0)
    needed = -(-behind // np.where(reference_n > 0, reference_n, 1))
    return np.where(some, np.maximum(needed, 0), np.nan).astype(np.float64)

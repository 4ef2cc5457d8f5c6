"""Score intervals of a gap and of a ratio: every value that the score test does not reject.

Slower than `newcombe` and `ratio_mover_wilson`, which are what is shown, and close to them; for
those who want to check. Both limits are found by halving with brackets that always hold a root.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.gaps import absolute_gap
from measures.stats.rates import Interval, checked_counts, z_value

FloatArray = NDArray[np.float64]
Arms = tuple[FloatArray, FloatArray, FloatArray, FloatArray]

_HALVINGS = 64
_FURTHEST = 50.0  # logarithm of the largest ratio looked at: beyond what counts can tell


def mee(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Interval:
    """Score interval of the absolute gap p1 - p2; NaN if either arm has no denominator.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Mee (1984), Biometrics 40:1175-1176.
    """
    return _of_difference(x1, n1, x2, n2, level, corrected=False)


def miettinen_nurminen(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Interval:
    """As `mee` with the variance times N / (N - 1), N the people of both arms.

    Source: Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226.
    """
    return _of_difference(x1, n1, x2, n2, level, corrected=True)


def koopman(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Interval:
    """Score interval of the ratio p1 / p2; NaN if either arm has no denominator.

    The lower limit is 0 where x1 = 0, the upper +inf where x2 = 0.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Koopman (1984), Biometrics 40:513-517.
    """
    return _of_ratio(x1, n1, x2, n2, level, corrected=False)


def miettinen_nurminen_ratio(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Interval:
    """As `koopman` with the variance times N / (N - 1), N the people of both arms.

    Source: Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226.
    """
    return _of_ratio(x1, n1, x2, n2, level, corrected=True)


def _of_difference(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float, *, corrected: bool
) -> Interval:
    z = z_value(level)
    arms, compared, scale = _arms(x1, n1, x2, n2, corrected)
    a, m, c, n = arms
    gap = np.where(compared, absolute_gap(x1, n1, x2, n2), 0.0)

    def score(d: FloatArray) -> FloatArray:
        """(observed - d) / standard error; infinite where the error is 0."""
        p2 = _second_rate_at_difference(arms, d)
        p1 = np.clip(p2 + d, 0.0, 1.0)
        error = np.sqrt(scale * (p1 * (1.0 - p1) / m + p2 * (1.0 - p2) / n))
        return _ratio_or_infinite(gap - d, error)

    lower = _crossing(score, z, np.full(gap.shape, -1.0), gap)
    upper = _crossing(score, -z, gap, np.full(gap.shape, 1.0))
    lower = np.where((a == 0.0) & (c == n), -1.0, lower)
    upper = np.where((a == m) & (c == 0.0), 1.0, upper)
    return Interval(np.where(compared, lower, np.nan), np.where(compared, upper, np.nan))


def _of_ratio(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float, *, corrected: bool
) -> Interval:
    z = z_value(level)
    arms, compared, scale = _arms(x1, n1, x2, n2, corrected)
    a, m, c, n = arms

    def score(log_ratio: FloatArray) -> FloatArray:
        theta = np.exp(log_ratio)
        p2 = _second_rate_at_ratio(arms, theta)
        p1 = np.clip(theta * p2, 0.0, 1.0)
        error = np.sqrt(scale * (p1 * (1.0 - p1) / m + theta**2 * p2 * (1.0 - p2) / n))
        return _ratio_or_infinite(a / m - theta * c / n, error)

    smallest, largest = np.full(a.shape, -_FURTHEST), np.full(a.shape, _FURTHEST)
    observed = np.zeros(a.shape)
    both = (a > 0.0) & (c > 0.0)
    observed[both] = np.log(a[both] / m[both]) - np.log(c[both] / n[both])
    # With a numerator of 0 one limit is known and the other is looked for everywhere.
    lower = np.exp(_crossing(score, z, smallest, np.where(both, observed, largest)))
    upper = np.exp(_crossing(score, -z, np.where(both, observed, smallest), largest))
    lower = np.where(a == 0.0, 0.0, lower)
    upper = np.where(c == 0.0, np.inf, upper)
    return Interval(np.where(compared, lower, np.nan), np.where(compared, upper, np.nan))


def _arms(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, corrected: bool
) -> tuple[Arms, NDArray[np.bool_], FloatArray]:
    """Counts as floats, 0 of 1 where an arm is empty; which can be compared; the variance factor."""
    a, m, c, n = np.broadcast_arrays(*checked_counts(x1, n1), *checked_counts(x2, n2))
    compared = (m > 0) & (n > 0)
    first = np.where(compared, a, 0).astype(np.float64)
    second = np.where(compared, c, 0).astype(np.float64)
    n_first = np.where(compared, m, 1).astype(np.float64)
    n_second = np.where(compared, n, 1).astype(np.float64)
    people = n_first + n_second
    scale = people / (people - 1.0) if corrected else np.ones(people.shape)
    return (first, n_first, second, n_second), compared, scale


def _second_rate_at_difference(arms: Arms, d: FloatArray) -> FloatArray:
    """Most likely p2 if p1 - p2 = d: the root of a cubic, in its trigonometric form."""
    a, m, c, n = arms
    people, hits = m + n, a + c
    second = (m + 2.0 * n) * d - people - hits
    first = (n * d - people - 2.0 * c) * d + hits
    constant = c * d * (1.0 - d)
    third = 3.0 * people
    v = (second / third) ** 3 - first * second / (6.0 * people**2) + constant / (2.0 * people)
    square = np.maximum((second / third) ** 2 - first / third, 0.0)
    u = np.sqrt(square)  # the other sign gives the same root
    cosine = np.ones(u.shape)
    np.divide(v, u**3, out=cosine, where=u > 1e-100)
    angle = (np.pi + np.arccos(np.clip(cosine, -1.0, 1.0))) / 3.0
    p2 = 2.0 * u * np.cos(angle) - second / third
    return np.clip(p2, np.maximum(0.0, -d), np.minimum(1.0, 1.0 - d))


def _second_rate_at_ratio(arms: Arms, theta: FloatArray) -> FloatArray:
    """Most likely p2 if p1 = theta p2: the smaller root of a quadratic, without cancellation."""
    a, m, c, n = arms
    people, hits = m + n, a + c
    linear = m * theta + a + n + c * theta
    root = np.sqrt(np.maximum(linear**2 - 4.0 * people * theta * hits, 0.0))
    p2 = 2.0 * hits / (linear + root)
    return np.clip(p2, 0.0, np.minimum(1.0, 1.0 / theta))


def _ratio_or_infinite(difference: FloatArray, error: FloatArray) -> FloatArray:
    result = np.where(difference == 0.0, 0.0, np.copysign(np.inf, difference))
    np.divide(difference, error, out=result, where=error > 0.0)
    return result


def _crossing(
    score: Callable[[FloatArray], FloatArray], target: float, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Where a falling score passes the target, between low and high."""
    below, above = low.copy(), high.copy()
    for _ in range(_HALVINGS):
        middle = (below + above) / 2.0
        still_above = score(middle) > target
        below = np.where(still_above, middle, below)
        above = np.where(still_above, above, middle)
    return (below + above) / 2.0

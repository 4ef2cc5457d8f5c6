"""A rate and its interval: the only place where a numerator is divided by a denominator.

`wilson` is the interval of every rate that is shown. The others serve reliability rules
(Clopper-Pearson), weighted data (Korn-Graubard, and the functions that end in ``_effective``) and
comparison (Jeffreys, Agresti-Coull).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri, stdtrit

_HINT = "Counts are whole numbers of members or events."

MAX_COUNT = 2**31 - 1
"""Largest count accepted. Products of two counts then fit 64-bit integers exactly."""


class Interval(NamedTuple):
    """Lower and upper limit, arrays of one shape. NaN in both where no interval exists."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def checked_counts(x: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numerators and denominators as 64-bit integers, broadcast against each other.

    Raises:
        ValueError: a count is not a whole number, is negative, is larger than `MAX_COUNT`, or a
            numerator is larger than its denominator.
    """
    x_counts, n_counts = np.broadcast_arrays(
        _whole_numbers(x, "numerator"), _whole_numbers(n, "denominator")
    )
    if (x_counts > n_counts).any():
        where = np.argmax(x_counts.ravel() > n_counts.ravel())
        raise ValueError(
            f"A numerator of {x_counts.ravel()[where]} is larger than its denominator of "
            f"{n_counts.ravel()[where]}."
        )
    return x_counts, n_counts


def _whole_numbers(counts: ArrayLike, name: str) -> NDArray[np.int64]:
    given = np.asarray(counts)
    if given.dtype.kind == "f":
        if not (np.isfinite(given) & (given == np.floor(given))).all():
            raise ValueError(f"A {name} is not a whole number. {_HINT}")
    elif given.dtype.kind not in "iu":
        raise ValueError(f"A {name} is not a number. {_HINT}")
    if (given < 0).any():
        raise ValueError(f"A {name} is negative. {_HINT}")
    if (given > MAX_COUNT).any():
        raise ValueError(f"A {name} is larger than {MAX_COUNT}, the largest count accepted.")
    return given.astype(np.int64)


def z_value(level: float) -> float:
    """Standard normal quantile of a two-sided interval, 1.959964 for 0.95.

    Raises:
        ValueError: `level` is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"A confidence level must lie between 0 and 1, not {level}.")
    return float(ndtri(0.5 + level / 2.0))


def rate(x: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """x / n as a proportion; NaN where n = 0 (no denominator), nowhere else.

    Raises:
        ValueError: see `checked_counts`.
    """
    x_counts, n_counts = checked_counts(x, n)
    result = np.full(x_counts.shape, np.nan)
    np.divide(x_counts, n_counts, out=result, where=n_counts > 0)
    return result


def wilson(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson score interval of x / n, proportions in [0, 1]; NaN where n = 0.

    The lower limit is exactly 0 at x = 0 and the upper exactly 1 at x = n.

    Raises:
        ValueError: see `checked_counts` and `z_value`.
    Source: Wilson (1927), JASA 22:209-212.
    """
    x_counts, n_counts = checked_counts(x, n)
    lower, upper = _wilson(rate(x_counts, n_counts), n_counts, z_value(level))
    some = n_counts > 0
    lower = np.where(some & (x_counts == 0), 0.0, lower)
    upper = np.where(some & (x_counts == n_counts), 1.0, upper)
    return Interval(lower, upper)


def _wilson(p: NDArray[np.float64], n: ArrayLike, z: float) -> Interval:
    size = np.where(np.isnan(p), 1.0, n)
    shrink = 1.0 + z * z / size
    centre = (p + z * z / (2.0 * size)) / shrink
    half = z * np.sqrt(p * (1.0 - p) / size + z * z / (4.0 * size * size)) / shrink
    return Interval(np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0))


def clopper_pearson(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """Clopper-Pearson ("exact") interval of x / n in [0, 1]; NaN where n = 0.

    Holds the true rate in at least `level` of all samples, usually in more. The lower limit is
    exactly 0 at x = 0 and the upper exactly 1 at x = n.

    Raises:
        ValueError: see `checked_counts` and `z_value`.
    Source: Clopper & Pearson (1934), Biometrika 26:404-413.
    """
    x_counts, n_counts = checked_counts(x, n)
    return _beta_tails(rate(x_counts, n_counts), n_counts, level)


def jeffreys(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """Equal-tailed Jeffreys interval of x / n in [0, 1]; NaN where n = 0.

    At x = 0 the lower limit is a little above 0, at x = n the upper a little below 1.

    Raises:
        ValueError: see `checked_counts` and `z_value`.
    Source: Brown, Cai & DasGupta (2001), Statistical Science 16:101-133.
    """
    x_counts, n_counts = checked_counts(x, n)
    z_value(level)
    tail = (1.0 - level) / 2.0
    some = n_counts > 0
    hits, misses = x_counts + 0.5, n_counts - x_counts + 0.5
    return Interval(
        np.where(some, betaincinv(hits, misses, tail), np.nan),
        np.where(some, 1.0 - betaincinv(misses, hits, tail), np.nan),
    )


def agresti_coull(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """Agresti-Coull interval of x / n, cut off at 0 and 1; NaN where n = 0.

    Raises:
        ValueError: see `checked_counts` and `z_value`.
    Source: Agresti & Coull (1998), The American Statistician 52:119-126.
    """
    x_counts, n_counts = checked_counts(x, n)
    z = z_value(level)
    size = n_counts + z * z
    centre = (x_counts + z * z / 2.0) / size
    half = z * np.sqrt(centre * (1.0 - centre) / size)
    some = n_counts > 0
    return Interval(
        np.where(some, np.clip(centre - half, 0.0, 1.0), np.nan),
        np.where(some, np.clip(centre + half, 0.0, 1.0), np.nan),
    )


def wilson_effective(p: ArrayLike, n_effective: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson interval of a weighted rate `p` that rests on an effective number of people.

    NaN where `p` is NaN or `n_effective` is 0 or NaN.

    Raises:
        ValueError: a rate outside 0 to 1 or a negative size; see `z_value`.
    """
    rates, sizes = _checked_weighted(p, n_effective)
    lower, upper = _wilson(rates, sizes, z_value(level))
    return Interval(np.where(rates == 0.0, 0.0, lower), np.where(rates == 1.0, 1.0, upper))


def clopper_pearson_effective(
    p: ArrayLike, n_effective: ArrayLike, level: float = 0.95
) -> Interval:
    """Clopper-Pearson interval of a weighted rate `p`; arguments as for `wilson_effective`."""
    return _beta_tails(*_checked_weighted(p, n_effective), level)


def korn_graubard(
    p: ArrayLike,
    variance: ArrayLike,
    n: ArrayLike,
    df: ArrayLike,
    level: float = 0.95,
) -> Interval:
    """Korn-Graubard interval of a rate from weighted or clustered data, in [0, 1].

    Args:
        p: the weighted rate.
        variance: its variance by the design, clusters and weights included.
        n: people with an answer. The effective number never counts as more than these; it counts
            as exactly these where the variance is 0 (nobody or everybody met the measure).
        df: degrees of freedom of the variance: clusters less design strata.

    NaN where an argument is NaN, n is 0 or df is below 1.

    Raises:
        ValueError: a rate outside 0 to 1, a negative variance or size; see `z_value`.
    Source: Korn & Graubard (1998), Survey Methodology 24:193-201.
    """
    rates, sizes = _checked_weighted(p, n)
    rates, sizes, spread, freedom = np.broadcast_arrays(
        rates, sizes, np.asarray(variance, dtype=np.float64), np.asarray(df, dtype=np.float64)
    )
    if (spread < 0.0).any():
        raise ValueError("A variance is negative.")
    z_value(level)
    known = ~np.isnan(rates) & ~np.isnan(spread) & (freedom >= 1.0) & (sizes > 1.0)
    tail = (1.0 - level) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = rates * (1.0 - rates) / spread
        effective *= (stdtrit(sizes - 1.0, tail) / stdtrit(freedom, tail)) ** 2
    effective = np.where(spread > 0.0, np.minimum(effective, sizes), sizes)
    return _beta_tails(np.where(known, rates, np.nan), effective, level)


def _checked_weighted(
    p: ArrayLike, n: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rates and sizes; the rate is NaN wherever there is no interval."""
    rates, sizes = np.broadcast_arrays(
        np.asarray(p, dtype=np.float64), np.asarray(n, dtype=np.float64)
    )
    if ((rates < 0.0) | (rates > 1.0)).any():
        raise ValueError("A rate lies outside 0 to 1.")
    if (sizes < 0.0).any():
        raise ValueError("An effective number of people is negative.")
    return np.where(sizes > 0.0, rates, np.nan), sizes


def _beta_tails(p: NDArray[np.float64], n: ArrayLike, level: float) -> Interval:
    z_value(level)
    tail = (1.0 - level) / 2.0
    known = ~np.isnan(p)
    size = np.where(known, n, 1.0)
    hits = np.where(known, p, 0.0) * size
    misses = size - hits
    # A beta distribution has no parameter 0; those ends are pinned below.
    lower = betaincinv(np.where(hits > 0.0, hits, 1.0), misses + 1.0, tail)
    upper = 1.0 - betaincinv(np.where(misses > 0.0, misses, 1.0), hits + 1.0, tail)
    return Interval(
        np.where(known, np.where(hits > 0.0, lower, 0.0), np.nan),
        np.where(known, np.where(misses > 0.0, upper, 1.0), np.nan),
    )

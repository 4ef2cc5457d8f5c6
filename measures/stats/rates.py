"""A rate and its interval: the only place where a numerator is divided by a denominator."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

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
    p = rate(x_counts, n_counts)
    size = np.where(n_counts > 0, n_counts, 1).astype(np.float64)
    z = z_value(level)
    shrink = 1.0 + z * z / size
    centre = (p + z * z / (2.0 * size)) / shrink
    half = z * np.sqrt(p * (1.0 - p) / size + z * z / (4.0 * size * size)) / shrink
    lower = np.clip(centre - half, 0.0, 1.0)
    upper = np.clip(centre + half, 0.0, 1.0)
    some = n_counts > 0
    lower = np.where(some & (x_counts == 0), 0.0, lower)
    upper = np.where(some & (x_counts == n_counts), 1.0, upper)
    return Interval(lower, upper)

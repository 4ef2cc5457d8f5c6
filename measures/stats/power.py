"""How large a gap would have to be to be seen. Printed beside every "no clear gap"."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from measures.stats.rates import checked_counts, z_value

FloatArray = NDArray[np.float64]

USUAL_POWER = 0.8


def detectable_gap(
    n_g: ArrayLike,
    n_r: ArrayLike,
    p_r: ArrayLike,
    *,
    higher_is_better: ArrayLike,
    level: float = 0.95,
    power: float = USUAL_POWER,
) -> FloatArray:
    """Smallest true gap that a test of these sizes finds with this power; above 0, proportions.

    By arcsines: p_g = sin²(asin √p_r -+ h / 2) with h = (z_level + z_power) √(1/n_g + 1/n_r), to the
    side of worse care. NaN where even the worst possible rate would not be found so often, where an arm
    is empty or `p_r` is NaN.

    Raises:
        ValueError: a rate or level outside 0 to 1, or a power that is not above 1 - level.
    Source: Cohen (1988), Statistical Power Analysis, ch. 6.
    """
    first, second, base = _checked(n_g, n_r, p_r)
    z = z_value(level)
    if not 1.0 - level < power < 1.0:
        raise ValueError(f"A power must lie between {1.0 - level:g} and 1, not {power}.")
    with np.errstate(divide="ignore"):
        h = (z + ndtri(power)) * np.sqrt(1.0 / first + 1.0 / second)
    angle = np.arcsin(np.sqrt(base))
    down = np.where(np.asarray(higher_is_better, dtype=bool), 1.0, -1.0)
    worse = angle - down * h / 2.0
    found = (worse >= 0.0) & (worse <= np.pi / 2.0)
    return np.where(found, np.abs(np.sin(np.where(found, worse, 0.0)) ** 2 - base), np.nan)


def power_of_gap(
    n_g: ArrayLike, n_r: ArrayLike, p_g: ArrayLike, p_r: ArrayLike, level: float = 0.95
) -> FloatArray:
    """How often a true gap between these rates would be found, 0 to 1, by arcsines.

    Raises:
        ValueError: a rate or level outside 0 to 1.
    """
    first, second, base = _checked(n_g, n_r, p_r)
    rates = _checked(n_g, n_r, p_g)[2]
    z = z_value(level)
    h = np.abs(2.0 * np.arcsin(np.sqrt(rates)) - 2.0 * np.arcsin(np.sqrt(base)))
    with np.errstate(divide="ignore"):
        shift = h / np.sqrt(1.0 / first + 1.0 / second)
    known = (first > 0.0) & (second > 0.0)
    return np.where(known, ndtr(shift - z) + ndtr(-shift - z), np.nan)


def power_of_pooled_test(
    n_g: ArrayLike, n_r: ArrayLike, p_g: ArrayLike, p_r: ArrayLike, level: float = 0.95
) -> FloatArray:
    """As `power_of_gap` for the pooled z test: its variance if there is no gap is the pooled one.

    Source: Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, ch. 4.
    """
    first, second, base = _checked(n_g, n_r, p_r)
    rates = _checked(n_g, n_r, p_g)[2]
    z = z_value(level)
    known = (first > 0.0) & (second > 0.0)
    m, n = np.where(known, first, 1.0), np.where(known, second, 1.0)
    pooled = (m * rates + n * base) / (m + n)
    null = np.sqrt(pooled * (1.0 - pooled) * (1.0 / m + 1.0 / n))
    own = np.sqrt(rates * (1.0 - rates) / m + base * (1.0 - base) / n)
    gap = np.abs(rates - base)
    sure = own == 0.0  # both rates 0 or 1: found always or never
    error = np.where(sure, 1.0, own)
    both = ndtr((gap - z * null) / error) + ndtr((-gap - z * null) / error)
    return np.where(known, np.where(sure, (gap > z * null) * 1.0, both), np.nan)


def _checked(
    n_g: ArrayLike, n_r: ArrayLike, p: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    first, second = checked_counts(0, n_g)[1], checked_counts(0, n_r)[1]
    rates = np.asarray(p, dtype=np.float64)
    if ((rates < 0.0) | (rates > 1.0)).any():
        raise ValueError("A rate lies outside 0 to 1.")
    m, n, rates = np.broadcast_arrays(first.astype(np.float64), second.astype(np.float64), rates)
    return m, n, rates

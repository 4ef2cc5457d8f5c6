"""Which units differ from the average by more than chance, and by more than units usually do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from measures.stats.rates import Interval, checked_counts, rate
from measures.stats.reliability import LEAST_DENOMINATOR

FloatArray = NDArray[np.float64]

WARNING = float(ndtri(0.975))
CONTROL = float(ndtri(0.999))


class Position(IntEnum):
    NOT_PLACED = 0
    """Fewer than 30 people, or no value."""
    WITHIN = 1
    BELOW_WARNING = 2
    ABOVE_WARNING = 3
    BELOW_CONTROL = 4
    ABOVE_CONTROL = 5


@dataclass(frozen=True)
class Funnel:
    """Values, limits and places of units, the last axis; `centre` and `dispersion` without it.

    z: distance from the centre in standard errors, before allowing for dispersion. dispersion: φ,
    the mean of z² over units; limits are wider by √φ where φ is above 1. Limits are 95 % (warning) and
    99.8 % (control).
    """

    centre: FloatArray
    value: FloatArray
    z: FloatArray
    dispersion: FloatArray
    warning: Interval
    control: Interval
    position: NDArray[np.int8]


def rate_funnel(x: ArrayLike, n: ArrayLike) -> Funnel:
    """Funnel of rates around the overall rate of all units; limits stay in 0 to 1.

    Units with fewer than 30 people count in the centre and have limits, but no place.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Spiegelhalter (2005), Statistics in Medicine 24:1185-1202.
    """
    hits, sizes = checked_counts(x, n)
    centre = rate(hits.sum(axis=-1), sizes.sum(axis=-1))
    value = rate(hits, sizes)
    spread = (centre * (1.0 - centre))[..., None] / np.maximum(sizes, 1)
    error = np.where(sizes > 0, np.sqrt(spread), np.nan)
    return _funnel(centre, value, error, sizes >= LEAST_DENOMINATOR, 0.0, 1.0)


def gap_funnel(gap: ArrayLike, error: ArrayLike, n: ArrayLike) -> Funnel:
    """Funnel of gaps around their mean, each weighted by 1 / error².

    Args:
        gap, error: of each unit, proportions; NaN: no gap there.
        n: people of the smaller arm.

    Raises:
        ValueError: an error that is not above 0.
    """
    values, errors = np.broadcast_arrays(
        np.asarray(gap, dtype=np.float64), np.asarray(error, dtype=np.float64)
    )
    if (errors <= 0.0).any():
        raise ValueError("A gap in a funnel needs a standard error above 0.")
    errors = np.where(np.isnan(values), np.nan, errors)
    weight = np.nan_to_num(1.0 / errors**2)
    total = weight.sum(axis=-1)
    centre = np.divide(
        (weight * np.nan_to_num(values)).sum(axis=-1),
        total,
        out=np.full(total.shape, np.nan),
        where=total > 0.0,
    )
    placed = checked_counts(0, n)[1] >= LEAST_DENOMINATOR
    return _funnel(np.asarray(centre), values, errors, placed, -1.0, 1.0)


def _funnel(
    centre: FloatArray,
    value: FloatArray,
    error: FloatArray,
    placed: NDArray[np.bool_],
    least: float,
    most: float,
) -> Funnel:
    off = value - centre[..., None]
    z = np.where(np.isnan(off), np.nan, 0.0)
    np.divide(off, error, out=z, where=error > 0.0)
    units = (~np.isnan(z)).sum(axis=-1)
    square = np.nan_to_num(z**2).sum(axis=-1)
    phi = np.divide(square, units - 1, out=np.full(square.shape, np.nan), where=units > 1)
    wide = error * np.sqrt(np.fmax(phi, 1.0))[..., None]

    def limits(at: float) -> Interval:
        middle = centre[..., None]
        return Interval(
            np.clip(middle - at * wide, least, most), np.clip(middle + at * wide, least, most)
        )

    warning, control = limits(WARNING), limits(CONTROL)
    known = placed & ~np.isnan(z) & (units > 1)[..., None]
    position = np.select(
        [
            ~known,
            value < control.lower,
            value > control.upper,
            value < warning.lower,
            value > warning.upper,
        ],
        [
            Position.NOT_PLACED,
            Position.BELOW_CONTROL,
            Position.ABOVE_CONTROL,
            Position.BELOW_WARNING,
            Position.ABOVE_WARNING,
        ],
        Position.WITHIN,
    )
    return Funnel(centre, value, z, np.asarray(phi), warning, control, position.astype(np.int8))

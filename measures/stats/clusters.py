"""Rates and changes where the same person has several rows: events of one measure, or two periods.

The rows of a person resemble each other, so persons are counted, not rows: each person's rows are
summed into one deviation, and the variance is that of these (linearisation, "sandwich").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import korn_graubard, z_value

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ClusteredRate:
    """Rate of rows with a variance by persons; NaN without rows, no interval from one person."""

    rate: float
    variance: float
    rows: int
    persons: int
    interval: tuple[float, float]


@dataclass(frozen=True)
class PairedChange:
    """Change of a gap between two periods of an overlapping panel, proportions.

    error: by persons. independent_error: if the people of both periods were different ones; how far
    it is from `error` is what the overlap adds or takes. NaN if one of the four rates has no rows.
    """

    change: float
    error: float
    independent_error: float
    interval: tuple[float, float]
    persons: int


def clustered_rate(met: ArrayLike, person: ArrayLike, level: float = 0.95) -> ClusteredRate:
    """Rate of event rows with the Korn-Graubard interval by persons.

    Args:
        met: True for each row that met the measure.
        person: whose row it is; any labels.

    Raises:
        ValueError: arrays of different lengths.
    """
    hits, labels = _rows(met, person)
    rows = len(hits)
    if not rows:
        return ClusteredRate(np.nan, np.nan, 0, 0, (np.nan, np.nan))
    rate = float(hits.mean())
    variance, persons = _variance((hits - rate) / rows, labels)
    lower, upper = korn_graubard(rate, variance, rows, persons - 1, level)
    return ClusteredRate(rate, variance, rows, persons, (float(lower), float(upper)))


def paired_gap_change(
    met: ArrayLike,
    person: ArrayLike,
    in_group: ArrayLike,
    later: ArrayLike,
    level: float = 0.95,
) -> PairedChange:
    """(gap later) - (gap earlier) from rows of people of whom many are in both periods.

    Args:
        met: True for each row that met the measure.
        person: whose row it is; the same label in both periods.
        in_group: True for the group, False for its reference.
        later: True for the later period.

    Raises:
        ValueError: arrays of different lengths.
    """
    hits, labels = _rows(met, person)
    group, late = np.asarray(in_group, dtype=bool), np.asarray(later, dtype=bool)
    if group.shape != hits.shape or late.shape != hits.shape:
        raise ValueError("Every row needs a person, a group and a period.")
    change, independent = 0.0, 0.0
    deviation = np.zeros(len(hits))
    for arm in (True, False):
        for period in (True, False):
            cell = (group == arm) & (late == period)
            rows = int(cell.sum())
            if not rows:
                return PairedChange(np.nan, np.nan, np.nan, (np.nan, np.nan), 0)
            sign = 1.0 if arm == period else -1.0
            rate = float(hits[cell].mean())
            change += sign * rate
            deviation[cell] = sign * (hits[cell] - rate) / rows
            independent += rate * (1.0 - rate) / rows
    variance, persons = _variance(deviation, labels)
    error = float(np.sqrt(variance))
    half = z_value(level) * error
    return PairedChange(
        change, error, float(np.sqrt(independent)), (change - half, change + half), persons
    )


def _rows(met: ArrayLike, person: ArrayLike) -> tuple[FloatArray, NDArray[np.intp]]:
    hits = np.asarray(met, dtype=bool).astype(np.float64)
    names = np.asarray(person)
    if hits.ndim != 1 or names.shape != hits.shape:
        raise ValueError("Every row needs a person, a group and a period.")
    return hits, np.unique(names, return_inverse=True)[1]


def _variance(deviation: FloatArray, labels: NDArray[np.intp]) -> tuple[float, int]:
    """Sum of squares of the persons' deviations, times m / (m - 1); NaN with one person."""
    by_person = np.bincount(labels, weights=deviation)
    persons = len(by_person)
    if persons < 2:
        return np.nan, persons
    return float((by_person**2).sum() * persons / (persons - 1)), persons

"""Rates as they would be with another mix of ages: to explain a gap, never to excuse it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import Interval, checked_counts, rate, wilson

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Standardised:
    """Proportions without the axis of layers; NaN where a layer that counts has nobody."""

    rate: FloatArray
    error: FloatArray
    interval: Interval


def directly_standardised(
    x: ArrayLike, n: ArrayLike, standard: ArrayLike, level: float = 0.95
) -> Standardised:
    """Σ w p over layers (the last axis), w the share of a layer in a standard population.

    The interval recovers variances from the Wilson interval of each layer, so it has a width also
    where rates are 0 or 1.

    Args:
        standard: people of each layer in the standard population, such as the whole programme.

    Raises:
        ValueError: a standard population without people; see `measures.stats.rates.checked_counts`.
    Source: Zou & Donner (2008), Statistics in Medicine 27:1693-1702 (interval).
    """
    hits, sizes = checked_counts(x, n)
    people = checked_counts(0, standard)[1]
    total = people.sum(axis=-1, keepdims=True)
    if (total == 0).any():
        raise ValueError("The standard population has no people.")
    counts = people > 0
    p = np.where(counts, rate(hits, sizes), 0.0)
    low, high = wilson(hits, sizes, level)
    w = people / total
    value = (w * p).sum(axis=-1)
    down = np.where(counts, w * (p - low), 0.0)
    up = np.where(counts, w * (high - p), 0.0)
    variance = np.where(counts, w**2 * p * (1.0 - p) / np.maximum(sizes, 1), 0.0)
    return Standardised(
        rate=value,
        error=np.sqrt(variance.sum(axis=-1)),
        interval=Interval(
            np.maximum(value - np.sqrt((down**2).sum(axis=-1)), 0.0),
            np.minimum(value + np.sqrt((up**2).sum(axis=-1)), 1.0),
        ),
    )

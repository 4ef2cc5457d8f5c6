"""Where the others stand, without saying who they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MINIMUM_PEERS = 5
"""Fewer peers with a value give no band: one could guess whose value is whose."""


def quartile_band(points: ArrayLike) -> NDArray[np.float64]:
    """Lower quartile, median and upper quartile over peers, rounded to whole points.

    Args:
        points: percentages [..., peers]; NaN for a peer without a value that may be shown.

    Returns:
        [..., 3]; all NaN where fewer than `MINIMUM_PEERS` peers have a value. Quartiles between
        two peers are interpolated linearly; halves are rounded up.
    """
    values = np.asarray(points, dtype=np.float64)
    if not values.size:
        return np.full((*values.shape[:-1], 3), np.nan)
    # NaN sorts to the end, so the first `counted` values of a row are its peers. All rows at once:
    # numpy's own nanpercentile works row by row.
    counted = (~np.isnan(values)).sum(axis=-1)
    ordered = np.sort(values, axis=-1)
    place = np.maximum(counted - 1, 0)[..., None] * np.array([0.25, 0.5, 0.75])
    below = np.floor(place).astype(np.intp)
    above = np.ceil(place).astype(np.intp)
    low = np.take_along_axis(ordered, below, axis=-1)
    high = np.take_along_axis(ordered, above, axis=-1)
    quartiles = low + (high - low) * (place - below)
    # Rounding away float noise first: 62.49999999999999 is 62.5.
    band = np.floor(np.round(quartiles, 9) + 0.5)
    return np.where((counted >= MINIMUM_PEERS)[..., None], band, np.nan)

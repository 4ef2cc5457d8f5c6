"""Where the others stand, without saying who they are."""

from __future__ import annotations

import warnings

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
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice")
        quartiles = np.nanpercentile(values, [25, 50, 75], axis=-1) if values.size else None
    if quartiles is None:
        return np.full((*values.shape[:-1], 3), np.nan)
    # Rounding away float noise first: 62.49999999999999 is 62.5.
    band = np.floor(np.round(np.moveaxis(quartiles, 0, -1), 9) + 0.5)
    enough = (~np.isnan(values)).sum(axis=-1) >= MINIMUM_PEERS
    return np.where(enough[..., None], band, np.nan)

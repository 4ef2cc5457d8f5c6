"""Where the other groups lie, without saying who they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MINIMUM_PEERS = 5
"""With fewer values a quartile is close to being somebody's number."""


def quartile_band(values: ArrayLike) -> NDArray[np.float64]:
    """Lower quartile, median and upper quartile of each row, in whole units.

    Args:
        values: [..., peers], in percent or percentage points; NaN for a peer without a value that
            may be shown.

    Returns:
        [..., 3], rounded half to even; NaN where fewer than MINIMUM_PEERS peers have a value.

    Source: quartiles by linear interpolation (Hyndman & Fan 1996, type 7).
    """
    peers = np.asarray(values, dtype=np.float64)
    enough = (~np.isnan(peers)).sum(axis=-1) >= MINIMUM_PEERS
    band = np.full((*peers.shape[:-1], 3), np.nan)
    if enough.any():
        quartiles = np.nanquantile(peers[enough], [0.25, 0.5, 0.75], axis=-1)
        band[enough] = np.round(np.moveaxis(quartiles, 0, -1))
    return band

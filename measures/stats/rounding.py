"""How many decimals a published rate may have."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_FOR_A_DECIMAL = 100


def published_decimals(n: ArrayLike) -> NDArray[np.int64]:
    """Decimals of a published percentage: 0 below a denominator of 100, else 1.

    With one decimal nearly every fraction of a small denominator has a percentage of its own, so
    the rate alone would give numerator and denominator away (71.4 % is 5 of 7).
    """
    return np.where(np.asarray(n) < LEAST_FOR_A_DECIMAL, 0, 1).astype(np.int64)

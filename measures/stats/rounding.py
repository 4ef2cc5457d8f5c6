"""With how many decimals a rate may be shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FULL_DECIMALS_FROM = 100


def published_decimals(n: ArrayLike) -> NDArray[np.int64]:
    """Decimals of a rate in percent: 1 from a denominator of 100, else 0.

    Below 100 one decimal of a percentage tells numerator and denominator apart from all others
    (71.4 % is 5 of 7), and says more than the data do.
    """
    return np.where(np.asarray(n) >= FULL_DECIMALS_FROM, 1, 0)

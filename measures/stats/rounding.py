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


def published_members(count: int) -> int:
    """Members of a category, to the nearest ten; 1 to 5 count as ten, not as none.

    Nobody may be sure that a category has 1 to 10 members: "ten" is 1 to 15, and none is none. Rounded
    down, a stratum that cards hide and that only these members can be in would be small.
    """
    return max(10, round(count / 10) * 10) if count else 0

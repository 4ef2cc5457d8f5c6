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


def published_share(part: int, whole: int) -> float:
    """Share of people, 0–1 in steps of 0.05: the smaller of a part and the rest counts as in `published_members`.

    5 % of 30 people would be one or two of them. Of members in tens nobody can be sure that a part, or
    what is left of the whole, is 1 to 10.
    """
    rest = whole - part
    about = published_members(part) if part <= rest else whole - published_members(rest)
    return round(min(max(about / whole, 0.0), 1.0) * 20) / 20

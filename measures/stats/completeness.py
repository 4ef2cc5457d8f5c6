"""How much is known of people's race, ethnicity and language, and from whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import Interval, checked_counts, rate, wilson

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """Numerator, share of its denominator and Wilson interval; arrays of one shape."""

    count: NDArray[np.int64]
    rate: FloatArray
    interval: Interval


@dataclass(frozen=True)
class Completeness:
    """Shares of those eligible. Declined is not unknown, and neither is "never asked".

    answered: the person said it. direct: known from the person or another direct source, never
    imputed. valid: direct or declined, so that nobody needs to ask again. declined: asked, no
    answer. unknown: recorded as unknown. not_collected: nothing recorded.
    """

    eligible: NDArray[np.int64]
    answered: Share
    direct: Share
    indirect: Share
    valid: Share
    declined: Share
    unknown: Share
    not_collected: Share


def completeness(
    *,
    self_reported: ArrayLike,
    other_direct: ArrayLike,
    indirect: ArrayLike,
    declined: ArrayLike,
    unknown: ArrayLike,
    not_collected: ArrayLike,
    level: float = 0.95,
) -> Completeness:
    """Shares from counts of people; the six counts exclude each other and make up all eligible.

    Raises:
        ValueError: a count is negative or not whole.
    """
    given = (self_reported, other_direct, indirect, declined, unknown, not_collected)
    own, other, imputed, asked, blank, never = np.broadcast_arrays(
        *(checked_counts(0, count)[1] for count in given)
    )
    eligible = own + other + imputed + asked + blank + never

    def share(count: NDArray[np.int64]) -> Share:
        return Share(count, rate(count, eligible), wilson(count, eligible, level))

    return Completeness(
        eligible=eligible,
        answered=share(own),
        direct=share(own + other),
        indirect=share(imputed),
        valid=share(own + other + asked),
        declined=share(asked),
        unknown=share(blank),
        not_collected=share(never),
    )

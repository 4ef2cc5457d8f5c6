"""When a proportion is too uncertain to be presented: a rule of others, by name and version.

It hides nothing here. What is private is hidden before it and what has fewer than 30 people is not reported
(`measures.stats.suppression`); of what is left this says which numbers are so uncertain that a national
statistical office would not print them, and why, so that they are read with their interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import Interval, checked_counts, clopper_pearson, rate
from measures.stats.reliability import LEAST_DENOMINATOR

FloatArray = NDArray[np.float64]


class Presentation(IntEnum):
    """What the rule says of a proportion; the reasons are in the order in which they are looked at."""

    NOT_JUDGED = 0
    """No denominator, or no interval."""
    PRESENT = 1
    TOO_FEW = 2
    """Not to be presented: fewer people, or effective people, than the rule asks for."""
    WIDE = 3
    """Not to be presented: the interval is wide whatever the proportion."""
    WIDE_FOR_ITS_SIZE = 4
    """Not to be presented: the interval is wide beside a small proportion."""
    REVIEW_END = 5
    """0 or 100 percent: a statistician looks before it is presented."""
    REVIEW_FREEDOM = 6
    """The variance rests on few clusters: a statistician looks before it is presented."""

    @property
    def is_unreliable(self) -> bool:
        return self in (Presentation.TOO_FEW, Presentation.WIDE, Presentation.WIDE_FOR_ITS_SIZE)


@dataclass(frozen=True)
class PresentationRule:
    """Limits for a proportion and its 95% interval. Widths are proportions, `most_relative` is of p."""

    code: str
    version: str
    title: str
    sentence: str
    source: str
    caveat: str
    least_people: int
    always_width: float
    never_width: float
    most_relative: float
    least_freedom: float


NCHS = PresentationRule(
    code="nchs_proportions",
    version="2017, corrected 2018 and 2021",
    title="National Center for Health Statistics: presentation standards for proportions",
    sentence=(
        "A proportion is presented if 30 or more people stand behind it and its 95% interval (Clopper-Pearson, or "
        "Korn-Graubard with weights) is no wider than 5 points; or narrower than 30 points and no wider than 1.3 "
        "times the proportion."
    ),
    source="Parker et al. (2017), Vital and Health Statistics 2(175); thresholds not checked in the text",
    caveat="Made for surveys of a nation. Here such a number stays, with its interval and this reason beside it.",
    least_people=LEAST_DENOMINATOR,
    always_width=0.05,
    never_width=0.30,
    most_relative=1.30,
    least_freedom=8.0,
)  # fmt: skip


def present(
    p: ArrayLike,
    interval: Interval,
    n: ArrayLike,
    df: ArrayLike,
    rule: PresentationRule = NCHS,
) -> NDArray[np.int8]:
    """`Presentation` of proportions that come with an interval.

    Args:
        p: proportions 0 to 1; NaN: not judged.
        interval: Clopper-Pearson, or Korn-Graubard where rows have weights or belong to clusters.
        n: people, or the effective number of people where that is smaller.
        df: degrees of freedom of the variance: people, or clusters, less design strata.
    """
    values, lower, upper, people, freedom = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (p, *interval, n, df))
    )
    known = ~np.isnan(values) & ~np.isnan(lower) & ~np.isnan(upper) & (people > 0.0)
    with np.errstate(invalid="ignore"):
        width = upper - lower
        end = (values == 0.0) | (values == 1.0)
        found = np.select(
            [
                ~known,
                people < rule.least_people,
                width >= rule.never_width,
                end,
                (width > rule.always_width) & (width > rule.most_relative * values),
                freedom < rule.least_freedom,
            ],
            [
                Presentation.NOT_JUDGED,
                Presentation.TOO_FEW,
                Presentation.WIDE,
                Presentation.REVIEW_END,
                Presentation.WIDE_FOR_ITS_SIZE,
                Presentation.REVIEW_FREEDOM,
            ],
            Presentation.PRESENT,
        )
    return found.astype(np.int8)


def complement_unreliable(
    p: ArrayLike, interval: Interval, rule: PresentationRule = NCHS
) -> NDArray[np.bool_]:
    """Whether 1 - p is uncertain beside its own size although p may not be; False without an interval."""
    values, lower, upper = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (p, *interval))
    )
    width = upper - lower
    with np.errstate(invalid="ignore"):
        wide = (width > rule.always_width) & (width > rule.most_relative * (1.0 - values))
        return np.asarray(wide & (values < 1.0))


def present_counts(x: ArrayLike, n: ArrayLike, rule: PresentationRule = NCHS) -> NDArray[np.int8]:
    """`Presentation` of x / n where everybody counts once.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    hits, sizes = checked_counts(x, n)
    return present(rate(hits, sizes), clopper_pearson(hits, sizes), sizes, sizes - 1, rule)

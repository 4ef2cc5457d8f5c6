"""When a difference counts as a disparity: rules of others, by name and version, printed with results.

Each rule asks for two things, that the difference is hardly chance and that it is large enough to
matter. None of them is ours; which one a programme uses is settled before the data are seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.gaps import two_proportion_p
from measures.stats.rates import checked_counts
from measures.stats.reliability import LEAST_DENOMINATOR

BoolArray = NDArray[np.bool_]


class Judgement(IntEnum):
    NOT_JUDGED = 0
    """No denominator in one of the arms, or no p-value."""
    SIMILAR = 1
    WORSE = 2
    BETTER = 3


@dataclass(frozen=True)
class DecisionRule:
    """A p-value and a least size. `caveat` stands wherever the rule's result is shown.

    strict: p below the limit, else at or below it. Exactly one of the sizes is given: `least_points`
    in percentage points, or `least_percent` of the reference's rate, of people with the good result
    or of those without it, whichever is the larger part.
    """

    code: str
    version: str
    title: str
    sentence: str
    source: str
    caveat: str
    most_p: float
    strict: bool
    least_points: int | None = None
    least_percent: int | None = None

    def __post_init__(self) -> None:
        if (self.least_points is None) == (self.least_percent is None):
            raise ValueError("A decision rule has one least size: points or percent.")


AHRQ = DecisionRule(
    code="ahrq",
    version="NHQDR, from 2010",
    title="AHRQ: National Healthcare Quality and Disparities Report",
    sentence=(
        "Better or worse if p is 0.05 or less and the rates differ by 10 percent or more of the "
        "reference's, whether the measure is worded as the good or as the bad result."
    ),
    source="AHRQ, National Healthcare Disparities Report 2010, chapter 1",
    caveat="Near 0 or 100 percent, 10 percent of a rate can be a fraction of a point.",
    most_p=0.05,
    strict=False,
    least_percent=10,
)

CMS_OMH = DecisionRule(
    code="cms_omh",
    version="stratified reports, from 2017",
    title="CMS Office of Minority Health: stratified Medicare Advantage reports",
    sentence=(
        "Better or worse if p is below 0.05 and the rates differ by 3 percentage points or more; "
        "a smaller difference counts as similar even if it is not chance."
    ),
    source="CMS Office of Minority Health and RAND, stratified reporting; not checked in the text",
    caveat="A difference below 3 points can still concern many people.",
    most_p=0.05,
    strict=True,
    least_points=3,
)

RULES: dict[str, DecisionRule] = {rule.code: rule for rule in (AHRQ, CMS_OMH)}


def judge(
    rule: DecisionRule,
    x_g: ArrayLike,
    n_g: ArrayLike,
    x_r: ArrayLike,
    n_r: ArrayLike,
    *,
    higher_is_better: ArrayLike,
    p_value: ArrayLike | None = None,
) -> NDArray[np.int8]:
    """`Judgement` of each group against its reference. Sizes are compared in whole numbers.

    Args:
        p_value: instead of the plain test's, such as one that allows for many comparisons.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    a, m, c, n = np.broadcast_arrays(*checked_counts(x_g, n_g), *checked_counts(x_r, n_r))
    given = two_proportion_p(a, m, c, n) if p_value is None else p_value
    a, m, c, n, p = np.broadcast_arrays(a, m, c, n, np.asarray(given, dtype=np.float64))
    judged = (m > 0) & (n > 0) & ~np.isnan(p)
    with np.errstate(invalid="ignore"):
        clear = (p < rule.most_p) if rule.strict else (p <= rule.most_p)
    difference = a * n - c * m  # (p_g - p_r) times both denominators
    if rule.least_points is not None:
        large = _at_least(np.abs(difference), rule.least_points, m * n)
    else:
        percent = rule.least_percent or 0
        large = _at_least(np.abs(difference), percent, c * m) | _at_least(
            np.abs(difference), percent, (n - c) * m
        )
    good = np.where(np.asarray(higher_is_better, dtype=bool), difference, -difference)
    differs = np.where(good < 0, Judgement.WORSE, Judgement.BETTER)
    found = np.where(clear & large & (difference != 0), differs, Judgement.SIMILAR)
    return np.where(judged, found, Judgement.NOT_JUDGED).astype(np.int8)


def _at_least(value: NDArray[np.int64], percent: int, of: NDArray[np.int64]) -> BoolArray:
    """value >= percent / 100 * of, without leaving 64-bit integers."""
    hundreds, rest = np.divmod(of, 100)
    return np.asarray(value >= percent * hundreds - (-percent * rest // 100))


# --- HEDIS, by measurement year ----------------------------------------------------------------------


@dataclass(frozen=True)
class HedisYear:
    """What stratified reporting asks for in one measurement year.

    measures: codes stratified in this year. published: how many measures NCQA says it stratifies. A measure
    here can be one of two rates of one of those, and not all of those are defined here.
    source_reported: whether direct, indirect and unknown are reported. unknown_is_indirect: where
    unknown values are counted. Race and ethnicity are stratified apart from each other; strata,
    declined and unknown among them, add up to everybody.
    """

    year: int
    measures: tuple[str, ...]
    published: int
    source_reported: bool
    unknown_is_indirect: bool
    least_denominator: int = LEAST_DENOMINATOR


HEDIS_FIRST_YEAR = 2022
HEDIS_LAST_CHECKED_YEAR = 2026
_PUBLISHED = {2022: 5, 2023: 13}
_PUBLISHED_LATER = 22


def hedis_year(year: int, first_years: Mapping[str, int]) -> HedisYear:
    """Rules of a measurement year.

    Args:
        first_years: measure code → first year in which it is stratified, from the definitions.

    Raises:
        ValueError: a year before stratification, or one whose rules nobody has read yet.
    Source: public pages of NCQA on race and ethnicity stratification, 2022 to 2026.
    """
    if not HEDIS_FIRST_YEAR <= year <= HEDIS_LAST_CHECKED_YEAR:
        raise ValueError(
            f"Stratification rules are known for measurement years {HEDIS_FIRST_YEAR} to "
            f"{HEDIS_LAST_CHECKED_YEAR}, not for {year}."
        )
    return HedisYear(
        year=year,
        measures=tuple(sorted(code for code, first in first_years.items() if first <= year)),
        published=_PUBLISHED.get(year, _PUBLISHED_LATER),
        source_reported=year <= 2024,
        unknown_is_indirect=year == 2022,
    )


def hedis_reportable(n: ArrayLike) -> BoolArray:
    """False where a stratum is "NA": fewer than 30 people, or nobody."""
    return np.asarray(checked_counts(0, n)[1] >= LEAST_DENOMINATOR)


def strata_add_up(n: ArrayLike, total: ArrayLike) -> BoolArray:
    """Whether the strata of the last axis, declined and unknown among them, make up the total."""
    return np.asarray(checked_counts(0, n)[1].sum(axis=-1) == checked_counts(0, total)[1])

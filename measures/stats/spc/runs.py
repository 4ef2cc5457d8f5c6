"""Runs about a line by chance alone: exact, in whole numbers.

A run is a stretch of points on one side of the line. Points on the line are on no side and are left out
before anything is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb, log2


@dataclass(frozen=True)
class RunsLimits:
    """Fewest and most runs that are no news."""

    fewest: int
    most: int


@dataclass(frozen=True)
class AnhoejLimits:
    """Longest run and fewest crossings of the line that are no news."""

    longest_run: int
    fewest_crossings: int


def _ways(runs: int, above: int, below: int) -> int:
    """Arrangements of the points above and below that have exactly so many runs."""
    if above == 0 or below == 0:
        return int(runs == min(1, above + below))
    if runs < 2:
        return 0
    half, odd = divmod(runs, 2)
    if not odd:
        return 2 * comb(above - 1, half - 1) * comb(below - 1, half - 1)
    return comb(above - 1, half) * comb(below - 1, half - 1) + comb(above - 1, half - 1) * comb(
        below - 1, half
    )


def runs_cdf(runs: int, above: int, below: int) -> Fraction:
    """Probability of at most so many runs when the order is chance alone, given the counts.

    Raises:
        ValueError: a count is negative.
    Source: Wald & Wolfowitz (1940), Annals of Mathematical Statistics 11:147-162.
    """
    if above < 0 or below < 0:
        raise ValueError("Counts of points cannot be negative.")
    return Fraction(
        sum(_ways(r, above, below) for r in range(runs + 1)), comb(above + below, above)
    )


@lru_cache(maxsize=4096)
def runs_limits(above: int, below: int, tail: Fraction = Fraction(1, 40)) -> RunsLimits:
    """Fewest and most runs outside of which lies at most `tail` of the distribution on either side.

    The printed tables in use for run charts are for equal counts and differ from this for about a third
    of the numbers of points; this is exact for the counts there are.
    """
    total = above + below
    fewest = next(r for r in range(total + 1) if runs_cdf(r, above, below) > tail or r == total)
    most = next(
        r for r in range(total, -1, -1) if 1 - runs_cdf(r - 1, above, below) > tail or r == 0
    )
    return RunsLimits(fewest, most)


@lru_cache(maxsize=1024)
def anhoej_limits(useful: int) -> AnhoejLimits:
    """Limits for so many useful points, that is points not on the line (1 or more).

    Longest run: log2 of the count, rounded, plus 3. Crossings: the 5 % point of a binomial with one
    fewer trials and probability a half.

    Raises:
        ValueError: no useful point.
    Source: Anhøj & Olesen (2014), PLOS ONE 9(11):e113825.
    """
    if useful < 1:
        raise ValueError("Limits need at least one point that is not on the line.")
    trials = useful - 1
    crossings, ways = 0, 1
    while 20 * ways < 2**trials:
        crossings += 1
        ways += comb(trials, crossings)
    return AnhoejLimits(round(log2(useful)) + 3, crossings)

"""Slow and obvious versions of run and control charts: one point at a time, exact where that is possible."""

from __future__ import annotations

import itertools
from fractions import Fraction
from statistics import fmean, median


def runs_distribution(above: int, below: int) -> dict[int, Fraction]:
    """Probability of every number of runs, by writing down every order."""
    total = above + below
    counts: dict[int, int] = {}
    orders = list(itertools.combinations(range(total), above))
    for ups in orders:
        sides = [place in ups for place in range(total)]
        runs = 1 + sum(a != b for a, b in itertools.pairwise(sides)) if sides else 0
        counts[runs] = counts.get(runs, 0) + 1
    return {runs: Fraction(count, len(orders)) for runs, count in counts.items()}


def individuals(values: list[float | None]) -> tuple[float, float, float]:
    """Centre, lower and upper limit of an I chart, jumps screened once; constants as printed in tables."""
    known = [v for v in values if v is not None]
    centre = fmean(known)
    ranges = [abs(b - a) for a, b in itertools.pairwise(values) if a is not None and b is not None]
    mean = fmean(ranges)
    kept = [r for r in ranges if r < 3.267 * mean]
    mean = fmean(kept) if kept else 0.0
    return centre, centre - 3 * mean / 1.128, centre + 3 * mean / 1.128


def proportions(pairs: list[tuple[int, int]], at: int) -> tuple[float, float, float]:
    """Centre and limits of a P chart at one place; pairs of n and N, of which N = 0 count for nothing."""
    events, persons = sum(x for x, n in pairs if n), sum(n for x, n in pairs if n)
    p = events / persons
    half = 3 * (p * (1 - p) / pairs[at][1]) ** 0.5
    return p, max(0.0, p - half), min(1.0, p + half)


def shifts(values: list[float | None], centre: float, least: int) -> set[int]:
    """Places in a run of `least` and more on one side; nothing on the line or missing is in the list."""
    off = [(i, v > centre) for i, v in enumerate(values) if v is not None and v != centre]
    found: set[int] = set()
    for start in range(len(off)):
        for end in range(start + least, len(off) + 1):
            if len({above for _, above in off[start:end]}) == 1:
                found |= {i for i, _ in off[start:end]}
    return found


def trends(values: list[float | None], least: int) -> set[int]:
    """Places in a stretch all up or all down with `least` different neighbours; equal neighbours are one."""
    known = [(i, v) for i, v in enumerate(values) if v is not None]
    found: set[int] = set()
    for start in range(len(known)):
        for end in range(start + 1, len(known)):
            stretch = known[start : end + 1]
            steps = [b - a for (_, a), (_, b) in itertools.pairwise(stretch)]
            moves = [step for step in steps if step]
            edges_move = steps[0] != 0 and steps[-1] != 0
            one_way = all(m > 0 for m in moves) or all(m < 0 for m in moves)
            if edges_move and one_way and len(moves) + 1 >= least:
                found |= {i for i, _ in stretch}
    return found


def some_of(sigmas: list[float], least: int, window: int, beyond: float) -> set[int]:
    """Places beyond so many sigma in a window in which at least `least` are, on one side."""
    found: set[int] = set()
    for start in range(len(sigmas) - window + 1):
        places = range(start, start + window)
        for sign in (1, -1):
            far = [i for i in places if sigmas[i] * sign > beyond]
            if len(far) >= least:
                found |= set(far)
    return found


def anhoej(sides: list[int]) -> tuple[int, int]:
    """Longest run and crossings of the points that are not on the line (0)."""
    off = [s for s in sides if s]
    longest = max((len(list(g)) for _, g in itertools.groupby(off)), default=0)
    return longest, sum(a != b for a, b in itertools.pairwise(off))


def run_median(values: list[float | None]) -> float:
    return median(v for v in values if v is not None)

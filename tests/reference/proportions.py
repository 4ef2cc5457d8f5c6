"""Slow and obvious versions of the statistics: one number at a time, exact where that is possible."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from statistics import NormalDist


def wilson(x: int, n: int, level: float) -> tuple[float, float]:
    """Both rates at which the score test just does not reject, found by halving."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p = x / n

    def rejected(theta: float) -> bool:
        return abs(p - theta) > z * math.sqrt(theta * (1 - theta) / n)

    def edge(outside: float, inside: float) -> float:
        for _ in range(200):
            middle = (outside + inside) / 2
            if rejected(middle):
                outside = middle
            else:
                inside = middle
        return inside

    return (0.0 if x == 0 else edge(0.0, p)), (1.0 if x == n else edge(1.0, p))


def newcombe(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    (l1, u1), (l2, u2) = wilson(x1, n1, level), wilson(x2, n2, level)
    p1, p2 = x1 / n1, x2 / n2
    return (
        p1 - p2 - math.hypot(p1 - l1, u2 - p2),
        p1 - p2 + math.hypot(u1 - p1, p2 - l2),
    )


def fisher_exact(x1: int, n1: int, x2: int, n2: int) -> Fraction:
    """Sum over every table with these margins that is at most as likely as the one seen."""
    hits = x1 + x2

    def ways(a: int) -> int:
        return math.comb(n1, a) * math.comb(n2, hits - a)

    possible = [a for a in range(n1 + 1) if 0 <= hits - a <= n2]
    return Fraction(sum(ways(a) for a in possible if ways(a) <= ways(x1)), math.comb(n1 + n2, hits))


def benjamini_hochberg(p: list[float]) -> list[float]:
    """By the definition: for each p the least of m p' / rank of p' over all p' >= p."""
    m = len(p)
    ordered = sorted(p)
    return [
        min(min(1.0, m * ordered[k] / (k + 1)) for k in range(m) if ordered[k] >= value)
        for value in p
    ]


def bonferroni(p: list[float]) -> list[float]:
    return [min(1.0, len(p) * value) for value in p]


def holm(p: list[float]) -> list[float]:
    """By the definition: the largest of (how many p are not below p') times p' over all p' <= p."""
    return [
        min(1.0, max(other * sum(one >= other for one in p) for other in p if other <= value))
        for value in p
    ]


def odds_mover(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Every ratio θ for which the recovered interval of odds 1 - θ odds 2 holds 0; no arm at 100 percent."""
    (l1, u1), (l2, u2) = (
        tuple(p / (1 - p) for p in wilson(x, n, level)) for x, n in ((x1, n1), (x2, n2))
    )
    o1, o2 = x1 / (n1 - x1), x2 / (n2 - x2)

    def below(theta: float) -> bool:
        """The whole interval lies above 0: θ is too small."""
        return o1 - theta * o2 - math.hypot(o1 - l1, theta * (u2 - o2)) > 0

    def not_above(theta: float) -> bool:
        return o1 - theta * o2 + math.hypot(u1 - o1, theta * (o2 - l2)) >= 0

    def edge(holds: Callable[[float], bool]) -> float:
        low, high = -60.0, 60.0
        if holds(math.exp(high)):
            return math.inf
        if not holds(math.exp(low)):
            return 0.0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if holds(math.exp(middle)) else (low, middle)
        return math.exp(low)

    return edge(below), edge(not_above)


def breslow_day(tables: list[tuple[int, int, int, int]], theta: float) -> float:
    """Sum over layers of (a - e)² / variance, e the count in the group that has the odds ratio theta."""
    total = 0.0
    for x1, n1, x2, n2 in tables:
        hits = x1 + x2
        low, high = float(max(0, hits - n2)), float(min(n1, hits))
        for _ in range(200):
            e = (low + high) / 2
            odds = e * (n2 - hits + e)
            low, high = (low, e) if odds > theta * (n1 - e) * (hits - e) else (e, high)
        inverse = sum(1 / cell for cell in (e, n1 - e, hits - e, n2 - hits + e))
        total += (x1 - e) ** 2 * inverse
    return total


def patients_to_parity(x_g: int, n_g: int, x_r: int, n_r: int, higher_is_better: bool) -> int:
    """Count up (down) until the group's rate is at least (at most) the reference's."""
    reference = Fraction(x_r, n_r)
    steps = 0
    if higher_is_better:
        while Fraction(x_g + steps, n_g) < reference:
            steps += 1
    else:
        while Fraction(x_g - steps, n_g) > reference:
            steps += 1
    return steps

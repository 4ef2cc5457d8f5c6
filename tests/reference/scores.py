"""Score intervals and exact intervals from their definitions, one pair at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from statistics import NormalDist


def clopper_pearson(x: int, n: int, level: float) -> tuple[float, float]:
    """The rates at which x or more (x or fewer) just has a probability of half of 1 - level."""
    tail = (1 - level) / 2

    def at_most(k: int, p: float) -> float:
        return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))

    def edge(holds: Callable[[float], bool]) -> float:
        low, high = 0.0, 1.0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if holds(middle) else (low, middle)
        return low

    return (
        0.0 if x == 0 else edge(lambda p: 1 - at_most(x - 1, p) < tail),
        1.0 if x == n else edge(lambda p: at_most(x, p) > tail),
    )


def _log_likelihood(x: int, n: int, p: float) -> float:
    if (x and p <= 0) or (n - x and p >= 1):
        return -math.inf
    return (x * math.log(p) if x else 0.0) + ((n - x) * math.log1p(-p) if n - x else 0.0)


def _peak(value: Callable[[float], float], low: float, high: float) -> float:
    """Golden-section search of a function with one peak."""
    step = (math.sqrt(5) - 1) / 2
    for _ in range(70):
        left, right = high - step * (high - low), low + step * (high - low)
        if value(left) > value(right):
            high = right
        else:
            low = left
    return (low + high) / 2


def difference(
    x1: int, n1: int, x2: int, n2: int, level: float, *, corrected: bool
) -> tuple[float, float]:
    """Largest and smallest d that the score test does not reject, the constraint by search."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    scale = (n1 + n2) / (n1 + n2 - 1) if corrected else 1.0
    gap = x1 / n1 - x2 / n2

    def rejected(d: float) -> bool:
        p2 = _peak(
            lambda p: _log_likelihood(x1, n1, p + d) + _log_likelihood(x2, n2, p),
            max(0.0, -d),
            min(1.0, 1.0 - d),
        )
        p1 = min(max(p2 + d, 0.0), 1.0)
        variance = scale * (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
        return (gap - d) ** 2 > z * z * variance

    return _edge(rejected, -1.0, gap), _edge(rejected, 1.0, gap)


def ratio(
    x1: int, n1: int, x2: int, n2: int, level: float, *, corrected: bool
) -> tuple[float, float]:
    """As `difference` for the ratio, both numerators above 0."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    scale = (n1 + n2) / (n1 + n2 - 1) if corrected else 1.0

    def rejected(log_theta: float) -> bool:
        theta = math.exp(log_theta)
        p2 = _peak(
            lambda p: _log_likelihood(x1, n1, theta * p) + _log_likelihood(x2, n2, p),
            0.0,
            min(1.0, 1.0 / theta),
        )
        p1 = min(theta * p2, 1.0)
        variance = scale * (p1 * (1 - p1) / n1 + theta**2 * p2 * (1 - p2) / n2)
        return (x1 / n1 - theta * x2 / n2) ** 2 > z * z * variance

    middle = math.log(x1 * n2 / (n1 * x2))
    return (
        math.exp(_edge(rejected, middle - 20, middle)),
        math.exp(_edge(rejected, middle + 20, middle)),
    )


def _edge(rejected: Callable[[float], bool], outside: float, inside: float) -> float:
    if not rejected(outside):
        return outside
    for _ in range(45):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if rejected(middle) else (outside, middle)
    return inside


def freeman_halton(x: list[int], n: list[int]) -> Fraction:
    """Every table with these margins, counted out; p of those at most as likely as the one seen."""

    def spread(sizes: list[int], left: int) -> list[list[int]]:
        if not sizes:
            return [[]] if left == 0 else []
        return [
            [first, *rest]
            for first in range(min(sizes[0], left) + 1)
            for rest in spread(sizes[1:], left - first)
        ]

    def ways(table: list[int]) -> int:
        return math.prod(math.comb(size, hit) for size, hit in zip(n, table, strict=True))

    tables = spread(n, sum(x))
    return Fraction(
        sum(ways(table) for table in tables if ways(table) <= ways(x)),
        sum(ways(table) for table in tables),
    )

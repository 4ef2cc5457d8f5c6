"""Change, differences, decomposition and reliability the long way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations


def patients_to_part(
    x_g: int, n_g: int, x_r: int, n_r: int, higher_is_better: bool, part: Fraction
) -> int:
    """Count up (down) until the gap has shrunk by the part of itself."""
    own, reference = Fraction(x_g, n_g), Fraction(x_r, n_r)
    sign = 1 if higher_is_better else -1
    target = own + part * (reference - own)
    steps = 0
    while sign * (target - own) > 0 and sign * (target - Fraction(x_g + sign * steps, n_g)) > 0:
        steps += 1
    return steps


def randomisation(
    change: Sequence[float], treated: Sequence[bool], weight: Sequence[float]
) -> tuple[float, float]:
    """Difference of weighted means, and its p over all choices of as many sites."""
    sites = range(len(change))

    def difference(members: set[int]) -> float:
        def mean(of: list[int]) -> float:
            return sum(change[i] * weight[i] for i in of) / sum(weight[i] for i in of)

        return mean([i for i in sites if i in members]) - mean(
            [i for i in sites if i not in members]
        )

    observed = difference({i for i in sites if treated[i]})
    every = [difference(set(some)) for some in combinations(sites, sum(treated))]
    return observed, sum(abs(d) >= abs(observed) - 1e-9 for d in every) / len(every)


def kitagawa(units: list[tuple[int, int, int, int]]) -> tuple[float, float]:
    """Within and between of units (x_g, n_g, x_r, n_r) that all serve both groups."""
    people_g, people_r = sum(u[1] for u in units), sum(u[3] for u in units)
    within = between = 0.0
    for x_g, n_g, x_r, n_r in units:
        s_g, s_r, p_g, p_r = n_g / people_g, n_r / people_r, x_g / n_g, x_r / n_r
        within += (s_g + s_r) / 2 * (p_g - p_r)
        between += (s_g - s_r) * (p_g + p_r) / 2
    return within, between


def beta_binomial_log_likelihood(
    x: Sequence[int], n: Sequence[int], mean: float, rho: float
) -> float:
    """As a product over people, one after the other: no gamma functions."""
    gamma = rho / (1 - rho)
    total = 0.0
    for hits, size in zip(x, n, strict=True):
        total += math.fsum(math.log(mean + i * gamma) for i in range(hits))
        total += math.fsum(math.log(1 - mean + i * gamma) for i in range(size - hits))
        total -= math.fsum(math.log(1 + i * gamma) for i in range(size))
    return total

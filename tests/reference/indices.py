"""Summary indices straight from their formulas, one set of groups, lists of plain numbers."""

from __future__ import annotations

import math

Groups = list[tuple[int, int]]  # numerator, denominator; all denominators above 0


def shares(groups: Groups) -> tuple[list[float], list[float], float]:
    people = sum(n for _, n in groups)
    rates = [x / n for x, n in groups]
    weights = [n / people for _, n in groups]
    return rates, weights, math.fsum(w * p for w, p in zip(weights, rates, strict=True))


def bgv(groups: Groups) -> float:
    rates, weights, mean = shares(groups)
    return math.fsum(w * (p - mean) ** 2 for w, p in zip(weights, rates, strict=True))


def bgv_corrected(groups: Groups) -> float:
    rates, weights, _ = shares(groups)
    noise = math.fsum(
        w * (1 - w) * p * (1 - p) / n for w, p, (_, n) in zip(weights, rates, groups, strict=True)
    )
    return max(0.0, bgv(groups) - noise)


def distance(groups: Groups, target: float, weighted: bool, signed: bool = False) -> float:
    rates, weights, _ = shares(groups)
    if not weighted:
        weights = [1 / len(groups)] * len(groups)
    return math.fsum(
        w * (p - target if signed else abs(p - target)) for w, p in zip(weights, rates, strict=True)
    )


def theil(groups: Groups) -> float:
    rates, weights, mean = shares(groups)
    return math.fsum(
        w * p / mean * math.log(p / mean) for w, p in zip(weights, rates, strict=True) if p
    )


def mld(groups: Groups) -> float:
    rates, weights, mean = shares(groups)
    return -math.fsum(w * math.log(p / mean) for w, p in zip(weights, rates, strict=True))


def concentration(groups: Groups) -> float:
    rates, weights, _ = shares(groups)
    total, below = 0.0, 0.0
    for p, w in zip(rates, weights, strict=True):
        total += w * p * (below + w / 2 - 0.5)
        below += w
    return 2 * total


def slope_error(value, groups: Groups, step: float = 1e-6) -> float:
    """Delta method by numeric slopes of `value`, a function of rates at fixed people."""
    variance = 0.0
    for j, (x, n) in enumerate(groups):
        p = x / n
        rates = [a / b for a, b in groups]
        up, down = list(rates), list(rates)
        up[j], down[j] = p + step, p - step
        slope = (value(up) - value(down)) / (2 * step)
        variance += slope**2 * p * (1 - p) / n
    return math.sqrt(variance)

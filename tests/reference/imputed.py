"""Slow, obvious versions of the estimates from probabilities: person by person, straight from the formulas."""

from __future__ import annotations

import math


def weighted_rates(people):
    """people: list of (probabilities, rows, met)."""
    groups = range(len(people[0][0]))
    return [
        sum(p[r] * y for p, k, y in people) / sum(p[r] * k for p, k, y in people) for r in groups
    ]


def weighted_gap_error(people, r, s):
    """Standard error of rate r less rate s: root of the summed squares of the differences of influence."""
    rates = weighted_rates(people)
    total = [sum(p[g] * k for p, k, _ in people) for g in range(len(rates))]
    squares = 0.0
    for p, k, y in people:
        influence = [p[g] * (y - rates[g] * k) / total[g] for g in (r, s)]
        squares += (influence[0] - influence[1]) ** 2
    return math.sqrt(squares)


def weighted_rate_error(people, r):
    rate = weighted_rates(people)[r]
    total = sum(p[r] * k for p, k, _ in people)
    return math.sqrt(sum((p[r] * (y - rate * k) / total) ** 2 for p, k, y in people))


def n_effective(people, r):
    return sum(p[r] * k for p, k, _ in people) ** 2 / sum((p[r] * k) ** 2 for p, k, _ in people)


def em_round(people, rates):
    """One round of the iteration."""
    top = [0.0] * len(rates)
    bottom = [0.0] * len(rates)
    for p, k, y in people:
        share = [p[g] * rates[g] ** y * (1 - rates[g]) ** (k - y) for g in range(len(rates))]
        whole = sum(share)
        for g in range(len(rates)):
            top[g] += y * share[g] / whole
            bottom[g] += k * share[g] / whole
    return [t / b for t, b in zip(top, bottom, strict=True)]

"""Did intervention sites change more than comparison sites? Differences in differences.

With the few sites of a collaborative, standard errors that count on many clusters are too small;
the test and the interval come from re-assigning sites. Arms are `t` (intervention) and `c`
(comparison), periods 0 (before) and 1 (after).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.change import mover_difference
from measures.stats.gaps import absolute_gap, newcombe
from measures.stats.rates import Interval, checked_counts, rate

FloatArray = NDArray[np.float64]

MOST_ASSIGNMENTS = 20_000
"""More possible assignments than this are drawn instead of listed."""

_TIE = 1e-9


@dataclass(frozen=True)
class Difference:
    """Estimate in proportions, binomial standard error, and interval from the Newcombe intervals.

    People count as independent: right for one site against another, too sure for several sites. Then
    `randomisation_test` is the one to show.
    """

    value: FloatArray
    error: FloatArray
    interval: Interval


@dataclass(frozen=True)
class RandomisationTest:
    """Difference of weighted mean changes, intervention less comparison.

    p_value: share of assignments with a difference at least as large, either way. least_p: the
    smallest p that these numbers of sites can give at all. interval: constant effects that are not
    rejected; infinite where none can be. listed: all assignments, or drawn with `seed`.
    """

    value: float
    p_value: float
    least_p: float
    interval: tuple[float, float]
    assignments: int
    listed: bool
    seed: int


def difference_in_differences(
    x_t0: ArrayLike,
    n_t0: ArrayLike,
    x_t1: ArrayLike,
    n_t1: ArrayLike,
    x_c0: ArrayLike,
    n_c0: ArrayLike,
    x_c1: ArrayLike,
    n_c1: ArrayLike,
    level: float = 0.95,
) -> Difference:
    """(T1 - T0) - (C1 - C0) in proportions; NaN if one of the four has no denominator.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    value_t, value_c = absolute_gap(x_t1, n_t1, x_t0, n_t0), absolute_gap(x_c1, n_c1, x_c0, n_c0)
    interval = mover_difference(
        value_t,
        newcombe(x_t1, n_t1, x_t0, n_t0, level),
        value_c,
        newcombe(x_c1, n_c1, x_c0, n_c0, level),
    )
    pairs = ((x_t0, n_t0), (x_t1, n_t1), (x_c0, n_c0), (x_c1, n_c1))
    variance = sum((_variance(x, n) for x, n in pairs), np.zeros(()))
    return Difference(value_t - value_c, np.sqrt(variance), interval)


def triple_difference(group: Difference, reference: Difference) -> Difference:
    """What intervention sites did for the group beyond what they did for the reference.

    Both arguments are differences in differences of disjoint people: of the target group, and of the
    reference group in the same sites and periods.
    """
    return Difference(
        group.value - reference.value,
        np.sqrt(group.error**2 + reference.error**2),
        mover_difference(group.value, group.interval, reference.value, reference.interval),
    )


def randomisation_test(
    change: ArrayLike,
    treated: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    seed: int,
    level: float = 0.95,
) -> RandomisationTest:
    """Test of site-level changes against all ways in which the sites could have been chosen.

    Args:
        change: one number for each site: change of its rate or of its gap. NaN: left out.
        treated: intervention sites.
        weight: such as people of each site; equal if not given. It stays with its site.
        seed: used where there are more than `MOST_ASSIGNMENTS` assignments.

    Raises:
        ValueError: arrays that do not fit, a weight that is not above 0, or an arm without sites.
    Source: Rosenbaum (2002), Observational Studies, ch. 2.
    """
    values = np.asarray(change, dtype=np.float64)
    chosen = np.asarray(treated, dtype=bool)
    weights = np.ones(values.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    if values.ndim != 1 or chosen.shape != values.shape or weights.shape != values.shape:
        raise ValueError("Changes, arms and weights are one number for each site.")
    there = ~np.isnan(values)
    values, chosen, weights = values[there], chosen[there], weights[there]
    if not (weights > 0.0).all():
        raise ValueError("Every site needs a weight above 0.")
    sites, count = len(values), int(chosen.sum())
    if not 0 < count < sites:
        raise ValueError("Both arms need at least one site with a change.")
    total = comb(sites, count)
    listed = total <= MOST_ASSIGNMENTS
    assigned = _assignments(sites, count, chosen, listed, seed)
    contrast = assigned * weights / (assigned * weights).sum(axis=1, keepdims=True)
    rest = ~assigned * weights
    contrast = contrast - rest / rest.sum(axis=1, keepdims=True)
    observed = contrast[0] @ values
    seen = contrast @ values
    # An effect t is not rejected if, with t taken from the intervention sites, what was seen is not
    # among the extreme assignments. The statistic of each is then a line in t.
    pull = contrast @ chosen.astype(np.float64)

    def p_at(effect: float) -> float:
        statistic = np.abs(seen - effect * pull)
        return float((statistic >= abs(observed - effect) - _TIE).mean())

    alpha = 1.0 - level
    return RandomisationTest(
        value=float(observed),
        p_value=p_at(0.0),
        least_p=1.0 / total if listed else 1.0 / len(assigned),
        interval=(_edge(p_at, observed, -1.0, alpha), _edge(p_at, observed, 1.0, alpha)),
        assignments=len(assigned),
        listed=listed,
        seed=seed,
    )


def pre_trend(
    rates: ArrayLike,
    treated: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    seed: int,
    level: float = 0.95,
) -> RandomisationTest:
    """Did the arms already move apart before? The same test on slopes per period.

    Args:
        rates: rates or gaps [sites, periods] of the periods before, equally far apart; NaN in any of
            them leaves the site out.

    Raises:
        ValueError: fewer than two periods; see `randomisation_test`.
    """
    values = np.asarray(rates, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError("A trend needs sites with two periods or more.")
    time = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2.0
    return randomisation_test(
        values @ time / (time**2).sum(), treated, weight=weight, seed=seed, level=level
    )


def _variance(x: ArrayLike, n: ArrayLike) -> FloatArray:
    p = rate(x, n)
    return np.asarray(p * (1.0 - p) / np.maximum(checked_counts(x, n)[1], 1))


def _assignments(
    sites: int, count: int, chosen: NDArray[np.bool_], listed: bool, seed: int
) -> NDArray[np.bool_]:
    """[assignments, sites], the real one first."""
    if listed:
        rows = np.zeros((comb(sites, count), sites), dtype=bool)
        for row, members in enumerate(combinations(range(sites), count)):
            rows[row, list(members)] = True
        real = np.flatnonzero((rows == chosen).all(axis=1))[0]
        rows[[0, real]] = rows[[real, 0]]
        return rows
    order = np.random.default_rng(seed).random((MOST_ASSIGNMENTS, sites)).argsort(axis=1)
    rows = order < count
    rows[0] = chosen
    return np.asarray(rows)


def _edge(p_at: Callable[[float], float], observed: float, sign: float, alpha: float) -> float:
    """Furthest effect on one side that is not rejected."""
    step = 1e-6
    while p_at(observed + sign * step) > alpha:
        step *= 2.0
        if step > 1e6:
            return sign * np.inf
    inside, outside = step / 2.0, step
    for _ in range(60):
        middle = (inside + outside) / 2.0
        if p_at(observed + sign * middle) > alpha:
            inside = middle
        else:
            outside = middle
    return float(observed + sign * inside)

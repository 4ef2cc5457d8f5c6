"""Indices of others that make one score of many measures. Optional; each with its caveat.

With a dozen providers their order is mostly chance: never show a score without its range of ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

LEAST_ENROLLED = 500

EHO4ALL_VERSION = "as proposed for 2027 star ratings"
EHO4ALL_CAVEAT = (
    "Built from public summaries of the Excellent Health Outcomes for All reward; CMS proposed in "
    "November 2025 not to use it. Thirds of a dozen providers hang on single patients."
)
HESS_VERSION = "after Agniel and others, 2019 and 2021"
HESS_CAVEAT = (
    "In the manner of the Health Equity Summary Score; the weights of its components are not "
    "published in full, so these are set here. Scores of a dozen providers are unstable."
)


@dataclass(frozen=True)
class Eho4All:
    """index: -1 to 1 for each provider, NaN where it has none. reward: 0 to 0.4."""

    index: FloatArray
    reward: FloatArray
    version: str = EHO4ALL_VERSION
    caveat: str = EHO4ALL_CAVEAT


@dataclass(frozen=True)
class Hess:
    """score: weighted mean of the components [providers]; components [3, providers]: z-scores."""

    score: FloatArray
    components: FloatArray
    version: str = HESS_VERSION
    caveat: str = HESS_CAVEAT


def eho4all(
    rates: ArrayLike,
    *,
    higher_is_better: ArrayLike,
    weight: ArrayLike,
    enrolled: ArrayLike,
    at_risk_share: ArrayLike,
) -> Eho4All:
    """Index and reward from rates among people with social risk factors.

    On each measure a provider in the top third of all gets 1, in the bottom third -1, else 0; equal
    rates at the edge of a third belong to the middle. The index is the weighted mean over a provider's
    measures, of which it needs half or more, and 500 people. The reward is the index, if above 0, times
    0.4 where the provider's share of people at risk reaches the median, 0.2 where it reaches half.

    Args:
        rates: proportions [providers, measures], two years together; NaN: not scored.
        higher_is_better, weight: [measures].
        enrolled, at_risk_share: people, and share of people at risk, 0 to 1 [providers].

    Raises:
        ValueError: arrays that do not fit, a weight that is not above 0, or a rate outside 0 to 1.
    """
    values = _matrix(rates)
    if (values < 0.0).any() or (values > 1.0).any():
        raise ValueError("A rate lies outside 0 to 1.")
    better = np.asarray(higher_is_better, dtype=bool)
    weights = np.asarray(weight, dtype=np.float64)
    people = np.asarray(enrolled, dtype=np.float64)
    share = np.asarray(at_risk_share, dtype=np.float64)
    providers, measures = values.shape
    if better.shape != (measures,) or weights.shape != (measures,):
        raise ValueError("Directions and weights are one for each measure.")
    if people.shape != (providers,) or share.shape != (providers,):
        raise ValueError("Enrolment and shares are one for each provider.")
    if not (weights > 0.0).all():
        raise ValueError("A weight must be above 0.")
    large = people >= LEAST_ENROLLED
    good = np.where(large[:, None], np.where(better, values, -values), np.nan)
    points = np.full(good.shape, np.nan)
    for column in range(measures):
        scored = ~np.isnan(good[:, column])
        if scored.any():
            low, high = np.quantile(good[scored, column], [1.0 / 3.0, 2.0 / 3.0])
            own = good[scored, column]
            points[scored, column] = (own > high).astype(np.float64) - (own < low)
    counted = ~np.isnan(points)
    enough = large & (2 * counted.sum(axis=1) >= measures)
    total = (counted * weights).sum(axis=1)
    index = np.full(providers, np.nan)
    np.divide((np.nan_to_num(points) * weights).sum(axis=1), total, out=index, where=enough)
    median = np.median(share[large]) if large.any() else np.nan
    most = np.where(share >= median, 0.4, np.where(share >= median / 2.0, 0.2, 0.0))
    reward = np.where(np.isnan(index), np.nan, np.maximum(index, 0.0) * most)
    return Eho4All(index, reward)


def hess(
    level: ArrayLike,
    improvement: ArrayLike,
    benchmarked: ArrayLike,
    *,
    higher_is_better: ArrayLike,
    enrolled: ArrayLike,
    component_weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Hess:
    """Score from three components, each standardised over providers and averaged over measures.

    Args:
        level: rates of the group with a social risk factor, shrunken before
            (`measures.stats.reliability.shrunken_rate`) [providers, measures]; NaN: none.
        improvement: change of these since the earlier year.
        benchmarked: change measured against everybody's change.
        higher_is_better: [measures]; turns all three.
        enrolled: providers with fewer than 500 people have no score and set no standard.

    Raises:
        ValueError: arrays that do not fit, or weights that are negative or all 0.
    Source: Agniel et al. (2021), Journal of General Internal Medicine 36:1847-1857.
    """
    parts = np.stack([_matrix(part) for part in (level, improvement, benchmarked)])
    better = np.asarray(higher_is_better, dtype=bool)
    people = np.asarray(enrolled, dtype=np.float64)
    shares = np.asarray(component_weights, dtype=np.float64)
    if better.shape != parts.shape[2:] or people.shape != parts.shape[1:2]:
        raise ValueError("Directions are one for each measure, enrolment one for each provider.")
    if shares.shape != (3,) or (shares < 0.0).any() or not shares.any():
        raise ValueError("Weights of the three components are 0 or more, and not all 0.")
    values = np.where(better, parts, -parts)
    values[:, people < LEAST_ENROLLED] = np.nan
    components = _mean(_standardised(values), axis=2)
    usable = ~np.isnan(components)
    total = (usable * shares[:, None]).sum(axis=0)
    score = np.full(total.shape, np.nan)
    np.divide(
        (np.nan_to_num(components) * shares[:, None]).sum(axis=0),
        total,
        out=score,
        where=total > 0.0,
    )
    return Hess(score, components)


def rank_limits(draws: ArrayLike, level: float = 0.95) -> NDArray[np.int64]:
    """Range of ranks, 1 for the largest score, from simulated scores [draws, providers].

    Returns:
        [providers, 2]: best and worst rank; 0 and 0 for a provider without a score. Equal scores
        share the better rank.
    """
    scores = np.asarray(draws, dtype=np.float64)
    there = np.asarray(~np.isnan(scores).any(axis=0))
    filled = np.where(there, scores, -np.inf)
    rank = 1 + (filled[:, None, :] > filled[:, :, None]).sum(axis=2)
    tail = (1.0 - level) / 2.0
    low = np.quantile(rank, tail, axis=0, method="lower")
    high = np.quantile(rank, 1.0 - tail, axis=0, method="higher")
    return np.where(there[:, None], np.stack([low, high], axis=1), 0).astype(np.int64)


def _matrix(values: ArrayLike) -> FloatArray:
    found = np.array(values, dtype=np.float64)
    if found.ndim != 2:
        raise ValueError("Scores are made from one row for each provider.")
    return found


def _standardised(values: FloatArray) -> FloatArray:
    """z over providers, the middle axis of [components, providers, measures]; 0 where all are equal."""
    centre = _mean(values, axis=1)[:, None, :]
    counted = (~np.isnan(values)).sum(axis=1)[:, None, :]
    square = np.nan_to_num((values - centre) ** 2).sum(axis=1)[:, None, :]
    deviation = np.sqrt(square / np.maximum(counted - 1, 1))
    z = np.where(np.isnan(values), np.nan, 0.0)
    np.divide(values - centre, deviation, out=z, where=(deviation > 1e-12) & ~np.isnan(values))
    return z


def _mean(values: FloatArray, axis: int) -> FloatArray:
    """Mean of what is there; NaN where nothing is."""
    counted = (~np.isnan(values)).sum(axis=axis)
    result = np.full(counted.shape, np.nan)
    np.divide(np.nan_to_num(values).sum(axis=axis), counted, out=result, where=counted > 0)
    return result

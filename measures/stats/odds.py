"""Odds ratios, in one table and across layers of age or site. Secondary: never "times as likely"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from measures.stats.gaps import mover_ratio
from measures.stats.rates import Interval, checked_counts, wilson, z_value

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class OddsRatio:
    """`corrected` says where ½ was added to all four cells because one of them was 0."""

    value: FloatArray
    interval: Interval
    corrected: NDArray[np.bool_]


@dataclass(frozen=True)
class MantelHaenszel:
    """Odds ratio over layers. Arrays without the axis of layers; NaN where it does not exist.

    p_value: of no association in any layer. p_equal: of one odds ratio in all layers; NaN with
    fewer than two layers that say something.
    """

    odds_ratio: FloatArray
    interval: Interval
    risk_ratio: FloatArray
    p_value: FloatArray
    p_equal: FloatArray


def woolf(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> OddsRatio:
    """Odds ratio of the group against the reference, interval on the logarithmic scale.

    NaN where a cell is 0 or an arm has no denominator; `haldane` has a number there.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Woolf (1955), Annals of Human Genetics 19:251-253.
    """
    cells = _cells(x1, n1, x2, n2)
    usable = (cells > 0.0).all(axis=0)
    return _log_interval(np.where(usable, cells, np.nan), level, np.zeros(usable.shape, dtype=bool))


def haldane(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> OddsRatio:
    """As `woolf`, with ½ added to all four cells of the tables that have a 0, and of no others.

    NaN only where an arm has no denominator.

    Source: Haldane (1956), Annals of Human Genetics 20:309-311.
    """
    cells = _cells(x1, n1, x2, n2)
    some = (cells[0] + cells[1] > 0.0) & (cells[2] + cells[3] > 0.0)
    zero = some & (cells == 0.0).any(axis=0)
    return _log_interval(np.where(some, cells + np.where(zero, 0.5, 0.0), np.nan), level, zero)


def odds_mover_wilson(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> OddsRatio:
    """Odds ratio of the group against the reference, interval recovered from the Wilson limits of both.

    A 0 in a table needs no ½: with one arm at 0 or 100 percent one limit is 0 or +inf and the other is a
    number. With both arms at an end nothing is known of it: 0 to +inf. The value is +inf or 0 where the
    observed odds ratio is, NaN where it is 0 / 0; all is NaN where an arm has no denominator. Unlike
    `woolf` it is not quite 1 / itself where the bad result is counted instead of the good one.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Donner & Zou (2012), Statistical Methods in Medical Research 21:347-359.
    """
    a, m, c, n = np.broadcast_arrays(*checked_counts(x1, n1), *checked_counts(x2, n2))
    compared = (m > 0) & (n > 0)
    # Odds of 100 percent are infinite. The odds of the bad result, with the arms changed, are the same ratio.
    turned = (a == m) | (c == n)
    hits_1, size_1 = np.where(turned, n - c, a), np.where(turned, n, m)
    hits_2, size_2 = np.where(turned, m - a, c), np.where(turned, m, n)
    finite = compared & (hits_1 < size_1) & (hits_2 < size_2)
    odds_1, limits_1 = _odds(np.where(finite, hits_1, 0), np.where(finite, size_1, 1), level)
    odds_2, limits_2 = _odds(np.where(finite, hits_2, 0), np.where(finite, size_2, 1), level)
    lower, upper = mover_ratio(odds_1, limits_1, odds_2, limits_2)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (a / (m - a)) / (c / (n - c))
    return OddsRatio(
        np.where(compared, value, np.nan),
        Interval(
            np.where(finite, lower, np.where(compared, 0.0, np.nan)),
            np.where(finite, upper, np.where(compared, np.inf, np.nan)),
        ),
        np.zeros(compared.shape, dtype=bool),
    )


def _odds(x: NDArray[np.int64], n: NDArray[np.int64], level: float) -> tuple[FloatArray, Interval]:
    """Odds and the odds of the Wilson limits, x below n; 1 - limit is that of the misses, not a difference."""
    low, high = wilson(x, n, level)
    rest_low, rest_high = wilson(n - x, n, level)
    return x / (n - x), Interval(low / rest_high, high / rest_low)


def mantel_haenszel(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> MantelHaenszel:
    """Common odds ratio and risk ratio over layers, the last axis of the counts.

    Layers in which an arm is empty say nothing and are left out. The interval is that of Robins,
    Breslow and Greenland, the test is without continuity correction, equality of the odds ratios is
    tested by Breslow and Day.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Mantel & Haenszel (1959), JNCI 22:719-748; Robins, Breslow & Greenland (1986),
        Biometrics 42:311-323; Breslow & Day (1980), IARC 32, ch. 4.
    """
    z = z_value(level)
    a, b, c, d = _cells(x1, n1, x2, n2)
    m, n = a + b, c + d
    layers = (m > 0.0) & (n > 0.0)
    total = np.where(layers, m + n, 1.0)
    weight = np.where(layers, 1.0 / total, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r, s = a * d * weight, b * c * weight
        up, down = r.sum(axis=-1), s.sum(axis=-1)
        same, cross = (a + d) * weight, (b + c) * weight
        odds = up / down
        variance = (
            (same * r).sum(axis=-1) / (2.0 * up**2)
            + (same * s + cross * r).sum(axis=-1) / (2.0 * up * down)
            + (cross * s).sum(axis=-1) / (2.0 * down**2)
        )
        half = z * np.sqrt(variance)
        usable = (up > 0.0) & (down > 0.0)
        interval = Interval(
            np.where(usable, odds * np.exp(-half), np.nan),
            np.where(usable, odds * np.exp(half), np.nan),
        )
        risk = (a * n * weight).sum(axis=-1) / (c * m * weight).sum(axis=-1)
        hits = a + c
        surprise = np.where(layers, a - m * hits / total, 0.0).sum(axis=-1)
        spread = np.where(
            layers & (total > 1.0),
            m * n * hits * (total - hits) / (total**2 * np.maximum(total - 1.0, 1.0)),
            0.0,
        ).sum(axis=-1)
        null = np.where(spread > 0.0, chdtrc(1.0, surprise**2 / spread), np.nan)
    p_equal = _breslow_day(
        a, m, n, hits, np.where(usable, odds, np.nan), layers & (hits > 0.0) & (hits < total)
    )
    return MantelHaenszel(
        np.where(np.isnan(odds), np.nan, odds), interval, risk, np.asarray(null), p_equal
    )


def _cells(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> FloatArray:
    """[4, …]: met and not met in the group, met and not met in the reference."""
    a, m, c, n = np.broadcast_arrays(*checked_counts(x1, n1), *checked_counts(x2, n2))
    return np.stack([a, m - a, c, n - c]).astype(np.float64)


def _log_interval(cells: FloatArray, level: float, corrected: NDArray[np.bool_]) -> OddsRatio:
    log_odds = np.log(cells[0]) + np.log(cells[3]) - np.log(cells[1]) - np.log(cells[2])
    half = z_value(level) * np.sqrt((1.0 / cells).sum(axis=0))
    return OddsRatio(
        np.exp(log_odds),
        Interval(np.exp(log_odds - half), np.exp(log_odds + half)),
        corrected,
    )


def _breslow_day(
    a: FloatArray,
    m: FloatArray,
    n: FloatArray,
    hits: FloatArray,
    odds: FloatArray,
    layers: NDArray[np.bool_],
) -> FloatArray:
    theta = odds[..., None]
    # The count expected under the common odds ratio: the smaller root of
    # (theta - 1) e² - (theta (m + hits) + n - hits) e + theta m hits = 0, without cancellation.
    linear = theta * (m + hits) + n - hits
    root = np.sqrt(np.maximum(linear**2 - 4.0 * (theta - 1.0) * theta * m * hits, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        e = 2.0 * theta * m * hits / (linear + root)
        variance = 1.0 / (1.0 / e + 1.0 / (m - e) + 1.0 / (hits - e) + 1.0 / (n - hits + e))
        statistic = np.where(layers, (a - e) ** 2 / variance, 0.0).sum(axis=-1)
    df = layers.sum(axis=-1) - 1.0
    return np.where((df >= 1.0) & ~np.isnan(odds), chdtrc(np.maximum(df, 1.0), statistic), np.nan)

"""Gradients over ordered groups, such as fifths of neighbourhood deprivation.

The last axis of the counts holds the groups from the most deprived to the least. R is the midpoint
of a group's place among all people so ordered, 0 to 1; positive indices mean that the less
deprived have the higher rate. Groups without a denominator are left out; NaN with fewer than two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from measures.stats.indices import Estimate
from measures.stats.rates import Interval, checked_counts, z_value

FloatArray = NDArray[np.float64]

_STEPS = 60
_CONVERGED = 1e-12
_STEEPEST = 30.0
"""A slope beyond this on the logit scale is no slope: the groups are all at 0 or at 100 percent."""


class _Ordered(NamedTuple):
    n: FloatArray
    x: FloatArray
    p: FloatArray
    w: FloatArray
    v: FloatArray
    rank: FloatArray
    mean: FloatArray
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class Slope:
    """Slope index (difference) and relative index (ratio) of inequality.

    sii: fitted rate at R = 1 less that at R = 0. rii: the one by the other; its error is that of
    the logarithm. dispersion: Pearson's chi-square by its degrees of freedom, 1 where that is less
    or where there are two groups only. Errors are binomial; intervals are widened by √dispersion.
    """

    sii: Estimate
    sii_interval: Interval
    rii: Estimate
    rii_interval: Interval
    dispersion: FloatArray


def ridit(n: ArrayLike) -> FloatArray:
    """R: the midpoint of each group's place among all people, 0 to 1; NaN without any people."""
    _, sizes = checked_counts(0, n)
    people = sizes.sum(axis=-1, keepdims=True)
    below = np.cumsum(sizes, axis=-1) - sizes / 2.0
    share = np.divide(below, people, out=np.full(below.shape, np.nan), where=people > 0)
    return np.asarray(share)


def absolute_concentration(x: ArrayLike, n: ArrayLike) -> Estimate:
    """ACI = 2 Σ w p (R - ½) in proportions; the error from the binomial variances.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    g = _ordered(x, n)
    slope = 2.0 * g.w * (g.rank - 0.5)
    return _estimate(g, (slope * g.p).sum(axis=-1), (slope**2 * g.v).sum(axis=-1))


def relative_concentration(x: ArrayLike, n: ArrayLike) -> Estimate:
    """RCI = ACI / μ; NaN where nobody met the measure.

    Source: Kakwani, Wagstaff & van Doorslaer (1997), Journal of Econometrics 77:87-103 (index); the
        error by the delta method from binomial variances.
    """
    g = _ordered(x, n)
    weight = 2.0 * g.w * (g.rank - 0.5)
    mean = np.where(g.mean > 0.0, g.mean, np.nan)
    value = (weight * g.p).sum(axis=-1) / mean
    slope = (weight - value[..., None] * g.w) / mean[..., None]
    return _estimate(g, value, (slope**2 * g.v).sum(axis=-1))


def slope_logit(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Slope:
    """Slope of a binomial regression, logit(p) = a + b R, every person counted once.

    Fitted rates stay between 0 and 1. NaN where no slope can be fitted: all rates 0, all 1, or
    every group at one of these.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts` and `z_value`.
    """
    g = _ordered(x, n)
    z = z_value(level)
    people = g.n.sum(axis=-1)
    usable = (g.groups >= 2) & (g.mean > 0.0) & (g.mean < 1.0)
    centre = np.where(usable, g.mean, 0.5)
    a, b = np.log(centre) - np.log1p(-centre), np.zeros(centre.shape)
    n_safe = np.where(usable[..., None], g.n, 1.0)
    x_safe = np.where(usable[..., None], g.x, 0.5)
    rank = np.where(usable[..., None], g.rank, np.linspace(0.0, 1.0, g.n.shape[-1]))
    settled = ~usable
    for _ in range(_STEPS):
        step_a, step_b = _newton_step(a, b, n_safe, x_safe, rank)
        settled |= np.maximum(np.abs(step_a), np.abs(step_b)) < _CONVERGED * (1.0 + np.abs(b))
        a, b = a + np.where(settled, 0.0, step_a), b + np.where(settled, 0.0, step_b)
        if settled.all():
            break
    fitted = usable & settled & (np.abs(b) < _STEEPEST) & (people > 0.0)
    a, b = np.where(fitted, a, np.nan), np.where(fitted, b, np.nan)
    variance_a, covariance, variance_b = _covariance(a, b, n_safe, rank)
    bottom, top = expit(a), expit(a + b)
    slope_bottom, slope_top = bottom * (1.0 - bottom), top * (1.0 - top)
    # derivatives with respect to a and b
    sii = (slope_top - slope_bottom, slope_top)
    log_rii = (bottom - top, 1.0 - top)

    def variance(d: tuple[FloatArray, FloatArray]) -> FloatArray:
        return np.asarray(
            d[0] ** 2 * variance_a + 2.0 * d[0] * d[1] * covariance + d[1] ** 2 * variance_b
        )

    p = expit(a[..., None] + b[..., None] * rank)
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = (x_safe - n_safe * p) ** 2 / (n_safe * p * (1.0 - p))
    pearson = np.where(g.n > 0.0, pearson, 0.0).sum(axis=-1)
    return _slope(top - bottom, variance(sii), top / bottom, variance(log_rii), pearson, g, z)


def slope_linear(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Slope:
    """Slope of a straight line through the rates, weighted by people.

    Simpler than `slope_logit`, and at the ends of R the line can pass 0 or 1; the relative index is NaN
    where it starts at 0 or below.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts` and `z_value`.
    """
    g = _ordered(x, n)
    z = z_value(level)
    middle = (g.w * g.rank).sum(axis=-1, keepdims=True)
    spread = (g.w * (g.rank - middle) ** 2).sum(axis=-1)
    several = g.groups >= 2
    pull = g.w * (g.rank - middle) / np.where(several, spread, 1.0)[..., None]
    slope = (pull * g.p).sum(axis=-1)
    bottom = g.mean - slope * middle[..., 0]
    top = bottom + slope
    at_bottom = g.w - pull * middle
    positive = several & (bottom > 0.0) & (top > 0.0)
    low, high = np.where(positive, bottom, np.nan), np.where(positive, top, np.nan)
    relative = (at_bottom + pull) / high[..., None] - at_bottom / low[..., None]
    fitted = bottom[..., None] + slope[..., None] * g.rank
    pearson = np.divide((g.p - fitted) ** 2, g.v, out=np.zeros(g.v.shape), where=g.v > 0.0).sum(
        axis=-1
    )
    return _slope(
        np.where(several, slope, np.nan),
        (pull**2 * g.v).sum(axis=-1),
        high / low,
        (relative**2 * g.v).sum(axis=-1),
        pearson,
        g,
        z,
    )


def _ordered(x: ArrayLike, n: ArrayLike) -> _Ordered:
    hits, sizes = (count.astype(np.float64) for count in checked_counts(x, n))
    people = sizes.sum(axis=-1, keepdims=True)
    some = sizes > 0.0
    p = np.divide(hits, sizes, out=np.zeros(sizes.shape), where=some)
    w = np.divide(sizes, people, out=np.zeros(sizes.shape), where=people > 0.0)
    rank = np.cumsum(w, axis=-1) - w / 2.0
    v = p * (1.0 - p) / np.where(some, sizes, 1.0)
    return _Ordered(sizes, hits, p, w, v, rank, (w * p).sum(axis=-1), some.sum(axis=-1))


def _estimate(g: _Ordered, value: FloatArray, variance: FloatArray) -> Estimate:
    several = g.groups >= 2
    return Estimate(np.where(several, value, np.nan), np.where(several, np.sqrt(variance), np.nan))


def _newton_step(
    a: FloatArray, b: FloatArray, n: FloatArray, x: FloatArray, rank: FloatArray
) -> tuple[FloatArray, FloatArray]:
    p = expit(a[..., None] + b[..., None] * rank)
    rest = x - n * p
    score_a, score_b = rest.sum(axis=-1), (rest * rank).sum(axis=-1)
    variance_a, covariance, variance_b = _covariance(a, b, n, rank)
    step_a = variance_a * score_a + covariance * score_b
    step_b = covariance * score_a + variance_b * score_b
    # Groups at 0 or 100 percent only drive the slope to infinity: no step longer than 5.
    shorten = 5.0 / np.maximum(np.maximum(np.abs(step_a), np.abs(step_b)), 5.0)
    return np.nan_to_num(step_a * shorten), np.nan_to_num(step_b * shorten)


def _covariance(
    a: FloatArray, b: FloatArray, n: FloatArray, rank: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    p = expit(a[..., None] + b[..., None] * rank)
    weight = n * p * (1.0 - p)
    s0, s1, s2 = (
        weight.sum(axis=-1),
        (weight * rank).sum(axis=-1),
        (weight * rank**2).sum(axis=-1),
    )
    determinant = s0 * s2 - s1**2
    safe = np.where(determinant > 0.0, determinant, np.nan)
    return s2 / safe, -s1 / safe, s0 / safe


def _slope(
    sii: FloatArray,
    sii_variance: FloatArray,
    rii: FloatArray,
    rii_variance: FloatArray,
    pearson: FloatArray,
    g: _Ordered,
    z: float,
) -> Slope:
    df = g.groups - 2
    dispersion = np.where(df > 0, np.maximum(pearson / np.maximum(df, 1), 1.0), 1.0)
    missing = np.isnan(sii)
    difference = Estimate(sii, np.where(missing, np.nan, np.sqrt(sii_variance)))
    ratio = Estimate(rii, np.where(np.isnan(rii), np.nan, np.sqrt(rii_variance)))
    wide = z * np.sqrt(dispersion)
    with np.errstate(over="ignore"):  # a limit that large is infinite
        ratio_interval = Interval(
            rii * np.exp(-wide * ratio.error), rii * np.exp(wide * ratio.error)
        )
    return Slope(
        sii=difference,
        sii_interval=Interval(sii - wide * difference.error, sii + wide * difference.error),
        rii=ratio,
        rii_interval=ratio_interval,
        dispersion=np.where(missing, np.nan, dispersion),
    )

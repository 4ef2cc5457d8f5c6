"""One number for how far several groups are apart, each with its standard error.

Counts are arrays [..., groups]; the groups exclude each other and have no order (for ordered ones see
`measures.stats.ordered`). Groups without a denominator are left out; with fewer than two groups left
there is no index (NaN). Everything is in proportions and their powers; weights are shares of
people. Standard errors treat weights and the chosen reference as fixed and groups as independent; NaN
where only the bootstrap (`measures.stats.bootstrap`) gives one.

With w = n / Σn, p = x / n, v = pq/n and μ = Σ w p.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import checked_counts

FloatArray = NDArray[np.float64]


class Estimate(NamedTuple):
    """An index and its standard error, arrays of one shape."""

    value: FloatArray
    error: FloatArray


class _Groups:
    """p and v are 0 and some is False in groups without people, so that sums pass over them."""

    def __init__(self, x: ArrayLike, n: ArrayLike) -> None:
        hits, sizes = checked_counts(x, n)
        self.x: FloatArray = hits.astype(np.float64)
        self.n: FloatArray = sizes.astype(np.float64)
        self.some: NDArray[np.bool_] = self.n > 0.0
        self.count: NDArray[np.int64] = self.some.sum(axis=-1)
        people = self.n.sum(axis=-1, keepdims=True)
        nothing = np.zeros(self.n.shape)
        self.p: FloatArray = np.divide(self.x, self.n, out=nothing.copy(), where=self.some)
        self.v: FloatArray = self.p * (1.0 - self.p) / np.where(self.some, self.n, 1.0)
        self.w: FloatArray = np.divide(self.n, people, out=nothing, where=people > 0.0)
        # Of whole numbers, so that equal rates are exactly equal to their mean.
        met = self.x.sum(axis=-1, keepdims=True)
        mean = np.divide(met, people, out=np.zeros(people.shape), where=people > 0.0)
        self.mean: FloatArray = np.asarray(mean[..., 0])

    @property
    def off(self) -> FloatArray:
        """p - μ."""
        return self.p - self.mean[..., None]

    def estimate(self, value: FloatArray, variance: FloatArray | None = None) -> Estimate:
        """NaN where fewer than two groups have people."""
        error = np.full(value.shape, np.nan) if variance is None else np.sqrt(variance)
        several = self.count >= 2
        return Estimate(np.where(several, value, np.nan), np.where(several, error, np.nan))

    def mean_of(self, values: FloatArray, weighted: bool) -> FloatArray:
        if weighted:
            return np.asarray((self.w * values).sum(axis=-1))
        return np.asarray(np.where(self.some, values, 0.0).sum(axis=-1) / np.maximum(self.count, 1))

    def at(self, values: FloatArray, index: NDArray[np.int64]) -> FloatArray:
        """The value of the group `index` of each row."""
        return np.asarray(np.take_along_axis(values, index[..., None], axis=-1)[..., 0])

    def extreme(self, highest: ArrayLike) -> NDArray[np.int64]:
        """Index of the highest (lowest) rate; of equal ones that with more people, then the first."""
        sign = np.where(np.asarray(highest, dtype=bool), 1.0, -1.0)[..., None]
        score = np.where(self.some, sign * self.p, -np.inf)
        tied = self.some & (score == score.max(axis=-1, keepdims=True))
        return np.asarray(np.where(tied, self.n, -1.0).argmax(axis=-1))

    def reference(self, index: ArrayLike) -> NDArray[np.int64]:
        given = np.broadcast_to(np.asarray(index, dtype=np.int64), self.mean.shape)
        if ((given < 0) | (given >= self.p.shape[-1])).any():
            raise ValueError("The reference is none of the groups.")
        return given


def _divided(value: FloatArray, by: FloatArray) -> FloatArray:
    """NaN where `by` is 0."""
    return np.asarray(np.divide(value, by, out=np.full(by.shape, np.nan), where=by > 0.0))


# --- spread around the overall rate ------------------------------------------------------------------


def between_group_variance(x: ArrayLike, n: ArrayLike) -> Estimate:
    """BGV = Σ w (p - μ)². Above 0 by chance even where there is no disparity.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Ahn et al. (2018), Statistical Methods in Medical Research 27:3653 (standard error).
    """
    g = _Groups(x, n)
    value = (g.w * g.off**2).sum(axis=-1)
    square = g.w**2 * g.v
    variance = 4.0 * (square * g.off**2).sum(axis=-1) + 2.0 * (
        square.sum(axis=-1) ** 2
        - (square**2).sum(axis=-1)
        + (g.w**2 * (1.0 - g.w) ** 2 * g.v**2).sum(axis=-1)
    )
    return g.estimate(value, variance)


def between_group_variance_corrected(x: ArrayLike, n: ArrayLike) -> Estimate:
    """BGV less what chance alone adds, Σ w (1 - w) v; at least 0. The error is that of BGV."""
    g = _Groups(x, n)
    plain = between_group_variance(x, n)
    return Estimate(
        np.maximum(plain.value - (g.w * (1.0 - g.w) * g.v).sum(axis=-1), 0.0), plain.error
    )


def between_group_sd(x: ArrayLike, n: ArrayLike) -> Estimate:
    """BGSD = √BGV. The error is the delta method's: poor near 0, NaN at 0."""
    return _root(between_group_variance(x, n))


def between_group_sd_corrected(x: ArrayLike, n: ArrayLike) -> Estimate:
    """√ of the corrected BGV: the typical distance of a person's group from the overall rate.

    One of the two headline indices. Its interval is the bootstrap's.
    """
    return _root(between_group_variance_corrected(x, n))


def _root(variance: Estimate) -> Estimate:
    root = np.sqrt(variance.value)
    return Estimate(root, _divided(variance.error, 2.0 * root))


def coefficient_of_variation(x: ArrayLike, n: ArrayLike) -> Estimate:
    """BGSD / μ; NaN where nobody met the measure. Changes with the level although no gap does."""
    g = _Groups(x, n)
    return g.estimate(_divided(between_group_sd(x, n).value, g.mean))


def mean_difference_from_mean(x: ArrayLike, n: ArrayLike, *, weighted: bool) -> Estimate:
    """MDM = mean of |p - μ| over groups, or over people if `weighted`."""
    g = _Groups(x, n)
    return g.estimate(g.mean_of(np.abs(g.off), weighted))


def index_of_disparity(x: ArrayLike, n: ArrayLike, *, weighted: bool) -> Estimate:
    """IDis around the overall rate: MDM / μ as a proportion (times 100: percent)."""
    g = _Groups(x, n)
    return g.estimate(_divided(g.mean_of(np.abs(g.off), weighted), g.mean))


def theil(x: ArrayLike, n: ArrayLike) -> Estimate:
    """T = Σ w r ln r with r = p / μ; a group at 0 adds its limit, 0. NaN where μ is 0.

    Often printed times 1000, value and error alike.
    """
    g = _Groups(x, n)
    r = np.nan_to_num(_divided(g.p, np.broadcast_to(g.mean[..., None], g.p.shape)))
    log = np.log(np.where(r > 0.0, r, 1.0))
    inner = (g.w * r * (1.0 + log)).sum(axis=-1, keepdims=True)
    # A group at 0 has no sampling variance, so its slope does not matter.
    slope = _divided((1.0 + log - inner) * g.w, np.broadcast_to(g.mean[..., None], g.p.shape))
    value = np.where(g.mean > 0.0, (g.w * r * log).sum(axis=-1), np.nan)
    return g.estimate(value, (slope**2 * g.v).sum(axis=-1))


def mean_log_deviation(x: ArrayLike, n: ArrayLike) -> Estimate:
    """MLD = - Σ w ln r with r = p / μ. NaN where a group is at 0: there is no such number."""
    g = _Groups(x, n)
    usable = (g.p > 0.0) | ~g.some
    r = np.where(g.some & usable, _divided(g.p, np.broadcast_to(g.mean[..., None], g.p.shape)), 1.0)
    r = np.where(r > 0.0, r, 1.0)
    defined = usable.all(axis=-1)
    value = np.where(defined, -(g.w * np.log(r)).sum(axis=-1), np.nan)
    slope = _divided((1.0 - 1.0 / r) * g.w, np.broadcast_to(g.mean[..., None], g.p.shape))
    return g.estimate(value, np.where(defined, (slope**2 * g.v).sum(axis=-1), np.nan))


# --- distance from a reference -----------------------------------------------------------------------


def mean_difference_from_reference(
    x: ArrayLike, n: ArrayLike, reference: ArrayLike, *, weighted: bool
) -> Estimate:
    """MDR = mean of |p - p_ref| over all groups, the reference with its 0 among them.

    Hides which groups do better than the reference; see `signed_difference_from_reference`. NaN where
    the reference has no denominator.

    Raises:
        ValueError: `reference` is none of the groups.
    """
    g = _Groups(x, n)
    chosen = g.reference(reference)
    distance = np.abs(g.p - g.at(g.p, chosen)[..., None])
    return _if_reference(g, chosen, g.estimate(g.mean_of(distance, weighted)))


def signed_difference_from_reference(
    x: ArrayLike, n: ArrayLike, reference: ArrayLike, *, weighted: bool
) -> Estimate:
    """Mean of p - p_ref over all groups: gaps in both directions cancel.

    Weighted by people it is μ - p_ref: by how much the overall rate would change if everybody's
    were the reference's, with the sign turned. One of the two headline indices. NaN where the
    reference has no denominator.

    Raises:
        ValueError: `reference` is none of the groups.
    """
    g = _Groups(x, n)
    chosen = g.reference(reference)
    value = g.mean_of(g.p, weighted) - g.at(g.p, chosen)
    is_reference = np.arange(g.p.shape[-1]) == chosen[..., None]
    weight = g.w if weighted else g.some / np.maximum(g.count, 1)[..., None]
    variance = ((weight - is_reference) ** 2 * g.v).sum(axis=-1)
    return _if_reference(g, chosen, g.estimate(value, variance))


def index_of_disparity_from_reference(x: ArrayLike, n: ArrayLike, reference: ArrayLike) -> Estimate:
    """Σ |p - p_ref| / ((k - 1) p_ref) over the k - 1 other groups; NaN where p_ref is 0.

    Raises:
        ValueError: `reference` is none of the groups.
    Source: Pearcy & Keppel (2002), Public Health Reports 117:273-280.
    """
    g = _Groups(x, n)
    chosen = g.reference(reference)
    base = g.at(g.p, chosen)
    total = np.where(g.some, np.abs(g.p - base[..., None]), 0.0).sum(axis=-1)
    value = _divided(total, base * np.maximum(g.count - 1, 1))
    return _if_reference(g, chosen, g.estimate(value))


def mean_difference_from_best(
    x: ArrayLike, n: ArrayLike, *, higher_is_better: ArrayLike, weighted: bool
) -> Estimate:
    """MDB = mean of |p - p_best| over all groups, the best with its 0 among them.

    Above 0 by chance even where there is no disparity, and much so with small groups.
    """
    g = _Groups(x, n)
    best = g.at(g.p, g.extreme(higher_is_better))
    return g.estimate(g.mean_of(np.abs(g.p - best[..., None]), weighted))


def population_attributable_risk(
    x: ArrayLike, n: ArrayLike, *, higher_is_better: ArrayLike
) -> Estimate:
    """PAR = p_best - μ: the change of the overall rate if all groups had the best one's.

    At or below 0 where lower is better.

    Source: Walter (1978), American Journal of Epidemiology 108:1-10 (standard error).
    """
    g = _Groups(x, n)
    fraction = population_attributable_fraction(x, n, higher_is_better=higher_is_better)
    best = g.at(g.p, g.extreme(higher_is_better))
    return Estimate(g.estimate(best - g.mean).value, g.mean * fraction.error)


def population_attributable_fraction(
    x: ArrayLike, n: ArrayLike, *, higher_is_better: ArrayLike
) -> Estimate:
    """PAF = PAR / μ as a proportion, value and error alike; NaN where nobody met the measure.

    Source: Walter (1978), American Journal of Epidemiology 108:1-10 (standard error).
    """
    g = _Groups(x, n)
    best = g.extreme(higher_is_better)
    people = g.n.sum(axis=-1)
    c = g.at(g.x, best)
    d = g.at(g.n, best) - c
    a = g.x.sum(axis=-1) - c
    b = people - a - c - d
    square = _divided(c * people * (a * d * (people - c) + b * c**2), (a + c) ** 3 * (c + d) ** 3)
    return g.estimate(_divided(g.at(g.p, best) - g.mean, g.mean), square)


# --- the extremes ------------------------------------------------------------------------------------


def range_difference(x: ArrayLike, n: ArrayLike) -> Estimate:
    """Highest less lowest rate. Grows with the number of groups, also by chance."""
    g = _Groups(x, n)
    high, low = g.extreme(True), g.extreme(False)
    return g.estimate(g.at(g.p, high) - g.at(g.p, low), g.at(g.v, high) + g.at(g.v, low))


def range_ratio(x: ArrayLike, n: ArrayLike) -> Estimate:
    """Highest by lowest rate; the error is that of its logarithm, NaN where the lowest is 0.

    +inf where only the lowest is 0, NaN where both are.
    """
    g = _Groups(x, n)
    high, low = g.extreme(True), g.extreme(False)
    return _ratio(g, high, low)


def worst_difference(
    x: ArrayLike, n: ArrayLike, reference: ArrayLike, *, higher_is_better: ArrayLike
) -> Estimate:
    """Rate of the worst other group less that of the reference: the largest gap.

    Raises:
        ValueError: `reference` is none of the groups.
    """
    g = _Groups(x, n)
    chosen, worst = _worst_other(g, reference, higher_is_better)
    found = g.estimate(g.at(g.p, worst) - g.at(g.p, chosen), g.at(g.v, worst) + g.at(g.v, chosen))
    return _if_reference(g, chosen, found)


def worst_ratio(
    x: ArrayLike, n: ArrayLike, reference: ArrayLike, *, higher_is_better: ArrayLike
) -> Estimate:
    """Rate of the worst other group by that of the reference; error of the logarithm.

    Raises:
        ValueError: `reference` is none of the groups.
    """
    g = _Groups(x, n)
    chosen, worst = _worst_other(g, reference, higher_is_better)
    return _if_reference(g, chosen, _ratio(g, worst, chosen))


def _worst_other(
    g: _Groups, reference: ArrayLike, higher_is_better: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    chosen = g.reference(reference)
    sign = np.where(np.asarray(higher_is_better, dtype=bool), -1.0, 1.0)[..., None]
    others = g.some & (np.arange(g.p.shape[-1]) != chosen[..., None])
    score = np.where(others, sign * g.p, -np.inf)
    tied = others & (score == score.max(axis=-1, keepdims=True))
    return chosen, np.asarray(np.where(tied, g.n, -1.0).argmax(axis=-1))


def _ratio(g: _Groups, upper: NDArray[np.int64], lower: NDArray[np.int64]) -> Estimate:
    top, bottom = g.at(g.p, upper), g.at(g.p, lower)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = top / bottom
        variance = g.at(g.v, upper) / top**2 + g.at(g.v, lower) / bottom**2
    return g.estimate(value, np.where((top > 0.0) & (bottom > 0.0), variance, np.nan))


def _if_reference(g: _Groups, chosen: NDArray[np.int64], found: Estimate) -> Estimate:
    there = g.at(g.n, chosen) > 0.0
    return Estimate(np.where(there, found.value, np.nan), np.where(there, found.error, np.nan))

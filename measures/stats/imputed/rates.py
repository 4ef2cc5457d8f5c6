"""Rates and gaps from sums of probabilities: two estimates that bracket the truth under stated conditions.

The weighted estimate is right if the outcome does not depend on race among people of the same name and
place; the linear one is right if name and place do not matter among people of the same race. Reality lies
between as a rule: when what is left unexplained has the sign of the gap, the weighted gap is too small and
the linear one too large. Both ends are shown, never one of them alone.

Source: Chen et al. (2019), FAT* '19, 339-348; Elzayn et al. (2025), Quarterly Journal of Economics
140:113-163.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from measures.stats.imputed.sums import PAIRS, RATED, REPORTED, Sums, symmetric
from measures.stats.power import USUAL_POWER
from measures.stats.rates import Interval, z_value

Floats = NDArray[np.float64]

LEAST_EFFECTIVE = 30.0
"""Smallest effective number of people behind a rate that is shown."""
LEAST_EXPECTED = 11.0
"""Smallest expected number of people behind a rate that is shown."""

_K, _Y, _KK, _KY, _YY = range(5)


@dataclass(frozen=True)
class Estimate:
    """rates: (5,) proportions in the order of `RATED`, NaN where a group has nobody.

    covariance: (5, 5) of the rates, NaN likewise; all groups rest on the same people, so it is not
    diagonal.
    """

    rates: Floats
    covariance: Floats

    def standard_error(self, group: int) -> float:
        return float(np.sqrt(max(self.covariance[group, group], 0.0)))

    def gap(self, group: int, reference: int) -> tuple[float, float]:
        """(rate of the group - rate of the reference, its standard error)."""
        c = self.covariance
        variance = c[group, group] + c[reference, reference] - 2 * c[group, reference]
        return (
            float(self.rates[group] - self.rates[reference]),
            float(np.sqrt(max(variance, 0.0))) if np.isfinite(variance) else float("nan"),
        )


def n_effective(sums: Sums) -> Floats:
    """(Σ P k)² / Σ P² k²: people of one group who would say as much, (5,); 0 where there is nobody.

    Source: Kish (1965), Survey Sampling, 8.2.
    """
    squares = np.diag(sums.square(_KK))
    expected = sums.expected
    return np.divide(expected**2, squares, out=np.zeros_like(expected), where=squares > 0)


def weighted(sums: Sums) -> Estimate:
    """Rates as means weighted by probability, Σ P y / Σ P.

    Standard errors by influence, IF_i = P_i (Y_i - μ k_i) / Σ P k, summed within a person before they
    are squared. Of a difference: the influences are subtracted first, because the same person stands in
    both groups.
    """
    expected, met = sums.expected, sums.expected_met
    some = expected > 0
    rates = np.divide(met, expected, out=np.full_like(met, np.nan), where=some)
    mean = np.where(some, rates, 0.0)
    kk, ky, yy = (sums.square(c) for c in (_KK, _KY, _YY))
    products = yy - (mean[:, None] + mean[None, :]) * ky + mean[:, None] * mean[None, :] * kk
    scale = expected[:, None] * expected[None, :]
    covariance = np.divide(products, scale, out=np.full_like(products, np.nan), where=scale > 0)
    return Estimate(rates, covariance)


def linear(sums: Sums) -> Estimate:
    """Rates as coefficients of a least-squares regression of the outcome on the probabilities.

    No intercept. Rates can leave 0 to 1. Covariance by the sandwich formula, residuals summed within a
    person. NaN for groups without anybody, and for all where the probabilities say the same of
    everybody, so that groups cannot be told apart.

    Source: White (1980), Econometrica 48:817-838; Liang & Zeger (1986), Biometrika 73:13-22.
    """
    size = len(RATED)
    rates = np.full(size, np.nan)
    covariance = np.full((size, size), np.nan)
    present = np.flatnonzero(sums.expected > 0)
    if not len(present):
        return Estimate(rates, covariance)
    at = np.ix_(present, present)
    gram = sums.square(_K)[at]
    scale = np.sqrt(np.diag(gram))
    if np.linalg.cond(gram / np.outer(scale, scale)) > 1e10:
        return Estimate(rates, covariance)
    inverse = np.linalg.inv(gram)
    beta = np.zeros(size)
    beta[present] = inverse @ sums.expected_met[present]
    # Σ P_r P_s (Y - k P'β)², expanded.
    double = np.array([beta[t] * beta[u] * (1 if t == u else 2) for t, u in PAIRS])
    squares = sums.second[:, _YY] - 2 * sums.third @ beta + sums.fourth @ double
    meat = symmetric(squares)[at]
    rates[present] = beta[present]
    covariance[at] = inverse @ meat @ inverse
    return Estimate(rates, covariance)


def expectation_maximisation(
    probabilities: Floats, rows: Floats, met: Floats, *, most: int = 2000, tolerance: float = 1e-10
) -> Floats:
    """Rates that make the outcomes most likely, if name and place do not matter given race; (5,).

    probabilities: (people, 5); rows, met: per person, as in `sums.sum_people`. μ_r ← Σ Y π / Σ k π with
    π ∝ P μ^Y (1-μ)^(k-Y). Rates of groups without anybody are NaN. Stops when no rate moves by
    `tolerance`, after `most` rounds at the latest.

    Source: McCartan et al. (2025), JASA, the method without covariates; Dempster, Laird & Rubin (1977).
    """
    p = np.asarray(probabilities, np.float64)
    k, y = np.asarray(rows, np.float64), np.asarray(met, np.float64)
    size = p.shape[1]
    expected = p.T @ k
    present = expected > 0
    rates = np.full(size, np.nan)
    if not present.any():
        return rates
    # People with the same number of rows and the same outcome go together.
    outcomes = [
        (rows_, met_, np.ascontiguousarray(p[np.ix_((k == rows_) & (y == met_), present)]))
        for rows_, met_ in sorted(set(zip(k.tolist(), y.tolist(), strict=True)))
        if rows_ > 0
    ]
    # From the weighted rates, pulled a little to the middle: 0 and 1 never move.
    mu = np.clip((p.T @ y)[present] / expected[present], 1e-6, 1 - 1e-6)
    for _ in range(most):
        top, bottom = np.zeros(len(mu)), np.zeros(len(mu))
        for rows_, met_, q in outcomes:
            chance = mu**met_ * (1 - mu) ** (rows_ - met_)
            share = chance * (q.T @ (1.0 / (q @ chance)))
            top += met_ * share
            bottom += rows_ * share
        new = np.clip(top / bottom, 1e-12, 1 - 1e-12)
        moved = float(np.abs(new - mu).max())
        mu = new
        if moved < tolerance:
            break
    rates[present] = mu
    return rates


@dataclass(frozen=True)
class RateRange:
    """One group's rate as a range; proportions.

    low, high: the two estimates in order, cut to 0 to 1. lower, upper: 95 % limits around both. weighted,
    linear: the estimates themselves (linear can leave 0 to 1). expected: Σ P k. is_shown: enough people
    stand behind it.
    """

    group: str
    weighted: float
    linear: float
    low: float
    high: float
    lower: float
    upper: float
    expected: float
    n_effective: float
    is_shown: bool


@dataclass(frozen=True)
class GapRange:
    """Rate of one group less that of another as a range; proportions, -1 to 1.

    low ≤ high are the two estimates; lower and upper 95 % limits around both. excludes_zero: both
    estimates and both their limits lie on one side of 0.
    """

    group: str
    reference: str
    weighted: float
    linear: float
    low: float
    high: float
    lower: float
    upper: float
    is_shown: bool

    @property
    def excludes_zero(self) -> bool:
        return self.lower > 0 or self.upper < 0

    @property
    def detectable(self) -> float:
        """Smallest true gap that would be found 8 times in 10; a proportion above 0.

        Found is what `excludes_zero` says, so it has to clear the width of the range and, from the end that is
        nearer to 0, its limit and what chance can take away: 1.96 + 0.84 standard errors.
        """
        reach = max(self.low - self.lower, self.upper - self.high)
        of_error = (z_value(0.95) + float(ndtri(USUAL_POWER))) / z_value(0.95)
        return float(self.high - self.low + reach * of_error)


def fractional_wilson(rate: Floats, size: Floats, level: float = 0.95) -> Interval:
    """Wilson interval of a rate on an effective, not whole, number of people; NaN where that is 0.

    Source: Wilson (1927), JASA 22:209-212, with the effective number in place of the count.
    """
    n = np.where(size > 0, size, np.nan)
    z = z_value(level)
    shrink = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z * np.sqrt(np.clip(rate * (1 - rate), 0, None) / n + z * z / (4 * n * n)) / shrink
    return Interval(np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1))


def rate_ranges(sums: Sums, level: float = 0.95) -> tuple[RateRange, ...]:
    """The groups of `REPORTED`, each with both estimates."""
    return _ranges(sums, weighted(sums), linear(sums), level)


def rates_and_gaps(
    sums: Sums, reference: str, level: float = 0.95
) -> tuple[tuple[RateRange, ...], dict[str, GapRange]]:
    """`rate_ranges`, and by group the gap to the reference: the estimates are worked out once."""
    estimates = weighted(sums), linear(sums)
    rates = _ranges(sums, *estimates, level)
    shown = {rate.group for rate in rates if rate.is_shown}
    return rates, {
        group: _gap(estimates, shown, group, reference, level)
        for group in REPORTED
        if group != reference
    }


def _ranges(
    sums: Sums, by_weight: Estimate, by_line: Estimate, level: float
) -> tuple[RateRange, ...]:
    expected, effective = sums.expected, n_effective(sums)
    interval = fractional_wilson(by_weight.rates, effective, level)
    z = z_value(level)
    ranges = []
    for n, group in enumerate(REPORTED):
        estimates = [by_weight.rates[n], by_line.rates[n]]
        limits = [interval.lower[n], interval.upper[n]]
        if np.isfinite(by_line.rates[n]):
            error = z * by_line.standard_error(n)
            limits += [by_line.rates[n] - error, by_line.rates[n] + error]
        known = np.clip([e for e in estimates if np.isfinite(e)] or [np.nan], 0, 1)
        ranges.append(
            RateRange(
                group=group,
                weighted=float(estimates[0]),
                linear=float(estimates[1]),
                low=float(known.min()),
                high=float(known.max()),
                lower=float(np.clip(min(limits), 0, 1)),
                upper=float(np.clip(max(limits), 0, 1)),
                expected=float(expected[n]),
                n_effective=float(effective[n]),
                is_shown=bool(
                    effective[n] >= LEAST_EFFECTIVE
                    and expected[n] >= LEAST_EXPECTED
                    and np.isfinite(by_line.rates[n])
                ),
            )
        )
    return tuple(ranges)


def gap_range(sums: Sums, group: str, reference: str, level: float = 0.95) -> GapRange:
    """The gap between two groups of `REPORTED`; shown only if both rates are.

    Raises:
        ValueError: a group that is not reported indirectly.
    """
    for name in (group, reference):
        if name not in REPORTED:
            raise ValueError(f"Nothing is reported indirectly about “{name}”.")
    estimates = weighted(sums), linear(sums)
    shown = {rate.group for rate in _ranges(sums, *estimates, level) if rate.is_shown}
    return _gap(estimates, shown, group, reference, level)


def _gap(
    estimates: tuple[Estimate, Estimate],
    shown: Collection[str],
    group: str,
    reference: str,
    level: float,
) -> GapRange:
    g, r = REPORTED.index(group), REPORTED.index(reference)
    z = z_value(level)
    gaps, limits = [], []
    for estimate in estimates:
        gap, error = estimate.gap(g, r)
        gaps.append(gap)
        if np.isfinite(gap):
            limits += [gap - z * error, gap + z * error]
    known = [gap for gap in gaps if np.isfinite(gap)] or [float("nan")]
    return GapRange(
        group=group,
        reference=reference,
        weighted=gaps[0],
        linear=gaps[1],
        low=float(np.clip(min(known), -1, 1)),
        high=float(np.clip(max(known), -1, 1)),
        lower=float(np.clip(min(limits, default=float("nan")), -1, 1)),
        upper=float(np.clip(max(limits, default=float("nan")), -1, 1)),
        is_shown=group in shown and reference in shown,
    )

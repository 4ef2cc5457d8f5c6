"""When a rate rests on too few people to be reported, and how much of a difference is real.

Units (groups, sites) of one measure and stratum are taken to have true rates from one beta
distribution. What units share is then known better than any one unit's own rate, and a rate of few
people is pulled towards it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import betaincinv, expit, gammaln

from measures.stats.rates import Interval, checked_counts, z_value

FloatArray = NDArray[np.float64]

LEAST_DENOMINATOR = 30
"""HEDIS reports "NA" (small denominator) below this."""

_LEAST = 1e-7  # a correlation below this is none
_MOST = 0.999


@dataclass(frozen=True)
class BetaBinomial:
    """Distribution of the true rates of units. correlation: ρ = 1 / (α + β + 1), 0 if all are equal.

    variance: of true rates, μ (1 - μ) ρ. Its limits come from the profile likelihood; with a dozen units
    they are wide, and 0 is often among them.
    """

    mean: float
    correlation: float
    variance: float
    variance_lower: float
    variance_upper: float
    units: int

    @property
    def strength(self) -> float:
        """α + β: the number of people that the shared rate counts for; infinite if all are equal."""
        return np.inf if self.correlation == 0.0 else 1.0 / self.correlation - 1.0


def fit_beta_binomial(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> BetaBinomial:
    """Maximum likelihood over units; those without a denominator are left out.

    Raises:
        ValueError: impossible counts, or fewer than two units with people.
    Source: Adams (2009), The Reliability of Provider Profiling, RAND TR-653.
    """
    hits, sizes = (count.ravel() for count in checked_counts(x, n))
    hits, sizes = hits[sizes > 0], sizes[sizes > 0]
    if len(sizes) < 2:
        raise ValueError("How far units are apart needs two units with people.")
    overall = hits.sum() / sizes.sum()
    allowed = z_value(level) ** 2 / 2.0
    if overall in (0.0, 1.0):
        return BetaBinomial(float(overall), 0.0, 0.0, 0.0, 0.0, len(sizes))

    def at(correlation: float) -> tuple[float, float]:
        """Mean that fits best at this correlation, and the log-likelihood there."""
        if correlation == 0.0:
            return float(overall), _log_likelihood(hits, sizes, float(overall), 0.0)
        found = minimize_scalar(
            lambda logit: -_log_likelihood(hits, sizes, float(expit(logit)), correlation),
            bounds=(-20.0, 20.0),
            method="bounded",
            options={"xatol": 1e-10},
        )
        return float(expit(found.x)), -float(found.fun)

    # On a grid first: with few units the likelihood can be nearly flat.
    grid = np.concatenate([[_LEAST], np.geomspace(1e-5, _MOST, 40)])
    heights = [at(rho)[1] for rho in grid]
    best = int(np.argmax(heights))
    found = minimize_scalar(
        lambda log_rho: -at(float(np.exp(log_rho)))[1],
        bounds=(np.log(grid[max(best - 1, 0)]), np.log(grid[min(best + 1, len(grid) - 1)])),
        method="bounded",
        options={"xatol": 1e-9},
    )
    rho, peak = float(np.exp(found.x)), -float(found.fun)
    none = at(0.0)[1]
    if none >= peak - 1e-9:
        rho, peak = 0.0, none
    mean = at(rho)[0]

    def drop(correlation: float) -> float:
        return peak - allowed - at(correlation)[1]

    lower = 0.0 if drop(0.0) <= 0.0 else brentq(drop, _LEAST, rho, xtol=1e-12)
    start = max(rho, _LEAST)
    upper = _MOST if drop(_MOST) <= 0.0 else brentq(drop, start, _MOST, xtol=1e-12)
    spread = mean * (1.0 - mean)
    return BetaBinomial(
        mean=mean,
        correlation=rho,
        variance=spread * rho,
        variance_lower=spread * lower,
        variance_upper=spread * upper,
        units=len(sizes),
    )


def reliability(n: ArrayLike, fit: BetaBinomial) -> FloatArray:
    """Share of the variance of observed rates that is real, n / (n + α + β), 0 to 1; NaN at n = 0."""
    sizes = checked_counts(0, n)[1]
    if fit.correlation == 0.0:
        return np.where(sizes > 0, 0.0, np.nan)
    with np.errstate(invalid="ignore"):
        return np.where(sizes > 0, sizes / (sizes + fit.strength), np.nan)


def shrunken_rate(x: ArrayLike, n: ArrayLike, fit: BetaBinomial) -> FloatArray:
    """(x + α) / (n + α + β): the rate pulled towards the units' mean; the mean itself at n = 0."""
    hits, sizes = checked_counts(x, n)
    if fit.correlation == 0.0:
        return np.full(sizes.shape, fit.mean)
    return np.asarray((hits + fit.mean * fit.strength) / (sizes + fit.strength))


def shrunken_interval(
    x: ArrayLike, n: ArrayLike, fit: BetaBinomial, level: float = 0.95
) -> Interval:
    """Range of the true rate given the unit's counts and the units' distribution, that being known.

    Too narrow where few units say little about the distribution: see `BetaBinomial.variance_lower`.
    """
    hits, sizes = checked_counts(x, n)
    z_value(level)
    if fit.correlation == 0.0:
        mean = np.full(sizes.shape, fit.mean)
        return Interval(mean, mean.copy())
    a = np.asarray(hits + fit.mean * fit.strength, dtype=np.float64)
    b = sizes - hits + (1.0 - fit.mean) * fit.strength
    tail = (1.0 - level) / 2.0
    return Interval(
        np.asarray(betaincinv(a, b, tail), dtype=np.float64),
        np.asarray(1.0 - betaincinv(b, a, tail), dtype=np.float64),
    )


def _log_likelihood(
    x: NDArray[np.int64], n: NDArray[np.int64], mean: float, correlation: float
) -> float:
    """Without the binomial coefficients, which are the same for every fit."""
    if correlation == 0.0:
        return float((x * np.log(mean) + (n - x) * np.log1p(-mean)).sum())
    strength = 1.0 / correlation - 1.0
    a, b = mean * strength, (1.0 - mean) * strength
    return float(
        (
            (gammaln(x + a) - gammaln(a))
            + (gammaln(n - x + b) - gammaln(b))
            - (gammaln(n + a + b) - gammaln(a + b))
        ).sum()
    )

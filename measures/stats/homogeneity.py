"""Do the rates of several groups differ at all? Pearson's chi-square, exact, or by simulation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, gammaln

from measures.stats.gaps import LEAST_EXPECTED
from measures.stats.rates import checked_counts

DRAWS = 9_999
MOST_TABLES = 50_000
"""More possible tables than this are not counted out but drawn."""

_TIE = 1e-7  # log probabilities that differ by less differ by rounding only


class Method(StrEnum):
    CHI_SQUARE = "chi-square"
    EXACT = "exact"
    SIMULATED = "simulated"
    NONE = "not tested"


@dataclass(frozen=True)
class ChiSquare:
    """Arrays without the axis of groups. `trusted`: every expected count is 5 or more."""

    statistic: NDArray[np.float64]
    df: NDArray[np.int64]
    p_value: NDArray[np.float64]
    trusted: NDArray[np.bool_]


@dataclass(frozen=True)
class Homogeneity:
    """p-value of "all groups have the same rate", and how it was found; `seed` if by drawing."""

    p_value: float
    method: Method
    groups: int
    seed: int | None = None


def chi_square(x: ArrayLike, n: ArrayLike) -> ChiSquare:
    """Pearson's chi-square of equal rates over groups, the last axis of the counts.

    Groups without a denominator are left out. NaN with fewer than two groups; p = 1 where all rates
    are 0 or all are 1.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    hits, sizes = (count.astype(np.float64) for count in checked_counts(x, n))
    some = sizes > 0.0
    df = some.sum(axis=-1) - 1
    people, met = sizes.sum(axis=-1), hits.sum(axis=-1)
    mean = np.divide(met, people, out=np.zeros(met.shape), where=people > 0.0)
    spread = mean * (1.0 - mean)
    square = np.divide(
        (hits - sizes * mean[..., None]) ** 2, sizes, out=np.zeros(sizes.shape), where=some
    ).sum(axis=-1)
    statistic = np.divide(square, spread, out=np.zeros(square.shape), where=spread > 0.0)
    smallest = np.where(some, sizes, people[..., None]).min(axis=-1)
    # In whole numbers, so that rounding does not decide.
    trusted = smallest * np.minimum(met, people - met) >= LEAST_EXPECTED * people
    tested = df >= 1
    return ChiSquare(
        statistic=np.where(tested, statistic, np.nan),
        df=np.asarray(np.maximum(df, 0)),
        p_value=np.where(tested, chdtrc(np.maximum(df, 1), statistic), np.nan),
        trusted=np.asarray(trusted & tested),
    )


def homogeneity(x: ArrayLike, n: ArrayLike, *, seed: int, draws: int = DRAWS) -> Homogeneity:
    """Test of equal rates in one row of groups: chi-square if every expected count reaches 5.

    Otherwise by the Freeman-Halton extension of Fisher's test: all tables with these margins at most
    as likely as the one seen are counted out if they are few, else drawn with the seed;
    then p = (1 + as extreme) / (1 + draws). NaN with fewer than two groups that have people.

    Raises:
        ValueError: impossible counts, or more than one row of groups.
    Source: Freeman & Halton (1951), Biometrika 38:141-149.
    """
    hits, sizes = checked_counts(x, n)
    if hits.ndim != 1:
        raise ValueError("Homogeneity is tested for one row of groups at a time.")
    some = sizes > 0
    hits, sizes = hits[some], sizes[some]
    groups = int(some.sum())
    if groups < 2:
        return Homogeneity(float("nan"), Method.NONE, groups)
    approximate = chi_square(hits, sizes)
    if approximate.trusted:
        return Homogeneity(float(approximate.p_value), Method.CHI_SQUARE, groups)
    met = int(hits.sum())
    seen = _log_ways(hits, sizes)
    tables = _all_tables(sizes, met)
    if tables is not None:
        log_p = _log_ways(tables, sizes)
        p = np.exp(log_p - log_p.max())
        return Homogeneity(float(p[log_p <= seen + _TIE].sum() / p.sum()), Method.EXACT, groups)
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(
        sizes, met, size=draws, method="marginals"
    )
    extreme = int((_log_ways(drawn, sizes) <= seen + _TIE).sum())
    return Homogeneity((1 + extreme) / (1 + draws), Method.SIMULATED, groups, seed)


def boschloo_p(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p of Boschloo's test, twice the smaller one-sided p; stronger than Fisher's.

    For small tables looked at one by one: it takes seconds where arms have hundreds. NaN if either
    arm has no denominator, 1 where both rates are 0 or both are 1.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    Source: Boschloo (1970), Statistica Neerlandica 24:1-35.
    """
    from scipy.stats import boschloo_exact  # a quarter of the time that a process takes to start

    a, m, c, n = np.broadcast_arrays(*checked_counts(x1, n1), *checked_counts(x2, n2))
    p = np.full(a.shape, np.nan)
    for at in np.ndindex(a.shape):
        if m[at] and n[at]:
            together = a[at] + c[at]
            if together in (0, m[at] + n[at]):
                p[at] = 1.0
            else:
                table = [[a[at], c[at]], [m[at] - a[at], n[at] - c[at]]]
                p[at] = min(1.0, boschloo_exact(table).pvalue)
    return p


def _log_ways(tables: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logarithm of the probability of tables [..., groups] with given margins, less a constant."""
    return np.asarray((-gammaln(tables + 1.0) - gammaln(sizes - tables + 1.0)).sum(axis=-1))


def _all_tables(sizes: NDArray[np.int64], met: int) -> NDArray[np.int64] | None:
    """Every way to spread `met` over the groups; None if that is too many to try."""
    largest = int(np.argmax(sizes))
    others = np.delete(np.arange(len(sizes)), largest)
    ranges = [range(min(int(size), met) + 1) for size in sizes[others]]
    tried = list(islice(product(*ranges), MOST_TABLES + 1))
    if len(tried) > MOST_TABLES:
        return None
    tables = np.zeros((len(tried), len(sizes)), dtype=np.int64)
    tables[:, others] = tried
    tables[:, largest] = met - tables.sum(axis=1)
    possible = (tables[:, largest] >= 0) & (tables[:, largest] <= sizes[largest])
    return np.asarray(tables[possible])

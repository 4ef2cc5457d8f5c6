"""Clopper-Pearson, Jeffreys, Agresti-Coull, Korn-Graubard, and weighted rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.rates import (
    agresti_coull,
    clopper_pearson,
    clopper_pearson_effective,
    jeffreys,
    korn_graubard,
    wilson,
    wilson_effective,
)
from tests.measures.stats.golden import read_json
from tests.reference import scores

counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
INTERVALS = {"beta": clopper_pearson, "jeffreys": jeffreys, "agresti_coull": agresti_coull}


@pytest.mark.parametrize("name", INTERVALS)
def test_interval_matches_statsmodels(name):
    cases = [case for case in read_json("statsmodels.json")["one_sample"] if "jeffreys" in case]
    assert len(cases) > 50
    for case in cases:
        found = INTERVALS[name](case["count"], case["nobs"], 1 - case["alpha"])
        np.testing.assert_allclose(found, case[name], rtol=0, atol=1e-12)


def test_weighted_rates_match_statsmodels():
    (case,) = (c for c in read_json("statsmodels.json")["one_sample"] if "fractional" in c)
    p, n = case["count"] / case["nobs"], case["nobs"]
    np.testing.assert_allclose(wilson_effective(p, n), case["wilson"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(clopper_pearson_effective(p, n), case["beta"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("design", ["independent", "clustered"])
def test_korn_graubard_matches_r(design):
    case = read_json("r_other.json")["korn_graubard"][design]
    found = korn_graubard(case["mean"], case["se"] ** 2, case["n"], case["degf"])
    np.testing.assert_allclose(found, case["beta"], rtol=0, atol=1e-8)


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_clopper_pearson_matches_sums_of_the_binomial(count, level):
    np.testing.assert_allclose(
        clopper_pearson(*count, level), scores.clopper_pearson(*count, level), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("name", INTERVALS)
@given(count=counts)
def test_intervals_mirror_and_stay_inside(name, count):
    x, n = count
    low, high = INTERVALS[name](x, n)
    assert 0 <= low < high <= 1
    mirrored = INTERVALS[name](n - x, n)
    np.testing.assert_allclose([1 - mirrored.upper, 1 - mirrored.lower], [low, high], atol=1e-12)


@given(counts)
def test_clopper_pearson_is_the_wider(count):
    exact, score = clopper_pearson(*count), wilson(*count)
    assert exact.upper - exact.lower > score.upper - score.lower - 0.02
    assert exact.lower <= count[0] / count[1] <= exact.upper


@pytest.mark.parametrize("name", INTERVALS)
def test_ends_and_empty_denominators(name):
    low, high = INTERVALS[name]([0, 9, 0, 1, 0], [9, 9, 0, 1, 1])
    assert np.isnan([low[2], high[2]]).all()
    assert (low[[0, 4]] < 0.01).all() and (high[[1, 3]] > 0.99).all()
    if name != "jeffreys":
        np.testing.assert_array_equal(low[[0, 4]], 0.0)
        np.testing.assert_array_equal(high[[1, 3]], 1.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        INTERVALS[name](1, 2, 95)


@given(counts)
def test_whole_effective_numbers_are_counts(count):
    x, n = count
    np.testing.assert_allclose(wilson_effective(x / n, n), wilson(x, n), atol=1e-12)
    np.testing.assert_allclose(
        clopper_pearson_effective(x / n, n), clopper_pearson(x, n), atol=1e-9
    )


def test_weighted_edges():
    low, high = wilson_effective([0.0, 1.0, np.nan, 0.5, 0.5], [7.5, 7.5, 9.0, 0.0, np.nan])
    np.testing.assert_array_equal(low[[0]], [0.0])
    np.testing.assert_array_equal(high[[1]], [1.0])
    assert np.isnan([low[2:], high[2:]]).all()
    with pytest.raises(ValueError, match="outside 0 to 1"):
        wilson_effective(50.0, 10)
    with pytest.raises(ValueError, match="negative"):
        clopper_pearson_effective(0.5, -1.0)


def test_korn_graubard_edges():
    # nobody met it: the variance is 0 and all 40 count
    np.testing.assert_allclose(korn_graubard(0.0, 0.0, 40, 12), clopper_pearson(0, 40))
    np.testing.assert_allclose(korn_graubard(1.0, 0.0, 40, 12), clopper_pearson(40, 40))
    # a design better than a simple sample does not count for more people than there were
    np.testing.assert_allclose(korn_graubard(0.5, 1e-6, 40, 39), clopper_pearson(20, 40))
    # as many clusters as people and their binomial variance: the plain interval
    np.testing.assert_allclose(korn_graubard(0.5, 0.25 / 40, 40, 39), clopper_pearson(20, 40))
    for arguments in [
        (np.nan, 0.1, 40, 9),
        (0.5, np.nan, 40, 9),
        (0.5, 0.1, 0, 9),
        (0.5, 0.1, 9, 0),
    ]:
        assert np.isnan(korn_graubard(*arguments)).all()
    assert not np.isnan(korn_graubard(0.5, 0.1, 9, 1)).any()  # two clusters
    with pytest.raises(ValueError, match="variance is negative"):
        korn_graubard(0.5, -0.1, 40, 9)


@given(st.floats(0.01, 0.99), st.integers(5, 400), st.integers(2, 50), st.floats(1.0, 9.0))
def test_more_clustering_widens(p, n, df, effect):
    variance = p * (1 - p) / n
    plain, clustered = (korn_graubard(p, v, n, df) for v in (variance, variance * effect))
    assert clustered.lower <= plain.lower + 1e-12 and clustered.upper >= plain.upper - 1e-12

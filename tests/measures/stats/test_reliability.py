from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from measures.stats.reliability import (
    BetaBinomial,
    fit_beta_binomial,
    reliability,
    shrunken_interval,
    shrunken_rate,
)
from tests.reference import change as slow

units = st.lists(
    st.integers(1, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=2,
    max_size=10,
)
FIT = BetaBinomial(0.6518, 0.00791, 0.6518 * 0.3482 * 0.00791, 0.0, 0.01, 12)


@settings(max_examples=25)
@given(units, st.randoms(use_true_random=False))
def test_no_other_fit_is_likelier(rows, random):
    x, n = np.array(rows).T
    fit = fit_beta_binomial(x, n)
    assert 0 <= fit.mean <= 1 and 0 <= fit.correlation < 1 and fit.units == len(rows)
    assert fit.variance_lower - 1e-12 <= fit.variance <= fit.variance_upper + 1e-12
    if not 0 < x.sum() < n.sum():
        assert fit.correlation == fit.variance_upper == 0 and fit.mean in (0, 1)
        return
    peak = slow.beta_binomial_log_likelihood(x, n, fit.mean, fit.correlation)
    for mean in np.clip(fit.mean + np.array([-0.1, -0.01, 0, 0.01, 0.1]), 0.001, 0.999):
        for rho in (
            0,
            *np.clip(fit.correlation * np.array([0.5, 0.9, 1.1, 2]), 0, 0.998),
            0.01,
            0.5,
        ):
            assert slow.beta_binomial_log_likelihood(x, n, mean, rho) <= peak + 1e-5
    random.shuffle(rows)
    rows.append((0, 0))
    again = fit_beta_binomial(*np.array(rows).T)
    np.testing.assert_allclose(again.variance, fit.variance, rtol=1e-3, atol=1e-6)
    turned = fit_beta_binomial(n - x, n)
    np.testing.assert_allclose(turned.mean, 1 - fit.mean, atol=1e-4)


def test_limits_are_where_the_likelihood_has_fallen():
    rng = np.random.default_rng(1)
    n = rng.integers(50, 600, 12)
    x = rng.binomial(n, rng.beta(6.5, 3.5, 12))
    fit = fit_beta_binomial(x, n)
    peak = slow.beta_binomial_log_likelihood(x, n, fit.mean, fit.correlation)
    spread = fit.mean * (1 - fit.mean)
    for variance in (fit.variance_lower, fit.variance_upper):
        best = max(
            slow.beta_binomial_log_likelihood(x, n, mean, variance / spread)
            for mean in np.linspace(fit.mean - 0.1, fit.mean + 0.1, 201)
        )
        np.testing.assert_allclose(peak - best, 1.920729, atol=2e-3)
    wider = fit_beta_binomial(x, n, level=0.99)
    assert wider.variance_lower < fit.variance_lower < fit.variance_upper < wider.variance_upper


def test_known_distribution_is_found_from_many_units():
    rng = np.random.default_rng(2)
    n = rng.integers(50, 500, 1500)
    fit = fit_beta_binomial(rng.binomial(n, rng.beta(80, 43, 1500)), n)
    np.testing.assert_allclose(fit.mean, 80 / 123, atol=0.005)
    np.testing.assert_allclose(fit.correlation, 1 / 124, rtol=0.15)
    true = 80 * 43 / 123**2 / 124
    assert fit.variance_lower < true < fit.variance_upper


def test_equal_units_have_no_variance_but_a_limit():
    fit = fit_beta_binomial([70, 35, 7], [100, 50, 10])
    np.testing.assert_allclose(fit.mean, 0.7)
    assert fit.variance == fit.variance_lower == 0 < fit.variance_upper
    assert fit.strength == np.inf
    np.testing.assert_array_equal(reliability([10, 1, 0], fit), [0, 0, np.nan])
    np.testing.assert_allclose(shrunken_rate([0, 9], [9, 9], fit), 0.7)
    np.testing.assert_allclose(shrunken_interval([0, 9], [9, 9], fit), 0.7)


def test_opposite_units_have_nearly_all():
    fit = fit_beta_binomial([100, 0, 100, 0], [100] * 4)
    assert fit.correlation > 0.9 and fit.variance_upper <= 0.25


def test_reliability_is_the_published_number():
    np.testing.assert_allclose(reliability(100, FIT), 0.44, atol=0.005)
    n, rho = 100, FIT.correlation
    np.testing.assert_allclose(reliability(n, FIT), n * rho / (1 + (n - 1) * rho))
    found = reliability([0, 1, 100, 100_000], FIT)
    assert np.isnan(found[0]) and (np.diff(found[1:]) > 0).all() and found[-1] < 1


@given(st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_shrunken_rate_lies_between(count):
    x, n = count
    found = shrunken_rate(x, n, FIT)
    if n:
        weight = reliability(n, FIT)
        np.testing.assert_allclose(found, weight * x / n + (1 - weight) * FIT.mean)
    else:
        assert found == pytest.approx(FIT.mean)
    low, high = shrunken_interval(x, n, FIT)
    assert 0 <= low < found < high <= 1
    a, b = x + FIT.mean * FIT.strength, n - x + (1 - FIT.mean) * FIT.strength
    np.testing.assert_allclose([low, high], beta.ppf([0.025, 0.975], a, b), rtol=1e-7)


def test_one_unit_says_nothing():
    for x, n in (([5], [9]), ([5, 0], [9, 0])):
        with pytest.raises(ValueError, match="two units"):
            fit_beta_binomial(x, n)


def test_units_a_little_apart_are_apart_and_surely_so_where_the_limits_say_it():
    """Twice the log-likelihood above that of equal units is 1.0, below the 3.84 of a 95 % limit, and then above."""
    little = fit_beta_binomial([15, 25, 15, 25, 20, 20], [40] * 6)
    assert little.correlation > 0.01 and little.variance_lower == 0.0
    more = fit_beta_binomial([13, 27, 14, 26, 20, 20], [40] * 6)
    assert 0.0 < more.variance_lower < 0.002

from __future__ import annotations

from functools import partial
from statistics import NormalDist

import numpy as np
import pytest

from measures.stats.bootstrap import bootstrap_interval, headline
from measures.stats.homogeneity import chi_square
from measures.stats.indices import (
    Estimate,
    between_group_sd,
    between_group_sd_corrected,
    mean_difference_from_best,
    mean_log_deviation,
    range_difference,
    signed_difference_from_reference,
    theil,
)

X, N = np.array([1005, 702, 589, 15930, 288]), np.array([1500, 1100, 900, 22500, 450])


def test_same_seed_same_interval_whatever_stands_beside():
    first = bootstrap_interval(between_group_sd, X, N, seed=4)
    again = bootstrap_interval(between_group_sd, X, N, seed=4)
    other = bootstrap_interval(between_group_sd, X, N, seed=5)
    assert first == again and first != other
    np.testing.assert_allclose(first, other, rtol=0.1)


def test_interval_holds_the_estimate_near_the_published_simulation():
    # healthequal, 400 draws, plain percentiles: 1.425 to 2.622; bias-corrected they lie lower
    lower, upper = bootstrap_interval(between_group_sd, X, N, seed=1, draws=8000)
    assert lower < between_group_sd(X, N).value < upper
    assert 0.010 < lower < 0.0145 and 0.0235 < upper < 0.0265


def test_agrees_with_the_formula_where_there_is_one():
    index = partial(signed_difference_from_reference, reference=3, weighted=True)
    lower, upper = bootstrap_interval(index, X, N, seed=1, draws=8000, least=-np.inf)
    value, error = index(X, N)
    np.testing.assert_allclose([lower, upper], value + error * np.array([-1.96, 1.96]), rtol=0.05)
    assert bootstrap_interval(index, X, N, seed=1).lower == 0  # cut off where no sign is expected


@pytest.mark.parametrize("index", [between_group_sd, between_group_sd_corrected, theil])
def test_equal_rates_give_an_interval_from_zero(index):
    lower, upper = bootstrap_interval(index, [50, 70, 20], [100, 140, 40], seed=1)
    assert lower == 0.0 <= upper


def test_corrected_spread_covers_no_disparity_and_some():
    rng = np.random.default_rng(3)
    for p in ([0.7] * 4, [0.6, 0.65, 0.7, 0.75]):
        n = np.broadcast_to([300, 400, 500, 1000], (200, 4))
        w = n[0] / n[0].sum()
        true = np.sqrt((w * (p - (w * p).sum()) ** 2).sum())
        found = bootstrap_interval(between_group_sd_corrected, rng.binomial(n, p), n, seed=1)
        covered = (found.lower <= true + 1e-12) & (true <= found.upper + 1e-12)
        assert covered.mean() > 0.88


def test_best_is_picked_again_in_every_draw():
    index = partial(mean_difference_from_best, higher_is_better=True, weighted=False)
    x, n = [70, 10, 13], [100, 14, 19]  # nearly equal: any of the three is often the best
    lower, upper = bootstrap_interval(index, x, n, seed=1)
    # Nearly all draws are further apart than what was seen, so the interval lies below it.
    assert 0 <= lower < 0.005 and upper == index(x, n).value


def test_rows_and_missing_indices():
    x, n = [[5, 9, 0], [5, 0, 0]], [[10, 10, 0], [10, 0, 0]]
    lower, upper = bootstrap_interval(between_group_sd, x, n, seed=1)
    np.testing.assert_array_equal(np.isnan(lower), [False, True])
    np.testing.assert_array_equal(np.isnan(upper), [False, True])
    # Half of all draws have a group at 0, where MLD does not exist
    assert np.isnan(bootstrap_interval(mean_log_deviation, [1, 1], [9, 9], seed=1)).all()
    assert not np.isnan(bootstrap_interval(mean_log_deviation, [4, 5], [9, 9], seed=1)).any()


def test_batches_do_not_change_the_draws(monkeypatch):
    whole = bootstrap_interval(between_group_sd, X, N, seed=1, draws=500)
    monkeypatch.setattr("measures.stats.bootstrap._AT_ONCE", 5 * 7)
    assert bootstrap_interval(between_group_sd, X, N, seed=1, draws=500) == whole


def of_draws(values, estimate):
    """An index that is known in every draw."""

    def index(x, n):
        return Estimate(estimate if x.ndim == 1 else values, np.nan)

    return index


def test_limits_are_quantiles_of_the_draws_interpolated_between_two():
    values = np.arange(100.0)
    found = bootstrap_interval(of_draws(values, 49.5), [5], [10], seed=1, draws=100)
    np.testing.assert_allclose(np.ravel(found), np.quantile(values, [0.025, 0.975]), rtol=1e-5)


@pytest.mark.parametrize("estimate", [29.5, 60.0])
def test_limits_move_twice_as_far_as_the_estimate_is_off_the_middle(estimate):
    """30 draws lie below 29.5; 60 below 60 and one on it, which counts half."""
    values = np.arange(100.0)
    normal = NormalDist()
    off = normal.inv_cdf({29.5: 0.3, 60.0: 0.605}[estimate])
    levels = [normal.cdf(2 * off + z) for z in (-1.959964, 1.959964)]
    found = bootstrap_interval(of_draws(values, estimate), [5], [10], seed=1, draws=100)
    np.testing.assert_allclose(np.ravel(found), np.quantile(values, levels), rtol=1e-5)


def test_more_than_half_of_the_draws_need_the_index():
    for missing, expected in ((50, True), (49, False)):
        values = np.arange(100.0)
        values[:missing] = np.nan
        found = bootstrap_interval(of_draws(values, 75.0), [5], [10], seed=1, draws=100)
        assert np.isnan(found).all() == expected


def test_few_draws_are_refused():
    with pytest.raises(ValueError, match="100 draws"):
        bootstrap_interval(between_group_sd, X, N, seed=1, draws=99)
    assert not np.isnan(bootstrap_interval(between_group_sd, X, N, seed=1, draws=100)).any()


def test_rates_of_one_person_are_drawn_from_too():
    # 0 and 100 percent stay what they are in every draw
    assert bootstrap_interval(range_difference, [1, 0], [1, 10], seed=1) == (1.0, 1.0)


def test_headline_has_all_that_belongs_together():
    found = headline(X, N, seed=11, reference=3)
    assert found.seed == 11 and found.draws == 2000
    assert found.spread == between_group_sd_corrected(X, N).value
    assert found.spread_interval[0] < found.spread < found.spread_interval[1]
    assert found.homogeneity.p_value == chi_square(X, N).p_value
    np.testing.assert_allclose(found.difference.value, X.sum() / N.sum() - 0.708)
    assert headline(X, N, seed=11).difference is None
    alone = headline([5, 0], [9, 0], seed=1)
    assert np.isnan([alone.spread, *alone.spread_interval, alone.homogeneity.p_value]).all()

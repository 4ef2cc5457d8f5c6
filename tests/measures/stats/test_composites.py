from __future__ import annotations

import numpy as np
import pytest

from measures.stats.composites import eho4all, hess, rank_limits

RNG = np.random.default_rng(1)


def twelve(measures=4):
    """Rates of 12 providers, all different, the last the best on every measure."""
    return np.linspace(0.5, 0.72, 12)[:, None] + np.linspace(0, 0.05, measures)


def score(rates, **changes):
    measures = rates.shape[1]
    given = {
        "higher_is_better": [True] * measures,
        "weight": [1.0] * measures,
        "enrolled": [1000] * len(rates),
        "at_risk_share": [0.3] * len(rates),
    } | changes
    return eho4all(rates, **given)


def test_thirds_of_twelve():
    found = score(twelve())
    np.testing.assert_array_equal(found.index, [-1] * 4 + [0] * 4 + [1] * 4)
    np.testing.assert_allclose(found.reward, [0] * 8 + [0.4] * 4)
    assert "proposed" in found.caveat and found.version


def test_direction_turns_and_weights_count():
    rates = twelve()
    np.testing.assert_array_equal(
        score(1 - rates, higher_is_better=[False] * 4).index, score(rates).index
    )
    mixed = score(rates, higher_is_better=[True, True, True, False], weight=[1, 1, 1, 5])
    np.testing.assert_allclose(mixed.index, -score(rates).index * 2 / 8)


def test_order_of_providers_does_not_matter():
    rates, order = RNG.random((12, 5)), RNG.permutation(12)
    np.testing.assert_allclose(score(rates[order]).index, score(rates).index[order])


def test_share_of_people_at_risk_limits_the_reward():
    share = np.array([0.4] * 9 + [0.39, 0.2, 0.19])
    found = score(twelve(), at_risk_share=share)
    np.testing.assert_allclose(found.reward[8:], [0.4, 0.2, 0.2, 0.0])


def test_small_providers_and_few_measures_have_no_index():
    rates = twelve()
    rates[0, :2] = rates[1, :3] = np.nan
    found = score(rates, enrolled=[1000] * 11 + [499])
    np.testing.assert_array_equal(np.isnan(found.index), [0, 1, *[0] * 9, 1])
    np.testing.assert_array_equal(np.isnan(found.reward), np.isnan(found.index))
    # whoever is too small does not set the thirds either
    np.testing.assert_allclose(found.index[2:11], score(rates[:11]).index[2:])


def test_nobody_and_everybody_are_rates_too():
    rates = twelve()
    rates[0], rates[11] = 0.0, 1.0
    np.testing.assert_array_equal(score(rates).index, score(twelve()).index)


def test_500_people_are_enough():
    rates = twelve()
    np.testing.assert_array_equal(score(rates, enrolled=[500] * 12).index, score(rates).index)


def test_half_of_an_odd_number_of_measures_is_rounded_up():
    rates = twelve(5)
    rates[0, :3] = rates[1, :2] = np.nan
    np.testing.assert_array_equal(np.isnan(score(rates).index), [1, *[0] * 11])


def test_equal_rates_score_nothing():
    np.testing.assert_array_equal(score(np.full((6, 3), 0.7)).index, [0.0] * 6)
    assert np.isnan(score(np.full((3, 2), np.nan)).index).all()
    assert np.isnan(score(twelve(), enrolled=[9] * 12).reward).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": [1, 1, 1, 0]}, "above 0"),
        ({"weight": [1]}, "each measure"),
        ({"higher_is_better": [True]}, "each measure"),
        ({"enrolled": [1000]}, "each provider"),
        ({"at_risk_share": [0.1]}, "each provider"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        score(twelve(), **changes)
    with pytest.raises(ValueError, match="outside 0 to 1"):
        score(twelve() * 100)
    below = twelve()
    below[3, 2] = -0.01
    with pytest.raises(ValueError, match="outside 0 to 1"):
        score(below)
    with pytest.raises(ValueError, match="one row for each provider"):
        hess([1, 2], [1, 2], [1, 2], higher_is_better=[True], enrolled=[900, 900])


def standard(values):
    return (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)


def test_hess_is_the_mean_of_standard_scores():
    parts = RNG.random((3, 8, 4))
    up = {"higher_is_better": [True] * 4, "enrolled": [900] * 8}
    found = hess(*parts, **up)
    expected = np.array([standard(part).mean(axis=1) for part in parts])
    np.testing.assert_allclose(found.components, expected)
    np.testing.assert_allclose(found.score, expected.mean(axis=0))
    weighted = hess(*parts, **up, component_weights=(2, 1, 0))
    np.testing.assert_allclose(weighted.score, (2 * expected[0] + expected[1]) / 3)
    turned = hess(*-parts, higher_is_better=[False] * 4, enrolled=[900] * 8)
    np.testing.assert_allclose(turned.score, found.score)
    assert "Health Equity Summary Score" in found.caveat and found.version


def test_hess_without_some_numbers():
    parts = RNG.random((3, 8, 4))
    parts[1:, 0] = np.nan  # no earlier year
    parts[0, 1, :3] = np.nan
    parts[:, 2] = np.nan
    found = hess(*parts, higher_is_better=[True] * 4, enrolled=[900] * 7 + [499])
    np.testing.assert_array_equal(np.isnan(found.score), [0, 0, 1, 0, 0, 0, 0, 1])
    np.testing.assert_allclose(found.score[0], found.components[0, 0])
    level = parts[0, :7, 3]
    np.testing.assert_allclose(
        found.components[0, 1], (level[1] - np.nanmean(level)) / np.nanstd(level, ddof=1)
    )
    equal = hess(*np.full((3, 5, 2), 0.5), higher_is_better=[True] * 2, enrolled=[900] * 5)
    np.testing.assert_array_equal(equal.score, [0.0] * 5)


@pytest.mark.parametrize("weights", [(0, 0, 0), (1, -1, 1), (1, 1)])
def test_hess_weights(weights):
    with pytest.raises(ValueError, match="not all 0"):
        hess([[1]], [[1]], [[1]], higher_is_better=[True], enrolled=[900],
             component_weights=weights)  # fmt: skip
    with pytest.raises(ValueError, match="each provider"):
        hess([[1]], [[1]], [[1]], higher_is_better=[True], enrolled=[900, 900])


def test_rank_limits():
    draws = np.column_stack([np.full(1000, 5.0), RNG.normal(0, 1, 1000), RNG.normal(0, 1, 1000)])
    np.testing.assert_array_equal(rank_limits(draws), [[1, 1], [2, 3], [2, 3]])
    # 3 percent of draws turn two providers round: inside 95 percent, outside 90
    draws = np.tile([2.0, 1.0], (1000, 1))
    draws[:30] = [1.0, 2.0]
    np.testing.assert_array_equal(rank_limits(draws), [[1, 2], [1, 2]])
    np.testing.assert_array_equal(rank_limits(draws, level=0.9), [[1, 1], [2, 2]])
    draws[5, 1] = np.nan
    np.testing.assert_array_equal(rank_limits(draws), [[1, 1], [0, 0]])
    np.testing.assert_array_equal(rank_limits(np.ones((9, 3))), [[1, 1]] * 3)

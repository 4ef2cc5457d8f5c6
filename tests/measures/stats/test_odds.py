from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import chdtrc

from measures.stats.odds import haldane, mantel_haenszel, odds_mover_wilson, woolf
from tests.measures.stats.golden import read_json, two_sample
from tests.reference import proportions

counts = st.integers(2, 200).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))
layers = st.lists(st.tuples(counts, counts), min_size=1, max_size=6)


def arrays(tables):
    return tuple(np.array(column) for column in zip(*((*a, *b) for a, b in tables), strict=True))


any_counts = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_mover_matches_published_implementation():
    low, high = two_sample("mover_wilson_OR_lo", "mover_wilson_OR_hi")
    found = odds_mover_wilson(*two_sample("x1", "n1", "x2", "n2"))
    np.testing.assert_allclose(found.interval.lower, low, rtol=1e-9)
    np.testing.assert_allclose(found.interval.upper, high, rtol=1e-9)


@settings(max_examples=40)
@given(any_counts, any_counts)
def test_mover_matches_search(first, second):
    (x1, n1), (x2, n2) = first, second
    if x1 == n1 or x2 == n2:
        return
    low, high = odds_mover_wilson(x1, n1, x2, n2).interval
    expected = proportions.odds_mover(x1, n1, x2, n2, 0.95)
    np.testing.assert_allclose([low, high], expected, rtol=1e-6)


@given(any_counts, any_counts)
def test_mover_holds_the_odds_ratio_and_turns_with_the_arms(first, second):
    (x1, n1), (x2, n2) = first, second
    value, (low, high), _ = vars(odds_mover_wilson(x1, n1, x2, n2)).values()
    assert 0 <= low < high <= np.inf
    if not np.isnan(value):
        assert low <= value * (1 + 1e-12) and value <= high * (1 + 1e-12)
    with np.errstate(divide="ignore"):
        swapped = odds_mover_wilson(x2, n2, x1, n1).interval
        np.testing.assert_allclose([1 / swapped.upper, 1 / swapped.lower], [low, high], rtol=1e-9)


def test_mover_at_the_ends():
    # nobody, everybody, and one arm of each: what the table can say and no more
    x1, n1 = [0, 5, 3, 0, 9, 9, 0, 0, 9], [9, 9, 9, 9, 9, 9, 9, 0, 9]
    x2, n2 = [4, 0, 9, 0, 9, 0, 9, 4, 4], [9, 9, 9, 9, 9, 9, 9, 9, 9]
    found = odds_mover_wilson(x1, n1, x2, n2)
    nan, inf = np.nan, np.inf
    np.testing.assert_array_equal(found.value, [0, inf, 0, nan, nan, inf, 0, nan, inf])
    low, high = found.interval
    np.testing.assert_array_equal(
        low == 0, [True, False, True, True, True, True, True, False, False]
    )
    np.testing.assert_array_equal(
        np.isinf(high), [False, True, False, True, True, True, True, False, True]
    )
    assert np.isnan([low[7], high[7]]).all() and low[1] > 1 and high[2] < 1
    assert not found.corrected.any()
    assert np.isnan(odds_mover_wilson(4, 9, 0, 0).interval).all()
    # Counted as failures with the arms changed, one arm at its end is the same question.
    np.testing.assert_allclose(
        np.array(odds_mover_wilson(9, 9, 4, 9).interval),
        np.array(odds_mover_wilson(5, 9, 0, 9).interval),
    )


def test_mover_of_many_people_is_woolf():
    arms = (702_000, 1_100_000, 1_593_000, 2_250_000)
    np.testing.assert_allclose(odds_mover_wilson(*arms).interval, woolf(*arms).interval, rtol=1e-5)
    # as many people as there can be: no limit runs into 1 - 1
    low, high = odds_mover_wilson(2**31 - 2, 2**31 - 1, 2**30, 2**31 - 1).interval
    assert 0 < low < 2**31 - 2 < high < np.inf


def test_mantel_haenszel_matches_statsmodels():
    case = read_json("statsmodels.json")["mantel_haenszel"]
    tables = np.array(case["tables"])
    found = mantel_haenszel(
        tables[:, 0, 0], tables[:, 0].sum(1), tables[:, 1, 0], tables[:, 1].sum(1)
    )
    np.testing.assert_allclose(found.odds_ratio, case["oddsratio_pooled"], rtol=1e-9)
    np.testing.assert_allclose(found.interval, case["oddsratio_ci"], rtol=1e-9)
    np.testing.assert_allclose(found.risk_ratio, case["riskratio_pooled"], rtol=1e-9)
    np.testing.assert_allclose(found.p_value, case["test_null_odds"][1], rtol=1e-9)
    np.testing.assert_allclose(found.p_equal, case["test_equal_odds"][1], rtol=1e-9)


def test_woolf_is_the_textbook():
    found = woolf(20, 100, 10, 100)
    error = math.sqrt(1 / 20 + 1 / 80 + 1 / 10 + 1 / 90)
    np.testing.assert_allclose(found.value, 2.25)
    np.testing.assert_allclose(
        found.interval, [2.25 * math.exp(-1.959963984540054 * s * error) for s in (1, -1)]
    )
    assert not found.corrected


def test_haldane_adds_half_to_tables_with_a_zero_only():
    found = haldane([0, 20, 0, 5], [10, 100, 0, 5], [5, 10, 3, 0], [10, 100, 9, 5])
    np.testing.assert_array_equal(found.corrected, [True, False, False, True])
    np.testing.assert_allclose(
        found.value, [0.5 * 5.5 / (10.5 * 5.5), 2.25, np.nan, 5.5 * 5.5 / 0.25]
    )
    np.testing.assert_allclose(found.value[1], woolf(20, 100, 10, 100).value)
    missing = woolf([0, 10, 5, 5, 0], [10, 10, 10, 10, 0], [5, 5, 0, 10, 5], [10] * 5)
    assert np.isnan(missing.value).all() and np.isnan(missing.interval).all()


@given(counts, counts)
def test_odds_turn_with_arms_and_frame(first, second):
    (x1, n1), (x2, n2) = first, second
    found = woolf(x1, n1, x2, n2)
    assert 0 < found.interval.lower < found.value < found.interval.upper
    for turned in (woolf(x2, n2, x1, n1), woolf(n1 - x1, n1, n2 - x2, n2)):
        np.testing.assert_allclose(
            [1 / turned.interval.upper, 1 / turned.value, 1 / turned.interval.lower],
            [found.interval.lower, found.value, found.interval.upper],
            rtol=1e-9,
        )


@given(layers, st.randoms(use_true_random=False))
def test_layers_may_come_in_any_order_and_empty_ones_say_nothing(tables, random):
    found = mantel_haenszel(*arrays(tables))
    random.shuffle(tables)
    more = mantel_haenszel(*arrays([*tables, ((0, 0), (3, 9))]))
    for name in ("odds_ratio", "risk_ratio", "p_value", "p_equal"):
        np.testing.assert_allclose(getattr(more, name), getattr(found, name), rtol=1e-7)
    up = sum(a * (n - c) / (m + n) for (a, m), (c, n) in tables)
    down = sum((m - a) * c / (m + n) for (a, m), (c, n) in tables)
    np.testing.assert_allclose(found.odds_ratio, up / down)


@given(counts, counts)
def test_one_layer_is_the_plain_odds_ratio(first, second):
    found = mantel_haenszel(*arrays([(first, second)]))
    plain = woolf(*first, *second)
    np.testing.assert_allclose(found.odds_ratio, plain.value)
    np.testing.assert_allclose(found.interval, plain.interval, rtol=1e-9)
    assert np.isnan(found.p_equal)


@pytest.mark.parametrize(
    "tables",
    [
        [
            ((1, 1), (0, 1)),
            ((5, 50), (30, 60)),
            ((9, 90), (40, 80)),
        ],  # small layers, small odds ratio
        [((0, 1), (1, 1)), ((2, 40), (30, 40))],
        [((30, 60), (5, 50)), ((40, 80), (9, 90)), ((7, 9), (2, 9))],
    ],
)
def test_equality_of_layers_matches_its_definition(tables):
    found = mantel_haenszel(*arrays(tables))
    statistic = proportions.breslow_day([(*a, *b) for a, b in tables], float(found.odds_ratio))
    np.testing.assert_allclose(found.p_equal, chdtrc(len(tables) - 1, statistic), rtol=1e-9)


def test_layers_without_a_group_or_without_a_reference_say_nothing():
    some = [((5, 10), (8, 20)), ((9, 12), (7, 15))]
    found = mantel_haenszel(*arrays(some))
    for nobody in (((0, 0), (3, 9)), ((3, 9), (0, 0)), ((0, 0), (0, 0))):
        more = mantel_haenszel(*arrays([*some, nobody]))
        for name in ("odds_ratio", "interval", "risk_ratio", "p_value", "p_equal"):
            np.testing.assert_allclose(getattr(more, name), getattr(found, name), rtol=1e-12)


def test_layers_of_one_odds_ratio_are_equal_and_of_two_are_not():
    same = mantel_haenszel([20, 40], [100, 200], [10, 20], [100, 200])
    np.testing.assert_allclose(same.p_equal, 1.0)
    assert mantel_haenszel([80, 20], [100, 100], [20, 80], [100, 100]).p_equal < 1e-10


def test_a_layer_of_one_person_each_counts():
    # 1 of 1 against 0 of 1: hits 1 expected a half, variance 1 * 1 * 1 * 1 / (4 * 1)
    found = mantel_haenszel([1, 5], [1, 10], [0, 5], [1, 10])
    statistic = 0.5**2 / (0.25 + 10 * 10 * 10 * 10 / (400 * 19))
    np.testing.assert_allclose(found.p_value, chdtrc(1, statistic))


def test_layers_where_nobody_or_everybody_met_it_say_nothing_of_equality():
    some = ((5, 10), (8, 20)), ((9, 12), (7, 15))
    more = (*some, ((0, 6), (0, 7)), ((6, 6), (7, 7)))
    np.testing.assert_allclose(
        mantel_haenszel(*arrays(more)).p_equal, mantel_haenszel(*arrays(some)).p_equal
    )


def test_nothing_to_compare_is_missing():
    for tables in [((0, 0), (0, 0)), ((0, 9), (0, 9)), ((9, 9), (9, 9))]:
        found = mantel_haenszel(*arrays([tables]))
        for value in (found.odds_ratio, *found.interval, found.p_value, found.p_equal):
            assert np.isnan(value)


def test_odds_of_nought_in_every_layer_have_no_interval_and_no_test_of_equality():
    found = mantel_haenszel([0, 5], [9, 9], [3, 9], [9, 9])
    assert found.odds_ratio == 0.0 and np.isnan([*found.interval, found.p_equal]).all()
    assert 0 < found.p_value < 1


def test_leading_axes_are_kept():
    x = np.arange(1, 25).reshape(2, 3, 4)
    found = mantel_haenszel(x, x + 9, x + 1, x + 20)
    assert found.odds_ratio.shape == found.interval.lower.shape == found.p_equal.shape == (2, 3)
    with pytest.raises(ValueError, match="larger than its denominator"):
        mantel_haenszel([3], [2], [1], [2])


@given(layers)
def test_probabilities_are_probabilities(tables):
    found = mantel_haenszel(*arrays(tables))
    assume(not np.isnan(found.p_equal))
    assert 0 <= found.p_equal <= 1 and 0 <= found.p_value <= 1

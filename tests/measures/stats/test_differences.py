from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats import differences
from measures.stats.change import gap_change
from measures.stats.differences import (
    difference_in_differences,
    pre_trend,
    randomisation_test,
    triple_difference,
)
from tests.reference import change as slow

counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
four = st.tuples(counts, counts, counts, counts)


@given(four)
def test_difference_in_differences_is_the_sum(arms):
    found = difference_in_differences(*(number for arm in arms for number in arm))
    t0, t1, c0, c1 = (x / n for x, n in arms)
    np.testing.assert_allclose(found.value, (t1 - t0) - (c1 - c0), atol=1e-12)
    error = math.sqrt(math.fsum(x / n * (1 - x / n) / n for x, n in arms))
    np.testing.assert_allclose(found.error, error, atol=1e-12)
    assert found.interval.lower <= found.value <= found.interval.upper
    # the same four rates, looked at as a gap between arms that changes
    (a0, m0), (a1, m1), (b0, k0), (b1, k1) = arms
    gap = gap_change(a0, m0, b0, k0, a1, m1, b1, k1, higher_is_better=True)
    np.testing.assert_allclose(gap.change, found.value, atol=1e-12)


@given(four, four)
def test_triple_difference_takes_the_reference_away(group, reference):
    first = difference_in_differences(*(number for arm in group for number in arm))
    second = difference_in_differences(*(number for arm in reference for number in arm))
    found = triple_difference(first, second)
    np.testing.assert_allclose(found.value, first.value - second.value)
    np.testing.assert_allclose(found.error**2, first.error**2 + second.error**2, atol=1e-15)
    low, high = found.interval
    np.testing.assert_allclose(
        found.value - low,
        math.hypot(first.value - first.interval.lower, second.interval.upper - second.value),
    )
    assert low <= found.value <= high
    turned = triple_difference(second, first)
    np.testing.assert_allclose([-turned.interval.upper, -turned.interval.lower], [low, high])


def test_difference_without_denominator_is_missing():
    found = difference_in_differences(1, 2, 3, 4, 0, 0, 1, 2)
    assert np.isnan([found.value, found.error, *found.interval]).all()


sites = st.lists(
    st.tuples(st.integers(-20, 20), st.booleans(), st.integers(1, 9)), min_size=2, max_size=8
).filter(lambda rows: 0 < sum(row[1] for row in rows) < len(rows))


@given(sites, st.randoms(use_true_random=False))
def test_randomisation_matches_listing(rows, random):
    change, treated, weight = zip(*rows, strict=True)
    found = randomisation_test(change, treated, weight=weight, seed=1)
    value, p = slow.randomisation(change, treated, weight)
    np.testing.assert_allclose([found.value, found.p_value], [value, p], atol=1e-9)
    assert found.listed and found.assignments == math.comb(len(rows), sum(treated))
    assert found.least_p <= found.p_value + 1e-12 and found.p_value <= 1
    assert found.interval[0] <= found.value <= found.interval[1]
    random.shuffle(rows)
    change, treated, weight = zip(*rows, strict=True)
    again = randomisation_test(change, treated, weight=weight, seed=2)
    np.testing.assert_allclose([again.value, again.p_value], [value, p], atol=1e-9)
    np.testing.assert_allclose(again.interval, found.interval, atol=1e-6)
    # the arms swapped
    turned = randomisation_test(change, np.logical_not(treated), weight=weight, seed=1)
    np.testing.assert_allclose([-turned.value, turned.p_value], [value, p], atol=1e-9)


def test_few_sites_cannot_be_significant_and_have_no_limits():
    found = randomisation_test([9.0, 0, 0, 0, 0], [1, 0, 0, 0, 0], seed=1)
    assert found.p_value == found.least_p == 0.2
    assert found.interval == (-np.inf, np.inf)


def test_interval_is_where_the_test_turns():
    change = np.array([0.05, 0.07, 0.02, 0.01, -0.01, 0.0, 0.02, 0.01, 0.03, -0.02])
    treated = np.arange(10) < 3
    found = randomisation_test(change, treated, seed=1)
    for limit, inwards in zip(found.interval, (1, -1), strict=True):
        p = [
            randomisation_test(change - (limit + inwards * step) * treated, treated, seed=1).p_value
            for step in (-1e-5, 1e-5)
        ]
        assert p[0] <= 0.05 < p[1]
    wider = randomisation_test(change, treated, seed=1, level=0.98)
    assert wider.interval[0] < found.interval[0] and wider.interval[1] > found.interval[1]


def test_many_assignments_are_drawn_with_the_seed(monkeypatch):
    change, treated = np.linspace(-1, 1, 12) ** 3, np.arange(12) % 2 == 0
    every = randomisation_test(change, treated, seed=1)
    assert every.listed and every.assignments == 924
    monkeypatch.setattr(differences, "MOST_ASSIGNMENTS", 924)
    assert randomisation_test(change, treated, seed=1).listed
    monkeypatch.setattr(differences, "MOST_ASSIGNMENTS", 500)
    drawn = randomisation_test(change, treated, seed=1)
    assert not drawn.listed and drawn.assignments == 500 and drawn.least_p == 1 / 500
    assert drawn == randomisation_test(change, treated, seed=1)
    assert drawn.value == every.value
    assert abs(drawn.p_value - every.p_value) < 0.07
    assert drawn.p_value != randomisation_test(change, treated, seed=2).p_value


def test_drawn_assignments_have_as_many_sites():
    chosen = np.arange(30) < 7
    rows = differences._assignments(30, 7, chosen, listed=False, seed=1)
    assert (rows.sum(axis=1) == 7).all() and (rows[0] == chosen).all()
    # and each site is among them equally often
    np.testing.assert_allclose(rows.mean(axis=0), 7 / 30, atol=0.02)


def test_sites_without_a_change_are_left_out():
    found = randomisation_test([3, np.nan, 1, 2], [1, 1, 0, 0], seed=1)
    assert found.assignments == 3 and found.value == 1.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1, 1]), "Both arms"),
        (([1, 2], [0, 0]), "Both arms"),
        (([1, np.nan], [1, 0]), "Both arms"),
        (([1, 2, 3], [1, 0]), "one number for each site"),
        (([[1, 2]], [[1, 0]]), "one number for each site"),
    ],
)
def test_what_cannot_be_tested_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        randomisation_test(*arguments, seed=1)
    with pytest.raises(ValueError, match="weight above 0"):
        randomisation_test([1, 2], [1, 0], weight=[1, 0], seed=1)


def test_pre_trend_is_the_test_of_slopes():
    rates = np.array([[1, 2, 3, 4.0], [0, 2, 4, 6], [5, 5, 5, 5], [1, 0, 1, 0], [2, 2, 3, 3]])
    treated = [1, 1, 0, 0, 0]
    slopes = [np.polyfit(range(4), row, 1)[0] for row in rates]
    found, expected = (
        pre_trend(rates, treated, seed=1),
        randomisation_test(slopes, treated, seed=1),
    )
    np.testing.assert_allclose(found.value, expected.value)
    assert found.p_value == expected.p_value
    np.testing.assert_allclose(found.interval, expected.interval)
    np.testing.assert_allclose(
        pre_trend(rates, treated, seed=1, level=0.7).interval,
        randomisation_test(slopes, treated, seed=1, level=0.7).interval,
    )
    many = np.random.default_rng(2).random((8, 3))
    usual, stated = (
        pre_trend(many, [1] * 4 + [0] * 4, seed=1, **level) for level in ({}, {"level": 0.95})
    )
    assert usual == stated and np.isfinite(usual.interval).all()
    two = pre_trend(rates[:, :2], treated, seed=1)
    np.testing.assert_allclose(two.value, np.mean([1, 2]) - np.mean([0, -1, 0]))
    rates[1, 2] = np.nan
    assert pre_trend(rates, treated, seed=1).assignments == 4
    for wrong in ([1, 2], [[1], [2]]):
        with pytest.raises(ValueError, match="two periods"):
            pre_trend(wrong, [1, 0], seed=1)

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from measures.stats.gaps import newcombe, two_proportion_p
from measures.stats.overall import (
    against_benchmark,
    against_overall,
    against_whole,
    ratio_to_whole,
)
from measures.stats.rates import wilson

groups = st.lists(
    st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=2,
    max_size=7,
)


@given(groups)
def test_overall_matches_the_sums(rows):
    x, n = np.array(rows).T
    found = against_overall(x, n)
    people = n.sum()
    for j in range(len(x)):
        if n[j] == 0 or n[j] == people:
            assert np.isnan([found.gap[j], found.error[j], *np.array(found.interval)[:, j]]).all()
            assert np.isnan(found.p_value[j])
            continue
        np.testing.assert_allclose(found.gap[j], x[j] / n[j] - x.sum() / people, atol=1e-12)
        share = n / people
        own = [p * (1 - p) / m if m else 0.0 for p, m in zip(x / np.maximum(n, 1), n, strict=True)]
        variance = (1 - share[j]) ** 2 * own[j] + sum(
            share[k] ** 2 * own[k] for k in range(len(x)) if k != j
        )
        np.testing.assert_allclose(found.error[j], math.sqrt(variance), atol=1e-12)
        rest = (x.sum() - x[j], people - n[j])
        np.testing.assert_allclose(
            [found.interval.lower[j], found.interval.upper[j]],
            (1 - share[j]) * np.array(newcombe(x[j], n[j], *rest)),
            atol=1e-12,
        )
        np.testing.assert_allclose(found.p_value[j], two_proportion_p(x[j], n[j], *rest), rtol=1e-9)


def test_leading_axes_are_kept():
    x, n = np.array([[5, 9, 3], [0, 7, 7]]), np.array([[10, 20, 30], [0, 9, 30]])
    found = against_overall(x, n)
    for row in range(2):
        alone = against_overall(x[row], n[row])
        np.testing.assert_array_equal(found.gap[row], alone.gap)
        np.testing.assert_array_equal(found.error[row], alone.error)
        np.testing.assert_array_equal(found.interval.lower[row], alone.interval.lower)


def test_overlap_narrows():
    # Most people are in the group, so it can hardly differ from the average.
    large, _ = np.array(against_overall([900, 50], [1000, 100]).interval).T
    naive = newcombe(900, 1000, 950, 1100)
    assert large[1] - large[0] < 0.5 * (naive.upper - naive.lower)


@given(groups, st.randoms(use_true_random=False))
def test_overall_does_not_depend_on_order_and_turns_with_the_frame(rows, random):
    x, n = np.array(rows).T
    order = list(range(len(rows)))
    random.shuffle(order)
    found, shuffled = against_overall(x, n), against_overall(x[order], n[order])
    np.testing.assert_allclose(shuffled.gap, found.gap[order], atol=1e-12)
    adverse = against_overall(n - x, n)
    np.testing.assert_allclose(adverse.gap, -found.gap, atol=1e-12)
    np.testing.assert_allclose(adverse.interval.lower, -found.interval.upper, atol=1e-12)


def test_benchmark_shifts_wilson():
    found = against_benchmark([70, 0, 0], [100, 0, 30], [0.85, 0.5, 0.0])
    np.testing.assert_allclose(found.gap, [-0.15, np.nan, 0.0])
    np.testing.assert_allclose(found.interval.lower[0], wilson(70, 100).lower - 0.85)
    np.testing.assert_allclose(found.error[0], math.sqrt(0.7 * 0.3 / 100))
    np.testing.assert_array_equal(found.p_value[1:], [np.nan, 1.0])
    assert np.isnan(found.error[1])


def test_benchmark_at_the_ends_leaves_no_chance():
    np.testing.assert_array_equal(against_benchmark([29, 30], 30, 1.0).p_value, [0.0, 1.0])


@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.floats(0.001, 0.999),
)
def test_benchmark_p_agrees_with_the_interval(count, benchmark):
    found = against_benchmark(*count, benchmark)
    low, high = found.interval
    if min(abs(low), abs(high)) > 1e-9:
        assert (found.p_value < 0.05) == (low > 0 or high < 0)


def test_missing_benchmark_and_percent():
    assert np.isnan(against_benchmark(5, 10, np.nan).gap)
    assert np.isnan(against_benchmark(5, 10, np.nan).p_value)
    for wrong in (85, 1.5, -0.1, [0.5, 85]):
        with pytest.raises(ValueError, match=r"Write 0\.85"):
            against_benchmark(5, 10, wrong)


@given(groups)
def test_ratio_to_the_whole_agrees_with_the_gap(rows):
    x, n = np.array(rows).T
    whole = x.sum(), n.sum()
    gap = against_whole(x, n, *whole)[0]
    ratio, (low, high) = ratio_to_whole(x, n, *whole)
    known = ~np.isnan(ratio)
    assert (known == ((n > 0) & (n < n.sum()) & (x.sum() > 0))).all()
    if known.any():
        rate = whole[0] / whole[1]
        assert (low[known] <= ratio[known] + 1e-9).all()
        assert (ratio[known] <= high[known] + 1e-9).all()
        assert (high[known] <= n.sum() / n[known] + 1e-9).all()
        np.testing.assert_allclose((ratio[known] - 1) * rate, gap[known], atol=1e-9)


def test_ratio_to_the_whole_at_its_ends():
    # Nobody else met the measure: everybody who did is of the group, so 1 / share is the ratio and its limit.
    ratio, (low, high) = ratio_to_whole(8, 10, 8, 40)
    assert ratio == pytest.approx(4)
    assert high == pytest.approx(4)
    assert 1 < low < 4
    assert np.isnan(ratio_to_whole(0, 10, 0, 40)[0])
    assert np.isnan(ratio_to_whole(5, 10, 5, 10)[0])
    with pytest.raises(ValueError, match="not a part"):
        against_whole(8, 10, 5, 40)


def test_one_person_counts_inside_and_outside():
    assert np.isfinite(against_overall([1, 5], [1, 10]).error).all()
    gap, limits, p_value = against_whole(3, 5, 4, 6)
    np.testing.assert_allclose(gap, 3 / 5 - 4 / 6)
    assert limits.lower < gap < limits.upper and np.isfinite(p_value)
    ratio, limits = ratio_to_whole(3, 5, 4, 6)
    np.testing.assert_allclose(ratio, 0.9)
    assert limits.lower < 0.9 < limits.upper <= 6 / 5
    # one who met it at all
    ratio, limits = ratio_to_whole(1, 5, 1, 9)
    np.testing.assert_allclose([ratio, limits.upper], 9 / 5)
    np.testing.assert_allclose(against_benchmark(1, 1, 0.5).p_value, 2 * ndtr(-1.0))


def test_nobody_met_it_and_nobody_outside_have_no_ratio():
    for arms in ((0, 5, 0, 9), (3, 5, 3, 5), (0, 0, 4, 9)):
        ratio, limits = ratio_to_whole(*arms)
        assert np.isnan([ratio, *limits]).all()


@pytest.mark.parametrize("bad", [(9, 9, 5, 20), (0, 9, 9, 10), (3, 9, 4, 8)])
def test_one_group_that_is_no_part_is_refused_among_others(bad):
    counts = np.array([bad, (3, 9, 5, 20)]).T
    with pytest.raises(ValueError, match="not a part of the whole"):
        against_whole(*counts)

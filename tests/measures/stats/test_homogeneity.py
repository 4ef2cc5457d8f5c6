from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import boschloo_exact, chi2_contingency

from measures.stats import homogeneity as module
from measures.stats.gaps import fisher_p, pooled_z_p
from measures.stats.homogeneity import Method, boschloo_p, chi_square, homogeneity
from tests.measures.stats.golden import read_json
from tests.reference import scores

few = st.lists(
    st.integers(1, 7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=2,
    max_size=4,
)


def test_chi_square_matches_statsmodels():
    (case,) = read_json("statsmodels.json")["homogeneity"]
    found = chi_square(case["num"], case["den"])
    np.testing.assert_allclose(found.statistic, case["chi2"], rtol=1e-9)
    np.testing.assert_allclose(found.p_value, case["p"], rtol=1e-9)
    assert found.df == 4 and found.trusted
    whole = homogeneity(case["num"], case["den"], seed=1)
    assert whole.method == Method.CHI_SQUARE and whole.p_value == found.p_value
    assert whole.seed is None and whole.groups == 5


@given(
    st.lists(
        st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=2,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_chi_square_is_the_textbook_in_any_order_and_either_frame(groups, random):
    x, n = np.array(groups).T
    found = chi_square(x, n)
    if 0 < x.sum() < n.sum():
        expected = chi2_contingency(np.stack([x, n - x]), correction=False)
        np.testing.assert_allclose(found.statistic, expected.statistic, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.p_value, expected.pvalue, rtol=1e-7, atol=1e-12)
        assert found.trusted == (expected.expected_freq.min() >= 5 - 1e-9)
    else:
        assert found.p_value == 1 and not found.trusted
    random.shuffle(groups)
    shuffled = chi_square(*np.array(groups).T)
    np.testing.assert_allclose(shuffled.statistic, found.statistic, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        chi_square(n - x, n).statistic, found.statistic, rtol=1e-9, atol=1e-9
    )


def test_two_groups_are_the_pooled_z_test():
    np.testing.assert_allclose(
        chi_square([56, 48], [70, 80]).p_value, pooled_z_p(56, 70, 48, 80), rtol=1e-12
    )


def test_expected_counts_of_exactly_five_are_enough():
    assert chi_square([3, 7], [10, 10]).trusted
    assert not chi_square([3, 6], [10, 10]).trusted
    assert not chi_square([7, 8], [10, 10]).trusted


def test_exact_of_large_groups_is_finite():
    found = homogeneity([2, 0, 1], [30_000, 20_000, 9], seed=1)
    assert found.method == Method.EXACT and 0 < found.p_value < 0.01


def test_groups_without_people_are_left_out():
    found = chi_square([[5, 0, 9], [5, 0, 0], [0, 0, 0]], [[20, 0, 30], [20, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(found.df, [1, 0, 0])
    np.testing.assert_allclose(
        found.p_value, [chi_square([5, 9], [20, 30]).p_value, np.nan, np.nan]
    )
    assert np.isnan(found.statistic[1:]).all() and not found.trusted[1:].any()
    for x, n in (([5, 0], [20, 0]), ([0, 0], [0, 0]), ([4], [9])):
        alone = homogeneity(x, n, seed=1)
        assert np.isnan(alone.p_value) and alone.method == Method.NONE


@settings(max_examples=40)
@given(few)
def test_exact_matches_counting_out(groups):
    x, n = map(list, zip(*groups, strict=True))
    found = homogeneity(x, n, seed=1)
    assert found.method == Method.EXACT or chi_square(x, n).trusted
    if found.method == Method.EXACT:
        np.testing.assert_allclose(found.p_value, float(scores.freeman_halton(x, n)), rtol=1e-9)


def test_exact_of_two_groups_is_fisher():
    found = homogeneity([6, 2], [7, 7], seed=1)
    assert found.method == Method.EXACT and found.groups == 2
    np.testing.assert_allclose(found.p_value, fisher_p(6, 7, 2, 7), rtol=1e-12)


def test_simulated_is_near_exact_and_repeats():
    x, n = np.array([9, 0, 5, 1, 2, 6, 0, 3]), np.array([40, 3, 44, 4, 30, 42, 38, 41])
    first = homogeneity(x, n, seed=7)
    assert first.method == Method.SIMULATED and first.seed == 7
    assert first == homogeneity(x, n, seed=7)
    other = homogeneity(x, n, seed=8, draws=99_999)
    assert first.p_value != other.p_value
    assert abs(first.p_value - other.p_value) < 0.02
    # with no draw as extreme p is 1 / (1 + draws), never 0
    worst = homogeneity([40, 40, 0, 0, 0, 1, 1], [40, 40, 40, 40, 40, 3, 3], seed=1, draws=99)
    assert worst.p_value == 0.01


def test_simulated_counts_ties_with_what_was_seen(monkeypatch):
    x, n = [2, 4, 1], [6, 7, 5]
    exact = homogeneity(x, n, seed=1)
    monkeypatch.setattr(module, "MOST_TABLES", 3)
    drawn = homogeneity(x, n, seed=1)
    assert (exact.method, drawn.method) == (Method.EXACT, Method.SIMULATED)
    assert 0.3 < exact.p_value < 0.9  # many tables are as likely as this one
    assert abs(drawn.p_value - exact.p_value) < 0.02


def test_homogeneity_takes_one_row():
    with pytest.raises(ValueError, match="one row"):
        homogeneity([[1, 2]], [[3, 4]], seed=1)


def test_boschloo_is_stronger_than_fisher_and_turns():
    p = boschloo_p([6, 2, 0, 7, 3], [7, 7, 4, 7, 0 + 3], [2, 6, 0, 7, 0], [7, 7, 5, 7, 0])
    assert p[0] < fisher_p(6, 7, 2, 7)
    np.testing.assert_allclose(p[0], p[1], rtol=1e-6)
    np.testing.assert_allclose(p[0], boschloo_exact([[6, 2], [1, 5]]).pvalue, rtol=1e-6)
    np.testing.assert_array_equal(p[2:], [1.0, 1.0, np.nan])
    # as many who met it in both arms, or as many together as the arms differ: tables like any other
    for x1, n1, x2, n2 in ((3, 10, 3, 20), (9, 20, 1, 10)):
        expected = boschloo_exact([[x1, x2], [n1 - x1, n2 - x2]]).pvalue
        np.testing.assert_allclose(boschloo_p(x1, n1, x2, n2), expected, rtol=1e-6)
        assert expected < 0.9
    # one person of both arms together is a table like any other
    assert boschloo_p(1, 3, 0, 9) < 0.9

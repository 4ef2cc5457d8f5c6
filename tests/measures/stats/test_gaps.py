from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.gaps import (
    absolute_gap,
    benjamini_hochberg,
    benjamini_yekutieli,
    fisher_p,
    newcombe,
    patients_to_parity,
    pooled_z_p,
    rate_ratio,
    ratio_mover_wilson,
    shortfall,
    shortfall_points,
    two_proportion_p,
)
from tests.reference import proportions

GOLDEN = Path(__file__).parents[2] / "golden" / "stats"

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
pairs = st.tuples(counts, counts)


def golden(*names: str) -> list[np.ndarray]:
    with (GOLDEN / "two_sample.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11
    return [np.array([float(row[name]) for row in rows]) for name in names]


def test_newcombe_matches_published_implementations():
    low, high = golden("newcombe10_lo", "newcombe10_hi")
    found = newcombe(*golden("x1", "n1", "x2", "n2"))
    np.testing.assert_allclose(found.lower, low, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.upper, high, rtol=0, atol=1e-12)


@given(pairs)
def test_newcombe_matches_reference(pair):
    (x1, n1), (x2, n2) = pair
    np.testing.assert_allclose(
        newcombe(x1, n1, x2, n2), proportions.newcombe(x1, n1, x2, n2, 0.95), rtol=0, atol=1e-9
    )


@given(pairs)
def test_gap_turns_with_the_arms_and_with_the_frame(pair):
    (x1, n1), (x2, n2) = pair
    low, high = newcombe(x1, n1, x2, n2)
    gap = absolute_gap(x1, n1, x2, n2)
    assert -1 <= low <= gap <= high <= 1
    swapped = newcombe(x2, n2, x1, n1)
    adverse = newcombe(n1 - x1, n1, n2 - x2, n2)
    np.testing.assert_allclose([-swapped.upper, -swapped.lower], [low, high], atol=1e-12)
    np.testing.assert_allclose([-adverse.upper, -adverse.lower], [low, high], atol=1e-12)
    # The same care, counted from either side, is the same shortfall.
    np.testing.assert_allclose(
        shortfall(gap, True), shortfall(absolute_gap(n1 - x1, n1, n2 - x2, n2), False), atol=1e-12
    )


def test_shortfall_below_zero_is_worse_care():
    np.testing.assert_allclose(shortfall_points([-0.1, -0.1], [True, False]), [-10.0, 10.0])


def test_ratio_matches_published_implementation():
    low, high = golden("mover_wilson_RR_lo", "mover_wilson_RR_hi")
    found = ratio_mover_wilson(*golden("x1", "n1", "x2", "n2"))
    np.testing.assert_allclose(found.lower, low, rtol=1e-9)
    np.testing.assert_allclose(found.upper, high, rtol=1e-9)


def test_ratio_without_numerator_in_the_reference_has_no_upper_limit():
    found = ratio_mover_wilson([10, 0, 5], [10, 10, 10], [0, 0, 0], [20, 20, 0])
    np.testing.assert_array_equal(found.upper, [np.inf, np.inf, np.nan])
    assert found.lower[0] > 5 and found.lower[1] == 0 and np.isnan(found.lower[2])
    np.testing.assert_array_equal(
        rate_ratio([10, 0, 5], [10, 10, 10], [0, 0, 0], [20, 20, 0]), [np.inf, np.nan, np.nan]
    )


@given(pairs)
def test_ratio_turns_with_the_arms(pair):
    (x1, n1), (x2, n2) = pair
    low, high = ratio_mover_wilson(x1, n1, x2, n2)
    assert 0 <= low <= high
    if x1 and x2:
        assert low <= (x1 / n1) / (x2 / n2) <= high < np.inf
        swapped = ratio_mover_wilson(x2, n2, x1, n1)
        np.testing.assert_allclose([1 / swapped.upper, 1 / swapped.lower], [low, high], rtol=1e-9)


def test_p_is_pooled_z_where_all_expected_counts_reach_five_else_fisher():
    x1, n1, x2, n2, z, fisher = golden("x1", "n1", "x2", "n2", "p_pooled_z", "p_fisher")
    pooled = (x1 + x2) / (n1 + n2)
    least = np.minimum(n1, n2) * np.minimum(pooled, 1 - pooled)
    assert (least < 5).any() and (least >= 5).any()
    np.testing.assert_allclose(
        two_proportion_p(x1, n1, x2, n2), np.where(least >= 5, z, fisher), rtol=1e-9
    )


def test_each_test_can_be_had_at_any_size():
    x1, n1, x2, n2, z, fisher = golden("x1", "n1", "x2", "n2", "p_pooled_z", "p_fisher")
    z[np.isnan(z)] = 1.0  # 0 of 10 against 0 of 20: no difference
    np.testing.assert_allclose(pooled_z_p(x1, n1, x2, n2), z, rtol=1e-9)
    np.testing.assert_allclose(fisher_p(x1, n1, x2, n2), fisher, rtol=1e-9)
    for test in (pooled_z_p, fisher_p):
        np.testing.assert_array_equal(test([0, 9], [0, 9], [3, 8], [4, 8]), [np.nan, 1.0])


@given(st.lists(pairs, min_size=1, max_size=20))
def test_fisher_matches_exact_fractions(cases):
    few = [
        (x1, n1, x2, n2)
        for (x1, n1), (x2, n2) in cases
        if min(n1, n2) * min(x1 + x2, n1 + n2 - x1 - x2) < 5 * (n1 + n2)
    ]
    if few:
        expected = [float(proportions.fisher_exact(*case)) for case in few]
        found = two_proportion_p(*np.array(few).T)
        np.testing.assert_allclose(found, np.minimum(expected, 1), rtol=1e-9)


def test_p_without_denominator_is_missing_and_of_equal_extremes_is_one():
    np.testing.assert_array_equal(
        two_proportion_p([0, 0, 50], [0, 40, 50], [5, 0, 60], [9, 50, 60]), [np.nan, 1.0, 1.0]
    )


def test_fisher_of_large_margins_is_finite():
    p = two_proportion_p([3, 0], [900_000, 40], [9, 2], [1_000_000, 1_000_000])
    assert ((p > 0) & (p <= 1)).all()


def test_q_matches_r_and_statsmodels():
    cases = json.loads((GOLDEN / "statsmodels.json").read_text())["multiple_testing"]
    adjusted = [(case["p"], case["adjusted"]) for case in cases]
    from_r = json.loads((GOLDEN / "r_other.json").read_text())["p_adjust"]
    adjusted.append((from_r["p"], from_r["BH"]))
    assert len(adjusted) == 4
    for p, expected in adjusted:
        np.testing.assert_allclose(benjamini_hochberg(p, 0), expected, atol=1e-12)
    # and all of them as families of one call
    families = np.repeat(np.arange(4), [len(p) for p, _ in adjusted])
    found = benjamini_hochberg(np.concatenate([p for p, _ in adjusted]), families)
    np.testing.assert_allclose(found, np.concatenate([q for _, q in adjusted]), atol=1e-12)


def test_q_leaves_missing_p_out_of_the_family():
    p = np.array([0.01, np.nan, 0.04, np.nan])
    np.testing.assert_allclose(benjamini_hochberg(p, 7), [0.02, np.nan, 0.04, np.nan])
    assert np.isnan(benjamini_hochberg([np.nan], [1])).all()


def test_yekutieli_matches_r_and_statsmodels():
    cases = json.loads((GOLDEN / "statsmodels.json").read_text())["multiple_testing_by"]
    from_r = json.loads((GOLDEN / "r_other.json").read_text())["p_adjust"]
    adjusted = [*((case["p"], case["adjusted"]) for case in cases), (from_r["p"], from_r["BY"])]
    assert len(adjusted) == 3
    families = np.repeat(np.arange(3), [len(p) for p, _ in adjusted])
    found = benjamini_yekutieli(np.concatenate([p for p, _ in adjusted]), families)
    np.testing.assert_allclose(found, np.concatenate([q for _, q in adjusted]), atol=1e-12)
    np.testing.assert_allclose(benjamini_yekutieli([np.nan, 0.03], 1), [np.nan, 0.03])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(-3, 3)), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_q_matches_definition_whatever_the_order(rows, random):
    random.shuffle(rows)
    p = [row[0] for row in rows]
    family = [row[1] for row in rows]
    found = benjamini_hochberg(p, family)
    for name in set(family):
        mine = [at for at, member in enumerate(family) if member == name]
        expected = proportions.benjamini_hochberg([p[at] for at in mine])
        np.testing.assert_allclose(found[mine], expected, rtol=1e-12)
    assert (found >= np.array(p) - 1e-15).all()


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_q_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="outside 0 to 1"):
        benjamini_hochberg([p], 0)


@given(pairs, st.booleans())
def test_patients_to_parity_matches_counting(pair, better):
    (x1, n1), (x2, n2) = pair
    found = patients_to_parity(x1, n1, x2, n2, better)
    assert found == proportions.patients_to_parity(x1, n1, x2, n2, better)
    assert found == patients_to_parity(n1 - x1, n1, n2 - x2, n2, not better)


def test_patients_to_parity_is_exact_where_floats_are_not():
    # 0.07 * 100 is 7.000000000000001 in floating point: one patient too many
    assert patients_to_parity(0, 100, 7, 100, True) == 7
    # 3,000,000,021 / 3 exactly
    assert patients_to_parity(0, 1_000_000_007, 3, 3, True) == 1_000_000_007
    np.testing.assert_array_equal(
        patients_to_parity([1, 1], [0 + 1, 2], [0, 0], [0, 5], [True, True]), [np.nan, 0]
    )

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.rates import MAX_COUNT, rate, wilson
from tests.reference import proportions

GOLDEN = Path(__file__).parents[2] / "golden" / "stats"

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_rate_is_nan_only_without_denominator():
    found = rate([[0, 0], [3, 5]], [[0, 4], [4, 5]])
    np.testing.assert_array_equal(found, [[np.nan, 0.0], [0.75, 1.0]])


def test_products_of_two_counts_fit_64_bits():
    assert rate(MAX_COUNT, MAX_COUNT) == 1.0
    assert MAX_COUNT**2 < 2**63


def test_rate_broadcasts():
    assert rate(np.ones((3, 1), int), np.full((1, 4), 2)).shape == (3, 4)


@pytest.mark.parametrize(
    ("x", "n", "message"),
    [
        (-1, 5, "negative"),
        (1, -5, "negative"),
        (6, 5, "numerator of 6 is larger than its denominator of 5"),
        ([5, 6], 5, "numerator of 6 is larger than its denominator of 5"),
        (0.5, 5, "not a whole number"),
        ([1.0, 0.5], 5, "not a whole number"),
        ([1, -1], 5, "negative"),
        ([MAX_COUNT + 1, 1], MAX_COUNT + 1, "larger than"),
        (np.nan, 5, "not a whole number"),
        (1, MAX_COUNT + 1, "larger than"),
        ("1", 5, "not a number"),
    ],
)
def test_impossible_counts_are_refused(x, n, message):
    with pytest.raises(ValueError, match=message):
        rate(x, n)


def test_wilson_matches_statsmodels():
    cases = json.loads((GOLDEN / "statsmodels.json").read_text())["one_sample"]
    whole = [case for case in cases if case["count"] == int(case["count"])]
    assert len(whole) > 50  # the others are of weighted data
    for case in whole:
        found = wilson(case["count"], case["nobs"], level=1 - case["alpha"])
        np.testing.assert_allclose(found, case["wilson"], rtol=0, atol=1e-12)


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_matches_inverted_score_test(count, level):
    np.testing.assert_allclose(
        wilson(*count, level), proportions.wilson(*count, level), rtol=0, atol=1e-9
    )


def test_wilson_is_exact_at_the_ends():
    low, high = wilson([0, 7, 0], [7, 7, 0])
    np.testing.assert_array_equal(low[[0]], [0.0])
    np.testing.assert_array_equal(high[[1]], [1.0])
    assert 0 < high[0] < 1 and 0 < low[1] < 1
    assert np.isnan(low[2]) and np.isnan(high[2])


@given(counts)
def test_wilson_contains_the_rate_and_mirrors(count):
    x, n = count
    low, high = wilson(x, n)
    assert 0 <= low <= x / n <= high <= 1
    mirrored = wilson(n - x, n)
    np.testing.assert_allclose([1 - mirrored.upper, 1 - mirrored.lower], [low, high], atol=1e-12)


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_wilson_refuses_a_level_outside_0_to_1(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 2, level)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.stats.gaps import absolute_gap, agresti_caffo, katz, newcombe, rate_ratio
from measures.stats.scores import koopman, mee, miettinen_nurminen, miettinen_nurminen_ratio
from tests.measures.stats.golden import two_sample
from tests.reference import scores

counts = st.integers(1, 150).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
pairs = st.tuples(counts, counts)

DIFFERENCES = {"mee_RD": mee, "MN_RD": miettinen_nurminen}
RATIOS = {"koopman_RR": koopman, "MN_RR": miettinen_nurminen_ratio}
CLOSED = {"agresti_caffo": (agresti_caffo, 1e-12), "katz_log_RR": (katz, 1e-12)}


@pytest.mark.parametrize("name", [*DIFFERENCES, *RATIOS])
def test_score_intervals_match_published_implementations(name):
    found = (DIFFERENCES | RATIOS)[name](*two_sample("x1", "n1", "x2", "n2"))
    low, high = two_sample(f"{name}_lo", f"{name}_hi")
    np.testing.assert_allclose(found.lower, low, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.upper, high, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_match_published_implementations(name):
    interval, tolerance = CLOSED[name]
    found = interval(*two_sample("x1", "n1", "x2", "n2"))
    low, high = two_sample(f"{name}_lo", f"{name}_hi")
    np.testing.assert_allclose(found.lower, low, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.upper, high, rtol=0, atol=tolerance)


@settings(max_examples=10)
@given(pairs, st.booleans())
def test_difference_matches_search(pair, corrected):
    (x1, n1), (x2, n2) = pair
    interval = miettinen_nurminen if corrected else mee
    np.testing.assert_allclose(
        interval(x1, n1, x2, n2),
        scores.difference(x1, n1, x2, n2, 0.95, corrected=corrected),
        rtol=0,
        atol=1e-6,
    )


@settings(max_examples=10)
@given(pairs, st.booleans())
def test_ratio_matches_search(pair, corrected):
    (x1, n1), (x2, n2) = pair
    if not (x1 and x2):
        return
    interval = miettinen_nurminen_ratio if corrected else koopman
    np.testing.assert_allclose(
        interval(x1, n1, x2, n2),
        scores.ratio(x1, n1, x2, n2, 0.95, corrected=corrected),
        rtol=1e-6,
    )


@pytest.mark.parametrize("name", DIFFERENCES)
@given(pair=pairs)
def test_difference_turns_with_arms_and_frame(name, pair):
    (x1, n1), (x2, n2) = pair
    low, high = DIFFERENCES[name](x1, n1, x2, n2)
    assert -1 <= low <= absolute_gap(x1, n1, x2, n2) + 1e-12
    assert absolute_gap(x1, n1, x2, n2) - 1e-12 <= high <= 1
    swapped = DIFFERENCES[name](x2, n2, x1, n1)
    adverse = DIFFERENCES[name](n1 - x1, n1, n2 - x2, n2)
    np.testing.assert_allclose([-swapped.upper, -swapped.lower], [low, high], atol=1e-9)
    np.testing.assert_allclose([-adverse.upper, -adverse.lower], [low, high], atol=1e-9)


@pytest.mark.parametrize("name", RATIOS)
@given(pair=pairs)
def test_ratio_turns_with_arms(name, pair):
    (x1, n1), (x2, n2) = pair
    low, high = RATIOS[name](x1, n1, x2, n2)
    swapped = RATIOS[name](x2, n2, x1, n1)
    assert 0 <= low < high
    assert (low == 0) == (x1 == 0) and (high == np.inf) == (x2 == 0)
    if x1 and x2:
        assert low <= rate_ratio(x1, n1, x2, n2) <= high
    if x1:
        np.testing.assert_allclose(swapped.upper, 1 / low, rtol=1e-7)
    if x2:
        np.testing.assert_allclose(swapped.lower, 1 / high, rtol=1e-7)


@pytest.mark.parametrize("name", [*DIFFERENCES, *RATIOS])
def test_score_interval_without_denominator_is_missing_and_broadcasts(name):
    interval = (DIFFERENCES | RATIOS)[name]
    found = interval([[0], [3]], [[0], [9]], [0, 4], [0, 9])
    np.testing.assert_array_equal(np.isnan(found.lower), [[True, True], [True, False]])
    np.testing.assert_array_equal(np.isnan(found.upper), [[True, True], [True, False]])


def test_both_arms_at_the_same_end():
    for at in (0, 30):
        low, high = mee(at, 30, at, 30)
        assert low < -0.1 and high > 0.1
    low, high = koopman(30, 30, 30, 30)
    np.testing.assert_allclose(low * high, 1.0)
    assert low < 0.95
    low, high = koopman(0, 30, 0, 30)
    assert (low, high) == (0.0, np.inf)
    assert np.isnan(katz([30, 0, 3], [30, 30, 30], [30, 3, 0], [30, 30, 30])).all()
    # one arm alone at 100 % is no obstacle
    assert not np.isnan(katz(30, 30, 29, 30)).any()


def test_extremes_apart_reach_the_bound():
    np.testing.assert_array_equal(mee(10, 10, 0, 20).upper, 1.0)
    np.testing.assert_array_equal(mee(0, 10, 20, 20).lower, -1.0)


def test_one_person_in_each_arm():
    for interval in DIFFERENCES.values():
        low, high = interval(1, 1, 0, 1)
        assert -1 <= low < high == 1


def test_score_and_newcombe_agree_for_many_people():
    np.testing.assert_allclose(
        mee(70_200, 110_000, 1_593_000, 2_250_000),
        newcombe(70_200, 110_000, 1_593_000, 2_250_000),
        atol=1e-6,
    )


def test_agresti_caffo_is_not_cut_off_and_needs_both_arms():
    assert agresti_caffo(10, 10, 0, 20).upper > 1
    assert np.isnan(agresti_caffo([0, 3], [0, 9], [3, 0], [9, 0])).all()

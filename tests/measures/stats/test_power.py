from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.gaps import pooled_z_p
from measures.stats.power import detectable_gap, power_of_gap, power_of_pooled_test
from tests.measures.stats.golden import read_json

sizes = st.integers(1, 5000)
rates = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.001, 0.999))


def test_detectable_gap_matches_statsmodels():
    cases = read_json("statsmodels.json")["mde"]
    assert len(cases) == 2
    for case in cases:  # made there by a search that stops at the seventh decimal
        n = case["nobs1"]
        found = detectable_gap(n, n * case["ratio"], case["p2"], higher_is_better=True)
        np.testing.assert_allclose(found, case["mde_points"], atol=1e-6)


def test_power_matches_statsmodels():
    cases = read_json("statsmodels.json")["power"]
    assert len(cases) == 3
    for case in cases:
        arms = (case["n1"], case["n2"], case["p1"], case["p2"])
        np.testing.assert_allclose(power_of_gap(*arms), case["power_arcsine"], rtol=1e-9)
        np.testing.assert_allclose(power_of_pooled_test(*arms), case["power_wald_diff"], rtol=1e-9)


@given(sizes, sizes, rates, st.booleans())
def test_detectable_gap_has_the_power_and_turns_with_the_frame(n_g, n_r, p_r, better):
    gap = detectable_gap(n_g, n_r, p_r, higher_is_better=better)
    adverse = detectable_gap(n_g, n_r, 1 - p_r, higher_is_better=not better)
    np.testing.assert_allclose(adverse, gap, atol=1e-9)
    if not np.isnan(gap):
        p_g = p_r - gap if better else p_r + gap
        assert 0 <= gap <= 1 and -1e-9 <= p_g <= 1 + 1e-9
        np.testing.assert_allclose(power_of_gap(n_g, n_r, np.clip(p_g, 0, 1), p_r), 0.8, atol=1e-5)


def test_more_people_see_smaller_gaps():
    found = detectable_gap([30, 100, 500, 5000], 300, 0.7, higher_is_better=True)
    assert (np.diff(found) < 0).all()
    np.testing.assert_allclose(found[:2], [0.262, 0.156], atol=1e-3)


def test_what_no_gap_could_show_is_missing():
    found = detectable_gap([5, 0, 50, 50], [5, 50, 0, 50], [0.1, 0.5, 0.5, np.nan],
                           higher_is_better=True)  # fmt: skip
    assert np.isnan(found).all()
    # worse is upwards there, and there is room
    assert detectable_gap(40, 40, 0.1, higher_is_better=False) > 0.2


@pytest.mark.parametrize("power", [power_of_gap, power_of_pooled_test])
@given(n_g=sizes, n_r=sizes, p_g=rates, p_r=rates)
def test_power_is_a_probability_and_symmetric(power, n_g, n_r, p_g, p_r):
    found = power(n_g, n_r, p_g, p_r)
    assert -1e-12 <= found <= 1 + 1e-12
    np.testing.assert_allclose(power(n_r, n_g, p_r, p_g), found, atol=1e-9)
    np.testing.assert_allclose(power(n_g, n_r, 1 - p_g, 1 - p_r), found, atol=1e-6)


def test_power_is_what_the_test_does():
    rng = np.random.default_rng(1)
    found = pooled_z_p(rng.binomial(200, 0.6, 20_000), 200, rng.binomial(400, 0.7, 20_000), 400)
    np.testing.assert_allclose(
        (found < 0.05).mean(), power_of_pooled_test(200, 400, 0.6, 0.7), atol=0.02
    )


def test_power_at_the_ends():
    np.testing.assert_array_equal(power_of_pooled_test(10, 10, [0, 0, 1], [0, 1, 1]), [0, 1, 0])
    np.testing.assert_allclose(power_of_gap(10, 10, 0.5, 0.5), 0.05)
    for power in (power_of_gap, power_of_pooled_test):
        assert np.isnan(power([0, 5], [5, 0], 0.5, 0.6)).all()
        with pytest.raises(ValueError, match="outside 0 to 1"):
            power(10, 10, 60, 0.7)
        with pytest.raises(ValueError, match="outside 0 to 1"):
            power(10, 10, 0.6, 70)
        with pytest.raises(ValueError, match="outside 0 to 1"):
            power(10, 10, 0.6, 1.2)


@pytest.mark.parametrize("power", [0.05, 0.0, 1.0, 80])
def test_power_that_makes_no_sense_is_refused(power):
    with pytest.raises(ValueError, match="power must lie"):
        detectable_gap(10, 10, 0.5, higher_is_better=True, power=power)


def test_power_of_nothing_but_chance_is_refused():
    with pytest.raises(ValueError, match="power must lie"):
        detectable_gap(10, 10, 0.5, higher_is_better=True, level=0.75, power=0.25)

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from measures.stats.ordered import (
    absolute_concentration,
    relative_concentration,
    ridit,
    slope_linear,
    slope_logit,
)
from tests.measures.stats.golden import FOLDER, read_json
from tests.reference import indices as slow

SLOPES = (slope_logit, slope_linear)
inner = st.integers(2, 500).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))
groups = st.lists(inner, min_size=2, max_size=7)


def test_slopes_match_statsmodels():
    (case,) = read_json("statsmodels.json")["slope"]
    np.testing.assert_allclose(ridit(case["den"]), case["rank"], rtol=1e-12)
    found = slope_logit(case["num"], case["den"])
    np.testing.assert_allclose(found.sii.value, case["sii_logit"], rtol=1e-9)
    np.testing.assert_allclose(found.sii.error, case["sii_logit_se"], atol=1e-9)
    np.testing.assert_allclose(found.rii.value, case["rii_logit"], rtol=1e-9)
    np.testing.assert_allclose(found.rii.error, case["log_rii_se"], atol=1e-9)
    line = slope_linear(case["num"], case["den"])
    np.testing.assert_allclose(line.sii.value, case["sii_linear"], rtol=1e-9)
    np.testing.assert_allclose(line.rii.value, case["sii_linear_rii"], rtol=1e-9)


def test_concentration_matches_healthequal():
    (case,) = read_json("statsmodels.json")["slope"]
    with (FOLDER / "healthequal.csv").open() as file:
        values = {row["fun"]: float(row["estimate"]) for row in csv.DictReader(file)}
    found = absolute_concentration(case["num"], case["den"])
    np.testing.assert_allclose(found.value * 100, values["aci"], rtol=1e-9)
    found = relative_concentration(case["num"], case["den"])
    np.testing.assert_allclose(found.value, values["rci"], rtol=1e-9)
    line = slope_linear(case["num"], case["den"])
    np.testing.assert_allclose(line.sii.value * 100, values["sii_linear"], rtol=1e-9)
    np.testing.assert_allclose(line.rii.value, values["rii_linear"], rtol=1e-9)


@given(groups)
def test_concentration_matches_its_formula(rows):
    x, n = np.array(rows).T
    found, relative = absolute_concentration(x, n), relative_concentration(x, n)
    mean = x.sum() / n.sum()
    np.testing.assert_allclose(found.value, slow.concentration(rows), atol=1e-12)
    np.testing.assert_allclose(relative.value, slow.concentration(rows) / mean, atol=1e-12)
    _, weights, _ = slow.shares(rows)
    rank = ridit(n)

    def aci(rates):
        return 2 * sum(w * p * (r - 0.5) for w, p, r in zip(weights, rates, rank, strict=True))

    def rci(rates):
        return aci(rates) / sum(w * p for w, p in zip(weights, rates, strict=True))

    np.testing.assert_allclose(found.error, slow.slope_error(aci, rows), rtol=1e-5)
    np.testing.assert_allclose(relative.error, slow.slope_error(rci, rows), rtol=1e-4)


@pytest.mark.parametrize("slope", SLOPES)
@given(rows=groups)
def test_turning_the_order_turns_the_slope(slope, rows):
    x, n = np.array(rows).T
    found, turned = slope(x, n), slope(x[::-1], n[::-1])
    np.testing.assert_allclose(turned.sii.value, -found.sii.value, atol=1e-7)
    np.testing.assert_allclose(turned.sii.error, found.sii.error, rtol=1e-5)
    np.testing.assert_allclose(turned.rii.value, 1 / found.rii.value, rtol=1e-6)
    aci = absolute_concentration(x, n), absolute_concentration(x[::-1], n[::-1])
    np.testing.assert_allclose(aci[0].value, -aci[1].value, atol=1e-12)


@given(groups)
def test_turning_the_frame_turns_the_difference(rows):
    x, n = np.array(rows).T
    for slope in SLOPES:
        found, adverse = slope(x, n), slope(n - x, n)
        np.testing.assert_allclose(adverse.sii.value, -found.sii.value, atol=1e-7)
    assert -1 <= slope_logit(x, n).sii.value <= 1


@given(inner, inner)
def test_two_groups_are_a_line_through_both(first, second):
    x, n = np.array([first, second]).T
    found = slope_linear(x, n)
    np.testing.assert_allclose(found.sii.value, 2 * (x[1] / n[1] - x[0] / n[0]), atol=1e-12)
    assert found.dispersion == 1


def test_regression_weighs_every_person_once():
    # two people of 100 are not as much as 200 of 10,000 in the error
    small, large = (
        slope_logit([40, 50, 60], [100] * 3),
        slope_logit([4000, 5000, 6000], [10_000] * 3),
    )
    np.testing.assert_allclose(small.sii.value, large.sii.value, rtol=1e-9)
    np.testing.assert_allclose(small.sii.error, 10 * large.sii.error, rtol=1e-9)


def test_interval_widens_with_dispersion():
    found = slope_logit([500, 900, 100, 800, 700], [1000] * 5)
    rates = np.array([0.5, 0.9, 0.1, 0.8, 0.7])
    assert found.dispersion > 100
    half = 1.959963984540054 * found.sii.error * math.sqrt(found.dispersion)
    np.testing.assert_allclose(found.sii_interval.upper - found.sii.value, half)
    np.testing.assert_allclose(found.sii.value - found.sii_interval.lower, half)
    half = 1.959963984540054 * found.rii.error * math.sqrt(found.dispersion)
    np.testing.assert_allclose(found.rii_interval, found.rii.value * np.exp([-half, half]))
    fitted = logit_fit(rates, ridit([1000] * 5))
    chi_square = (1000 * (rates - fitted) ** 2 / (fitted * (1 - fitted))).sum()
    np.testing.assert_allclose(found.dispersion, chi_square / 3, rtol=1e-6)
    line = slope_linear([500, 900, 100, 800, 700], [1000] * 5)
    fitted = rates.mean() + line.sii.value * (ridit([1000] * 5) - 0.5)
    v = rates * (1 - rates) / 1000
    np.testing.assert_allclose(line.dispersion, ((rates - fitted) ** 2 / v).sum() / 3)


def logit_fit(rates, rank):
    """Fitted rates by plain search for the likeliest a and b."""

    def minus_log_likelihood(parameters):
        p = 1 / (1 + np.exp(-parameters[0] - parameters[1] * rank))
        return -(rates * np.log(p) + (1 - rates) * np.log(1 - p)).sum()

    found = minimize(minus_log_likelihood, [0.0, 0.0], tol=1e-14)
    return 1 / (1 + np.exp(-found.x[0] - found.x[1] * rank))


def test_equal_rates_have_no_slope():
    for slope in SLOPES:
        found = slope([7, 70, 35], [10, 100, 50])
        np.testing.assert_allclose([found.sii.value, found.rii.value], [0, 1], atol=1e-9)
        assert found.dispersion == 1 and found.sii.error > 0


def test_what_cannot_be_fitted_is_missing():
    x = [[0, 10], [5, 0], [0, 0], [0, 0], [9, 9]]
    n = [[10, 10], [9, 0], [0, 0], [9, 9], [9, 9]]
    found = slope_logit(x, n)
    for values in (found.sii, found.sii_interval, found.rii, found.rii_interval):
        assert np.isnan(values).all()
    assert np.isnan(found.dispersion).all()
    line = slope_linear(x, n)
    np.testing.assert_allclose(line.sii.value, [2, np.nan, np.nan, 0, 0])
    # the line starts below 0
    assert np.isnan([line.rii.value[0], line.rii.error[0]]).all()
    assert np.isnan(absolute_concentration(x, n).value[1:3]).all()
    np.testing.assert_array_equal(np.isnan(relative_concentration(x, n).value), [0, 1, 1, 1, 0])
    assert np.isnan(ridit([0, 0])).all()


def test_empty_groups_in_between_say_nothing():
    full, holes = slope_logit([4, 5, 6], [10] * 3), slope_logit([4, 0, 5, 6, 0], [10, 0, 10, 10, 0])
    np.testing.assert_allclose(holes.sii, full.sii, rtol=1e-9)
    np.testing.assert_allclose(holes.dispersion, full.dispersion)
    np.testing.assert_allclose(
        slope_linear([4, 0, 5, 6, 0], [10, 0, 10, 10, 0]).sii, slope_linear([4, 5, 6], [10] * 3).sii
    )


def test_leading_axes_are_kept():
    rng = np.random.default_rng(1)
    n = rng.integers(50, 100, (3, 2, 5))
    x = rng.binomial(n, 0.6)
    found = slope_logit(x, n)
    assert found.sii.value.shape == found.dispersion.shape == (3, 2)
    np.testing.assert_allclose(found.sii.value[1, 1], slope_logit(x[1, 1], n[1, 1]).sii.value)

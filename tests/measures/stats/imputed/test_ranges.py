"""Ranges of rates and gaps on people few enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from measures.stats.imputed import (
    REPORTED,
    GapRange,
    expectation_maximisation,
    gap_range,
    linear,
    n_effective,
    rate_ranges,
    rates_and_gaps,
    sum_people,
    weighted,
)
from measures.stats.imputed.rates import fractional_wilson
from tests.reference import imputed as reference

Z = 1.959963984540054
TWO = np.array([[0.6, 0.4, 0, 0, 0], [0.4, 0.6, 0, 0, 0]])
"""Probably White who met, probably Black who did not: the line through both is 3 and -2."""
MET = np.array([1, 0])


def certain(*groups):
    """(people, met) of each group → sums of people of whom the group is certain."""
    people = [n for n, _ in groups] + [0] * (5 - len(groups))
    met = np.concatenate([np.arange(n) < m for n, m in groups])
    return sum_people(np.repeat(np.eye(5), people, axis=0), np.ones(len(met)), met)


def by_group(ranges):
    return {one.group: one for one in ranges}


def test_two_people_in_every_estimate():
    sums = sum_people(TWO, np.ones(2), MET)
    nobody = [np.nan] * 3
    np.testing.assert_allclose(weighted(sums).rates, [0.6, 0.4, *nobody])
    # Influences 0.6 × 0.4 and 0.4 × -0.6 of the one, 0.4 × 0.6 and 0.6 × -0.4 of the other.
    np.testing.assert_allclose(weighted(sums).covariance[:2, :2], 2 * 0.24**2)
    assert np.isnan(weighted(sums).covariance[2:]).all()
    np.testing.assert_allclose(linear(sums).rates, [3, -2, *nobody])
    np.testing.assert_allclose(linear(sums).covariance[:2, :2], 0, atol=1e-12)
    np.testing.assert_allclose(n_effective(sums), [1 / 0.52, 1 / 0.52, 0, 0, 0])


def test_estimates_outside_0_to_1_are_cut_in_ranges():
    sums = sum_people(TWO, np.ones(2), MET)
    found = by_group(rate_ranges(sums))
    white, black = found["white"], found["black"]
    assert (white.weighted, white.linear) == pytest.approx((0.6, 3))
    assert (black.weighted, black.linear) == pytest.approx((0.4, -2))
    assert (white.low, white.high, white.upper) == pytest.approx((0.6, 1, 1))
    assert (black.low, black.high, black.lower) == pytest.approx((0, 0.4, 0), abs=1e-12)
    wilson = fractional_wilson(np.array([0.6, 0.4]), np.full(2, 1 / 0.52))
    assert white.lower == pytest.approx(wilson.lower[0])
    assert black.upper == pytest.approx(wilson.upper[1])
    assert (white.expected, white.n_effective) == pytest.approx((1, 1 / 0.52))
    assert np.isnan([found["api"].low, found["api"].high, found["api"].lower]).all()


def test_gaps_outside_minus_1_to_1_are_cut():
    sums = sum_people(TWO, np.ones(2), MET)
    there, back = gap_range(sums, "black", "white"), gap_range(sums, "white", "black")
    assert (there.weighted, there.linear) == pytest.approx((-0.2, -5))
    # The influences of both on the two rates are the same, so the gap has no error.
    assert (there.lower, there.low, there.high) == pytest.approx((-1, -1, -0.2))
    assert (back.low, back.high, back.upper) == pytest.approx((0.2, 1, 1))
    assert (there.upper, back.lower) == pytest.approx((-0.2, 0.2), abs=1e-6)
    nobody = gap_range(sums, "api", "white")
    assert np.isnan([nobody.low, nobody.high, nobody.lower, nobody.upper]).all()


@pytest.mark.parametrize(("level", "z"), [(0.95, Z), (0.8, 1.2815515655446004)])
def test_limits_are_the_wider_of_both_estimates(level, z):
    sums = certain((40, 30), (40, 10))
    wilson = fractional_wilson(np.array([0.75, 0.25]), np.full(2, 40.0), level)
    error = (0.75 * 0.25 / 40) ** 0.5
    rates, gaps = rates_and_gaps(sums, "white", level)
    white, black = by_group(rates)["white"], by_group(rates)["black"]
    # Wilson's limits lean to the middle, those of the line do not.
    assert (white.lower, white.upper) == pytest.approx((wilson.lower[0], 0.75 + z * error))
    assert (black.lower, black.upper) == pytest.approx((0.25 - z * error, wilson.upper[1]))
    gap = gaps["black"]
    assert (gap.low, gap.high) == pytest.approx((-0.5, -0.5))
    of_gap = z * error * 2**0.5
    assert (gap.lower, gap.upper) == pytest.approx((-0.5 - of_gap, -0.5 + of_gap))


def test_rates_and_gaps_are_those_of_each_by_itself():
    sums = certain((40, 30), (30, 15), (35, 7))
    rates, gaps = rates_and_gaps(sums, "black")
    for one, other in zip(rates, rate_ranges(sums), strict=True):
        np.testing.assert_array_equal(list(vars(one).values())[1:], list(vars(other).values())[1:])
    assert list(gaps) == ["white", "hispanic", "api"]
    assert gaps["white"] == gap_range(sums, "white", "black")
    assert gaps["hispanic"] == gap_range(sums, "hispanic", "black")


def test_thirty_people_and_eleven_expected_are_shown():
    found = by_group(rate_ranges(certain((30, 15), (29, 15))))
    assert [found[g].is_shown for g in REPORTED] == [True, False, False, False]

    def shown(quarters, eighths):
        white = np.array([0.25] * quarters + [0.5] * 4 + [0.125] * eighths)
        p = np.column_stack([white, 1 - white, np.zeros((len(white), 3))])
        ranges = by_group(rate_ranges(sum_people(p, np.ones(len(p)), np.arange(len(p)) % 2)))
        assert ranges["black"].is_shown and ranges["white"].n_effective > 30
        return ranges["white"].expected, ranges["white"].is_shown

    assert shown(36, 0) == (11.0, True)
    assert shown(35, 1) == (10.875, False)


def test_groups_of_very_different_size_are_told_apart():
    p = np.eye(5)[:2]
    sums = sum_people(p, np.array([1e6, 1]), np.array([25e4, 1]))
    np.testing.assert_allclose(linear(sums).rates[:2], [0.25, 1])


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [(0.1, 0.2, True), (-0.2, -0.1, True), (0.0, 0.2, False), (-0.2, 0.0, False), (-0.1, 0.1, False)],
)  # fmt: skip
def test_zero_is_excluded_by_both_limits_on_one_side(lower, upper, expected):
    middle = (lower + upper) / 2
    found = GapRange("black", "white", middle, middle, middle, middle, lower, upper, is_shown=True)
    assert found.excludes_zero is expected


@pytest.mark.parametrize(
    ("lower", "upper", "reach"), [(-0.10, 0.0, 0.06), (-0.05, 0.09, 0.10), (-0.06, 0.01, 0.02)]
)
def test_the_wider_side_says_what_would_be_found(lower, upper, reach):
    found = GapRange("black", "white", -0.01, -0.04, -0.04, -0.01, lower, upper, is_shown=True)
    assert found.detectable == pytest.approx(0.03 + reach * (Z + 0.8416212335729143) / Z)


def test_wilson_limits_are_proportions():
    sizes = np.arange(1, 400) / 2
    for rate in (0.0, 1.0):
        found = fractional_wilson(np.full(len(sizes), rate), sizes)
        assert (found.lower >= 0).all() and (found.upper <= 1).all()
        assert np.isfinite(found).all()
    # Of nobody who met: 0 to z² / (n + z²).
    assert fractional_wilson(np.zeros(1), np.array([0.5])).upper == pytest.approx(
        Z * Z / (0.5 + Z * Z)
    )


# --- most likely rates ---------------------------------------------------------------------------


def test_most_likely_rates_of_two_people():
    found = expectation_maximisation(TWO, np.ones(2), MET)
    np.testing.assert_allclose(found, [1, 0, np.nan, np.nan, np.nan], atol=1e-8)
    # Somebody without a row says nothing, whatever group it is.
    more = np.vstack([TWO, np.eye(5)[4:]])
    np.testing.assert_array_equal(
        expectation_maximisation(more, np.array([1, 1, 0]), np.array([1, 0, 0])), found
    )
    assert np.isnan(expectation_maximisation(TWO, np.zeros(2), np.zeros(2))).all()


def test_the_search_begins_at_the_weighted_rates_and_goes_on_by_rounds():
    # Certain groups stand still at once; the two that are mixed up have to move.
    p = np.vstack([TWO, TWO, TWO[1:], np.eye(5)[[2, 2, 3, 3]]])
    rows = np.array([1, 2, 1, 3, 1, 1, 1, 1, 2])
    met = np.array([1, 1, 0, 1, 0, 1, 1, 0, 0])
    start = expectation_maximisation(p, rows, met, most=0)
    np.testing.assert_allclose(start[:2], weighted(sum_people(p, rows, met)).rates[:2])
    np.testing.assert_allclose(start[2:4], [1 - 1e-6, 1e-6], rtol=1e-12)
    people = list(zip(p[:, :4].tolist(), rows.tolist(), met.tolist(), strict=True))
    once = expectation_maximisation(p, rows, met, most=1)
    np.testing.assert_allclose(once[:2], reference.em_round(people, start[:4].tolist())[:2])
    assert once[2:4].tolist() == [1 - 1e-12, 1e-12]
    # No rate moves by a half in the first round, so it is the last.
    np.testing.assert_array_equal(expectation_maximisation(p, rows, met, tolerance=0.5), once)
    end = expectation_maximisation(p, rows, met)
    np.testing.assert_allclose(end[:2], reference.em_round(people, end[:4].tolist())[:2], atol=1e-9)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.stats.imputed import (
    RATED,
    REPORTED,
    GapRange,
    Sums,
    expectation_maximisation,
    gap_range,
    hard_counts,
    linear,
    n_effective,
    rate_ranges,
    rated,
    sum_people,
    weighted,
)
from tests.reference import imputed as reference


def make_people(seed, size=200, events=False):
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.full(5, 0.5), size)
    rows = random.integers(1, 4, size) if events else np.ones(size, int)
    met = random.binomial(rows, 0.3 + 0.5 * p[:, 0])
    return p, rows, met


def as_list(p, rows, met):
    return list(zip(p.tolist(), rows.tolist(), met.tolist(), strict=True))


@pytest.mark.parametrize("events", [False, True])
def test_weighted_matches_the_slow_reference(events):
    p, rows, met = make_people(1, events=events)
    sums, people = sum_people(p, rows, met), as_list(p, rows, met)
    found = weighted(sums)
    np.testing.assert_allclose(found.rates, reference.weighted_rates(people), rtol=1e-12)
    for r in range(5):
        assert found.standard_error(r) == pytest.approx(
            reference.weighted_rate_error(people, r), rel=1e-9
        )
        assert n_effective(sums)[r] == pytest.approx(reference.n_effective(people, r), rel=1e-12)
    for r, s in [(1, 0), (2, 0), (3, 2)]:
        gap, error = found.gap(r, s)
        rates = reference.weighted_rates(people)
        assert gap == pytest.approx(rates[r] - rates[s], rel=1e-9)
        assert error == pytest.approx(reference.weighted_gap_error(people, r, s), rel=1e-9)


@pytest.mark.parametrize("events", [False, True])
def test_linear_is_least_squares_with_a_sandwich(events):
    p, rows, met = make_people(2, events=events)
    found = linear(sum_people(p, rows, met))
    # Every row of every person by itself.
    person = np.repeat(np.arange(len(p)), rows)
    y = np.concatenate([np.arange(k) < m for k, m in zip(rows, met, strict=True)]).astype(float)
    x = p[person]
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    np.testing.assert_allclose(found.rates, beta, rtol=1e-9)
    score = np.zeros_like(p)
    np.add.at(score, person, x * (y - x @ beta)[:, None])
    bread = np.linalg.inv(x.T @ x)
    np.testing.assert_allclose(found.covariance, bread @ (score.T @ score) @ bread, rtol=1e-7)


def test_em_stands_still_and_is_most_likely():
    p, rows, met = make_people(3, events=True)
    found = expectation_maximisation(p, rows, met)
    again = reference.em_round(as_list(p, rows, met), found.tolist())
    np.testing.assert_allclose(again, found, atol=1e-8)

    def log_likelihood(mu):
        chance = mu ** met[:, None] * (1 - mu) ** (rows - met)[:, None]
        return np.log((p * chance).sum(axis=1)).sum()

    best = log_likelihood(found)
    for n in range(5):
        for step in (-0.01, 0.01):
            moved = found.copy()
            moved[n] = np.clip(moved[n] + step, 1e-6, 1 - 1e-6)
            assert log_likelihood(moved) <= best + 1e-9


def test_certain_people_give_plain_rates_in_every_estimate():
    p = np.repeat(np.eye(5), [40, 30, 20, 50, 10], axis=0)
    met = np.concatenate(
        [np.arange(n) < m for n, m in [(40, 30), (30, 15), (20, 5), (50, 45), (10, 2)]]
    )
    sums = sum_people(p, np.ones(150), met)
    plain = [30 / 40, 15 / 30, 5 / 20, 45 / 50, 2 / 10]
    np.testing.assert_allclose(weighted(sums).rates, plain)
    np.testing.assert_allclose(linear(sums).rates, plain)
    np.testing.assert_allclose(expectation_maximisation(p, np.ones(150), met), plain, atol=1e-8)
    np.testing.assert_allclose(n_effective(sums), [40, 30, 20, 50, 10])
    gap, error = weighted(sums).gap(1, 0)
    assert gap == pytest.approx(-0.25)
    assert error == pytest.approx((0.75 * 0.25 / 40 + 0.5 * 0.5 / 30) ** 0.5)


def simulate(seed, *, by_race, size=40_000):
    """People whose outcome depends on race given name and place, or on name and place given race."""
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.array([2.0, 0.8, 0.6, 0.4, 0.2]), size)
    race = (p.cumsum(axis=1) < random.random(size)[:, None]).sum(axis=1)
    rates = np.array([0.75, 0.60, 0.65, 0.80, 0.70])
    chance = rates[race] if by_race else p @ rates
    return p, race, rates, (random.random(size) < chance).astype(float)


def test_linear_is_right_where_only_race_matters_and_weighted_falls_short():
    p, _, rates, met = simulate(4, by_race=True)
    sums = sum_people(p, np.ones(len(p)), met)
    truth = rates[1] - rates[0]
    gap, error = linear(sums).gap(1, 0)
    assert abs(gap - truth) < 3 * error
    short, _ = weighted(sums).gap(1, 0)
    assert truth < short < 0 and abs(short) < 0.75 * abs(truth)
    em = expectation_maximisation(p, np.ones(len(p)), met)
    assert em[1] - em[0] == pytest.approx(truth, abs=0.02)
    found = gap_range(sums, "black", "white")
    assert found.low <= truth + 0.02 and found.lower < truth < found.upper


def test_weighted_is_right_where_only_name_and_place_matter():
    p, race, _, met = simulate(5, by_race=False)
    sums = sum_people(p, np.ones(len(p)), met)
    truth = met[race == 1].mean() - met[race == 0].mean()
    gap, error = weighted(sums).gap(1, 0)
    assert abs(gap - truth) < 4 * error


def test_error_of_a_gap_is_that_of_repeated_samples():
    gaps, errors = [], []
    for seed in range(120):
        p, rows, met = make_people(seed + 1000, size=400)
        gap, error = weighted(sum_people(p, rows, met)).gap(1, 0)
        gaps.append(gap)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(np.std(gaps), rel=0.2)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 199))
def test_parts_add_up_to_the_whole_and_order_does_not_matter(seed, cut):
    p, rows, met = make_people(seed, events=True)
    whole = sum_people(p, rows, met)
    parts = sum_people(p[:cut], rows[:cut], met[:cut]) + sum_people(p[cut:], rows[cut:], met[cut:])
    np.testing.assert_allclose(parts.packed(), whole.packed(), rtol=1e-9)
    back = sum_people(p[::-1], rows[::-1], met[::-1])
    np.testing.assert_allclose(back.packed(), whole.packed(), rtol=1e-9)
    np.testing.assert_array_equal(Sums.unpacked(whole.packed()).fourth, whole.fourth)
    assert whole.expected.sum() == pytest.approx(rows.sum())
    assert whole.expected_met.sum() == pytest.approx(met.sum())


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_frame_flips_rates_and_signs(seed):
    p, rows, met = make_people(seed)
    good, bad = sum_people(p, rows, met), sum_people(p, rows, rows - met)
    for estimate in (weighted, linear):
        np.testing.assert_allclose(estimate(bad).rates, 1 - estimate(good).rates, atol=1e-8)
        assert estimate(bad).gap(1, 0)[1] == pytest.approx(estimate(good).gap(1, 0)[1], abs=1e-8)
    there, back = gap_range(good, "black", "white"), gap_range(good, "white", "black")
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.lower <= there.low <= there.high <= there.upper


def test_ranges_hold_both_estimates_and_are_cut_to_proportions():
    p, rows, met = make_people(7, size=60)
    for one in rate_ranges(sum_people(p, rows, met)):
        assert 0 <= one.lower <= one.low <= one.high <= one.upper <= 1
        assert one.low == pytest.approx(min(max(min(one.weighted, one.linear), 0), 1))


def test_smallest_gap_that_would_be_found_is_found_eight_times_in_ten():
    error, width = 0.02, 0.03
    found = GapRange(
        "black", "white", -0.01, -0.04, -0.04, -0.01, -0.04 - 1.959964 * error, -0.01 + 1.959964 * error,
        is_shown=True,
    )  # fmt: skip
    assert not found.excludes_zero
    # A true gap as large as this at the far end of the range leaves its near end 2.8 errors from 0.
    near_end = found.detectable - width
    draws = np.random.default_rng(3).normal(near_end, error, 100_000)
    assert ((draws - 1.959964 * error) > 0).mean() == pytest.approx(0.8, abs=0.01)


def test_few_people_are_not_shown():
    even = np.tile([0.2, 0.2, 0.2, 0.2, 0.2], (5, 1)) + np.eye(5) * 0.1 - 0.02
    many = np.tile(even, (40, 1))
    sums = sum_people(many, np.ones(len(many)), np.arange(len(many)) % 2)
    assert all(one.is_shown for one in rate_ranges(sums))
    few = sum_people(even, np.ones(5), np.zeros(5))
    assert not any(one.is_shown for one in rate_ranges(few))
    # Forty certain people are enough, ten are not, and the gap needs both.
    p = np.repeat(np.eye(5), [40, 10, 40, 29, 40], axis=0)
    found = {one.group: one for one in rate_ranges(sum_people(p, np.ones(159), np.arange(159) % 2))}
    assert [found[g].is_shown for g in REPORTED] == [True, False, True, False]
    sums = sum_people(p, np.ones(159), np.arange(159) % 2)
    assert not gap_range(sums, "black", "white").is_shown
    assert gap_range(sums, "hispanic", "white").is_shown


def test_nobody_is_no_rate_and_same_probabilities_are_no_line():
    nothing = rate_ranges(Sums.zero())
    assert all(np.isnan(one.low) and not one.is_shown for one in nothing)
    same = np.tile([0.5, 0.2, 0.1, 0.1, 0.1], (100, 1))
    sums = sum_people(same, np.ones(100), np.arange(100) % 2)
    assert np.isnan(linear(sums).rates).all()
    assert not any(one.is_shown for one in rate_ranges(sums))


def test_other_is_never_reported():
    with pytest.raises(ValueError, match="reported indirectly"):
        gap_range(Sums.zero(), "other", "white")
    assert REPORTED == ("white", "black", "hispanic", "api") and RATED[-1] == "other"


def test_bad_probabilities_are_refused():
    for bad in ([[0.5, 0.2, 0, 0, 0]], [[1.5, -0.5, 0, 0, 0]], [[np.nan] * 5]):
        with pytest.raises(ValueError, match="add up to 1"):
            sum_people(np.array(bad), np.ones(1), np.ones(1))
    with pytest.raises(ValueError, match="5 probabilities"):
        sum_people(np.ones((1, 6)) / 6, np.ones(1), np.ones(1))


def test_hard_counts_put_everybody_in_one_group():
    six = np.array(
        [[0.6, 0.1, 0.1, 0.1, 0.05, 0.05], [0.1, 0.1, 0.1, 0.1, 0.3, 0.3], [0.0, 0.9, 0.1, 0, 0, 0]]
    )
    five = rated(six)
    np.testing.assert_allclose(five[1], [0.1, 0.1, 0.1, 0.1, 0.6])
    counts = hard_counts(five, np.ones(3), np.array([1, 0, 1]))
    assert counts.denominator.tolist() == [1, 1, 0, 0, 1]
    assert counts.numerator.tolist() == [1, 1, 0, 0, 0]
    assert hard_counts(five, np.ones(3), np.ones(3), least=0.8).denominator.tolist() == [
        0,
        1,
        0,
        0,
        0,
    ]

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.change import gap_change
from measures.stats.clusters import clustered_rate, paired_gap_change
from measures.stats.rates import korn_graubard

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=40).filter(
    lambda some: len({person for _, person in some}) > 1
)


@given(rows, st.randoms(use_true_random=False))
def test_rate_matches_the_sums_of_persons(some, random):
    met, person = zip(*some, strict=True)
    found = clustered_rate(met, person)
    p, n = sum(met) / len(met), len(met)
    people = set(person)
    deviations = [sum(hit - p for hit, who in some if who == one) / n for one in people]
    variance = math.fsum(d * d for d in deviations) * len(people) / (len(people) - 1)
    np.testing.assert_allclose([found.rate, found.variance], [p, variance], atol=1e-12)
    assert (found.rows, found.persons) == (n, len(people))
    np.testing.assert_allclose(
        found.interval, korn_graubard(p, variance, n, len(people) - 1), atol=1e-9
    )
    random.shuffle(some)
    met, person = zip(*some, strict=True)
    again = clustered_rate(met, [f"member {who}" for who in person])
    np.testing.assert_allclose([again.rate, again.variance], [p, variance], atol=1e-12)
    turned = clustered_rate(np.logical_not(met), person)
    np.testing.assert_allclose(turned.variance, variance, atol=1e-12)


def test_one_row_each_is_the_binomial_and_copies_add_nothing():
    met = np.arange(40) < 12
    plain = clustered_rate(met, range(40))
    np.testing.assert_allclose(plain.variance, 0.3 * 0.7 / 40 * 40 / 39)
    copied = clustered_rate(np.repeat(met, 5), np.repeat(range(40), 5))
    np.testing.assert_allclose(copied.variance, plain.variance)


def test_rates_without_rows_or_of_one_person():
    empty = clustered_rate([], [])
    assert (
        np.isnan([empty.rate, empty.variance, *empty.interval]).all()
        and empty.persons == empty.rows == 0
    )
    alone = clustered_rate([True, False], ["a", "a"])
    assert alone.rate == 0.5 and np.isnan([alone.variance, *alone.interval]).all()
    nobody = clustered_rate([False] * 9, range(9))
    assert nobody.interval[0] == 0 < nobody.interval[1]


def panel(overlap, seed=1, people=400):
    """Rows of two periods; `overlap` of the people of the later one were there in the earlier."""
    rng = np.random.default_rng(seed)
    taste = rng.random(3 * people)  # who tends to meet it
    earlier, kept = np.arange(people), int(overlap * people)
    later = np.concatenate([earlier[:kept], people + np.arange(people - kept)])
    person = np.concatenate([earlier, later])
    late = np.repeat([False, True], people)
    group = person % 2 == 0
    met = taste[person] < 0.5 + 0.1 * late + 0.1 * group
    return met, person, group, late


def test_change_is_that_of_counts():
    met, person, group, late = panel(0.5)
    found = paired_gap_change(met, person, group, late)
    assert abs(found.change) > 0.01  # a change of nothing would not tell the arms apart
    cells = [
        number
        for period in (False, True)
        for arm in (True, False)
        for cell in [(group == arm) & (late == period)]
        for number in (int(met[cell].sum()), int(cell.sum()))
    ]
    expected = gap_change(*cells, higher_is_better=True)
    np.testing.assert_allclose(found.change, expected.change)
    variance = sum(x / n * (1 - x / n) / n for x, n in zip(cells[::2], cells[1::2], strict=True))
    np.testing.assert_allclose(found.independent_error, math.sqrt(variance))
    np.testing.assert_allclose(
        found.interval, found.change + 1.959963984540054 * found.error * np.array([-1, 1])
    )
    assert found.persons == len(set(person))


def test_overlap_makes_the_change_surer():
    errors = [paired_gap_change(*panel(overlap)).error for overlap in (0.0, 0.5, 1.0)]
    assert errors[0] > errors[1] > errors[2]
    apart = paired_gap_change(*panel(0.0))
    np.testing.assert_allclose(apart.error, apart.independent_error, rtol=0.01)


def test_error_is_that_of_repeated_panels():
    found = [paired_gap_change(*panel(0.7, seed)) for seed in range(400)]
    spread = np.std([one.change for one in found])
    np.testing.assert_allclose(np.mean([one.error for one in found]), spread, rtol=0.12)
    covered = [one.interval[0] < 0 < one.interval[1] for one in found]
    assert 0.91 < np.mean(covered) < 0.985


def test_swapping_arms_or_periods_turns_the_change():
    met, person, group, late = panel(0.5)
    found = paired_gap_change(met, person, group, late)
    for turned in (
        paired_gap_change(met, person, ~group, late),
        paired_gap_change(met, person, group, ~late),
        paired_gap_change(~met, person, group, late),
    ):
        np.testing.assert_allclose([turned.change, turned.error], [-found.change, found.error])


def test_a_missing_cell_and_arrays_that_do_not_fit():
    missing = paired_gap_change([1, 0, 1], [1, 2, 3], [1, 1, 0], [0, 1, 0])
    assert np.isnan([missing.change, missing.error, missing.independent_error]).all()
    assert np.isnan(missing.interval).all() and missing.persons == 0
    for wrong in (([1, 0], [1]), ([[1]], [[1]])):
        with pytest.raises(ValueError, match="Every row"):
            clustered_rate(*wrong)
    for group, late in (([1], [1, 0]), ([1, 0], [1])):
        with pytest.raises(ValueError, match="Every row"):
            paired_gap_change([1, 0], [1, 2], group, late)

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.gaps import newcombe, patients_to_parity
from measures.stats.parity import (
    patients_to_benchmark,
    patients_to_parity_interval,
    patients_to_part,
)
from tests.reference import change as slow

counts = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
parts = st.fractions(min_value=Fraction(1, 12), max_value=1, max_denominator=12)


@given(counts, counts, st.booleans(), parts)
def test_part_matches_counting(group, reference, better, part):
    found = patients_to_part(*group, *reference, better, part)
    assert found == slow.patients_to_part(*group, *reference, better, part)
    (x1, n1), (x2, n2) = group, reference
    assert found == patients_to_part(n1 - x1, n1, n2 - x2, n2, not better, part)
    assert found <= patients_to_parity(*group, *reference, better)
    assert patients_to_part(*group, *reference, better, Fraction(1)) == patients_to_parity(
        *group, *reference, better
    )


def test_part_of_large_counts_is_exact():
    n = 2**31 - 1
    assert patients_to_part(0, n, n - 1, n, True, Fraction(1, 2)) == (n - 1) // 2
    assert patients_to_part(0, n, n, n, True, Fraction(999_999, 1_000_000)) == -(
        -n * 999_999 // 1_000_000
    )


def test_rests_of_both_divisions_count():
    # two thirds of 1.9 people behind are 1.27 people
    assert patients_to_part(0, 10, 19, 100, True, Fraction(2, 3)) == 2


def test_level_ahead_and_empty():
    np.testing.assert_array_equal(
        patients_to_part([5, 9, 0, 5], [10, 10, 0, 10], [5, 5, 5, 0], [10, 10, 10, 0], True),
        [0, 0, np.nan, np.nan],
    )


@pytest.mark.parametrize("part", [Fraction(0), Fraction(3, 2), Fraction(-1, 2), Fraction(1, 10**7)])
def test_part_must_be_one(part):
    with pytest.raises(ValueError, match="fraction above 0"):
        patients_to_part(1, 2, 2, 2, True, part)


def test_benchmark_is_what_is_printed():
    # as a floating-point number 0.07 of 100 would ask for 8
    assert patients_to_benchmark(0, 100, Fraction("0.07"), True) == 7
    np.testing.assert_array_equal(
        patients_to_benchmark([70, 80, 0], [100, 100, 0], Fraction("0.715"), True), [2, 0, np.nan]
    )
    np.testing.assert_array_equal(
        patients_to_benchmark([70, 80], 100, Fraction("0.715"), [True, False]), [2, 9]
    )
    assert patients_to_benchmark(70, 100, Fraction(1), True) == 30
    assert patients_to_benchmark(70, 100, Fraction(0), False) == 70
    for wrong in (Fraction(85), Fraction(101, 100), Fraction(-1, 100)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            patients_to_benchmark(1, 2, wrong, True)


@given(counts, counts, st.booleans())
def test_interval_holds_the_number_and_turns(group, reference, better):
    low, high = patients_to_parity_interval(*group, *reference, better)
    assert low <= patients_to_parity(*group, *reference, better) <= high
    assert low == int(low) and high == int(high)
    (x1, n1), (x2, n2) = group, reference
    assert high <= (n1 - x1 if better else x1)
    adverse = patients_to_parity_interval(n1 - x1, n1, n2 - x2, n2, not better)
    assert (low, high) == adverse


def test_interval_is_that_of_the_gap():
    low, high = newcombe(400, 1000, 7000, 10_000)
    np.testing.assert_array_equal(
        patients_to_parity_interval(400, 1000, 7000, 10_000, True),
        [np.ceil(-high * 1000), np.ceil(-low * 1000)],
    )
    np.testing.assert_array_equal(patients_to_parity_interval(90, 100, 700, 1000, True), [0, 0])
    np.testing.assert_array_equal(
        patients_to_parity_interval([0, 5], [0, 9], [5, 0], [9, 0], True),
        [[np.nan, np.nan], [np.nan, np.nan]],
    )


def test_half_of_the_way_unless_told_otherwise():
    # 20 of 100 more would be level with 60 percent
    assert patients_to_part(40, 100, 60, 100, True) == 10

"""People between two measures with one denominator: found where no cell says that there are none."""

from __future__ import annotations

import numpy as np

from measures.stats.remainders import Remainder, remainders

N = np.full((2, 1, 3), 40)


def found(first: list[int], second: list[int]) -> tuple[Remainder, ...]:
    return remainders(N, np.array([[first], [second]]))


def test_one_numerator_within_the_other_whichever_comes_first() -> None:
    assert found([5, 20, 30], [5, 25, 31]) == (Remainder(0, 1, is_nested=True),)
    assert found([5, 25, 31], [5, 20, 30]) == (Remainder(1, 0, is_nested=True),)
    (one,) = found([5, 20, 30], [5, 25, 31])
    assert one.counts(N, np.array([[[5, 20, 30]], [[5, 25, 31]]])).tolist() == [[0, 5, 1]]


def test_numerators_apart_leave_those_in_neither() -> None:
    assert found([10, 30, 20], [30, 10, 12]) == (Remainder(0, 1, is_nested=False),)
    (one,) = found([10, 30, 20], [30, 10, 12])
    assert one.counts(N, np.array([[[10, 30, 20]], [[30, 10, 12]]])).tolist() == [[0, 0, 8]]


def test_equal_numerators_lie_within_each_other_and_one_cell_can_speak_against_all() -> None:
    assert found([30, 30, 30], [30, 30, 30]) == (
        Remainder(0, 1, is_nested=True),
        Remainder(1, 0, is_nested=True),
    )
    assert found([30, 10, 30], [29, 11, 30]) == ()

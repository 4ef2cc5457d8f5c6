from __future__ import annotations

import numpy as np
import pytest

from measures.stats.bisg import (
    MalformedTable,
    PlaceKind,
    first_name_table,
    place_table,
    place_table_of_shares,
    spread_other_race,
    surname_table,
)

EVEN = [1 / 6] * 6


def test_withheld_shares_are_split_equally():
    nan = np.nan
    table = surname_table(["a", "b"], np.array([[0.9, nan, 0.04, nan, 0.02, 0.0], EVEN]))
    np.testing.assert_allclose(table.shares[0], [0.9, 0.02, 0.04, 0.02, 0.02, 0.0], atol=1e-15)
    assert not table.has_other


@pytest.mark.parametrize(
    ("names", "shares", "says"),
    [
        ([], np.zeros((0, 6)), "empty"),
        (["a"], np.zeros((1, 5)), "6 values"),
        (["a", "b"], np.array([EVEN]), "differ in number"),
        (["a", "A"], np.array([EVEN, EVEN]), "twice"),
        (["a", "12"], np.array([EVEN, EVEN]), "no letters"),
        (["a"], np.array([[70.0, 20, 5, 3, 1, 1]]), "Percentages"),
        (["a"], np.array([[0.5, 0.2, 0, 0, 0, 0]]), "add up"),
        (["a", "b"], np.array([EVEN, [0.5, 0.2, 0, 0, 0, 0]]), "“b” do not add up"),
        (["a"], np.full((1, 6), np.nan), "no value"),
    ],
)
def test_malformed_surnames_are_refused(names, shares, says):
    with pytest.raises(MalformedTable, match=says):
        surname_table(names, shares)


@pytest.mark.parametrize(
    ("codes", "people", "says"),
    [
        (np.array([], int), np.zeros((0, 6)), "empty"),
        (np.array([1, 1]), np.ones((2, 6)), "twice"),
        (np.array([123456]), np.ones((1, 6)), "5 digits"),
        (np.array([100000]), np.ones((1, 6)), "5 digits"),
        (np.array([0]), np.ones((1, 6)), "5 digits"),
        (np.array([1.5]), np.ones((1, 6)), "5 digits"),
        (np.array([1]), np.ones((1, 4)), "6 values"),
        (np.array([1]), np.array([[1.0, -1, 1, 1, 1, 1]]), "negative"),
        (np.array([1]), np.array([[1.0, np.nan, 1, 1, 1, 1]]), "missing"),
        (np.array([1]), np.array([[1.0, 0, 1, 1, 1, 1]]), "Nobody is black"),
    ],
)
def test_malformed_places_are_refused(codes, people, says):
    with pytest.raises(MalformedTable, match=says):
        place_table(PlaceKind.ZIP, codes, people)


def test_a_table_of_places_has_shares_both_ways():
    table = place_table(
        PlaceKind.ZIP, np.array([20, 10]), np.array([[1.0, 1, 1, 1, 1, 3], [3, 1, 1, 1, 1, 1]])
    )
    assert table.codes.tolist() == [10, 20]
    half = [0.5] * 4
    np.testing.assert_allclose(table.likelihood, [[0.75, *half, 0.25], [0.25, *half, 0.75]])
    np.testing.assert_allclose(table.shares[:2] * 8, [[3, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 3]])
    assert not table.is_empty.any()


def test_malformed_shares_of_places_are_refused():
    def make(likelihood, shares):
        place_table_of_shares(
            PlaceKind.ZIP, np.array([1]), np.array([likelihood]), np.array([shares])
        )

    make([0.5] * 6, EVEN)
    make([np.nan] * 6, [np.nan] * 6)
    with pytest.raises(MalformedTable, match="some of its six"):
        make([np.nan] + [0.5] * 5, EVEN)
    with pytest.raises(MalformedTable, match="outside"):
        make([1.5] + [0.5] * 5, EVEN)
    with pytest.raises(MalformedTable, match="do not add up"):
        make([0.5] * 6, [0.5] * 6)
    with pytest.raises(MalformedTable, match="more than 1"):
        place_table_of_shares(
            PlaceKind.ZIP, np.array([1, 2]), np.full((2, 6), 0.8), np.array([EVEN, EVEN])
        )


def test_first_names_need_frequencies_and_use_them(firsts):
    people = np.array([0.65 * 1000, 0.02 * 3000, 0.0])
    np.testing.assert_allclose(firsts.likelihood[:, 2], people / people.sum(), rtol=1e-14)
    np.testing.assert_allclose(firsts.likelihood.sum(axis=0), 1.0)
    with pytest.raises(MalformedTable, match="count"):
        first_name_table(["a"], np.array([EVEN]), np.array([np.nan]))
    with pytest.raises(MalformedTable, match="Nobody is"):
        first_name_table(["a"], np.array([EVEN]), np.array([0.0]))


def test_other_race_is_spread_in_proportion_and_nobody_is_lost():
    found = spread_other_race(
        np.array([[60.0, 20, 10, 0], [0, 0, 0, 0]]),
        np.array([30.0, 4]),
        np.array([10.0, 0]),
        np.array([10.0, 5]),
    )
    np.testing.assert_allclose(found[0], [66, 22, 30, 11, 0, 11])
    np.testing.assert_allclose(found[1], [1, 1, 4, 1, 1, 1])

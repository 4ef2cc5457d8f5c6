from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measures.stats.bisg import PlaceKind, PlaceMatch, clean_places, match_places, place_table


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("02139", 2139),
        (" 02139 ", 2139),
        ("2139", 2139),
        ("501", 501),
        ("02139-1234", 2139),
        ("2139-1234", 2139),
        ("02139 1234", 2139),
        ("021391234", 2139),
        ("21391234", 2139),
        ("5011234", 501),
        ("501-1234", 501),
        ("02139.0", 2139),
        ("2139.", 2139),
        ("", None),
        (None, None),
        ("ABCDE", 0),
        ("021 39", 0),
        ("00000", 0),
        ("12", 0),
        ("123456", 0),
        ("-2139", 0),
        ("2139.5", 0),
    ],
)
def test_zip_codes_are_read(given, code):
    assert clean_places([given], PlaceKind.ZIP).to_list() == [code]


def test_numbers_of_spreadsheets_are_read():
    whole = clean_places([2139, None, 99501, -1], PlaceKind.ZIP)
    assert whole.to_list() == [2139, None, 99501, 0]
    decimal = clean_places([2139.0, float("nan"), None, 2139.5, 21391234.0], PlaceKind.ZIP)
    assert decimal.to_list() == [2139, None, None, 0, 2139]
    assert clean_places(pl.Series([2139.0], dtype=pl.Float32), PlaceKind.ZIP).to_list() == [2139]


def test_tracts_and_block_groups_keep_their_digits():
    tracts = ["25017350100", "1001020100", "25017350100.0", "250173501001", "2501735010"]
    assert clean_places(tracts, PlaceKind.TRACT).to_list() == [
        25017350100, 1001020100, 25017350100, 0, 2501735010,
    ]  # fmt: skip
    groups = ["250173501001", "10010201001", "2501735010"]
    assert clean_places(groups, PlaceKind.BLOCK_GROUP).to_list() == [250173501001, 10010201001, 0]


def test_match_says_why_not(zips):
    found = match_places(["02139", "2139-0001", "02140", "99999", "x", "", None], zips)
    assert found.how.tolist() == [
        PlaceMatch.FOUND,
        PlaceMatch.FOUND,
        PlaceMatch.NOT_LISTED,
        PlaceMatch.NOBODY_COUNTED,
        PlaceMatch.MALFORMED,
        PlaceMatch.MISSING,
        PlaceMatch.MISSING,
    ]
    assert zips.codes[found.rows[:2]].tolist() == [2139, 2139]
    assert (found.rows[2:] == -1).all()


def test_texts_and_numbers_match_alike(zips):
    texts = match_places(["02139", "1532", None, "7"], zips)
    numbers = match_places(pl.Series([2139, 1532, None, 7]), zips)
    assert texts.rows.tolist() == numbers.rows.tolist()
    assert texts.how.tolist() == numbers.how.tolist()
    assert texts.how.tolist()[2:] == [PlaceMatch.MISSING, PlaceMatch.MALFORMED]


def test_what_cannot_be_read_is_not_the_first_place_of_all():
    table = place_table(PlaceKind.ZIP, np.array([1, 2]), np.ones((2, 6)))
    found = match_places(["zz", "", "001", "00001", "002"], table)
    assert found.rows.tolist() == [-1, -1, 0, 0, 1]
    assert found.how.tolist()[:3] == [PlaceMatch.MALFORMED, PlaceMatch.MISSING, PlaceMatch.FOUND]


def test_tract_table_is_looked_up():
    table = place_table(
        PlaceKind.TRACT, np.array([25017350100, 1001020100]), np.array([[1.0] * 6, [2.0] * 6])
    )
    found = match_places(["25017350100", "01001020100", "1001020100", "25017350101"], table)
    assert table.codes[found.rows[:3]].tolist() == [25017350100, 1001020100, 1001020100]
    assert found.how.tolist()[3] == PlaceMatch.NOT_LISTED

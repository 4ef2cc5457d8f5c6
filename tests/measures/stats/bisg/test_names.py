from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.bisg import NameMatch, clean_names, match_first_names, match_surnames
from measures.stats.bisg.names import distinct_texts


@pytest.mark.parametrize(
    ("written", "joined"),
    [
        ("SMITH", "smith"),
        (" Smith, ", "smith"),
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("O´Brien", "obrien"),
        ("o brien", "obrien"),
        ("O-Brien", "obrien"),
        ("D Angelo", "dangelo"),
        ("Muñoz", "munoz"),
        ("Mun\u0303oz", "munoz"),
        ("Nguyễn", "nguyen"),
        ("Łukaszewski", "lukaszewski"),
        ("Groß", "gross"),
        ("Smith III", "smith"),
        ("Smith Jr.", "smith"),
        ("Smith, M.D.", "smith"),
        ("Smith Ph.D.", "smith"),
        ("SMITH II", "smith"),
        ("J. Smith", "smith"),
        ("Smith V", "smith"),
        ("ST. JOHN", "stjohn"),
        ("St John", "stjohn"),
        ("Mc Donald", "mcdonald"),
        ("Van Dyke", "vandyke"),
        ("De La Cruz", "delacruz"),
        ("Sm1th {x}", "smth"),
        ("“Smith”", "smith"),
    ],
)
def test_names_are_cleaned(written, joined):
    assert clean_names([written])["joined"][0] == joined


@pytest.mark.parametrize(
    "name", ["NASR", "AVIV", "LIV", "ZIV", "IV", "Md", "O", "Jr", "NAN", "Null"]
)
def test_suffixes_go_as_words_only_and_never_leave_nothing(name):
    assert clean_names([name])["joined"][0] == name.lower()


def test_hyphen_gives_first_second_and_joined():
    assert clean_names(["Smith-Jones", "Jean – Baptiste", "Al-Hassan"]).select(
        "joined", "first", "second"
    ).rows() == [
        ("smithjones", "smith", "jones"),
        ("jeanbaptiste", "jean", "baptiste"),
        ("alhassan", "", ""),
    ]


def test_words_of_three_letters_and_more_are_tried_alone():
    tried = clean_names(["De Li Roe Qxzw", "Roe", "Roe-Li Qxz"])["one_word"].to_list()
    assert tried == [["roe", "qxzw"], [], ["roe", "qxz"]]


def test_each_text_stands_once_among_the_distinct():
    texts, positions = distinct_texts(pl.Series(["b", None, "a", "b", ""]))
    assert sorted(texts) == ["", "a", "b"]
    assert [texts[int(p)] for p in positions] == ["b", "", "a", "b", ""]
    none, nowhere = distinct_texts(pl.Series([], dtype=pl.String))
    assert len(none) == len(nowhere) == 0


@pytest.mark.parametrize(
    ("written", "listed", "how"),
    [
        ("smith", "smith", NameMatch.AS_WRITTEN),
        ("Garcia-Smith", "garcia", NameMatch.FIRST_PART),
        ("Qxz-Smith", "smith", NameMatch.SECOND_PART),
        ("Smith-Garcia Jr", "smith", NameMatch.FIRST_PART),
        ("Obr-ien", "obrien", NameMatch.HYPHEN_JOINED),
        ("García Qxz", "garcia", NameMatch.ONE_WORD),
        ("Van Qxz", None, NameMatch.NOT_LISTED),
        ("Qxz", None, NameMatch.NOT_LISTED),
        ("All Other Names", None, NameMatch.NOT_LISTED),
        ("", None, NameMatch.MISSING),
        (None, None, NameMatch.MISSING),
        ("  - 12", None, NameMatch.MISSING),
        ("李", None, NameMatch.MISSING),
    ],
)
def test_match_says_how(surnames, written, listed, how):
    found = match_surnames([written], surnames)
    assert found.how[0] == how
    assert (surnames.names[int(found.rows[0])] if found.rows[0] >= 0 else None) == listed


def test_input_order_and_index_do_not_matter(surnames):
    names = ["Qxz", "García", "Smith-Jones", None, "SMITH", "García"] * 3
    found = match_surnames(names, surnames)
    single = [match_surnames([name], surnames) for name in names]
    assert found.rows.tolist() == [int(one.rows[0]) for one in single]
    assert found.how.tolist() == [int(one.how[0]) for one in single]
    assert match_surnames(pl.Series(names), surnames).rows.tolist() == found.rows.tolist()


def test_first_of_two_first_names_counts(firsts):
    found = match_first_names(["Maria Luisa", "María", "james", "Qx"], firsts)
    assert found.rows.tolist() == [0, 0, 1, -1]


@given(st.lists(st.text(max_size=20) | st.none(), max_size=20))
def test_any_text_is_cleaned_to_letters(texts):
    cleaned = clean_names(texts)
    assert cleaned.height == len(texts)
    assert all(c.isascii() and (c.isalpha() or c == "") for c in cleaned["joined"])
    assert cleaned["joined"].to_list() == clean_names(cleaned["joined"])["joined"].to_list()

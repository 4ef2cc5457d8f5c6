"""Names as people write them → the way the tables spell them.

The order of cleaning: accents are folded and letters made lower case; apostrophes and full stops go,
other signs and digits become spaces; titles and generations (jr, sr, ii, iii, iv, dds, md, phd) and lone
initials other than o and d go, as whole words and only if another word is left; words are joined. A
hyphen is tried as first part, second part, both joined.

Source: proxy methodology of the Consumer Financial Protection Bureau (2014), appendix A; accents, joined
hyphens and single words are additions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.stats.bisg.matches import NameMatch
from measures.stats.bisg.tables import FirstNameTable, NameIndex, SurnameTable

Ints = NDArray[np.int32]

_SUFFIXES = ("jr", "sr", "ii", "iii", "iv", "dds", "md", "phd")
_DROPPED = rf"\b(?:{'|'.join(_SUFFIXES)}|[a-ce-np-z])\b"
#: Words that belong to the next one: never looked up alone.
_PARTICLES = (
    "al", "ap", "ben", "bin", "d", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos",
    "du", "el", "ibn", "la", "las", "le", "los", "mac", "mc", "o", "saint", "san", "santa", "st", "ter",
    "van", "von", "y",
)  # fmt: skip
_APOSTROPHES = r"['’‘ʼʻ`´′.]"
_HYPHENS = r"[-‐‑‒–—−]+"
#: Letters that NFKD does not take apart.
_LETTERS = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
}


@dataclass(frozen=True)
class NameRows:
    """rows: row of each name in its table, -1 where there is none. how: `NameMatch`, int8."""

    rows: Ints
    how: NDArray[np.int8]


def clean_names(names: Sequence[str | None] | pl.Series) -> pl.DataFrame:
    """Spellings of each name to look up, in input order.

    Columns: `joined` (all words joined; "" for no name), `first` and `second` (parts of a hyphenated
    name, "" for none), `one_word` (list of words to try alone, last resort).
    """
    text = _folded(pl.Series("name", names, dtype=pl.String))
    frame = pl.DataFrame({"text": text}).with_columns(
        kept=pl.col("text").str.replace_all(_DROPPED, " ").str.strip_chars(" -")
    )
    # A name that consists of nothing else is a name: Md, Iv and O are.
    frame = frame.with_columns(
        kept=pl.when(pl.col("kept") == "").then("text").otherwise("kept").str.strip_chars(" -")
    )
    parts = pl.col("kept").str.split("-").list.eval(pl.element().str.replace_all(" ", ""))
    frame = frame.with_columns(
        parts=parts.list.filter(pl.element() != ""),
        words=pl.col("kept").str.replace_all("-", " ").str.split(" "),
        joined=pl.col("kept").str.replace_all("[- ]", ""),
    )
    first = pl.col("parts").list.get(0, null_on_oob=True).fill_null("")
    # What begins with a particle is one name, hyphen or not: Al-Hassan, O-Brien.
    hyphened = (pl.col("parts").list.len() > 1) & ~first.is_in(_PARTICLES)
    worth = (
        (pl.element() != "") & (pl.element().str.len_chars() > 2) & ~pl.element().is_in(_PARTICLES)
    )
    return frame.select(
        "joined",
        first=pl.when(hyphened).then(first).otherwise(pl.lit("")),
        second=pl.when(hyphened)
        .then(pl.col("parts").list.get(1, null_on_oob=True))
        .otherwise(pl.lit("")),
        one_word=pl.when(pl.col("words").list.len() > 1)
        .then(pl.col("words").list.filter(worth))
        .otherwise(pl.lit([], dtype=pl.List(pl.String))),
    )


def _folded(names: pl.Series) -> pl.Series:
    """Lower-case a to z, single hyphens and spaces; "" for null."""
    frame = pl.DataFrame({"name": names.fill_null("")})
    name = pl.col("name").str.to_lowercase()
    # Before normalising: that would turn an acute accent standing alone into a space.
    name = name.str.replace_all(_APOSTROPHES, "").str.replace_many(_LETTERS)
    name = name.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.replace_all(_HYPHENS, "-")
    name = name.str.to_lowercase().str.replace_all("[^a-z-]+", " ")
    name = name.str.replace_all(" *- *", "-").str.strip_chars(" -")
    return frame.select(name).to_series()


def match_surnames(names: Sequence[str | None] | pl.Series, table: SurnameTable) -> NameRows:
    """Row of each name in the table, in input order. Each distinct text is looked at once."""
    return match_names(pl.Series("name", names, dtype=pl.String), table)


def match_first_names(names: Sequence[str | None] | pl.Series, table: FirstNameTable) -> NameRows:
    """As `match_surnames`. Of several first names one counts when they are not listed together."""
    return match_names(pl.Series("name", names, dtype=pl.String), table)


def match_names(names: pl.Series, table: SurnameTable | FirstNameTable) -> NameRows:
    """As `match_surnames`, for either kind of name."""
    # Most names are one word of plain letters: they need no cleaning.
    rows = table.index.rows_of(names)
    how = np.zeros(len(names), np.int8)
    rest = np.flatnonzero(rows < 0)
    if len(rest):
        distinct, positions = distinct_texts(names.gather(rest))
        found = _match_distinct(distinct, table.index)
        rows[rest] = found.rows[positions]
        how[rest] = found.how[positions]
    return NameRows(rows, how)


def distinct_texts(texts: pl.Series) -> tuple[pl.Series, NDArray[np.uint32]]:
    """(distinct texts, position of each text among them). An empty text stands for null."""
    texts = texts.fill_null("")
    coded = texts.cast(pl.Categorical(pl.Categories.random()))
    positions: NDArray[np.uint32] = coded.to_physical().to_numpy()
    some_row = np.zeros(int(positions.max()) + 1 if len(positions) else 0, np.int64)
    # Which of equal texts remains does not matter.
    some_row[positions] = np.arange(len(positions))
    return texts.gather(some_row), positions


def _match_distinct(distinct: pl.Series, index: NameIndex) -> NameRows:
    """As `match_surnames`, for texts that do not repeat."""
    rows = np.full(len(distinct), -1, np.int32)
    how = np.full(len(distinct), NameMatch.NOT_LISTED, np.int8)
    cleaned = clean_names(distinct)

    def settle(keys: pl.Series, reason: NameMatch, wanted: NDArray[np.bool_]) -> None:
        found = index.rows_of(keys)
        new = wanted & (found >= 0) & (rows < 0)
        rows[new] = found[new]
        how[new] = reason

    how[(cleaned["joined"] == "").to_numpy()] = NameMatch.MISSING
    hyphened = (cleaned["first"] != "").to_numpy()
    settle(cleaned["joined"], NameMatch.AS_WRITTEN, ~hyphened)
    settle(cleaned["first"], NameMatch.FIRST_PART, hyphened)
    settle(cleaned["second"], NameMatch.SECOND_PART, hyphened)
    settle(cleaned["joined"], NameMatch.HYPHEN_JOINED, hyphened)
    longest = cleaned["one_word"].list.len().max()
    for position in range(int(longest) if isinstance(longest, int) else 0):
        word = cleaned["one_word"].list.get(position, null_on_oob=True).fill_null("")
        settle(word, NameMatch.ONE_WORD, (word != "").to_numpy())
    return NameRows(rows, how)

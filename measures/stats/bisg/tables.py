"""The three kinds of tables that an imputation rests on, checked when they are made.

A table that is not what it claims to be raises `MalformedTable`; nothing is repaired silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CATEGORIES: tuple[str, ...] = ("white", "black", "hispanic", "api", "aian", "multi")
"""Hispanic of any race; the other five not Hispanic. API: Asian, Native Hawaiian or Pacific Islander.
AIAN: American Indian or Alaska Native. Multi: two or more races."""
WIDTH = len(CATEGORIES)

OTHER_NAMES = "allothernames"
"""Key of the row that stands for every name not listed by itself."""
SUM_TOLERANCE = 0.02
"""Published shares are rounded; six of them may miss 1 by this much."""


class MalformedTable(ValueError):
    """A table cannot be used. The message names what is wrong, for the administrator who loads it."""


class PlaceKind(StrEnum):
    ZIP = "zip"
    TRACT = "tract"
    BLOCK_GROUP = "block_group"

    @property
    def digits(self) -> int:
        return {PlaceKind.ZIP: 5, PlaceKind.TRACT: 11, PlaceKind.BLOCK_GROUP: 12}[self]


class NameIndex:
    """Finds the rows of listed names among millions of texts, by hash and without looking at a letter.

    Knows each name in lower, upper and title case. A text that is found is right but for the chance of
    two equal 64-bit hashes, 1 in 10^13 per text.
    """

    _SEED = 1
    _SLOTS = 1 << 22

    def __init__(self, names: pl.Series) -> None:
        forms = pl.concat([names.str.to_titlecase(), names.str.to_uppercase(), names])
        hashes = self._hash(forms)
        rows = np.tile(np.arange(len(names), dtype=np.int32), 3)
        order = np.argsort(hashes)
        self._hashes, self._rows = hashes[order], rows[order]
        slot = self._hashes & np.uint64(self._SLOTS - 1)
        self._slots = np.zeros(self._SLOTS, np.int32)
        self._slots[slot] = np.arange(len(forms))
        # Names that lost their slot to another one are found by bisection.
        displaced = self._slots[slot] != np.arange(len(forms))
        self._displaced = self._hashes[displaced], self._rows[displaced]

    def _hash(self, texts: pl.Series) -> NDArray[np.uint64]:
        hashes: NDArray[np.uint64] = texts.hash(self._SEED).to_numpy()
        return hashes

    def rows_of(self, texts: pl.Series) -> NDArray[np.int32]:
        """Row of each text, -1 where it is not listed as it stands."""
        if not len(self._rows):
            return np.full(len(texts), -1, np.int32)
        hashes = self._hash(texts)
        at = self._slots[hashes & np.uint64(self._SLOTS - 1)]
        rows: NDArray[np.int32] = np.where(self._hashes[at] == hashes, self._rows[at], np.int32(-1))
        rest = np.flatnonzero(rows < 0)
        others, other_rows = self._displaced
        if len(rest) and len(others):
            at = np.minimum(np.searchsorted(others, hashes[rest]), len(others) - 1)
            rows[rest] = np.where(others[at] == hashes[rest], other_rows[at], np.int32(-1))
        return rows


@dataclass(frozen=True)
class SurnameTable:
    """names: lower-case letters only, distinct. shares: P(race | surname), one row per name.

    has_other: the table says what holds for all names not listed. padded: `shares` and two rows that
    -2 and -1 point to: names not listed (1 in every column where the table does not say), no name.
    """

    names: pl.Series
    has_other: bool
    padded: Floats
    index: NameIndex

    @property
    def shares(self) -> Floats:
        return self.padded[:-2]

    @property
    def other(self) -> Floats:
        other: Floats = self.padded[-2]
        return other


@dataclass(frozen=True)
class FirstNameTable:
    """names: lower-case letters only, distinct. padded: P(first name | race); row -1 (no name) is 1."""

    names: pl.Series
    padded: Floats
    index: NameIndex

    @property
    def likelihood(self) -> Floats:
        return self.padded[:-1]

    @classmethod
    def of_likelihood(cls, names: pl.Series, likelihood: Floats) -> FirstNameTable:
        """A table that `first_name_table` made before."""
        return cls(names, _padded(likelihood), NameIndex(names))


@dataclass(frozen=True)
class PlaceTable:
    """codes: ascending whole numbers (02139 is 2139). padded: P(place | race), NaN where nobody lives;
    row -1 (no place) is 1. shares: P(race | place), NaN and 1 likewise.
    """

    kind: PlaceKind
    codes: NDArray[np.int64]
    padded: Floats
    shares: Floats
    is_empty: NDArray[np.bool_]

    @property
    def likelihood(self) -> Floats:
        return self.padded[:-1]


def surname_table(names: Sequence[str] | pl.Series, shares: Floats) -> SurnameTable:
    """Make a table of P(race | surname).

    shares: (names, 6), proportions; NaN marks a value that was withheld. Withheld values of a row share
    what the others leave of 1, equally.

    Raises:
        MalformedTable: empty; not six columns; a value outside 0 to 1; a row that does not add up to 1
            within `SUM_TOLERANCE`; a name twice, or without letters.
    """
    keys, matrix = _checked(names, shares)
    matrix = _fill_withheld(matrix)
    _check_sums(keys, matrix)
    is_other = (keys == OTHER_NAMES).to_numpy()
    listed = keys.filter(pl.Series(~is_other))
    has_other = bool(is_other.any())
    other = matrix[is_other] if has_other else np.ones((1, WIDTH))
    padded = np.concatenate([matrix[~is_other], other, np.ones((1, WIDTH))])
    return SurnameTable(listed, has_other, padded, NameIndex(listed))


def first_name_table(
    names: Sequence[str] | pl.Series, shares: Floats, counts: Floats
) -> FirstNameTable:
    """Make a table of P(first name | race) of P(race | first name) and the names' frequencies.

    Without frequencies every name would count alike and the likelihood would be wrong by orders of
    magnitude, so they are required: P(f | r) = n_f P(r | f) / Σ_f n_f P(r | f).

    Raises:
        MalformedTable: as `surname_table`; a count that is negative or not finite; a race without anybody.
    Source: Voicu (2018), Statistics and Public Policy 5:1-13.
    """
    keys, matrix = _checked(names, shares)
    matrix = _fill_withheld(matrix)
    _check_sums(keys, matrix)
    numbers = np.asarray(counts, dtype=np.float64)
    if numbers.shape != (len(keys),) or not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise MalformedTable("Every first name needs a count of 0 or more.")
    people = matrix * numbers[:, None]
    totals = people.sum(axis=0)
    if (totals <= 0).any():
        raise MalformedTable(f"Nobody is {CATEGORIES[int(np.argmin(totals))]} in the whole table.")
    keep = (keys != OTHER_NAMES).to_numpy()
    listed = keys.filter(pl.Series(keep))
    return FirstNameTable.of_likelihood(listed, (people / totals)[keep])


def place_table(kind: PlaceKind, codes: NDArray[np.int64], people: Floats) -> PlaceTable:
    """Make a table of P(place | race) of people counted by race in every place.

    people: (places, 6), not negative; the whole population over which the likelihood is made.

    Raises:
        MalformedTable: no place; not six columns; a negative or missing count; a code twice or with too
            many digits; a race without anybody.
    """
    numbers = np.asarray(people, dtype=np.float64)
    order = _checked_codes(kind, codes, numbers)
    if not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise MalformedTable("A number of people is missing or negative.")
    totals = numbers.sum(axis=0)
    if (totals <= 0).any():
        raise MalformedTable(f"Nobody is {CATEGORIES[int(np.argmin(totals))]} in the whole table.")
    whole = numbers.sum(axis=1, keepdims=True)
    empty = whole[:, 0] == 0
    likelihood = numbers / totals
    shares = np.divide(numbers, whole, out=np.full_like(numbers, np.nan), where=whole > 0)
    likelihood[empty] = np.nan
    return _place_table(kind, codes[order], likelihood[order], shares[order])


def place_table_of_shares(
    kind: PlaceKind, codes: NDArray[np.int64], likelihood: Floats, shares: Floats
) -> PlaceTable:
    """Make a table of published P(place | race) and P(race | place); NaN in a whole row: nobody lives there.

    Raises:
        MalformedTable: as `place_table`; a row only partly missing; a value outside 0 to 1; shares that do
            not add up to 1; likelihoods of a race that add up to more than 1.
    """
    given, of_place = np.asarray(likelihood, np.float64), np.asarray(shares, np.float64)
    order = _checked_codes(kind, codes, given)
    if of_place.shape != given.shape:
        raise MalformedTable("Likelihoods and shares do not have the same rows.")
    for matrix in (given, of_place):
        missing = np.isnan(matrix)
        if (missing.any(axis=1) != missing.all(axis=1)).any():
            raise MalformedTable("A place has some of its six values and not the others.")
        if ((matrix < 0) | (matrix > 1)).any():
            raise MalformedTable("A value lies outside 0 to 1.")
    if (np.abs(np.nansum(of_place, axis=1)[~np.isnan(of_place[:, 0])] - 1) > SUM_TOLERANCE).any():
        raise MalformedTable("The shares of a place do not add up to 1.")
    if (np.nansum(given, axis=0) > 1 + SUM_TOLERANCE).any():
        raise MalformedTable("The likelihoods of a race add up to more than 1.")
    return _place_table(kind, codes[order], given[order], of_place[order])


def _place_table(
    kind: PlaceKind, codes: NDArray[np.int64], likelihood: Floats, shares: Floats
) -> PlaceTable:
    padded = _padded(likelihood)
    return PlaceTable(kind, codes.astype(np.int64), padded, _padded(shares), np.isnan(padded[:, 0]))


def _padded(matrix: Floats) -> Floats:
    return np.concatenate([matrix, np.ones((1, WIDTH))])


def spread_other_race(
    single: Floats, hispanic: Floats, multiple: Floats, other_alone: Floats
) -> Floats:
    """Count people of “some other race” among the five groups of people who are not Hispanic.

    single: (places, 4) people of one race, not Hispanic, in the order White, Black, API, AIAN, each with
    those who gave it together with some other race. multiple: two or more races without those.
    other_alone: some other race alone, not Hispanic, spread in proportion to the five groups of the
    place; equally where nobody else is there.

    Returns (places, 6) in the order of `CATEGORIES`, float64.
    Source: Word et al. (2008), Demographic aspects of surnames from Census 2000; proxy methodology of the
    Consumer Financial Protection Bureau (2014).
    """
    five = np.column_stack([single, multiple]).astype(np.float64)
    base = five.sum(axis=1, keepdims=True)
    part = np.divide(five, base, out=np.full_like(five, 1.0 / five.shape[1]), where=base > 0)
    five += part * np.asarray(other_alone, np.float64)[:, None]
    return np.column_stack(
        [
            five[:, 0],
            five[:, 1],
            np.asarray(hispanic, np.float64),
            five[:, 2],
            five[:, 3],
            five[:, 4],
        ]
    )


# --- checks ------------------------------------------------------------------------------------------------


def _checked(names: Sequence[str] | pl.Series, shares: Floats) -> tuple[pl.Series, Floats]:
    matrix = np.asarray(shares, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != WIDTH:
        raise MalformedTable(f"A name needs {WIDTH} values.")
    if len(names) != len(matrix) or not len(matrix):
        raise MalformedTable("The table is empty, or names and values differ in number.")
    keys = (
        pl.Series("name", names, dtype=pl.String).str.to_lowercase().str.replace_all("[^a-z]", "")
    )
    if keys.is_null().any() or (keys == "").any():
        raise MalformedTable("A name has no letters.")
    if keys.n_unique() != len(keys):
        twice = keys.filter(keys.is_duplicated())[0]
        raise MalformedTable(f"The name “{twice}” stands in the table twice.")
    known = ~np.isnan(matrix)
    if ((matrix < 0) | (matrix > 1))[known].any():
        raise MalformedTable("A share lies outside 0 to 1. Percentages must be divided by 100.")
    if not known.any(axis=1).all():
        row = int(np.argmin(known.any(axis=1)))
        raise MalformedTable(f"The name “{keys[row]}” has no value at all.")
    return keys, matrix


def _fill_withheld(matrix: Floats) -> Floats:
    withheld = np.isnan(matrix)
    missing = withheld.sum(axis=1)
    left = np.clip(1.0 - np.nansum(matrix, axis=1), 0.0, None)
    each = np.divide(left, missing, out=np.zeros_like(left), where=missing > 0)
    return np.where(withheld, each[:, None], matrix)


def _check_sums(keys: pl.Series, matrix: Floats) -> None:
    wrong = np.abs(matrix.sum(axis=1) - 1) > SUM_TOLERANCE
    if wrong.any():
        raise MalformedTable(f"The shares of “{keys[int(np.argmax(wrong))]}” do not add up to 1.")


def _checked_codes(kind: PlaceKind, codes: NDArray[np.int64], matrix: Floats) -> NDArray[np.int64]:
    """Order of the codes; raises MalformedTable."""
    if not len(codes):
        raise MalformedTable("The table is empty.")
    if matrix.shape != (len(codes), WIDTH):
        raise MalformedTable(f"A place needs {WIDTH} values.")
    if codes.dtype.kind not in "iu" or (codes <= 0).any() or (codes >= 10**kind.digits).any():
        raise MalformedTable(f"A code of a place does not have {kind.digits} digits.")
    order = np.argsort(codes, kind="stable").astype(np.int64)
    ordered = codes[order]
    if (ordered[1:] == ordered[:-1]).any():
        twice = ordered[1:][ordered[1:] == ordered[:-1]][0]
        raise MalformedTable(f"The place {int(twice):0{kind.digits}d} stands in the table twice.")
    return order

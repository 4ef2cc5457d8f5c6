"""ZIP codes, tracts and block groups as files hold them → whole numbers, and their rows in a table.

Spreadsheets drop leading zeros and turn codes into decimal numbers; both are undone. A ZIP code with
four more digits is cut to five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.stats.bisg.matches import PlaceMatch
from measures.stats.bisg.names import distinct_texts
from measures.stats.bisg.tables import PlaceKind, PlaceTable


@dataclass(frozen=True)
class PlaceRows:
    """rows: row of each place in its table, -1 where there is none. how: `PlaceMatch`, int8."""

    rows: NDArray[np.int32]
    how: NDArray[np.int8]


def clean_places(places: Sequence[object] | pl.Series, kind: PlaceKind) -> pl.Series:
    """Codes as Int64, in input order: null for no place, 0 for one that cannot be read.

    places: texts, whole numbers or decimal numbers (NaN is no place).
    """
    given = pl.Series("place", places, strict=False)
    if given.dtype.is_float():
        given = given.fill_nan(None)
        whole = given.cast(pl.Int64, strict=False)
        given = pl.select(
            pl.when(given.is_null()).then(None).when(given == whole).then(whole).otherwise(0)
        ).to_series()
    if given.dtype.is_integer():
        text = given.cast(pl.String)
    elif given.dtype == pl.Null:
        return given.cast(pl.Int64)
    else:
        text = given.cast(pl.String)
    text = text.str.strip_chars().str.replace(r"\.0*$", "")
    return pl.DataFrame({"text": text}).select(_code(kind)).to_series()


def _code(kind: PlaceKind) -> pl.Expr:
    text = pl.col("text")
    digits = text.str.contains(r"^[0-9]+$")
    length = text.str.len_bytes()
    number = text.cast(pl.Int64, strict=False).fill_null(0)
    if kind == PlaceKind.ZIP:
        dashed = text.str.extract(r"^([0-9]{3,5})(?:-[0-9]{0,4}| [0-9]{4})$").cast(
            pl.Int64, strict=False
        )
        code = (
            pl.when(digits & length.is_between(3, 5))
            .then(number)
            .when(digits & length.is_between(7, 9))
            .then(number // 10_000)
            .otherwise(dashed.fill_null(0))
        )
    else:
        least = kind.digits - 1
        code = pl.when(digits & length.is_between(least, kind.digits)).then(number).otherwise(0)
    return pl.when(text.is_null() | (text == "")).then(None).otherwise(code).alias("place")


def match_codes(codes: NDArray[np.int64], table: PlaceTable) -> PlaceRows:
    """Rows of codes that were cleaned: -1 stands for no place, 0 for one that cannot be read."""
    if table.kind == PlaceKind.ZIP:
        # Five digits are few enough for a list of all.
        row_of = np.full(10**PlaceKind.ZIP.digits, -1, np.int32)
        row_of[table.codes] = np.arange(len(table.codes), dtype=np.int32)
        rows = row_of[np.maximum(codes, 0)]
    else:
        at = np.searchsorted(table.codes, codes)
        at[at == len(table.codes)] = 0
        rows = np.where(table.codes[at] == codes, at, -1).astype(np.int32)
    how = np.zeros(len(codes), np.int8)
    lost = rows < 0
    if lost.any():
        how[lost] = PlaceMatch.NOT_LISTED
        how[codes == 0] = PlaceMatch.MALFORMED
        how[codes < 0] = PlaceMatch.MISSING
    empty = table.is_empty[rows] & ~lost
    if empty.any():
        how[empty] = PlaceMatch.NOBODY_COUNTED
        rows[empty] = -1
    return PlaceRows(rows, how)


def match_places(places: Sequence[object] | pl.Series, table: PlaceTable) -> PlaceRows:
    """Row of each place in the table, in input order. Each distinct text is looked at once."""
    given = places if isinstance(places, pl.Series) else pl.Series("place", places, strict=False)
    if given.dtype != pl.String:
        return match_codes(clean_places(given, table.kind).fill_null(-1).to_numpy(), table)
    # Most codes are all there: as many digits as they should have.
    number = given.cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    whole = (given.str.len_bytes() == table.kind.digits).fill_null(False).to_numpy()
    rest = np.flatnonzero(~(whole & (number >= 10 ** (table.kind.digits - 3))))
    if len(rest):
        distinct, positions = distinct_texts(given.gather(rest))
        cleaned = clean_places(distinct, table.kind).fill_null(-1).to_numpy()
        number = number.copy()
        number[rest] = cleaned[positions]
    return match_codes(number, table)

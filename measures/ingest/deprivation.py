"""Tables of deprivation by ZIP area: read in the layouts in which they are published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from measures.errors import FileRefused

_ZIP_COLUMNS = ("zip", "zipcode", "zip_code", "zcta", "zcta5", "fips")
#: Column → highest rank, which is the most deprived area. Fifths and tenths, percentiles, and shares.
_RANKS = {
    "fifth": 5, "quintile": 5, "adi_natrank": 100, "national_percentile": 100, "percentile": 100,
    "rpl_themes": 1, "svismryrnk": 1,
}  # fmt: skip
_LEAST_AREAS = 5


@dataclass(frozen=True)
class ReadDeprivation:
    """areas: ZIP code as a number → fifth, 5 the most deprived. layout: the column that was used."""

    areas: dict[int, int]
    left_out_count: int
    layout: str
    sha256: str
    file_name: str


def read_deprivation(path: Path) -> ReadDeprivation:
    """Read a CSV with a column of ZIP areas and one of ranks.

    Areas without a rank (few people, group quarters) are left out and counted.
    Raises FileRefused for anything that is no such table; OSError when it cannot be read.
    """
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as problem:
        raise FileRefused("unreadable", f"The file is no CSV table: {problem}") from None
    frame.columns = [name.strip().lower() for name in frame.columns]
    code = next((c for c in _ZIP_COLUMNS if c in frame.columns), None)
    rank = next((c for c in _RANKS if c in frame.columns), None)
    if code is None or rank is None:
        raise FileRefused(
            "columns",
            f"A table of deprivation has a column of ZIP areas ({', '.join(_ZIP_COLUMNS)}) and one of"
            f" ranks ({', '.join(_RANKS)}). Rename the columns, or take another table.",
        )
    text = pl.col(code).str.strip_chars()
    # A spreadsheet drops the zero in front.
    frame = frame.select(
        pl.when(text.str.contains(r"^\d{3,5}$")).then(text).cast(pl.Int64).alias("zip"),
        pl.col(rank).str.strip_chars().cast(pl.Float64, strict=False).alias("rank"),
    )
    if frame["zip"].null_count():
        raise FileRefused("zip", "A code is no ZIP area of five digits. Tracts are not read here.")
    if frame["zip"].is_duplicated().any():
        raise FileRefused("zip", "A ZIP area stands there twice.")
    highest = _RANKS[rank]
    # -999 and letters say that there is no rank.
    known = frame.filter(pl.col("rank").is_between(0, highest))
    if len(known) < _LEAST_AREAS:
        raise FileRefused("rank", f"The column {rank} holds no ranks from 0 to {highest}.")
    share = pl.col("rank") / highest
    fifths = known.with_columns((share * 5 - 1e-9).ceil().clip(1, 5).cast(pl.Int64).alias("fifth"))
    return ReadDeprivation(
        areas=dict(zip(fifths["zip"].to_list(), fifths["fifth"].to_list(), strict=True)),
        left_out_count=len(frame) - len(known),
        layout=rank,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        file_name=path.name,
    )

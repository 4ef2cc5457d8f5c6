"""Tables of the evaluation as values: rows, and for every column what it means. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """name: in files; label: on pages; meaning: in the data dictionary; is_number: aligned right.

    file_only: a code that stands beside its words in files, and only there.
    """

    name: str
    label: str
    meaning: str
    is_number: bool = False
    file_only: bool = False


def number_column(name: str, label: str, meaning: str) -> Column:
    return Column(name, label, meaning, is_number=True)


def rounded(value: float | None, digits: int) -> float | None:
    """As a cell holds it: no number stays none."""
    return None if value is None else round(value, digits)


@dataclass(frozen=True)
class Table:
    """One table. Cells are text, numbers, or None where there is no number; a state column then says why."""

    name: str
    title: str
    meaning: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def dictionary_rows(self) -> list[tuple[str, str, str]]:
        return [(self.name, column.name, column.meaning) for column in self.columns]

    def of(self, column: str, value: object) -> Table:
        """The rows in which a column has a value."""
        at = self.header.index(column)
        rows = tuple(row for row in self.rows if row[at] == value)
        return Table(self.name, self.title, self.meaning, self.columns, rows)


#: Bands of a denominator: an exact count would tell a reader of other reports which group a row is about.
SIZE_BANDS = ((30, 99), (100, 299), (300, 999), (1000, 2999))


def size_band(count: int) -> str:
    """The band of a count of 30 or more: "100 to 299", and "3,000 or more" at the end."""
    for first, last in SIZE_BANDS:
        if count <= last:
            return f"{first:,} to {last:,}"
    return "3,000 or more"


def dictionary_table(tables: Sequence[Table]) -> Table:
    """What every column of the tables means."""
    return Table(
        "data-dictionary",
        "Data dictionary",
        "What every column of every table means.",
        (
            Column("table", "Table", "Name of the table."),
            Column("column", "Column", "Name of the column."),
            Column("meaning", "Meaning", "What it holds, and when it is empty."),
        ),
        tuple(row for table in tables for row in table.dictionary_rows()),
    )

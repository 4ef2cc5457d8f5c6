"""Tables as files: CSV, a zip of them, and one workbook, each with its data dictionary. PURE."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence

import xlsxwriter  # type: ignore[import-untyped]

from learning.evaluation_tables import Table, dictionary_table
from teams.exports import csv_lines

#: Text is text: nothing that somebody wrote becomes a formula or a link.
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDEST = 60


def _blank(value: object) -> object:
    return "" if value is None else value


def table_csv(table: Table) -> str:
    """One table as CSV; no number is an empty field."""
    return "".join(csv_lines(table.header, ([_blank(cell) for cell in row] for row in table.rows)))


def tables_zip(tables: Sequence[Table], *, notes: Iterable[str]) -> bytes:
    """Every table as CSV, the data dictionary, and read-me.txt with the notes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("read-me.txt", "\r\n".join(notes) + "\r\n")
        for table in (*tables, dictionary_table(tables)):
            archive.writestr(f"{table.name}.csv", table_csv(table))
    return buffer.getvalue()


def tables_workbook(tables: Sequence[Table], *, notes: Iterable[str]) -> bytes:
    """XLSX: a sheet that says what it is, one for each table, and the data dictionary."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    page = book.add_worksheet("Read me")
    page.set_column(0, 0, 100, wrapped)
    for number, note in enumerate(notes):
        page.write_string(number, 0, note, wrapped)
    for table in (*tables, dictionary_table(tables)):
        page = book.add_worksheet(table.title[:31])
        page.freeze_panes(1, 0)
        for column, about in enumerate(table.columns):
            page.write_string(0, column, about.name, heading)
            longest = max((len(str(row[column])) for row in table.rows[:200]), default=0)
            width = min(max(len(about.name), longest, 8) + 2, _WIDEST)
            page.set_column(column, column, width, wrapped if width == _WIDEST else None)
            for line, row in enumerate(table.rows, start=1):
                if row[column] is not None:
                    page.write(line, column, row[column])
    book.close()
    return buffer.getvalue()

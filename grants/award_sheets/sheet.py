"""Reading a table out of a CSV or XLSX file: names of columns and rows, everything as text."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from io import StringIO
from typing import Any, BinaryIO

from teams.errors import FileRefused
from teams.file_types import content_type_of

#: A programme has some dozens of awards with some payments each; whatever is larger is another file.
MOST_ROWS, MOST_COLUMNS, MOST_BYTES = 2000, 60, 5_000_000
_LONGEST_CELL = 500
#: What a workbook may unpack to: a small file can hold very much of nothing.
_MOST_UNPACKED = 60_000_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read_sheet(file: BinaryIO) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Names of the columns, and (line of the file, cells) of every row that holds anything.

    The first line with at least two cells names the columns: titles above it are passed over. Of a workbook
    the first sheet is read. Raises FileRefused with a sentence for the sender.
    """
    kind = content_type_of(file)
    if kind == _XLSX:
        lines = _workbook_lines(file)
    elif kind.startswith("text/"):
        lines = _csv_lines(file)
    else:
        raise FileRefused("This is no table. Choose a CSV file or an Excel workbook (xlsx).")
    headers: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    for number, cells in enumerate(lines, start=1):
        if not headers:
            if sum(bool(cell) for cell in cells) >= 2:
                headers = _names(cells)
            continue
        if not any(cells):
            continue
        if len(rows) == MOST_ROWS:
            raise FileRefused(f"This file has more than {MOST_ROWS:,} rows. Split it.")
        rows.append((number, (cells + [""] * len(headers))[: len(headers)]))
    if not headers or not rows:
        raise FileRefused("This file has no table: a line with names of columns, and rows below.")
    return headers, rows


def _names(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > MOST_COLUMNS:
        raise FileRefused(f"This file has more than {MOST_COLUMNS} columns. Leave some out.")
    found: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = cell or f"Column {position}"
        found.append(name if name not in found else f"{name} ({position})")
    return found


def _csv_lines(file: BinaryIO) -> Iterable[list[str]]:
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise FileRefused("This file is larger than 5 MB. A sheet of awards is small.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    # Titles stand above some tables: the most frequent of the usual marks in the first lines parts the cells.
    beginning = "\n".join(text.splitlines()[:20])
    delimiter = max("\t;,", key=beginning.count)
    for cells in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
        yield [_clean(cell) for cell in cells]


def _workbook_lines(file: BinaryIO) -> Iterable[list[str]]:
    import openpyxl  # type: ignore[import-untyped]  # takes long to load, and only here it is needed

    with zipfile.ZipFile(file) as archive:
        if sum(part.file_size for part in archive.infolist()) > _MOST_UNPACKED:
            raise FileRefused("This workbook is too large. Keep the table of awards only.")
    file.seek(0)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except Exception as problem:  # the reader raises whatever a damaged file leads it to
        raise FileRefused("This workbook is damaged and cannot be opened.") from problem
    try:
        sheet = book.worksheets[0]
        for cells in sheet.iter_rows(
            max_row=MOST_ROWS * 2, max_col=MOST_COLUMNS + 1, values_only=True
        ):
            yield [_text(cell) for cell in cells]
    finally:
        book.close()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float):
        # What a cell shows as 1200.10 is 1200.0999999999999 inside.
        return format(round(value, 6), "f").rstrip("0").rstrip(".")
    return _clean(str(value))


def _clean(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:_LONGEST_CELL]

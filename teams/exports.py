"""CSV files: one way to write them everywhere. Pure, no Django."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

# A spreadsheet takes text that begins with one of these for a formula, and would run it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lines of a CSV file, header first, UTF-8 with a mark so that spreadsheets read it right.

    Text that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay numbers.
    """
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow(header)
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([_safe(value) for value in row])
        yield buffer.getvalue()

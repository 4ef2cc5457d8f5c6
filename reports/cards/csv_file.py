"""A card's numbers as CSV: UTF-8 with a byte order mark (spreadsheets need it), CRLF, RFC 4180."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from reports.cards.tables import COLUMNS, list_rows, safe_text


def render_csv(content: Mapping[str, Any]) -> bytes:
    """One line a figure; the heads are described in the workbook and in the manual. Empty: no number."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(column.head for column in COLUMNS)
    for row in list_rows(content):
        writer.writerow(_cell(row[column.key]) for column in COLUMNS)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def _cell(value: Any) -> str | float | int:
    if value is None:
        return ""
    return safe_text(value) if isinstance(value, str) else value

"""A card's numbers as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.cards.tables import COLUMNS, list_rows
from teams.exports import csv_lines


def render_csv(content: Mapping[str, Any]) -> bytes:
    """One line a figure; columns as `reports.cards.tables.COLUMNS` describes them. Empty: no number."""
    lines = ([row[column.name] for column in COLUMNS] for row in list_rows(content))
    return "".join(csv_lines([column.name for column in COLUMNS], lines)).encode()

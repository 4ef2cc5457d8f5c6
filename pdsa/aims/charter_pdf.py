"""A charter as PDF: one tagged US Letter page for the wall of the team's room."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pdsa.aims.fields import CHARTER_LABELS, CHARTER_NEEDED
from teams.drawing.documents import typeset

_TEMPLATE = Path(__file__).parent / "charter.typ"


def render_charter(
    *,
    title: str,
    team: str,
    state: str,
    aim: str,
    content: Mapping[str, str],
    as_of: datetime,
) -> bytes:
    """The document as bytes. content: texts by the names of `CHARTER_LABELS`; empty ones are left out,
    but those that a charter needs show that they are missing."""
    rows = [
        {"label": label, "text": content.get(name, ""), "needed": name in CHARTER_NEEDED}
        for name, label in CHARTER_LABELS.items()
        if content.get(name) or name in CHARTER_NEEDED
    ]
    data = {
        "title": title,
        "team": team,
        "state": state,
        "aim": aim,
        "columns": _two_columns(rows),
        "as-of": f"{as_of:%B} {as_of.day}, {as_of.year}",
    }
    return typeset(_TEMPLATE, data, made_at=as_of)


def _two_columns(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Rows in reading order in two columns of about the same length of text."""
    # A row takes about three lines of fifty letters for its label, its rule and the space around it.
    lengths = [150 + len(row["text"]) for row in rows]
    half = sum(lengths) / 2
    cut = next(i for i in range(len(rows) + 1) if sum(lengths[:i]) >= half)
    return [rows[:cut], rows[cut:]]

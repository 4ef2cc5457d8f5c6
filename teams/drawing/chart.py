"""A drawn chart as a value: what pages, files and documents take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A drawn chart with everything that belongs to it; `components/figure.html` shows one.

    wide, narrow: SVG for a column of 34rem and more, and for a phone. columns, rows: the data table.
    """

    finding: str
    subtitle: str
    summary: str
    wide: str
    narrow: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

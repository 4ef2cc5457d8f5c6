"""A drawn chart as a value: what pages, files and documents take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

#: A drawing follows from its values alone, so a process draws it once and not on every page that shows it.
drawn_once = lru_cache(maxsize=512)


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

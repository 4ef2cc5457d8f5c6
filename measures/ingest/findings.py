"""Collects what is wrong with which lines: counts and first lines in memory, every line in a file.

A finding holds the line, the column and the rule, and never a value: values are health data.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.enums import Severity
from measures.ingest.contract import RULE_BY_CODE

FIRST_LINES = 20
HEADER = b"line,column,rule,severity\n"
HEADER_WITH_PLACES = b"line,column,rule,severity,place\n"


@dataclass
class Tally:
    """How often one rule was broken in one column, and where first.

    first_places: where in the file the first lines stand; empty where the line number says it.
    """

    rule: str
    column: str
    line_count: int = 0
    first_lines: list[int] = field(default_factory=list)
    first_places: list[str] = field(default_factory=list)

    @property
    def severity(self) -> Severity:
        return RULE_BY_CODE[self.rule].severity


class FindingLog:
    """Findings of one file. `close` must be called; without any finding no file remains.

    places: of row 1, 2, … of the file, where lines say nothing; to be set before the first finding.
    """

    def __init__(self, path: Path) -> None:
        self.places: Sequence[str] = ()
        self._path = path
        self._raw: IO[bytes] | None = None
        self._file: gzip.GzipFile | None = None
        self._tallies: dict[tuple[str, str], Tally] = {}

    def add(self, rule: str, column: str, lines: NDArray[np.int64]) -> None:
        """Note that these lines break a rule. lines: line numbers in any order, each once."""
        if not len(lines):
            return
        tally = self._tallies.setdefault((rule, column), Tally(rule, column))
        tally.line_count += len(lines)
        if len(lines) <= FIRST_LINES:
            first = lines.tolist()
        else:
            first = np.partition(lines, FIRST_LINES - 1)[:FIRST_LINES].tolist()
        tally.first_lines = sorted(tally.first_lines + first)[:FIRST_LINES]
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # No time stamp and no name: the same findings give the same bytes.
            self._raw = self._path.open("wb")
            self._file = gzip.GzipFile("", "wb", 1, self._raw, 0)
            self._path.chmod(0o600)
            self._file.write(HEADER_WITH_PLACES if self.places else HEADER)
        ordered = np.sort(lines)
        frame = pl.DataFrame({"line": ordered}).with_columns(
            pl.lit(column).alias("column"),
            pl.lit(rule).alias("rule"),
            pl.lit(tally.severity.value).alias("severity"),
        )
        if self.places:
            frame = frame.with_columns(pl.Series("place", [self.places[n - 1] for n in ordered]))
        frame.write_csv(cast(IO[bytes], self._file), include_header=False)

    def close(self) -> list[Tally]:
        """Finish the file and give out the tallies, errors first, then the most frequent."""
        if self._file is not None:
            self._file.close()
        if self._raw is not None:
            self._raw.close()
        if self.places:
            for tally in self._tallies.values():
                tally.first_places = [self.places[n - 1] for n in tally.first_lines]
        return sorted(
            self._tallies.values(), key=lambda t: (t.severity, -t.line_count, t.rule, t.column)
        )

    @property
    def has_file(self) -> bool:
        return self._file is not None

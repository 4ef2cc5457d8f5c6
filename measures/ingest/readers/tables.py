"""What every kind of file becomes: headers, and chunks of text columns with their line numbers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.enums import FileForm
from measures.errors import FileRefused

COLUMN_LIMIT = 1000
_T = TypeVar("_T")
Prepare = Callable[[pl.DataFrame], pl.DataFrame]


def _as_it_is(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


@dataclass(frozen=True)
class Chunk:
    """Some records of the file.

    lines: line number of each row of `frame` (the line on which the record starts; in Parquet the row
    number), int64. frame: the wanted columns, all text, "" where empty. ragged: line numbers of records
    with the wrong number of fields, which `frame` leaves out. consumed: bytes (CSV) or rows (Parquet)
    of the file that are done after this chunk.
    """

    lines: NDArray[np.int64]
    frame: pl.DataFrame
    ragged: NDArray[np.int64]
    consumed: int


@dataclass(frozen=True)
class Table:
    """An opened file: its headers, and a way to read it once from the start.

    total: bytes of the file as it lies on disk (CSV) or rows (else), what `Chunk.consumed` counts up to.
    form: what one row is, where the format leaves no choice. places: where each row (1 …) stands in the
    file, where a line number would not say it; empty in tables.
    """

    headers: tuple[str, ...]
    total: int
    _chunks: Callable[[Sequence[int], Prepare], Iterator[Chunk]]
    form: FileForm | None = None
    places: Sequence[str] = ()

    def chunks(self, columns: Sequence[int], prepare: Prepare = _as_it_is) -> Iterator[Chunk]:
        """Chunks in file order with the columns at these positions, named by the position as text.

        prepare: what to make of each frame; it runs in the threads that read ahead.
        """
        return self._chunks(columns, prepare)


def check_headers(headers: Sequence[str]) -> None:
    """Raise FileRefused when two columns have the same name (capitals apart). Unnamed ones are ignored."""
    if len(headers) > COLUMN_LIMIT:
        raise FileRefused("too_many_columns", f"The file has more than {COLUMN_LIMIT} columns.")
    seen: set[str] = set()
    for position, header in enumerate(headers, 1):
        name = header.lower()
        if name and name in seen:
            raise FileRefused(
                "duplicate_headers",
                f"Line 1: column {position} has the same name as an earlier one. Each name may occur once.",
            )
        seen.add(name)


# --- two chunks ahead --------------------------------------------------------------------------------------


def read_ahead(pieces: Iterator[Any], parse: Callable[[Any], _T]) -> Iterator[_T]:
    """Parse the next pieces in threads while the caller works on this one; the order stays."""
    waiting: deque[Future[_T]] = deque()
    with ThreadPoolExecutor(2, thread_name_prefix="parse") as pool:
        try:
            for piece in pieces:
                waiting.append(pool.submit(parse, piece))
                if len(waiting) > 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

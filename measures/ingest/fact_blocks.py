"""Facts as they are stored: the rows of one slice side by side in arrays, written by binary COPY.

A table of a narrow row per fact spends more on heads of rows than on facts, and the server more on taking
rows apart than on storing them: for a million facts five times the time. `measures_memberfact` shows the
same as rows (decision 0017).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.ingest.aggregate import numbered

Array = NDArray[Any]
COLUMNS = (
    "submission_id", "team_id", "measure_id", "period_id", "member_numbers", "site_ids", "event_numbers",
    "lines_of_business", "flags", "payers",
)  # fmt: skip
#: Facts in one block at most, so that a block of a huge slice stays a message of some megabytes.
BLOCK_FACTS = 250_000
START = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"
_INT2, _INT4 = 21, 23  # oids of the types


def fact_blocks(
    submission_id: int, facts: pl.DataFrame, period_ids: Sequence[int]
) -> Iterator[tuple[io.BytesIO, int]]:
    """(rows of COPY in binary form, how many facts they hold), a block of one slice each.

    facts: as in `validate.Checked`, at least one. START comes before the first, END after the last.
    """
    order, bounds = _slices(facts)
    columns = {
        name: facts[name].to_numpy()
        for name in ("member_number", "site_id", "event_number", "line_of_business", "flags")
    }
    payers = facts["payer"].to_numpy() if "payer" in facts.columns else None
    team, measure, period = (facts[name].to_numpy() for name in ("team_id", "measure_id", "period"))
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        first = order[start]
        key = struct.pack(
            ">hiiiqihih",
            len(COLUMNS),
            4, submission_id,
            8, int(team[first]),
            2, int(measure[first]),
            2, period_ids[int(period[first])],
        )  # fmt: skip
        for low in range(start, stop, BLOCK_FACTS):
            rows = order[low : min(low + BLOCK_FACTS, stop)]
            events = columns["event_number"][rows]
            block = io.BytesIO()
            block.write(key)
            block.write(_array(columns["member_number"][rows], _INT4))
            block.write(_array(columns["site_id"][rows], _INT4))
            # Hardly any measure has events: no numbers at all says that each is the first.
            block.write(_array(events, _INT4) if events.any() else struct.pack(">i", -1))
            block.write(_array(columns["line_of_business"][rows], _INT2))
            block.write(_array(columns["flags"][rows], _INT2))
            # A payer's own file names none.
            named = payers is not None and payers[rows].any()
            block.write(_array(payers[rows], _INT2) if named else struct.pack(">i", -1))
            block.seek(0)
            yield block, len(rows)


def _slices(facts: pl.DataFrame) -> tuple[Array, Array]:
    """(rows ordered by slice and as they came, where each slice starts and the last one ends)."""
    key = np.zeros(facts.height, np.int64)
    for name in ("team_id", "measure_id", "period"):
        values = facts[name].to_numpy()
        key *= int(values.max()) + 1
        key += values
    number = numbered(key)[1]
    if number.max() < 2**16:
        number = number.astype(np.uint16)  # which is put in order in one pass
    order = np.argsort(number, kind="stable")
    ordered = number[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    return order, np.append(starts, facts.height)


def _array(values: Array, oid: int) -> bytes:
    """One-dimensional array without nulls, as COPY reads it in binary form."""
    width = 2 if oid == _INT2 else 4
    elements = np.empty(len(values), np.dtype([("width", ">i4"), ("value", f">i{width}")]))
    elements["width"] = width
    elements["value"] = values
    data = struct.pack(">iiiii", 1, 0, oid, len(values), 1) + elements.tobytes()
    return struct.pack(">i", len(data)) + data

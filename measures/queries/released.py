"""What documents that left the system hid: it stays hidden when the same numbers are restated.

Apps above publish such documents and say here how to read them; this app does not know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from measures.models import Period, Source


class ReleasedCell(NamedTuple):
    """A stratum whose numbers a published document hid. team_id None: the programme."""

    measure_code: str
    team_id: int | None
    set_code: str
    stratum_code: str


Reader = Callable[[Source, Period], Iterable[ReleasedCell]]

_readers: list[Reader] = []


def register_released(reader: Reader) -> None:
    """Called once by an app that publishes documents, when it is loaded."""
    if reader not in _readers:
        _readers.append(reader)


def list_released_hidden(source: Source, period: Period) -> set[ReleasedCell]:
    """Everything that some document about a period hid when it was published."""
    return {cell for reader in _readers for cell in reader(source, period)}

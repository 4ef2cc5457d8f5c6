"""Who may read the files of a test: whoever works with its team. Sharing a test does not share its files."""

from __future__ import annotations

from pdsa.queries.cycles import list_cycles
from teams.attachments import register_owner
from teams.scoping import Scope


def can_read_cycle(scope: Scope, pk: int) -> bool:
    return list_cycles(scope).filter(pk=pk).exists()


def register_readers() -> None:
    """Called once, when the app starts."""
    register_owner("pdsa.cycle", can_read_cycle)

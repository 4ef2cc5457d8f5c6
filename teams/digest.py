"""Parts of the weekly digest. Each app says for itself, when it starts, what it adds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from teams.scoping import Scope

#: A part for a reader at a moment as plain text; empty when there is nothing to say.
MakePart = Callable[[Scope, datetime], str]

_PARTS: list[MakePart] = []


def register_part(make: MakePart) -> None:
    """Called from the app's `ready`."""
    _PARTS.append(make)


def list_parts(scope: Scope, as_of: datetime) -> list[str]:
    return [text for make in _PARTS if (text := make(scope, as_of))]

"""Who may read the files of sessions and stories: whoever may read the session or the story."""

from __future__ import annotations

from learning.queries.sessions import list_sessions
from teams.attachments import register_owner
from teams.scoping import Scope


def can_read_session(scope: Scope, pk: int) -> bool:
    return list_sessions(scope).filter(pk=pk).exists()


def register_readers() -> None:
    """Called once, when the app starts."""
    register_owner("learning.session", can_read_session)

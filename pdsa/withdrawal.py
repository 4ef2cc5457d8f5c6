"""Who hears when a group stops sharing a test: apps above that made something of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pdsa.models import Cycle
from teams.models import User

Listener = Callable[..., None]
_listeners: list[Listener] = []


def register_withdrawal(listener: Listener) -> None:
    """Called once for each listener, when its app starts. A listener takes cycle, by and as_of."""
    _listeners.append(listener)


def tell_withdrawal(cycle: Cycle, by: User, as_of: datetime) -> None:
    """Within the transaction of the act, so that nothing of the test stays where others read it."""
    for listener in _listeners:
        listener(cycle=cycle, by=by, as_of=as_of)

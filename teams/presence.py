"""Who has an object open right now: kept in the cache, gone half a minute after the page is closed.

Two people who say at the same instant that they are there may overwrite each other's word; the next one,
some seconds later, sets it right. Nothing but a line on the screen rests on it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import models

from teams.autosave import type_of
from teams.models import User

#: A page says every ten seconds that it is open; two words may get lost.
PRESENT_SECONDS = 30


def note_presence(
    target: models.Model, *, by: User, field: str, as_of: datetime
) -> list[dict[str, Any]]:
    """Say that somebody has the object open (and writes in `field`, if any); who else has it open.

    Returns {name, field} for each other person, by name.
    """
    key = f"presence:{type_of(target)}:{target.pk}"
    now = as_of.timestamp()
    everybody = {
        user_id: seen
        for user_id, seen in (cache.get(key) or {}).items()
        if now - seen["at"] < PRESENT_SECONDS
    }
    everybody[by.pk] = {"name": by.name, "field": field, "at": now}
    cache.set(key, everybody, PRESENT_SECONDS)
    others = [seen for user_id, seen in everybody.items() if user_id != by.pk]
    return [
        {"name": seen["name"], "field": seen["field"]}
        for seen in sorted(others, key=lambda seen: seen["name"])
    ]

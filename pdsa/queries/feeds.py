"""Reads of calendar feeds."""

from __future__ import annotations

from datetime import date, timedelta

from pdsa.enums import CycleState
from pdsa.models import CalendarFeed, Cycle
from pdsa.queries.cycles import list_planned
from teams.models import User
from teams.queries import hash_secret
from teams.scoping import scope_of

#: Days back for which ended tests stay in the calendar.
_DAYS_BACK = 90


def has_calendar_feed(user: User) -> bool:
    return CalendarFeed.objects.filter(user=user).exists()


def list_feed_cycles(secret: str, *, on: date) -> tuple[User, list[Cycle]]:
    """Whose feed it is and the open tests of the person's teams with a day in them.

    What the person may see is asked anew each time. Raises CalendarFeed.DoesNotExist for an unknown secret
    and for somebody whose account is closed.
    """
    feed = CalendarFeed.objects.select_related("user").get(
        secret_hash=hash_secret(secret), user__is_active=True
    )
    scope = scope_of(feed.user, on=on)
    return feed.user, list_planned(scope, after=on - timedelta(days=_DAYS_BACK))


def feed_title(cycle: Cycle) -> str:
    verb = "Start" if cycle.state == CycleState.PLANNED else "Test"
    return f"{verb}: {cycle}"

"""Reads of a person's programme calendar: what the secret address shows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from learning.models import ProgrammeCalendar
from learning.queries.coaching import call_entry, list_calls
from learning.queries.sessions import list_sessions, session_entry
from teams.icalendar import Entry
from teams.models import User
from teams.queries import hash_secret
from teams.scoping import scope_of

#: So far back sessions and calls stay in the calendar.
_BACK = timedelta(days=180)


def has_programme_calendar(user: User) -> bool:
    return ProgrammeCalendar.objects.filter(user=user).exists()


def list_calendar_entries(secret: str, *, as_of: datetime) -> list[Entry]:
    """Sessions and calls of whoever the address belongs to. What the person may see is asked anew each time.

    Cancelled ones stay in, marked, so that calendar programs take them out.
    Raises ProgrammeCalendar.DoesNotExist for an unknown secret and for somebody whose account is closed.
    """
    found = ProgrammeCalendar.objects.select_related("user").get(
        secret_hash=hash_secret(secret), user__is_active=True
    )
    scope = scope_of(found.user, on=timezone.localdate(as_of))
    sessions = list_sessions(scope).filter(ends_at__gte=as_of - _BACK)
    calls = list_calls(scope).filter(planned_at__gte=as_of - _BACK)
    if scope.coached_team_ids or scope.staff_team_ids:
        # Who works with every team has no use for every call.
        calls = calls.filter(team_id__in=scope.coached_team_ids | scope.staff_team_ids)
    else:
        calls = calls.filter(coach_id=scope.user_id)
    return [*map(session_entry, sessions), *map(call_entry, calls)]

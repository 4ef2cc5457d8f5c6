"""The secret address of a person's programme calendar."""

from __future__ import annotations

import secrets

from django.db import transaction

from learning.models import ProgrammeCalendar
from teams.actions.audit import record_event
from teams.models import User
from teams.queries import hash_secret


@transaction.atomic
def make_programme_calendar(*, by: User) -> str:
    """A new secret for the person's calendar; the address before it ends. Returns it: it is shown once.

    Effects: the hash of the secret, an audit event.
    """
    secret = secrets.token_urlsafe(32)
    ProgrammeCalendar.objects.update_or_create(
        user=by, defaults={"secret_hash": hash_secret(secret)}
    )
    record_event(act="make_programme_calendar", target=by, by=by)
    return secret


@transaction.atomic
def end_programme_calendar(*, by: User) -> None:
    """The address stops working. Effects: an audit event."""
    ProgrammeCalendar.objects.filter(user=by).delete()
    record_event(act="end_programme_calendar", target=by, by=by)

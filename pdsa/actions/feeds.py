"""The secret address of a person's calendar feed, and the weekly digest."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from pdsa.models import CalendarFeed
from pdsa.queries.digest import digest_text
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.models import User
from teams.permissions import Permission
from teams.queries import hash_secret
from teams.scoping import scope_of


@transaction.atomic
def make_calendar_feed(*, by: User) -> str:
    """A new secret for the person's feed; the address before it ends. Returns the secret: it is shown once.

    Effects: the hash of the secret, audit event.
    """
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(user=by, defaults={"secret_hash": hash_secret(secret)})
    record_event(act="make_calendar_feed", target=by, by=by)
    return secret


@transaction.atomic
def end_calendar_feed(*, by: User) -> None:
    """The address stops working. Effects: audit event."""
    CalendarFeed.objects.filter(user=by).delete()
    record_event(act="end_calendar_feed", target=by, by=by)


@transaction.atomic
def send_weekly_digest(*, user: User, as_of: datetime) -> bool:
    """One e-mail a week with what waits and what is new, unless there is nothing or the person wants none.

    Running it again in the same week sends nothing. Returns whether one was made.
    Effects: of `notify`, audit event.
    """
    scope = scope_of(user, on=as_of.date())
    if not scope.may(Permission.VIEW_PROJECTS):
        return False
    text = digest_text(scope, as_of)
    if not text:
        return False
    year, week, _ = as_of.isocalendar()
    made = notify(
        users=[user],
        topic=Topic.DIGEST,
        title="Your week: tests that wait, and what is new",
        text=text,
        path=reverse("pdsa:tests"),
        key=f"pdsa-digest-{year}-{week:02}",
        as_of=as_of,
    )
    if made:
        record_event(act="send_weekly_digest", target=user, by=None)
    return bool(made)

"""Telling people things: on the site and by e-mail, once, and as they want it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.mime.text import MIMEText
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse

from teams.actions.audit import record_event
from teams.enums import EMAIL_ONLY, Topic
from teams.errors import StateRefused
from teams.icalendar import Entry, invitation_file
from teams.models import Notification, NotificationPreference, OutboxMessage, User
from teams.queries import get_programme, list_choices, stop_link

#: Waits between tries: quick at first, then every six hours, for two weeks.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=14)
#: How many messages one run of the task sends, so that a run ends.
BATCH = 200


@transaction.atomic
def notify(
    *,
    users: Iterable[User],
    topic: Topic,
    title: str,
    path: str,
    key: str,
    as_of: datetime,
    text: str = "",
    entry: Entry | None = None,
) -> int:
    """Tell people something, on the site and by e-mail as each of them wants it.

    title: one sentence; text: what the e-mail says besides, may be empty. Both may hold only what every one of
    the users may see. path: the page where it leads, from `reverse`.
    entry: what the e-mail brings for the reader's calendar.
    key: the same person is told the same key once. A reminder that may come again next week has the week in it.
    Effects: in the caller's transaction, one notification per person who wants it on the site or by e-mail,
    with a waiting e-mail where it is wanted. Returns how many people were newly told.
    """
    # The rows of the people are locked first, in one order: two acts at the same moment tell them once.
    people = {
        user.pk: user
        for user in User.objects.select_for_update(no_key=True)
        .filter(pk__in=[user.pk for user in users], is_active=True)
        .order_by("pk")
    }
    # Asked with the locks held: a lock that was waited for shows rows from before the wait.
    told = Notification.objects.filter(user__in=people, key=key)
    for user_id in told.values_list("user_id", flat=True):
        del people[user_id]
    choices = list_choices(people, topic)
    made = Notification.objects.bulk_create(
        Notification(
            user=people[user_id],
            topic=topic,
            title=title,
            text=text,
            path=path,
            key=key,
            on_site=choice.on_site,
            created_at=as_of,
        )
        for user_id, choice in choices.items()
        if choice.on_site or choice.by_email
    )
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            notification=row,
            created_at=as_of,
            next_try_at=as_of,
            invitation=invitation_file(entry, email=row.user.email, name=row.user.name)
            if entry
            else "",
        )
        for row in made
        if choices[row.user_id].by_email
    )
    User.objects.filter(pk__in=[row.user_id for row in made if row.on_site]).update(
        unread_count=F("unread_count") + 1
    )
    return len(made)


@transaction.atomic
def read_notifications(*, by: User, as_of: datetime, only: int | None = None) -> None:
    """Mark the user's notifications as read: all, or the one with that id. Others' are left alone."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    unread = Notification.objects.filter(user=by, on_site=True, read_at=None)
    if only is not None:
        unread = unread.filter(pk=only)
    count = unread.update(read_at=as_of)
    User.objects.filter(pk=by.pk).update(unread_count=F("unread_count") - count)


@transaction.atomic
def choose_notifications(*, choices: dict[Topic, tuple[bool, bool]], by: User) -> None:
    """Keep what a person wants: topic → (on the site, by e-mail). Effects: preferences, an audit event."""
    before = {topic: list_choices([by.pk], topic)[by.pk] for topic in choices}
    changed = {
        topic: {"before": list(before[topic]), "after": list(choice)}
        for topic, choice in choices.items()
        if tuple(before[topic]) != choice
    }
    for topic in changed:
        on_site, by_email = choices[topic]
        NotificationPreference.objects.update_or_create(
            user=by,
            topic=topic,
            defaults={"on_site": on_site and topic not in EMAIL_ONLY, "by_email": by_email},
        )
    if changed:
        record_event(act="choose_notifications", target=by, by=by, details={"changed": changed})


def stop_emails(*, by: User, topic: Topic) -> None:
    """End the e-mails of one topic for the person whose link was opened; on the site they go on."""
    on_site = list_choices([by.pk], topic)[by.pk].on_site
    choose_notifications(choices={topic: (on_site, False)}, by=by)


def send_waiting_messages(*, as_of: datetime) -> int:
    """Send what is due, at most BATCH messages. Returns how many went out.

    Each message is sent in its own transaction with its row locked, so two workers never send the same one;
    a worker that dies between sending and committing sends it again. What fails waits longer each time and is
    given up after two weeks, when an administrator can see it and send it again.
    """
    sent = 0
    for _ in range(BATCH):
        outcome = _send_next(as_of)
        if outcome is None:
            break
        sent += outcome
    return sent


@transaction.atomic
def _send_next(as_of: datetime) -> bool | None:
    message = (
        OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(next_try_at__lte=as_of)
        .select_related("notification__user")
        .order_by("next_try_at", "id")
        .first()
    )
    if message is None:
        return None
    message.tries += 1
    try:
        _compose(message).send()
    except (OSError, SMTPException) as problem:
        wait = min(FIRST_WAIT * 2 ** (message.tries - 1), LONGEST_WAIT)
        next_try_at = as_of + wait
        gives_up = next_try_at > message.created_at + GIVE_UP_AFTER
        message.next_try_at = None if gives_up else next_try_at
        # The class tells what went wrong; the text of a server's answer may repeat the message.
        message.problem = type(problem).__name__
    else:
        message.sent_at, message.next_try_at, message.problem = as_of, None, ""
    message.save()
    return message.sent_at is not None


def _compose(message: OutboxMessage) -> EmailMessage:
    notification = message.notification
    base = settings.BASE_URL.rstrip("/")
    stop = base + stop_link(notification.user, Topic(notification.topic))
    context: dict[str, Any] = {
        "notification": notification,
        "programme": get_programme(),
        "address": base + notification.path,
        "topic": Topic(notification.topic).label,
        "stop": stop,
        "preferences": base + reverse("teams:notification_preferences"),
    }
    email = EmailMessage(
        subject=" ".join(notification.title.split()),
        body=render_to_string("teams/email/notification.txt", context),
        to=[notification.user.email],
        headers={"List-Unsubscribe": f"<{stop}>"},
    )
    if message.invitation:
        part = MIMEText(message.invitation, "calendar", "utf-8")
        part.set_param("method", "CANCEL" if "METHOD:CANCEL" in message.invitation else "REQUEST")
        part.add_header("Content-Disposition", "attachment", filename="invitation.ics")
        email.attach(part)
    return email


@transaction.atomic
def resend_message(*, message: OutboxMessage, by: User, as_of: datetime) -> None:
    """Try a message again now. Raises StateRefused when it has been sent. Effects: due again, an audit event."""
    message = OutboxMessage.objects.select_for_update().get(pk=message.pk)
    if message.sent_at is not None:
        raise StateRefused("This e-mail has been sent already.")
    message.next_try_at = as_of
    message.save(update_fields=["next_try_at"])
    record_event(act="resend_message", target=message, by=by)

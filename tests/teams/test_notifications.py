"""What people are told, how often, by which way, and what happens while the mail server is down."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail, signing
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from teams.actions.notifications import (
    GIVE_UP_AFTER,
    choose_notifications,
    notify,
    read_notifications,
    resend_message,
    send_waiting_messages,
    stop_emails,
)
from teams.enums import Role, Topic
from teams.errors import StateRefused
from teams.icalendar import Entry
from teams.models import AuditEvent, Notification, OutboxMessage, User
from teams.queries import list_own_notifications, list_unsent_messages
from tests.factories.people import make_user, signed_in

pytestmark = pytest.mark.django_db

NOW = timezone.make_aware(datetime(2026, 6, 15, 9, 30))


def tell(*users: User, key: str = "call-7", topic: Topic = Topic.COACHING, **fields: Any) -> int:
    values: dict[str, Any] = {
        "title": "Notes of your call are there",
        "text": "Two actions are yours.",
        "path": "/somewhere/7/",
        "as_of": NOW,
        **fields,
    }
    return notify(users=users, topic=topic, key=key, **values)


@pytest.fixture
def broken_mail(settings: Any) -> Any:
    """A mail server that nobody answers for: a port that was just closed."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    return settings


def test_notify_tells_on_the_site_and_by_email() -> None:
    user = make_user(Role.GROUP_MEMBER)
    assert tell(user) == 1
    user.refresh_from_db()
    assert user.unread_count == 1
    assert [n.title for n in list_own_notifications(user)] == ["Notes of your call are there"]
    assert send_waiting_messages(as_of=NOW) == 1
    (message,) = mail.outbox
    assert message.to == [user.email]
    assert "/somewhere/7/" in message.body
    assert "Two actions are yours." in message.body
    assert "List-Unsubscribe" in message.extra_headers
    assert send_waiting_messages(as_of=NOW) == 0


def test_same_key_is_told_once_and_another_key_again() -> None:
    user = make_user(Role.GROUP_MEMBER)
    assert tell(user) == 1
    assert tell(user) == 0
    assert tell(user, key="call-8") == 1
    user.refresh_from_db()
    assert user.unread_count == 2
    assert OutboxMessage.objects.count() == 2


def test_closed_accounts_are_told_nothing() -> None:
    user = make_user(Role.GROUP_MEMBER)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert tell(user) == 0
    assert not Notification.objects.exists()


def test_digest_is_an_email_and_never_counts_as_unread() -> None:
    user = make_user(Role.GROUP_MEMBER)
    tell(user, topic=Topic.DIGEST)
    user.refresh_from_db()
    assert user.unread_count == 0
    assert not list_own_notifications(user).exists()
    assert send_waiting_messages(as_of=NOW) == 1


@pytest.mark.parametrize(
    ("choice", "told", "emails", "unread"),
    [
        ((True, True), 1, 1, 1),
        ((True, False), 1, 0, 1),
        ((False, True), 1, 1, 0),
        ((False, False), 0, 0, 0),
    ],
)
def test_notify_follows_the_choice_of_the_person(
    choice: tuple[bool, bool], told: int, emails: int, unread: int
) -> None:
    user = make_user(Role.GROUP_MEMBER)
    choose_notifications(choices={Topic.COACHING: choice}, by=user)
    assert tell(user) == told
    user.refresh_from_db()
    assert (OutboxMessage.objects.count(), user.unread_count) == (emails, unread)


def test_email_that_fails_waits_longer_each_time_and_is_sent_after_a_day(broken_mail: Any) -> None:
    user = make_user(Role.GROUP_MEMBER)
    tell(user)
    at, waits = NOW, []
    while at < NOW + timedelta(days=1):
        assert send_waiting_messages(as_of=at) == 0
        message = OutboxMessage.objects.get()
        waits.append(message.next_try_at - at)
        assert message.problem == "ConnectionRefusedError"
        at = message.next_try_at
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(minutes=1), timedelta(hours=6))
    assert list(list_unsent_messages()) == [message]
    broken_mail.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_waiting_messages(as_of=at) == 1
    assert [m.to for m in mail.outbox] == [[user.email]]
    assert not list_unsent_messages().exists()


def test_email_is_given_up_after_two_weeks_and_can_be_tried_again(broken_mail: Any) -> None:
    user = make_user(Role.GROUP_MEMBER)
    tell(user)
    long_after = NOW + GIVE_UP_AFTER
    send_waiting_messages(as_of=long_after)
    message = OutboxMessage.objects.get()
    assert message.next_try_at is None
    assert send_waiting_messages(as_of=long_after + GIVE_UP_AFTER) == 0
    broken_mail.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    resend_message(message=message, by=make_user(Role.ADMINISTRATOR), as_of=long_after)
    assert send_waiting_messages(as_of=long_after) == 1
    with pytest.raises(StateRefused, match="sent already"):
        resend_message(message=message, by=make_user(Role.ADMINISTRATOR), as_of=long_after)
    assert AuditEvent.objects.filter(act="resend_message").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_acts_at_the_same_moment_tell_once() -> None:
    user = make_user(Role.GROUP_MEMBER)
    told: list[int] = []
    start = threading.Barrier(2)

    def act() -> None:
        try:
            start.wait()
            told.append(tell(user))
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    user.refresh_from_db()
    assert sorted(told) == [0, 1]
    assert user.unread_count == 1


def test_reading_one_and_all_keeps_the_count() -> None:
    user, neighbour = make_user(Role.GROUP_MEMBER), make_user(Role.GROUP_MEMBER)
    for key in ("a", "b", "c"):
        tell(user, neighbour, key=key)
    one = list_own_notifications(user).first()
    assert one is not None
    client = signed_in(user)
    response = client.post(reverse("teams:open_notification", args=[one.pk]))
    assert response["Location"] == "/somewhere/7/"
    client.post(reverse("teams:open_notification", args=[one.pk]))
    user.refresh_from_db()
    assert user.unread_count == 2
    read_notifications(by=user, as_of=NOW)
    user.refresh_from_db()
    neighbour.refresh_from_db()
    assert (user.unread_count, neighbour.unread_count) == (0, 3)


def test_notification_of_somebody_else_does_not_exist() -> None:
    user, neighbour = make_user(Role.GROUP_MEMBER), make_user(Role.ADMINISTRATOR)
    tell(user, title="Only for the first person")
    row = Notification.objects.get()
    client = signed_in(neighbour)
    assert client.post(reverse("teams:open_notification", args=[row.pk])).status_code == 404
    assert "Only for the first" not in client.get(reverse("teams:notifications")).content.decode()


def test_path_to_another_site_is_refused_by_the_database() -> None:
    user = make_user(Role.GROUP_MEMBER)
    for path in ("https://elsewhere.example/", "//elsewhere.example/"):
        with pytest.raises(IntegrityError, match="notification_path_is_ours"), transaction.atomic():
            tell(user, path=path)


def test_bell_shows_the_count_and_the_page_what_it_is() -> None:
    user = make_user(Role.GROUP_MEMBER)
    tell(user)
    client = signed_in(user)
    page = client.get(reverse("teams:notifications")).content.decode()
    assert 'aria-label="Notifications: 1 unread"' in page
    assert "Notes of your call are there" in page
    client.post(reverse("teams:read_notifications"))
    assert "unread" not in client.get(reverse("teams:notifications")).content.decode()


def test_preferences_page_saves_what_is_ticked() -> None:
    user = make_user(Role.GROUP_MEMBER)
    client = signed_in(user)
    page = client.get(reverse("teams:notification_preferences")).content.decode()
    ticked = dict.fromkeys(re.findall(r'name="([\w-]+)" checked', page), "on")
    assert "coaching-email" in ticked
    assert "tests-email" not in ticked
    assert "digest-site" not in page
    del ticked["coaching-email"]
    client.post(reverse("teams:notification_preferences"), ticked)
    tell(user)
    assert not OutboxMessage.objects.exists()
    tell(user, topic=Topic.GRANTS, key="grant")
    assert OutboxMessage.objects.count() == 1
    event = AuditEvent.objects.get(act="choose_notifications")
    assert list(event.details["changed"]) == ["coaching"]


def test_link_in_the_email_stops_the_topic_without_sign_in() -> None:
    user = make_user(Role.GROUP_MEMBER)
    tell(user)
    send_waiting_messages(as_of=NOW)
    link = re.search(r"/account/notifications/stop/\S+", mail.outbox[0].body)
    assert link is not None
    client = Client(enforce_csrf_checks=True)
    assert client.get(link.group()).status_code == 200
    assert tell(user, key="looking at the page stops nothing") == 1
    assert OutboxMessage.objects.count() == 2
    assert client.post(link.group()).status_code == 200
    tell(user, key="after")
    assert OutboxMessage.objects.count() == 2
    assert client.get("/account/notifications/stop/forged/").status_code == 404
    other = signing.dumps([user.pk, "coaching"], salt="another salt")
    assert client.post(f"/account/notifications/stop/{other}/").status_code == 404


def test_stopping_emails_keeps_the_site() -> None:
    user = make_user(Role.GROUP_MEMBER)
    stop_emails(by=user, topic=Topic.COACHING)
    tell(user)
    user.refresh_from_db()
    assert user.unread_count == 1


def test_administrator_sees_unsent_email_without_its_text(broken_mail: Any) -> None:
    user = make_user(Role.GROUP_MEMBER)
    tell(user, title="The title is private", text="The text is private")
    send_waiting_messages(as_of=NOW)
    client = signed_in(make_user(Role.ADMINISTRATOR))
    page = client.get(reverse("teams:unsent_messages")).content.decode()
    assert user.email in page
    assert "private" not in page
    message = OutboxMessage.objects.get()
    client.post(reverse("teams:resend_message", args=[message.pk]))
    assert OutboxMessage.objects.get().next_try_at > NOW
    assert signed_in(user).get(reverse("teams:unsent_messages")).status_code == 403


def test_invitation_goes_with_the_email_and_is_addressed_to_its_reader() -> None:
    reader = make_user(Role.GROUP_MEMBER, email="nia@example.org", name="Nia Nurse")
    starts = NOW + timedelta(days=7)
    entry = Entry(
        key="session-7",
        title="Learning session 1",
        starts=starts,
        ends=starts + timedelta(hours=2),
        path="/learning/sessions/7/",
        changed_at=NOW,
        sequence=2,
    )
    tell(reader, entry=entry)
    send_waiting_messages(as_of=NOW)
    (part,) = mail.outbox[0].attachments
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == "REQUEST"
    (event,) = Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
    assert event["attendee"] == "MAILTO:nia@example.org"
    assert event["dtstart"].dt == starts
    assert event["sequence"] == 2
    tell(reader, entry=replace(entry, cancelled=True, sequence=3), key="cancelled")
    send_waiting_messages(as_of=NOW)
    (part,) = mail.outbox[1].attachments
    assert part.get_param("method") == "CANCEL"
    assert "STATUS:CANCELLED" in part.get_payload(decode=True).decode()

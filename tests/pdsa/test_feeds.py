"""The calendar feed and the weekly digest: who reads what, and nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from pdsa.actions.feeds import send_weekly_digest
from pdsa.enums import CycleState, Sharing
from pdsa.models import CalendarFeed
from pdsa.queries.digest import digest_text
from teams.enums import Role
from teams.models import Notification, OutboxMessage, Team, User
from teams.scoping import scope_of
from tests.factories.cycles import NOW, make_cycle
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make_team()


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team)


def address_of(user: User) -> str:
    page = signed_in(user).post("/tests/calendar/").content.decode()
    start = page.index("/calendar/", page.index('id="feed-address"'))
    return page[start : page.index(".ics", start) + 4]


def test_feed_holds_the_open_tests_of_the_own_team(team: Team, lead: User) -> None:
    now = timezone.localtime()
    planned = make_cycle(team, by=lead, state=CycleState.PLANNED, as_of=now)
    make_cycle(team, by=lead, state=CycleState.CLOSED, as_of=now, objective="Closed one")
    other = make_team()
    make_cycle(
        other,
        by=make_user(Role.GROUP_LEAD, team=other),
        as_of=now,
        objective="Strange one",
        sharing=Sharing.NAMED,
    )
    response = Client().get(address_of(lead))
    assert response["Content-Type"].startswith("text/calendar")
    events = list(Calendar.from_ical(response.content).walk("VEVENT"))
    assert [str(event["summary"]) for event in events] == [f"Start: {planned}"]
    assert events[0]["dtstart"].dt == planned.planned_start_on
    assert events[0]["dtend"].dt == planned.planned_end_on + timedelta(days=1)
    assert b"Strange" not in response.content


def test_new_address_ends_the_old_one_and_only_hashes_are_kept(team: Team, lead: User) -> None:
    old = address_of(lead)
    new = address_of(lead)
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200
    secret = new.split("/")[-1].removesuffix(".ics")
    assert CalendarFeed.objects.get().secret_hash != secret
    signed_in(lead).post("/tests/calendar/end/")
    assert Client().get(new).status_code == 404


def test_feed_follows_the_persons_role_and_account(team: Team, lead: User) -> None:
    make_cycle(team, by=lead, as_of=timezone.localtime(), objective="Still mine")
    address = address_of(lead)
    assert b"Still mine" in Client().get(address).content
    lead.memberships.update(ends_on=timezone.localdate() - timedelta(days=1))
    assert b"Still mine" not in Client().get(address).content
    lead.is_active = False
    lead.save()
    assert Client().get(address).status_code == 404


def test_unknown_address_is_unknown() -> None:
    assert Client().get("/calendar/not-a-secret.ics").status_code == 404


def digest(user: User, as_of: datetime = NOW + timedelta(days=8)) -> str:
    return digest_text(scope_of(user, on=as_of.date()), as_of)


def test_digest_says_what_waits_and_nothing_of_others(team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    other = make_team(name="Strange Harbor")
    theirs = make_user(Role.GROUP_LEAD, team=other)
    make_cycle(other, by=theirs, objective="Private elsewhere")
    shared = make_cycle(
        other, by=theirs, state=CycleState.CLOSED, sharing=Sharing.UNNAMED, objective="Told"
    )
    text = digest(lead)
    assert f"- Finish: {cycle} (planned end 9 Mar 2026)" in text
    assert f"- {shared}: adopt (A group of the programme)" in text
    assert "Private elsewhere" not in text
    assert "Strange Harbor" not in text


def test_digest_goes_out_once_a_week_and_only_with_something_to_say(team: Team, lead: User) -> None:
    assert not send_weekly_digest(user=lead, as_of=NOW)
    make_cycle(team, by=lead, as_of=NOW)
    assert send_weekly_digest(user=lead, as_of=NOW)
    assert not send_weekly_digest(user=lead, as_of=NOW + timedelta(days=2))
    assert send_weekly_digest(user=lead, as_of=NOW + timedelta(days=7))
    assert OutboxMessage.objects.count() == 2
    assert not Notification.objects.filter(on_site=True).exists()


def test_digest_that_is_switched_off_is_not_sent(team: Team, lead: User) -> None:
    make_cycle(team, by=lead, as_of=NOW)
    lead.notification_preferences.create(topic="digest", on_site=False, by_email=False)
    assert not send_weekly_digest(user=lead, as_of=NOW)
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.EVALUATOR])
def test_digest_is_for_those_who_work_with_tests(role: Role, team: Team, lead: User) -> None:
    make_cycle(team, by=lead, sharing=Sharing.NAMED)
    assert not send_weekly_digest(user=make_user(role), as_of=NOW)

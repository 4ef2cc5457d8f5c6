"""The programme in a person's own calendar, and invitations that come by e-mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from learning.actions.coaching import cancel_call, plan_call
from learning.actions.sessions import change_session, move_session_on
from learning.models import ProgrammeCalendar, Session
from teams.enums import Role
from teams.models import OutboxMessage, Team, User
from tests.factories.learning import DAY, NOW, make_coach, make_session
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


def address_of(user: User) -> str:
    page = signed_in(user).post("/learning/my-calendar/").content.decode()
    start = page.index("/learning/calendar/", page.index('id="feed-address"'))
    return page[start : page.index(".ics", start) + 4]


def soon(by: User, title: str, teams: tuple[Team, ...] = ()) -> Session:
    session = make_session(by, title=title)
    session.starts_at = timezone.now() + timedelta(days=3)
    session.ends_at = session.starts_at + timedelta(hours=1)
    session.save()
    session.teams.set(teams)
    return session


def test_calendar_holds_own_sessions_and_calls_and_nothing_of_others(
    team: Team, director: User
) -> None:
    other = make_team(name="Strange Group")
    now = timezone.now()
    for group in (team, other):
        coach = make_coach(group)
        plan_call(team=group, coach=coach, planned_at=now + DAY, by=coach, as_of=now)
    soon(director, "For everybody")
    soon(director, "For us", (team,))
    soon(director, "Strange session", (other,))
    answer = Client().get(address_of(make_user(Role.GROUP_MEMBER, team=team)))
    assert answer["Content-Type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert {str(event["summary"]) for event in events} == {
        "For everybody",
        "For us",
        "Coaching call: Harbor Health",
    }
    assert b"Strange" not in answer.content


def test_cancelled_call_stays_in_marked(team: Team) -> None:
    coach = make_coach(team)
    now = timezone.now()
    call = plan_call(team=team, coach=coach, planned_at=now + DAY, by=coach, as_of=now)
    cancel_call(call=call, by=coach, as_of=now)
    (event,) = Calendar.from_ical(Client().get(address_of(coach)).content).walk("VEVENT")
    assert (str(event["status"]), event["sequence"]) == ("CANCELLED", 1)


def test_address_is_secret_replaced_and_ended() -> None:
    user = make_user(Role.PAYER_ANALYST)
    old, new = address_of(user), address_of(user)
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200
    secret = new.split("/")[-1].removesuffix(".ics")
    assert ProgrammeCalendar.objects.get().secret_hash != secret
    signed_in(user).post("/learning/my-calendar/end/")
    assert Client().get(new).status_code == 404


def test_address_of_a_closed_account_and_of_somebody_who_left(team: Team, director: User) -> None:
    user = make_user(Role.GROUP_MEMBER, team=team)
    soon(director, "For us", (team,))
    address = address_of(user)
    assert b"For us" in Client().get(address).content
    user.memberships.update(ends_on=timezone.localdate() - DAY)
    assert b"For us" not in Client().get(address).content
    user.is_active = False
    user.save()
    assert Client().get(address).status_code == 404


def test_session_invites_by_email_and_moves_and_cancels_the_entry(director: User) -> None:
    member = make_user(Role.GROUP_MEMBER)
    session = make_session(director)
    values = {"starts_at": session.starts_at + DAY, "ends_at": session.ends_at + DAY}
    change_session(session=session, values=values, teams=[], by=director, as_of=NOW)
    move_session_on(session=session, act="open", by=director, as_of=NOW)
    move_session_on(session=session, act="cancel", by=director, as_of=NOW)
    texts = OutboxMessage.objects.filter(notification__user=member).order_by("pk")
    invitations = list(texts.values_list("invitation", flat=True))
    assert [bool(text) for text in invitations] == [True, True, False, True]
    first, moved, cancelled = (
        Calendar.from_ical(text).walk("VEVENT")[0] for text in invitations if text
    )
    assert first["uid"] == moved["uid"] == cancelled["uid"]
    assert moved["dtstart"].dt - first["dtstart"].dt == DAY
    assert first["sequence"] < moved["sequence"] < cancelled["sequence"]
    assert "METHOD:CANCEL" in invitations[-1]

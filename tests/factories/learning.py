"""Calls, sessions and reports, made by the actions that the pages call."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from learning.actions.coaching import add_action_item, hold_call, plan_call
from learning.actions.progress import open_monthly_report
from learning.actions.sessions import plan_session
from learning.models import ActionItem, Call, MonthlyReport, PrivateNote, Session
from teams.enums import Role
from teams.models import Team, User
from tests.factories.people import make_coach_assignment, make_user

NOW = timezone.make_aware(datetime(2026, 6, 15, 9, 30))
TODAY = date(2026, 6, 15)
DAY = timedelta(days=1)


def make_coach(team: Team, **fields: Any) -> User:
    """A coach who works with this team only."""
    coach = make_user(Role.COACH, **fields)
    make_coach_assignment(coach, team)
    return coach


def make_call(team: Team, coach: User, *, in_days: int = 7, private: str = "") -> Call:
    """A planned call, with a private note where there is a text for it."""
    call = plan_call(team=team, coach=coach, planned_at=NOW + in_days * DAY, by=coach, as_of=NOW)
    PrivateNote.objects.filter(call=call).update(text=private)
    return call


def make_held_call(team: Team, coach: User, *, held_on: date = TODAY, private: str = "") -> Call:
    call = make_call(team, coach, private=private)
    return hold_call(
        call=call, held_on=held_on, attendees="", workstreams=["clinical"], by=coach, as_of=NOW
    )


def make_action(
    team: Team, owner: User, *, due_on: date = TODAY + 14 * DAY, text: str = "Call the sites"
) -> ActionItem:
    return add_action_item(
        team=team, text=text, owner=owner, due_on=due_on, workstream="clinical", by=owner, as_of=NOW
    )


def make_session(
    by: User, *, title: str = "Learning session 1", in_days: int = 7, **fields: Any
) -> Session:
    starts_at = NOW + in_days * DAY
    return plan_session(
        values={
            "kind": "learning_session",
            "title": title,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=2),
            **fields,
        },
        teams=[],
        by=by,
        as_of=NOW,
    )


def make_report(team: Team, by: User, *, month: date = date(2026, 5, 1)) -> MonthlyReport:
    return open_monthly_report(team=team, month=month, by=by)

"""Whom the pdsa app tells what: tests that begin, wait or are finished, and what waits for a review.

A reminder comes at most once a week for one object; what has waited long is left to the weekly digest.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from pdsa.enums import CycleState
from pdsa.models import Aim, Charter, Cycle
from pdsa.queries.cycles import list_late, list_starting
from pdsa.wording import day_text
from teams.actions.notifications import notify
from teams.enums import Role, Topic
from teams.models import Team, User
from teams.queries import list_coaches_of, list_people_around, list_people_with

#: How long reminders about one test go on.
REMINDED_FOR = timedelta(weeks=4)


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-{week:02}"


class _Readers:
    """People of teams on a day, read once for each team."""

    def __init__(self, on: date) -> None:
        self._on = on
        self._leads: dict[int, list[User]] = {}
        self._around: dict[int, set[int]] = {}

    def of(self, cycle: Cycle) -> list[User]:
        """The owner, unless gone from the team, and its leads."""
        team = cycle.idea.project.team
        if team.pk not in self._leads:
            self._leads[team.pk] = list(list_people_with(Role.GROUP_LEAD, team, on=self._on))
            self._around[team.pk] = {user.pk for user in list_people_around(team, on=self._on)}
        found = {user.pk: user for user in self._leads[team.pk]}
        if cycle.owner_id in self._around[team.pk]:
            found[cycle.owner_id] = cycle.owner
        return list(found.values())


def remind_of_tests(*, as_of: datetime) -> int:
    """Tell owners and leads of planned tests whose day has come and of tests past their planned end.

    Returns how many people were newly told. Effects: of `notify`, at most once a week for one test.
    """
    day = timezone.localdate(as_of)
    readers = _Readers(day)
    told = 0
    for cycle in (
        *list_starting(day=day, since=day - REMINDED_FOR),
        *list_late(day=day, since=day - REMINDED_FOR),
    ):
        if cycle.state == CycleState.PLANNED:
            title = f"Planned to begin {day_text(cycle.planned_start_on or day)}: “{cycle}”"
            path = reverse("pdsa:cycle", args=[cycle.pk])
        else:
            title = f"Past its planned end of {day_text(cycle.planned_end_on or day)}: “{cycle}”"
            path = reverse("pdsa:finish", args=[cycle.pk])
        told += notify(
            users=readers.of(cycle),
            topic=Topic.TESTS,
            title=title,
            path=path,
            key=f"pdsa-cycle-{cycle.pk}-{_week(day)}",
            as_of=as_of,
        )
    return told


@transaction.atomic
def tell_finished(*, cycle: Cycle, by: User, as_of: datetime) -> None:
    """The owner, the leads and the coaches, who read the team's tests, hear what was decided."""
    day = timezone.localdate(as_of)
    people = {user.pk: user for user in _Readers(day).of(cycle)}
    people |= {user.pk: user for user in list_coaches_of(cycle.idea.project.team, on=day)}
    people.pop(by.pk, None)
    notify(
        users=people.values(),
        topic=Topic.TESTS,
        title=f"Finished: “{cycle}”. Decision: {cycle.get_decision_display().lower()}",
        path=reverse("pdsa:cycle", args=[cycle.pk]),
        key=f"pdsa-cycle-{cycle.pk}-finished-{_week(day)}",
        as_of=as_of,
    )


def _tell(
    users: Iterable[User], what: Aim | Charter, word: str, title: str, by: User, as_of: datetime
) -> None:
    name = "aim" if isinstance(what, Aim) else "charter"
    notify(
        users=[user for user in users if user.pk != by.pk],
        topic=Topic.TESTS,
        title=title,
        path=reverse(f"aims:{name}", args=[what.project_id]),
        key=f"pdsa-{name}-{what.pk}-{word}-{_week(timezone.localdate(as_of))}",
        as_of=as_of,
    )


def ask_for_review(*, what: Aim | Charter, by: User, as_of: datetime) -> None:
    """The coaches hear that an aim or a charter waits for their review."""
    team: Team = what.project.team
    name = "The aim" if isinstance(what, Aim) else "The charter"
    title = f"{name} of “{what.project}” waits for your review"
    _tell(list_coaches_of(team, on=timezone.localdate(as_of)), what, "waits", title, by, as_of)


def tell_reviewed(*, what: Aim | Charter, is_right: bool, by: User, as_of: datetime) -> None:
    """The team hears that its coach has reviewed an aim or a charter, or asks for changes."""
    team: Team = what.project.team
    name = "The aim" if isinstance(what, Aim) else "The charter"
    said = "is reviewed" if is_right else "has a note from your coach"
    title = f"{name} of “{what.project}” {said}"
    day = timezone.localdate(as_of)
    coaches = {user.pk for user in list_coaches_of(team, on=day)}
    people = [user for user in list_people_around(team, on=day) if user.pk not in coaches]
    word = "reviewed" if is_right else "noted"
    _tell(people, what, word, title, by, as_of)

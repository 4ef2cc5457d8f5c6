"""What a coach reads before a call and a report shows beside its text: one of each kind, and what stays away."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from learning.actions.coaching import ask_for_help
from learning.actions.progress import give_score, submit_report
from learning.enums import ScoreBy
from learning.models import ActionItem, ControlPlan, MonthlyReport
from learning.queries.items import KINDS, Item
from learning.queries.since import list_since
from measures.enums import RealCategory, RealField
from pdsa.charts.periods import step
from pdsa.enums import CycleState
from teams.enums import Role
from teams.models import Team, User
from teams.scoping import scope_of
from tests.factories.cycles import make_cycle, make_project
from tests.factories.grants import make_award, make_grants, make_terms
from tests.factories.learning import make_action, make_held_call, make_report
from tests.factories.local_measures import enter, make_local_measure
from tests.factories.people import make_team, make_user
from tests.factories.results import make_completeness, make_results, make_world

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
#: Twelve months that only vary, and seven that are all better: a shift.
VARY = [(30 + move, 60) for move in (0, 2, -1, 1, -2, 2, 0, -1, 1, -2, 2, -1)]
BETTER = [(50, 60)] * 8


def now() -> datetime:
    return timezone.localtime()


def items_of(reader: User, team: Team, *, days: int = 30, until: int = 0) -> list[Item]:
    """What the reader reads of a window of so many days that ended `until` days ago."""
    last = timezone.localdate() - until * DAY
    scope = scope_of(reader, on=timezone.localdate())
    return list_since(scope, team, since=last - days * DAY, until=last)


def said(items: list[Item], kind: str) -> list[str]:
    return [item.sentence for item in items if item.kind == kind]


def shifted(team: Team, lead: User, *, entered: datetime, **sheet: Any) -> Any:
    """A measure whose latest months show a favourable shift."""
    measure = make_local_measure(make_project(team, by=lead), by=lead, **sheet)
    first = step(timezone.localdate(), "month", -len(VARY + BETTER))
    enter(measure, "nh_black", VARY + BETTER, by=lead, first=first, as_of=entered)
    return measure


def score(team: Team, by: User, moment: datetime, value: str = "2.5") -> None:
    give_score(
        team=team,
        month=timezone.localdate(moment).replace(day=1),
        by_whom=ScoreBy.TEAM,
        value=Decimal(value),
        reason="Why",
        suggested=Decimal("1.0"),
        evidence=[],
        by=by,
        as_of=moment,
    )


def fill(team: Team, lead: User, moment: datetime, word: str) -> None:
    """One thing of every kind that happens, in a team at a moment; how things stand is not among it."""
    day = timezone.localdate(moment)
    ask_for_help(team=team, text=f"{word} help", by=lead, as_of=moment)
    make_cycle(team, by=lead, objective=f"{word} start", as_of=moment, start_on=day)
    make_cycle(
        team,
        by=lead,
        objective=f"{word} end",
        state=CycleState.CLOSED,
        as_of=moment - 7 * DAY,
    )
    measure = make_local_measure(make_project(team, by=lead), by=lead, name=f"{word} numbers")
    enter(measure, "nh_black", [(1, 2)], by=lead, as_of=moment)
    done = make_action(team, lead, text=f"{word} action")
    ActionItem.objects.filter(pk=done.pk).update(state="done", closed_on=day)
    report = make_report(team, lead, month=day.replace(day=1))
    MonthlyReport.objects.filter(pk=report.pk).update(tested_and_learned=f"{word} box")
    submit_report(report=report, facts={}, by=lead, as_of=moment)
    score(team, lead, moment)


def test_each_kind_of_happening_is_said_once(team: Team, lead: User, coach: User) -> None:
    moment = now() - 3 * DAY
    fill(team, lead, moment, "Birch")
    items = items_of(coach, team)
    assert said(items, "help") == ["Waits for an answer: Birch help"]
    tests = said(items, "test")
    assert len(tests) == 2
    assert any(text.startswith("Started: ") and "Birch start" in text for text in tests)
    assert any(text.startswith("Closed: ") and text.endswith("(adopt)") for text in tests)
    assert said(items, "data") == ["Numbers entered: Birch numbers"]
    assert said(items, "action") == ["Done: Birch action"]
    month = f"{timezone.localdate(moment):%B}"
    assert said(items, "report") == [
        f"Report of {month} handed in",
        f"The team gave 2.5 for {month}",
    ]
    assert all(item.path and item.on == timezone.localdate(moment) for item in items)


def test_how_things_stand_is_said_for_a_window_that_is_not_long_over(team: Team) -> None:
    grants = make_grants()
    lead = make_user(Role.GROUP_LEAD, team=grants.team)
    today = timezone.localdate()
    # Signal, a plan that fired, a stuck test, completeness, a step of a grant: all five stand today.
    measure = shifted(grants.team, lead, entered=now() - 5 * DAY, name="Kits")
    ControlPlan.objects.create(
        team=grants.team,
        measure=measure,
        owner=lead,
        response="Look",
        created_by=lead,
        fired_at=now(),
        fired_because="below 40",
        fired_period=today.replace(day=1),
    )
    make_cycle(
        grants.team, by=lead, objective="Call", as_of=now() - 90 * DAY, planned_end_on=today - DAY
    )
    world = make_world()
    make_results(world, grants.team, {"nh_black": (50, 100), "nh_white": (60, 100)})
    make_completeness(
        world, grants.team, {RealCategory.SELF_REPORTED: 80, RealCategory.UNKNOWN: 20}
    )
    terms = make_terms()
    make_award(grants, terms)
    items = items_of(grants.coach, grants.team)
    signals = said(items, "signal")
    assert any("Kits" in text and text.startswith("New: ") for text in signals)
    assert "A control plan fired: Kits, below 40" in signals
    (stuck,) = said(items, "stuck")
    assert "should have ended: " in stuck and "Call" in stuck
    (complete,) = said(items, "complete")
    assert "80" in complete and RealField.RACE.label in complete and "2024" in complete
    assert said(items, "grant") == ["Overdue for the next payment: Data plan accepted"]
    kinds = [item.kind for item in items]
    assert kinds == sorted(kinds, key=list(KINDS).index), "in the order of the page"
    # Of a month that ended long ago nobody can say any more how things stood.
    assert {item.kind for item in items_of(grants.coach, grants.team, until=60)} <= {"test"}


def test_nothing_from_outside_the_window(team: Team, lead: User, coach: User) -> None:
    fill(team, lead, now() - 20 * DAY, "Alder")
    items = items_of(coach, team, days=5)
    # What has no answer stays in sight however old it is.
    assert [item.kind for item in items if item.kind != "stuck"] == ["help"]
    assert items_of(coach, team, days=5, until=40) == []


def test_numbers_entered_again_after_the_window_were_entered_in_it_too(
    team: Team, lead: User, coach: User
) -> None:
    measure = make_local_measure(make_project(team, by=lead), by=lead, name="Kits")
    enter(measure, "nh_black", [(1, 2)], by=lead, as_of=now() - 20 * DAY)
    enter(measure, "nh_white", [(1, 2)], by=lead, as_of=now() - 2 * DAY)
    window = items_of(coach, team, days=10, until=15)
    assert said(window, "data") == ["Numbers entered: Kits"]
    assert [item.on for item in window if item.kind == "data"] == [timezone.localdate() - 20 * DAY]


def test_action_is_overdue_after_its_day_and_not_on_it(team: Team, lead: User, coach: User) -> None:
    today = timezone.localdate()
    make_action(team, lead, text="Due today", due_on=today)
    make_action(team, lead, text="Due yesterday", due_on=today - DAY)
    assert said(items_of(coach, team), "action") == ["Overdue: Due yesterday"]


def test_nothing_of_another_team(team: Team, lead: User, coach: User) -> None:
    other = make_team()
    other_lead = make_user(Role.GROUP_LEAD, team=other)
    fill(other, other_lead, now() - 3 * DAY, "Cedar")
    shifted(other, other_lead, entered=now() - DAY, name="Cedar kits")
    make_cycle(
        other,
        by=other_lead,
        objective="Cedar stuck",
        as_of=now() - 50 * DAY,
        planned_end_on=timezone.localdate() - DAY,
    )
    assert items_of(coach, team) == []
    both = make_user(Role.PROGRAMME_DIRECTOR)
    assert items_of(both, team) == [], "nor for who may read both teams"
    assert {item.kind for item in items_of(both, other)} >= {"signal", "stuck", "test"}


def test_private_note_and_draft_report_are_in_no_item(
    team: Team, lead: User, coach: User, member: User
) -> None:
    make_held_call(team, coach, private="Ready for more, does not say so")
    draft = make_report(team, lead, month=timezone.localdate().replace(day=1))
    MonthlyReport.objects.filter(pk=draft.pk).update(tested_and_learned="Half a sentence")
    for reader in (coach, member):
        text = " ".join(item.sentence for item in items_of(reader, team, days=400))
        assert "Ready for more" not in text
        assert "Half a sentence" not in text and "Report of" not in text


# --- stuck tests ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "late", "listed"),
    [
        (CycleState.PLANNED, 1, True),
        (CycleState.DOING, 1, True),
        (CycleState.STUDYING, 1, True),
        (CycleState.PAUSED, 1, True),
        (CycleState.DOING, 0, False),
        (CycleState.CLOSED, 1, False),
        (CycleState.CANCELLED, 1, False),
    ],
)
def test_test_past_its_planned_end_is_stuck_until_it_is_closed_or_cancelled(
    team: Team, lead: User, coach: User, state: str, late: int, listed: bool
) -> None:
    cycle = make_cycle(
        team,
        by=lead,
        state=state,
        as_of=now() - 90 * DAY,
        planned_end_on=timezone.localdate() - late * DAY,
    )
    stuck = [item for item in items_of(coach, team) if item.kind == "stuck"]
    assert bool(stuck) is listed
    if listed:
        assert str(cycle) in stuck[0].sentence and str(cycle.pk) in stuck[0].path


# --- new signals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entered", "new"), [(30, True), (31, False)])
def test_signal_is_new_when_its_last_point_was_entered_in_the_window(
    team: Team, lead: User, coach: User, entered: int, new: bool
) -> None:
    shifted(team, lead, entered=now() - entered * DAY)
    signals = said(items_of(coach, team, days=30), "signal")
    assert signals
    assert all(text.startswith("New: ") is new for text in signals)


def test_signal_of_the_gap_is_new_once_its_second_group_is_entered(
    team: Team, lead: User, coach: User
) -> None:
    measure = shifted(team, lead, entered=now() - 40 * DAY)
    first = step(timezone.localdate(), "month", -len(VARY + BETTER))
    enter(
        measure,
        "nh_white",
        [(40 + move % 3, 60) for move in range(len(VARY + BETTER))],
        by=lead,
        first=first,
        as_of=now() - DAY,
    )
    signals = said(items_of(coach, team, days=10), "signal")
    of_gap = [text for text in signals if " less " in text]
    of_focus = [text for text in signals if " less " not in text]
    assert of_gap and all(text.startswith("New: ") for text in of_gap)
    assert of_focus and not any(text.startswith("New: ") for text in of_focus)

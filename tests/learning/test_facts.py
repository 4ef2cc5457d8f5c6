"""What the scale of progress reads from a team's charts, tests, aim, meetings and plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grants.actions.plans import save_plan
from learning.actions.coaching import plan_call
from learning.actions.sessions import move_session_on, plan_session
from learning.models import Call
from learning.queries.charts import list_small_charts
from learning.queries.facts import (
    _gap_widening,
    _has_favourable_signal,
    _held,
    get_facts,
)
from learning.scale import Facts
from pdsa.actions.measures import decide_about_chart
from pdsa.charts.assemble import assemble
from pdsa.charts.periods import step
from pdsa.enums import ChartDecisionKind, CycleState
from pdsa.models import Aim, LocalMeasure, Project
from pdsa.queries.measures import read_measure_data
from teams.enums import Role
from teams.models import Team, User
from teams.scoping import scope_of
from tests.factories.aims import make_aim
from tests.factories.cycles import make_cycle, make_project
from tests.factories.learning import DAY, NOW, TODAY
from tests.factories.local_measures import FIRST, enter, make_local_measure
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db

#: Twelve months of fifty that vary around 60 percent.
VARY = [(30 + move, 50) for move in (0, 2, -1, 1, -2, 2, 0, -1, 1, -2, 2, -1)]


def moved(by: int, count: int = 12) -> list[tuple[int, int]]:
    return [(n + by, size) for n, size in VARY[:count]]


@pytest.fixture
def project(team: Team, lead: User) -> Project:
    return make_project(team, by=lead)


@pytest.fixture
def facts(team: Team, lead: User) -> Callable[[], Facts]:
    return lambda: get_facts(scope_of(lead, on=TODAY), team, today=TODAY)


def decide(measure: LocalMeasure, kind: ChartDecisionKind, month: int, by: User) -> None:
    """month: how many after the first."""
    decide_about_chart(
        measure=measure,
        kind=kind,
        starts_on=step(FIRST, "month", month),
        reason="Decided together",
        by=by,
        as_of=TODAY,
    )


def charted(project: Project, by: User, *, black: list[Any], white: Any = (), **sheet: Any) -> Any:
    measure = make_local_measure(project, by=by, **sheet)
    enter(measure, "nh_black", black, by=by)
    if white:
        enter(measure, "nh_white", white, by=by)
    return measure


# --- progress ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "direction", "after", "percent"),
    [
        ("80", "higher", 5, 50),  # 60 percent before, 70 after, 80 wanted
        ("40", "lower", -5, 50),
        ("80", "higher", -5, 0),  # further away is no progress, not less than none
        ("65", "higher", 5, 100),
    ],
)
def test_progress_is_from_the_frozen_baseline_to_what_came_after_it(
    project: Project,
    lead: User,
    facts: Callable[[], Facts],
    target: str,
    direction: str,
    after: int,
    percent: int,
) -> None:
    measure = charted(
        project, lead, black=VARY + [(30 + after, 50)] * 4, target=target, direction=direction
    )
    assert facts().progress_percent is None, "nothing was set apart as before"
    decide(measure, ChartDecisionKind.BASELINE, 11, lead)
    found = facts()
    assert found.progress_percent == pytest.approx(percent, abs=1)
    assert found.goals_met is (percent == 100)
    assert found.measures_with_target == 1
    assert found.baseline_points == 16


def test_progress_compares_phases_and_not_the_last_point(
    project: Project, lead: User, facts: Callable[[], Facts]
) -> None:
    measure = charted(project, lead, black=VARY + moved(5, 4) + [(50, 50)], target="80")
    decide(measure, ChartDecisionKind.PHASE, 12, lead)
    # Mean of five months after it, the last of them at 100 percent.
    assert facts().progress_percent == pytest.approx(83, abs=5)


def test_goals_are_met_when_each_of_them_is(
    project: Project, lead: User, facts: Callable[[], Facts]
) -> None:
    for after in (10, 2):
        measure = charted(project, lead, black=VARY + moved(after, 4), target="80")
        decide(measure, ChartDecisionKind.BASELINE, 11, lead)
    found = facts()
    assert found.progress_percent == 100
    assert not found.goals_met


def test_goal_that_cannot_be_judged_yet_is_not_met(
    project: Project, lead: User, facts: Callable[[], Facts]
) -> None:
    measure = charted(project, lead, black=VARY + moved(10, 4), target="80")
    decide(measure, ChartDecisionKind.BASELINE, 11, lead)
    assert facts().goals_met
    charted(project, lead, black=VARY, target="80")
    found = facts()
    assert found.progress_percent == 100
    assert not found.goals_met


# --- held points --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "count"), [(10, 6), (10, 5), (-10, 6)])
def test_points_are_held_after_a_favourable_shift_only(
    project: Project, lead: User, facts: Callable[[], Facts], after: int, count: int
) -> None:
    measure = charted(project, lead, black=VARY + moved(after, count))
    assert facts().points_held == 0, "one phase holds nothing"
    decide(measure, ChartDecisionKind.PHASE, 12, lead)
    assert facts().points_held == (count if after > 0 else 0)


# --- the gap ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "before", "after", "widening"),
    [
        ("higher", -2, -14, True),  # the focus group falls behind
        ("lower", 2, 14, True),  # more of a bad thing in the focus group
        ("higher", -14, -2, False),
        ("lower", 14, 2, False),
        ("higher", 14, 2, False),  # ahead, and still ahead: nobody is left behind
    ],
)
def test_gap_widens_when_the_focus_group_falls_behind(
    project: Project,
    lead: User,
    facts: Callable[[], Facts],
    direction: str,
    before: int,
    after: int,
    widening: bool,
) -> None:
    charted(
        project,
        lead,
        black=moved(before, 10) + moved(after, 8),
        white=VARY[:10][::-1] + VARY[:8][::-1],
        direction=direction,
    )
    found = facts()
    assert found.gap_widening is widening
    assert found.stratified_results


@pytest.mark.parametrize("white", [[], VARY[:9]])
def test_gap_without_reference_or_with_few_points_cannot_be_judged(
    project: Project, lead: User, facts: Callable[[], Facts], white: list[Any]
) -> None:
    charted(project, lead, black=VARY, white=white)
    assert facts().gap_widening is None


def test_new_phase_leaves_the_gap_judged_by_the_one_before(
    project: Project, lead: User, facts: Callable[[], Facts]
) -> None:
    measure = charted(project, lead, black=VARY + moved(5, 3), white=VARY[::-1] + VARY[:3])
    decide(measure, ChartDecisionKind.PHASE, 12, lead)
    assert facts().gap_widening is False


@pytest.mark.parametrize(
    ("direction", "after", "phased", "signals"),
    [
        ("higher", 12, False, 1),
        ("lower", -12, False, 1),
        ("higher", -12, False, 0),  # the good months lie before: nothing has improved
        ("lower", 12, False, 0),
        ("higher", 12, True, 1),  # the shift became the new phase
        ("higher", -12, True, 0),
    ],
)
def test_signal_counts_when_the_latest_months_are_better(
    project: Project,
    lead: User,
    facts: Callable[[], Facts],
    direction: str,
    after: int,
    phased: bool,
    signals: int,
) -> None:
    measure = charted(
        project,
        lead,
        black=VARY[:10] + moved(after, 8),
        direction=direction,
        kind="process",
    )
    if phased:
        decide(measure, ChartDecisionKind.PHASE, 10, lead)
    found = facts()
    assert (found.process_signals, found.outcome_signals) == (signals, 0)


def test_periods_that_share_people_signal_nothing(project: Project, lead: User) -> None:
    """Twelve-month windows move slowly whatever happens: no rule for signals holds on their charts."""
    better = VARY[:10] + moved(12, 8)
    gap = charted(project, lead, black=VARY[:10] + moved(-14, 8), white=VARY[:10] + VARY[:8])
    shift, phased = charted(project, lead, black=better), charted(project, lead, black=better)
    decide(phased, ChartDecisionKind.PHASE, 10, lead)
    scope = scope_of(lead, on=TODAY)

    def seen(overlaps: bool) -> tuple[bool | None, bool, int]:
        charts = [
            assemble(replace(read_measure_data(scope, one), overlaps=overlaps))
            for one in (gap, shift, phased)
        ]
        return _gap_widening(charts[:1]), _has_favourable_signal(charts[1]), _held(charts[2])

    assert seen(False) == (True, True, 8)
    assert seen(True) == (None, False, 0)


# --- the aim ------------------------------------------------------------------------------------------------------


def test_aim_is_judged_as_of_the_day_on_which_it_was_written(
    team: Team, project: Project, lead: User, facts: Callable[[], Facts]
) -> None:
    assert not facts().aim_complete
    aim = make_aim(project, by=lead, due_on=TODAY - DAY)
    assert facts().aim_complete, "its day was to come when it was written"
    Aim.objects.filter(pk=aim.pk).update(changed_at=NOW)
    assert not facts().aim_complete
    Aim.objects.filter(pk=aim.pk).update(due_on=TODAY + 90 * DAY, focus_group="")
    assert not facts().aim_complete


# --- the next meeting ----------------------------------------------------------------------------------------------


def session(team: Team | None, by: User, *, days: int = 7, kind: str = "monthly_meeting") -> Any:
    starts_at = NOW + days * DAY
    return plan_session(
        values={
            "kind": kind,
            "title": "Meeting",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
        },
        teams=[team] if team else [],
        by=by,
        as_of=NOW - 30 * DAY,
    )


def test_planned_call_counts_until_its_day_is_over(
    team: Team, coach: User, facts: Callable[[], Facts]
) -> None:
    call = plan_call(team=team, coach=coach, planned_at=NOW + 5 * DAY, by=coach, as_of=NOW)
    assert facts().next_meeting_planned
    Call.objects.filter(pk=call.pk).update(planned_at=NOW - DAY)
    assert not facts().next_meeting_planned


@pytest.mark.parametrize(
    ("for_whom", "days", "kind", "counts"),
    [
        ("everybody", 7, "learning_session", True),
        ("team", 7, "monthly_meeting", True),
        ("other", 7, "monthly_meeting", False),
        ("team", -7, "monthly_meeting", False),
        ("everybody", 7, "office_hours", False),
    ],
)
def test_planned_session_for_the_team_is_a_next_meeting(
    team: Team,
    director: User,
    facts: Callable[[], Facts],
    for_whom: str,
    days: int,
    kind: str,
    counts: bool,
) -> None:
    teams = {"everybody": None, "team": team, "other": make_team()}
    session(teams[for_whom], director, days=days, kind=kind)
    assert facts().next_meeting_planned is counts


def test_cancelled_session_is_no_next_meeting(
    team: Team, director: User, facts: Callable[[], Facts]
) -> None:
    move_session_on(session=session(team, director), act="cancel", by=director, as_of=NOW)
    assert not facts().next_meeting_planned


# --- people, tests and plans -----------------------------------------------------------------------------------------


def test_people_tests_and_maps_are_counted(
    team: Team, lead: User, member: User, coach: User, facts: Callable[[], Facts]
) -> None:
    make_cycle(team, by=lead, state=CycleState.DOING)
    make_cycle(team, by=lead, state=CycleState.STUDYING)
    make_cycle(team, by=lead, state=CycleState.CLOSED, decision="adopt", kind="implement")
    make_cycle(team, by=lead, state=CycleState.CLOSED, decision="abandon")
    found = facts()
    assert (found.member_count, found.has_lead) == (2, True), "the coach is none of them"
    assert (found.tests_past_do, found.tests_kept, found.changes_implemented) == (3, 1, 1)


def change(**fields: str) -> dict[str, str]:
    return {
        "title": "Nurse visits",
        "decision": "embed",
        "replaces_step": "",
        "owner": "Dr. Lindqvist",
        "budget_line": "Nursing",
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "count"),
    [({}, 1), ({"owner": ""}, 0), ({"budget_line": ""}, 0), ({"decision": "stop"}, 0)],
)
def test_change_stays_with_an_owner_and_a_budget_line(
    team: Team, lead: User, facts: Callable[[], Facts], fields: dict[str, str], count: int
) -> None:
    other = make_team()
    for owner, by in ((team, lead), (other, make_user(Role.GROUP_LEAD, team=other))):
        save_plan(
            team=owner,
            plan=None,
            content={
                "name": "Plan",
                "first_year": 2026,
                "grant_ends_in": 2,
                "staffing": "",
                "lines": [],
                "assumptions": [],
                "changes": [change(**(fields if owner == team else {}))],
            },
            by=by,
            as_of=timezone.now(),
        )
    assert facts().changes_funded == count


def test_nothing_of_another_team_is_counted(facts: Callable[[], Facts]) -> None:
    other = make_team()
    lead = make_user(Role.GROUP_LEAD, team=other)
    project = make_project(other, by=lead)
    make_aim(project, by=lead)
    make_cycle(other, by=lead, state=CycleState.CLOSED)
    charted(project, lead, black=VARY, white=VARY, target="80")
    found = facts()
    assert not found.aim_complete
    assert (found.measure_count, found.baseline_points, found.tests_past_do) == (0, 0, 0)
    assert (found.progress_percent, found.gap_widening) == (None, None)


# --- small charts ----------------------------------------------------------------------------------------------------


def test_small_charts_are_of_the_measures_that_have_numbers(
    team: Team, project: Project, lead: User
) -> None:
    charted(project, lead, black=VARY, name="Kits that come back")
    make_local_measure(project, by=lead, name="No numbers yet")
    other = make_team()
    strange = make_user(Role.GROUP_LEAD, team=other)
    charted(make_project(other, by=strange), strange, black=VARY, name="Cedar")
    for reader in (lead, make_user(Role.PROGRAMME_DIRECTOR)):
        (chart,) = list_small_charts(scope_of(reader, on=date(2026, 6, 15)), team)
        assert chart["name"] == "Kits that come back"
        assert "<svg" in chart["spark"]
        assert "58" in chart["latest"] and "29 of 50" in chart["latest"]
        assert chart["says"]


def test_queries_do_not_grow_with_projects_and_measures(
    project: Project, lead: User, facts: Callable[[], Facts], django_assert_num_queries: Any
) -> None:
    def work(at: Project) -> None:
        make_aim(at, by=lead, due_on=TODAY - DAY)
        charted(at, lead, black=VARY, white=VARY)

    work(project)
    facts()  # what a process reads once
    with CaptureQueriesContext(connection) as once:
        facts()
    for number in range(2):
        work(make_project(project.team, by=lead, title=f"More {number}"))
    with django_assert_num_queries(len(once)):
        assert facts().measure_count == 3

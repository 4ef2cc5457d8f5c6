"""Cycles: every transition and every refusal, the log, the next one, copies; what the database refuses."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from pdsa.actions.cycles import (
    continue_cycle,
    copy_cycle,
    decide_cycle,
    log_cycle,
    log_done_cycle,
    move_cycle,
    say_not_predicted,
    share_cycle,
)
from pdsa.actions.measures import link_cycle, retire_measure
from pdsa.actions.projects import FIRST_PROJECT
from pdsa.enums import CycleState, Decision, Match, Sharing
from pdsa.models import ChangeIdea, Cycle, CycleTask, Prediction, Project
from pdsa.policies.cycles import TRANSITIONS, can
from teams.autosave import list_history
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, Team, User
from tests.factories.cycles import NOW, make_cycle, make_idea, make_project
from tests.factories.local_measures import make_local_measure
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make_team()


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team)


# --- the log --------------------------------------------------------------------------------------------------


def test_first_log_of_a_team_makes_project_idea_and_running_test(team: Team, lead: User) -> None:
    cycle = log_cycle(
        team=team,
        objective="Call 5 patients. Then ask how it went.",
        prediction="3 of 5 answer",
        by=lead,
        as_of=NOW,
    )
    assert (cycle.state, cycle.number, cycle.owner) == (CycleState.DOING, 1, lead)
    assert cycle.started_on == NOW.date()
    assert cycle.planned_end_on == NOW.date() + timedelta(days=7)
    assert cycle.idea.title == "Call 5 patients"
    assert cycle.idea.project.title == FIRST_PROJECT
    assert [p.prediction for p in cycle.predictions.all()] == ["3 of 5 answer"]
    assert AuditEvent.objects.filter(act="log_cycle", team=team).count() == 1


def test_log_for_a_later_day_is_planned(team: Team, lead: User) -> None:
    tomorrow = NOW.date() + timedelta(days=1)
    cycle = log_cycle(
        team=team, objective="Try", prediction="", by=lead, as_of=NOW, start_on=tomorrow
    )
    assert (cycle.state, cycle.started_on) == (CycleState.PLANNED, None)
    assert cycle.planned_start_on == tomorrow


def test_log_sent_twice_is_one_test(team: Team, lead: User) -> None:
    key = uuid.uuid4()
    one, two = (
        log_cycle(team=team, objective="Try", prediction="", by=lead, as_of=NOW, client_key=key)
        for _ in range(2)
    )
    assert one == two
    assert Prediction.objects.count() == 1


def test_second_test_of_an_idea_follows_the_first(team: Team, lead: User) -> None:
    first = make_cycle(team, by=lead)
    second = make_cycle(team, by=lead, idea=first.idea)
    assert (second.number, second.previous) == (2, first)
    assert str(second) == f"{first.idea.title}, test 2"


def test_test_that_was_done_already_gets_no_credit_for_a_prediction(team: Team, lead: User) -> None:
    cycle = log_done_cycle(
        team=team,
        objective="Posters in the waiting room",
        what_happened="Nobody read them.",
        learned="Ask in person.",
        decision=Decision.ABANDON,
        by=lead,
        as_of=NOW,
        started_on=date(2026, 2, 2),
        ended_on=date(2026, 2, 9),
    )
    assert cycle.is_retrospective
    assert (cycle.state, cycle.decision) == (CycleState.CLOSED, Decision.ABANDON)
    assert (cycle.started_on, cycle.ended_on) == (date(2026, 2, 2), date(2026, 2, 9))
    assert not cycle.predictions.exists()


def test_done_test_without_a_decision_waits_at_study(team: Team, lead: User) -> None:
    cycle = log_done_cycle(
        team=team,
        objective="x",
        what_happened="",
        learned="",
        decision="",
        by=lead,
        as_of=NOW,
    )
    assert cycle.state == CycleState.STUDYING


# --- states ---------------------------------------------------------------------------------------------------


def act_on(cycle: Cycle, act: str, by: User) -> Cycle:
    if act == "decide":
        return decide_cycle(cycle=cycle, decision=Decision.ADAPT, by=by, as_of=NOW)
    if act == "continue":
        return continue_cycle(cycle=cycle, by=by, as_of=NOW)
    return move_cycle(cycle=cycle, act=act, by=by, as_of=NOW)


def in_state(team: Team, lead: User, state: CycleState) -> Cycle:
    """A cycle with nothing written in it: empty fields must stand in nobody's way."""
    if state == CycleState.IDEA:
        cycle = make_cycle(team, by=lead, state=CycleState.PLANNED)
        Cycle.objects.filter(pk=cycle.pk).update(state=state)
    else:
        cycle = make_cycle(team, by=lead, state=state)
    Cycle.objects.filter(pk=cycle.pk).update(objective="")
    Prediction.objects.filter(cycle=cycle).delete()
    cycle.refresh_from_db()
    return cycle


@pytest.mark.parametrize("state", list(CycleState))
@pytest.mark.parametrize("act", [a for a in TRANSITIONS if a not in ("edit", "take_members")])
def test_every_act_from_every_state(act: str, state: CycleState, team: Team, lead: User) -> None:
    cycle = in_state(team, lead, state)
    allowed, target = TRANSITIONS[act]
    if state not in allowed:
        assert not can(act, cycle)
        with pytest.raises(StateRefused, match=state.label.lower()):
            act_on(cycle, act, lead)
        cycle.refresh_from_db()
        assert cycle.state == state
        return
    after = act_on(cycle, act, lead)
    if act == "continue":
        assert (after.state, after.previous) == (CycleState.PLANNED, cycle)
    elif act == "resume":
        assert after.state == CycleState.DOING
    else:
        assert after.state == target
    assert AuditEvent.objects.filter(team=team).latest("at").act == f"{act}_cycle"


def test_pause_comes_back_to_where_it_was(team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead, state=CycleState.STUDYING)
    paused = move_cycle(cycle=cycle, act="pause", by=lead, as_of=NOW)
    assert paused.paused_from == CycleState.STUDYING
    back = move_cycle(cycle=paused, act="resume", by=lead, as_of=NOW)
    assert (back.state, back.paused_from) == (CycleState.STUDYING, "")


def test_cancelled_keeps_its_reason_until_it_comes_back(team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    gone = move_cycle(cycle=cycle, act="cancel", by=lead, as_of=NOW, reason="The nurse left")
    assert (gone.cancel_reason, gone.cancelled_at) == ("The nurse left", NOW)
    back = move_cycle(cycle=gone, act="restore", by=lead, as_of=NOW)
    assert (back.state, back.cancel_reason, back.cancelled_at) == (CycleState.PLANNED, "", None)


def test_finishing_writes_what_happened_and_whether_it_held(team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    row = cycle.predictions.get()
    closed = decide_cycle(
        cycle=cycle,
        decision=Decision.EXPAND,
        by=lead,
        as_of=NOW,
        values={"what_happened": "4 answered", "learned": "Call after six"},
        matches={row.pk: Match.PARTLY},
    )
    row.refresh_from_db()
    assert (closed.what_happened, closed.learned, row.match) == (
        "4 answered",
        "Call after six",
        Match.PARTLY,
    )
    assert {v.field for v in list_history([closed, row])} >= {"what_happened", "decision", "match"}


def test_match_of_another_test_is_not_touched(team: Team, lead: User) -> None:
    cycle, other = make_cycle(team, by=lead), make_cycle(team, by=lead)
    strange = other.predictions.get()
    decide_cycle(
        cycle=cycle, decision=Decision.ADOPT, by=lead, as_of=NOW, matches={strange.pk: Match.YES}
    )
    strange.refresh_from_db()
    assert strange.match == ""


def test_saying_that_one_did_not_predict_is_one_click(team: Team, lead: User) -> None:
    cycle = say_not_predicted(
        cycle=make_cycle(team, by=lead), not_predicted=True, by=lead, as_of=NOW
    )
    assert cycle.not_predicted


# --- next and copy --------------------------------------------------------------------------------------------


def test_next_test_takes_the_plan_and_leaves_the_results(team: Team, lead: User) -> None:
    cycle = make_cycle(
        team,
        by=lead,
        state=CycleState.CLOSED,
        decision=Decision.ADAPT,
        objective="Call 5",
        data_what="Answered or not",
        patient_count=5,
        next_change="Call 5 in the evening",
        learned="Too early",
    )
    Prediction.objects.filter(cycle=cycle).update(question="Do they answer?", result="2 did")
    CycleTask.objects.create(cycle=cycle, position=1, what="Call", who="Maria", done_on=NOW.date())
    measure, retired = (make_local_measure(cycle.idea.project, by=lead) for _ in range(2))
    for one in (measure, retired):
        link_cycle(measure=one, cycle=cycle, by=lead, as_of=NOW.date())
    retire_measure(measure=retired, by=lead, as_of=NOW)
    made = continue_cycle(cycle=cycle, by=lead, as_of=NOW)
    assert [link.measure for link in made.measure_links.all()] == [measure]
    assert (made.state, made.number, made.previous) == (CycleState.PLANNED, 2, cycle)
    assert (made.objective, made.data_what, made.patient_count) == (
        "Call 5 in the evening",
        "Answered or not",
        5,
    )
    assert (made.learned, made.decision, made.sharing) == ("", "", Sharing.TEAM)
    row, task = made.predictions.get(), made.tasks.get()
    assert (row.question, row.prediction, row.result) == ("Do they answer?", "", "")
    assert (task.what, task.who, task.done_on) == ("Call", "Maria", None)


def test_copy_takes_the_method_and_nobodys_name(team: Team, lead: User) -> None:
    other = make_team(name="Far Away Health")
    theirs = make_cycle(
        other,
        by=make_user(Role.GROUP_LEAD, team=other),
        state=CycleState.CLOSED,
        sharing=Sharing.UNNAMED,
        data_who="Nurse Odalys",
        data_what="Answered or not",
        who="Odalys",
        learned="Secret sauce",
    )
    CycleTask.objects.create(cycle=theirs, position=1, what="Call", who="Odalys", where="Room 4")
    measure = make_local_measure(theirs.idea.project, by=theirs.owner)
    link_cycle(measure=measure, cycle=theirs, by=theirs.owner, as_of=NOW.date())
    made = copy_cycle(cycle=theirs, team=team, by=lead, as_of=NOW)
    assert made.idea.project.team == team
    assert (made.copied_from, made.previous, made.state) == (theirs, None, CycleState.PLANNED)
    assert not made.measure_links.exists()
    assert (made.data_what, made.data_who, made.who, made.learned) == (
        "Answered or not",
        "",
        "",
        "",
    )
    assert [(t.what, t.who, t.where) for t in made.tasks.all()] == [("Call", "", "")]
    # The group whose plan it was learns nothing of it.
    assert not AuditEvent.objects.filter(act="copy_cycle", team=other).exists()


def test_sharing_is_written_down_with_both_values(team: Team, lead: User) -> None:
    cycle = share_cycle(cycle=make_cycle(team, by=lead), sharing=Sharing.NAMED, by=lead, as_of=NOW)
    event = AuditEvent.objects.get(act="share_cycle")
    assert cycle.sharing == Sharing.NAMED
    assert event.details == {"before": "team", "after": "named"}


# --- the database ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "changes", "constraint"),
    [
        (CycleState.DOING, {"state": "closed"}, "cycle_closed_has_decision"),
        (CycleState.DOING, {"started_on": None}, "cycle_under_way_has_start"),
        (CycleState.DOING, {"state": "paused"}, "cycle_paused_from_a_state"),
        (CycleState.DOING, {"paused_from": "doing"}, "cycle_paused_from_a_state"),
        (CycleState.PAUSED, {"paused_from": "closed"}, "cycle_paused_from_a_state"),
        (CycleState.PAUSED, {"started_on": None}, "cycle_paused_under_way_has_start"),
        (CycleState.DOING, {"state": "cancelled"}, "cycle_cancelled_whole"),
        (CycleState.DOING, {"cancel_reason": "x"}, "cycle_cancelled_whole"),
        (CycleState.CLOSED, {"closed_at": None}, "cycle_closed_has_decision"),
        (CycleState.CLOSED, {"decision": ""}, "cycle_closed_has_decision"),
        (CycleState.DOING, {"ended_on": date(2020, 1, 1)}, "cycle_dates_in_order"),
        (CycleState.DOING, {"number": 0}, "cycle_number_from_one"),
        (CycleState.DOING, {"patient_count": 0}, "cycle_scale_from_one"),
        (CycleState.DOING, {"state": "dreaming"}, "cycle_state_known"),
        (CycleState.DOING, {"sharing": "world"}, "cycle_sharing_known"),
        (CycleState.DOING, {"decision": "maybe"}, "cycle_decision_known"),
        (CycleState.DOING, {"kind": "guess"}, "cycle_kind_known"),
        (CycleState.DOING, {"carried_out": "?"}, "cycle_carried_out_known"),
        (CycleState.DOING, {"patient_input": "?"}, "cycle_patient_input_known"),
    ],
)
def test_database_refuses_an_impossible_cycle(
    state: CycleState, changes: dict[str, Any], constraint: str, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead, state=state)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Cycle.objects.filter(pk=cycle.pk).update(**changes)


def test_database_refuses_a_cycle_that_follows_itself(team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    with pytest.raises(IntegrityError, match="not_its_own_previous"), transaction.atomic():
        Cycle.objects.filter(pk=cycle.pk).update(previous=cycle)


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"numerator": 1},
        {"numerator": 3, "denominator": 2},
        {"numerator": 1, "denominator": 2, "value": 1},
        {"numerator": 0, "denominator": 0},
    ],
)
def test_database_refuses_numbers_that_are_neither_share_nor_value(
    numbers: dict[str, int], team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    with pytest.raises(IntegrityError, match="share_or_value"), transaction.atomic():
        cycle.readings.create(read_on=NOW.date(), entered_by=lead, **numbers)


def test_titles_are_once_a_team_and_once_a_project(team: Team, lead: User) -> None:
    project = make_project(team, by=lead, title="Same")
    with pytest.raises(StateRefused, match="Same"):
        make_project(team, by=lead, title="Same")
    idea = make_idea(project, by=lead, title="One")
    assert make_idea(project, by=lead, title="One") == idea
    with pytest.raises(IntegrityError), transaction.atomic():
        ChangeIdea.objects.create(project=project, title="One", created_by=lead)
    assert Project.objects.count() == 1

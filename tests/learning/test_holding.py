"""Control plans: who writes them, what fires them, and that they fire once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from learning.actions.holding import (
    answer_control,
    change_control,
    decide_future,
    end_control,
    plan_control,
    watch_over_gains,
)
from learning.attention import Rule
from learning.models import ChangeFuture, ControlCheck, ControlPlan
from learning.queries.caseload import list_caseload
from pdsa.actions.measures import decide_about_chart
from pdsa.enums import ChartDecisionKind, CycleState
from pdsa.models import LocalMeasure
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, Membership, Notification, Team, User
from teams.scoping import scope_of
from tests.factories.cycles import make_cycle, make_project
from tests.factories.learning import DAY, NOW, TODAY
from tests.factories.local_measures import enter, make_local_measure
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

#: The twelve months of 2025, which only vary.
VARY = [(30 + step, 50) for step in (0, 2, -1, 1, -2, 2, 0, -1, 1, -2, 2, -1)]
JANUARY = date(2026, 1, 1)
FEBRUARY = date(2026, 2, 1)


@pytest.fixture
def measure(team: Team, lead: User) -> LocalMeasure:
    return make_local_measure(make_project(team, by=lead), by=lead, name="Kits that come back")


def values_of(owner: User, **fields: Any) -> dict[str, Any]:
    return {
        "owner": owner,
        "check_every_days": 30,
        "trigger": "signal",
        "threshold": None,
        "response": "The clinic manager looks at the last ten kits",
        "standard_work": "",
        **fields,
    }


def make_plan(measure: LocalMeasure, lead: User, **fields: Any) -> ControlPlan:
    return plan_control(
        team=measure.project.team,
        measure_id=measure.pk,
        values={**values_of(lead), **fields},
        by=lead,
        as_of=NOW,
    )


def set_baseline(measure: LocalMeasure, lead: User) -> None:
    """The year 2025 as what later months are compared with, so that one of them alone can be a signal."""
    enter(measure, "nh_black", VARY, by=lead)
    decide_about_chart(
        measure=measure,
        kind=ChartDecisionKind.BASELINE,
        starts_on=date(2025, 12, 1),
        reason="Before the change",
        by=lead,
        as_of=TODAY,
    )


def watch(*, days: int = 0) -> int:
    return watch_over_gains(as_of=NOW + days * DAY)


# --- planning -------------------------------------------------------------------------------------------------


def test_measure_has_one_running_plan(measure: LocalMeasure, lead: User) -> None:
    plan = make_plan(measure, lead)
    with pytest.raises(StateRefused, match="has a control plan already"):
        make_plan(measure, lead)
    end_control(plan=plan, by=lead, as_of=NOW)
    assert make_plan(measure, lead).pk != plan.pk


def test_measure_of_another_team_is_refused(measure: LocalMeasure) -> None:
    stranger = make_user(Role.GROUP_LEAD, team=make_team())
    with pytest.raises(StateRefused, match="not one of yours"):
        make_plan(measure, stranger)
    with pytest.raises(StateRefused, match="not one of yours"):
        plan_control(
            team=make_team(),
            measure_id=measure.pk,
            values=values_of(stranger),
            by=stranger,
            as_of=NOW,
        )
    assert not ControlPlan.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"trigger": "signal", "threshold": Decimal(60)}, "A signal needs no number"),
        ({"trigger": "below", "threshold": None}, "Give the number"),
        ({"trigger": "above", "threshold": None}, "Give the number"),
    ],
)
def test_number_belongs_to_a_threshold_only(
    measure: LocalMeasure, lead: User, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(StateRefused, match=sentence):
        make_plan(measure, lead, **fields)
    plan = make_plan(measure, lead)
    with pytest.raises(StateRefused, match=sentence):
        change_control(plan=plan, values=values_of(lead, **fields), by=lead, as_of=NOW)


def test_owner_from_elsewhere_is_refused(measure: LocalMeasure, lead: User) -> None:
    stranger = make_user(Role.GROUP_MEMBER, team=make_team())
    with pytest.raises(StateRefused, match="does not work with Harbor Health"):
        make_plan(measure, lead, owner=stranger)


def test_plan_that_ended_is_neither_changed_nor_checked_nor_ended_again(
    measure: LocalMeasure, lead: User
) -> None:
    plan = make_plan(measure, lead)
    end_control(plan=plan, by=lead, as_of=NOW)
    with pytest.raises(StateRefused, match="ended on 15 Jun 2026"):
        change_control(plan=plan, values=values_of(lead), by=lead, as_of=NOW)
    with pytest.raises(StateRefused, match="ended on 15 Jun 2026"):
        answer_control(plan=plan, note="", by=lead, as_of=NOW)
    with pytest.raises(StateRefused, match="ended on 15 Jun 2026"):
        end_control(plan=plan, by=lead, as_of=NOW)


def test_database_refuses_a_firing_without_its_period(measure: LocalMeasure, lead: User) -> None:
    plan = make_plan(measure, lead)
    with (
        pytest.raises(IntegrityError, match="controlplan_firing_has_period"),
        transaction.atomic(),
    ):
        ControlPlan.objects.filter(pk=plan.pk).update(fired_at=NOW, fired_because="Why")


# --- triggers -------------------------------------------------------------------------------------------------


def test_unfavourable_signal_fires_once_until_somebody_answers(
    measure: LocalMeasure, lead: User, coach: User
) -> None:
    set_baseline(measure, lead)
    plan = make_plan(measure, lead)
    Notification.objects.all().delete()
    assert watch() == 0
    enter(measure, "nh_black", [(5, 50)], by=lead, first=JANUARY)
    assert watch(days=1) == 1
    assert watch(days=2) == 0
    plan.refresh_from_db()
    assert "unfavourable" in plan.fired_because
    told = list(Notification.objects.filter(title__startswith="Look at Kits"))
    assert {row.user for row in told} == {lead, coach}
    assert len(told) == 2
    assert "The clinic manager looks" in told[0].text

    with pytest.raises(StateRefused, match="what you found and what you did"):
        answer_control(plan=plan, note="", by=lead, as_of=NOW)
    answer_control(plan=plan, note="The lab changed its form", by=lead, as_of=NOW + 3 * DAY)
    # The same months are known; a later one that shows it too is new.
    assert watch(days=4) == 0
    enter(measure, "nh_black", [(4, 50)], by=lead, first=FEBRUARY)
    assert watch(days=5) == 1


@pytest.mark.parametrize(("direction", "fires"), [("higher", 0), ("lower", 1)])
def test_favourable_signal_does_not_fire(
    team: Team, lead: User, direction: str, fires: int
) -> None:
    measure = make_local_measure(make_project(team, by=lead), by=lead, direction=direction)
    set_baseline(measure, lead)
    enter(measure, "nh_black", [(49, 50)], by=lead, first=JANUARY)
    make_plan(measure, lead)
    assert watch() == fires


def test_signal_of_an_earlier_phase_does_not_fire(measure: LocalMeasure, lead: User) -> None:
    set_baseline(measure, lead)
    enter(measure, "nh_black", [(5, 50), (30, 50), (31, 50)], by=lead, first=JANUARY)
    decide_about_chart(
        measure=measure,
        kind=ChartDecisionKind.PHASE,
        starts_on=FEBRUARY,
        reason="The change is in place",
        by=lead,
        as_of=TODAY,
    )
    make_plan(measure, lead)
    assert watch() == 0


@pytest.mark.parametrize(
    ("trigger", "threshold", "fires"),
    [
        ("below", "61", True),
        ("below", "60", False),
        ("above", "59", True),
        ("above", "60", False),
    ],
)
def test_latest_point_is_held_against_the_number_in_percent(
    measure: LocalMeasure, lead: User, trigger: str, threshold: str, *, fires: bool
) -> None:
    enter(measure, "nh_black", [(10, 50), (45, 50), (30, 50)], by=lead)
    plan = make_plan(measure, lead, trigger=trigger, threshold=Decimal(threshold))
    assert watch() == int(fires)
    plan.refresh_from_db()
    if fires:
        assert "60.0% in Mar 2025" in plan.fired_because
        assert plan.fired_period == date(2025, 3, 1)


def test_later_month_fires_again_after_an_answer(measure: LocalMeasure, lead: User) -> None:
    enter(measure, "nh_black", [(20, 50)], by=lead)
    plan = make_plan(measure, lead, trigger="below", threshold=Decimal(50))
    assert watch() == 1
    enter(measure, "nh_black", [(20, 50)], by=lead, first=date(2025, 2, 1))
    assert watch(days=1) == 0  # nobody has answered yet
    answer_control(plan=plan, note="We trained the desk", by=lead, as_of=NOW + 2 * DAY)
    assert watch(days=3) == 1
    assert Notification.objects.filter(user=lead, title__startswith="Look at").count() == 2


def test_plan_that_ended_and_measure_without_numbers_stay_silent(
    measure: LocalMeasure, lead: User
) -> None:
    plan = make_plan(measure, lead, trigger="below", threshold=Decimal(99))
    assert watch() == 0
    enter(measure, "nh_black", [(20, 50)], by=lead)
    end_control(plan=plan, by=lead, as_of=NOW)
    assert watch() == 0


def test_owner_who_has_left_is_told_nothing_and_the_coach_still_is(
    measure: LocalMeasure, lead: User, coach: User
) -> None:
    enter(measure, "nh_black", [(20, 50)], by=lead)
    make_plan(measure, lead, trigger="below", threshold=Decimal(50))
    Membership.objects.filter(user=lead).update(ends_on=TODAY - DAY)
    assert watch() == 1
    assert not Notification.objects.filter(user=lead).exists()
    assert Notification.objects.filter(user=coach, title__startswith="Look at").exists()


def test_owner_is_reminded_once_of_a_check_that_is_due(measure: LocalMeasure, lead: User) -> None:
    plan = make_plan(measure, lead, check_every_days=7)
    answer_control(plan=plan, note="", by=lead, as_of=NOW)
    reminded = Notification.objects.filter(user=lead, title__startswith="It is time to check")
    watch(days=6)
    assert not reminded.exists()
    watch(days=7)
    watch(days=8)
    assert reminded.count() == 1


# --- pages ----------------------------------------------------------------------------------------------------


def test_team_plans_and_checks_on_its_pages(team: Team, measure: LocalMeasure, lead: User) -> None:
    client = signed_in(lead)
    address = reverse("learning:plan_control", args=[team.code])
    sent = {
        "measure": measure.pk,
        "owner": lead.pk,
        "check_every_days": "30",
        "trigger": "below",
        "threshold": "",
        "response": "Look at the last ten kits",
    }
    refused = client.post(address, sent)
    assert refused.status_code == 422
    assert "Give the number" in refused.content.decode()
    assert "Look at the last ten kits" in refused.content.decode()
    assert client.post(address, {**sent, "threshold": "62.5"}).status_code == 302
    plan = ControlPlan.objects.get()
    home = reverse("learning:holding", args=[team.code])
    page = client.get(home).content.decode()
    assert "62.50%" in page
    assert "Checked, all well" in page
    client.post(reverse("learning:check_control", args=[plan.pk]), {"note": ""})
    plan.refresh_from_db()
    assert plan.checked_on is not None
    changed = reverse("learning:change_control", args=[plan.pk])
    client.post(changed, {**sent, "threshold": "100"})
    plan.refresh_from_db()
    assert plan.threshold == Decimal(100)
    assert "a number: 100%" in client.get(home).content.decode()
    client.post(reverse("learning:end_control", args=[plan.pk]))
    plan.refresh_from_db()
    assert plan.ended_on is not None


def test_coach_and_sponsor_read_and_do_not_write(
    team: Team, measure: LocalMeasure, lead: User, coach: User
) -> None:
    plan = make_plan(measure, lead)
    for reader in (coach, make_user(Role.SENIOR_SPONSOR, team=team)):
        client = signed_in(reader)
        page = client.get(reverse("learning:holding", args=[team.code])).content.decode()
        assert "Kits that come back" in page
        assert "Checked, all well" not in page
        for name in ("change_control", "check_control", "end_control"):
            assert client.post(reverse(f"learning:{name}", args=[plan.pk])).status_code == 403
    plan.refresh_from_db()
    assert plan.ended_on is None


def test_other_teams_and_the_payer_find_no_plan(
    team: Team, measure: LocalMeasure, lead: User
) -> None:
    plan = make_plan(measure, lead)
    stranger = signed_in(make_user(Role.GROUP_LEAD, team=make_team()))
    assert stranger.get(reverse("learning:holding", args=[team.code])).status_code == 404
    assert stranger.post(reverse("learning:end_control", args=[plan.pk])).status_code == 404
    analyst = signed_in(make_user(Role.PAYER_ANALYST))
    assert analyst.get(reverse("learning:holding", args=[team.code])).status_code == 403


def test_check_is_due_so_many_days_after_the_last(measure: LocalMeasure, lead: User) -> None:
    plan = make_plan(measure, lead, check_every_days=10)
    plan = answer_control(plan=plan, note="", by=lead, as_of=NOW)
    assert plan.check_due_on == TODAY + timedelta(days=10)


# --- what becomes of each change --------------------------------------------------------------------------


def test_future_of_a_change_has_a_reason_an_owner_and_the_step_that_it_replaces(
    team: Team, lead: User, coach: User
) -> None:
    cycle = make_cycle(team, by=lead, state=CycleState.CLOSED, decision="adopt")
    address = reverse("learning:decide_future", args=[team.code, cycle.idea_id])
    client = signed_in(lead)
    values = {"decision": "embed", "owner": coach.pk, "reason": "It saves a visit"}
    assert client.post(address, {**values, "reason": ""}).status_code == 422
    client.post(address, {**values, "replaces_step": "The second reminder letter"})
    future = ChangeFuture.objects.get()
    assert (future.decision, future.owner, future.decided_by) == ("embed", coach, lead)
    page = signed_in(coach).get(reverse("learning:holding", args=[team.code])).content.decode()
    assert "The second reminder letter" in page and "It saves a visit" in page
    client.post(address, {**values, "decision": "stop"})
    assert ChangeFuture.objects.get().decision == "stop"
    told = {
        (event.details["before"], event.details["after"])
        for event in AuditEvent.objects.filter(act="decide_future")
    }
    assert told == {(None, "embed"), ("embed", "stop")}


def test_future_of_a_strange_or_untested_change_is_refused(team: Team, lead: User) -> None:
    strange = make_cycle(make_team(), by=lead, state=CycleState.CLOSED, decision="adopt")
    open_one = make_cycle(team, by=lead)
    values = {"decision": "embed", "owner": lead.pk, "reason": "It saves a visit"}
    for idea_id in (strange.idea_id, open_one.idea_id):
        address = reverse("learning:decide_future", args=[team.code, idea_id])
        assert signed_in(lead).post(address, values).status_code == 404
    with pytest.raises(StateRefused, match="not one of yours"):
        decide_future(
            team=team,
            idea_id=strange.idea_id,
            values={**values, "owner": lead, "replaces_step": ""},
            by=lead,
            as_of=NOW,
        )
    assert not ChangeFuture.objects.exists()


def test_firing_tells_the_team_and_its_coach_and_the_response_stays_on_record(
    measure: LocalMeasure, lead: User, coach: User, team: Team
) -> None:
    member = make_user(Role.GROUP_MEMBER, team=team)
    sponsor = make_user(Role.SENIOR_SPONSOR, team=team)
    stranger = make_user(Role.GROUP_MEMBER)
    plan = make_plan(measure, lead, trigger="below", threshold=Decimal(55))
    enter(measure, "nh_black", [(20, 50)], by=lead, first=JANUARY)
    assert watch() == 1
    told = {user for user in (lead, member, coach, sponsor, stranger) if fired_titles(user)}
    assert told == {lead, member, coach}
    (row,) = list_caseload(scope_of(coach, on=TODAY), today=TODAY)
    assert Rule.CONTROL_FIRED in {reason.rule for reason in row.reasons}
    answer_control(plan=plan, note="Kits go out again", by=lead, as_of=NOW)
    check = ControlCheck.objects.get()
    assert check.note == "Kits go out again" and "below" in check.fired_because
    (row,) = list_caseload(scope_of(coach, on=TODAY), today=TODAY)
    assert Rule.CONTROL_FIRED not in {reason.rule for reason in row.reasons}


def fired_titles(user: User) -> list[str]:
    found = Notification.objects.filter(user=user, title__contains="the trigger fired")
    return list(found.values_list("title", flat=True))

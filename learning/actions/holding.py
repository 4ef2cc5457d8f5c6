"""Writes about holding the gains: control plans, their checks, and the watch over their triggers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from learning.enums import Trigger
from learning.models import ChangeFuture, ControlCheck, ControlPlan
from learning.policies import check_note_given, check_plan_running, check_trigger
from learning.queries.holding import (
    Firing,
    find_firing,
    find_idea_held,
    list_unwatched_measures,
)
from pdsa.charts.assemble import assemble
from pdsa.queries.measures import list_measures, read_measure_data
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import Team, User
from teams.queries import list_coaches_of, list_people_around, list_staff
from teams.scoping import scope_of


def _check(team: Team, measure: Any, values: dict[str, Any], by: User, as_of: datetime) -> None:
    """Raises StateRefused for an owner from elsewhere, or a trigger that does not fit the measure."""
    today = timezone.localdate(as_of)
    owner: User = values["owner"]
    if owner not in list_people_around(team, on=today):
        raise StateRefused(f"{owner} does not work with {team}. Choose somebody who does.")
    overlaps = False
    if values["trigger"] == Trigger.SIGNAL and measure.is_bound:
        overlaps = read_measure_data(scope_of(by, on=today), measure).overlaps
    check_trigger(values["trigger"], values["threshold"], overlaps=overlaps)


def _told(values: dict[str, Any]) -> dict[str, Any]:
    threshold: Decimal | None = values["threshold"]
    return {
        "owner": values["owner"].pk,
        "trigger": values["trigger"],
        "threshold": None if threshold is None else str(threshold),
        "check_every_days": values["check_every_days"],
    }


@transaction.atomic
def plan_control(
    *, team: Team, measure_id: int, values: dict[str, Any], by: User, as_of: datetime
) -> ControlPlan:
    """Watch over a measure from now on. values: owner, check_every_days, trigger, threshold, response,
    standard_work.

    Effects: the plan, an audit event, a notification to its owner.
    Raises StateRefused for a measure of another team or one with a plan, for an owner from elsewhere, and
    for a trigger that does not fit.
    """
    scope = scope_of(by, on=timezone.localdate(as_of))
    # Two people at once would both find the measure free: the team's row lets them in one by one.
    Team.objects.select_for_update().get(pk=team.pk)
    measure = list_unwatched_measures(scope, team).filter(pk=measure_id).first()
    if measure is None:
        raise StateRefused("This measure has a control plan already, or is not one of yours.")
    _check(team, measure, values, by, as_of)
    plan = ControlPlan.objects.create(team=team, measure=measure, created_by=by, **values)
    record_event(act="plan_control", target=plan, by=by, team=team, details=_told(values))
    if plan.owner != by:
        notify(
            users=[plan.owner],
            topic=Topic.COACHING,
            title=f"You watch over {measure.name}"[:200],
            text=f"When the trigger fires: {plan.response}",
            path=reverse("learning:holding", args=[team.code]),
            key=f"control-{plan.pk}-owner-{plan.owner_id}",
            as_of=as_of,
        )
    return plan


@transaction.atomic
def change_control(
    *, plan: ControlPlan, values: dict[str, Any], by: User, as_of: datetime
) -> ControlPlan:
    """Change how a measure is watched. A plan that has fired stays so until somebody answers it.

    Effects: the plan, an audit event. Another trigger looks at every period anew.
    """
    plan = ControlPlan.objects.select_for_update().get(pk=plan.pk)
    check_plan_running(plan)
    _check(plan.team, plan.measure, values, by, as_of)
    before = _told({name: getattr(plan, name) for name in values})
    is_other = (plan.trigger, plan.threshold) != (values["trigger"], values["threshold"])
    if is_other and plan.fired_at is None:
        plan.fired_period = None
    for name, value in values.items():
        setattr(plan, name, value)
    plan.save(update_fields=[*values, "fired_period"])
    record_event(
        act="change_control",
        target=plan,
        by=by,
        team=plan.team,
        details={"before": before, "after": _told(values)},
    )
    return plan


@transaction.atomic
def answer_control(*, plan: ControlPlan, note: str, by: User, as_of: datetime) -> ControlPlan:
    """Somebody has looked at the measure: all is well, or the response was given.

    Effects: the check stays on record, the plan watches again for later periods, an audit event.
    Raises StateRefused where the plan fired and nobody says what was done.
    """
    plan = ControlPlan.objects.select_for_update().get(pk=plan.pk)
    check_plan_running(plan)
    check_note_given(plan, note)
    answered = plan.fired_because
    plan.checked_on, plan.check_note = timezone.localdate(as_of), note
    plan.fired_at, plan.fired_because = None, ""
    plan.save(update_fields=["checked_on", "check_note", "fired_at", "fired_because"])
    ControlCheck.objects.create(
        plan=plan, checked_on=plan.checked_on, fired_because=answered, note=note, by=by
    )
    record_event(
        act="answer_control",
        target=plan,
        by=by,
        team=plan.team,
        details={"fired_because": answered, "note": note},
    )
    return plan


@transaction.atomic
def end_control(*, plan: ControlPlan, by: User, as_of: datetime) -> None:
    """Effects: the plan is over and fires no more, an audit event."""
    plan = ControlPlan.objects.select_for_update().get(pk=plan.pk)
    check_plan_running(plan)
    plan.ended_on = timezone.localdate(as_of)
    plan.fired_at, plan.fired_because = None, ""
    plan.save(update_fields=["ended_on", "fired_at", "fired_because"])
    record_event(act="end_control", target=plan, by=by, team=plan.team)


@transaction.atomic
def decide_future(
    *, team: Team, idea_id: int, values: dict[str, Any], by: User, as_of: datetime
) -> ChangeFuture:
    """Say what becomes of a tested change. values: decision, replaces_step, owner, reason.

    Raises StateRefused for a change of another team and for an owner from elsewhere. Effects: the decision,
    an audit event with what it was before; its owner is told.
    """
    today = timezone.localdate(as_of)
    idea = find_idea_held(scope_of(by, on=today), team, idea_id)
    if idea is None:
        raise StateRefused("This change is not one of yours.")
    owner: User = values["owner"]
    if owner not in list_people_around(team, on=today):
        raise StateRefused(f"{owner} does not work with {team}. Choose somebody who does.")
    before = ChangeFuture.objects.select_for_update().filter(idea=idea).first()
    future, _ = ChangeFuture.objects.update_or_create(
        idea=idea, defaults={**values, "decided_by": by, "decided_on": today}
    )
    record_event(
        act="decide_future",
        target=future,
        by=by,
        team=team,
        details={
            "before": before.decision if before else None,
            "after": future.decision,
            "replaces_step": future.replaces_step,
        },
    )
    if owner != by:
        notify(
            users=[owner],
            topic=Topic.COACHING,
            title=f"You own what becomes of “{idea.title}”: {future.get_decision_display().lower()}"[
                :200
            ],
            text=future.reason,
            path=reverse("learning:holding", args=[team.code]),
            key=f"future-{future.pk}-{owner.pk}-{future.decision}",
            as_of=as_of,
        )
    return future


def watch_over_gains(*, as_of: datetime) -> int:
    """Look at every running plan: fire what has to fire, remind of checks that are due.

    Returns how many plans fired. A plan that has fired is left alone until somebody answers it.
    """
    running = ControlPlan.objects.filter(ended_on=None, fired_at=None).values_list("pk", flat=True)
    return sum(_watch(plan_id, as_of) for plan_id in list(running))


@transaction.atomic
def _watch(plan_id: int, as_of: datetime) -> bool:
    plan = (
        ControlPlan.objects.select_for_update(of=("self",))
        .select_related("team", "owner", "measure")
        .get(pk=plan_id)
    )
    if plan.ended_on is not None or plan.fired_at is not None:
        return False
    firing = _look(plan, as_of)
    if firing is None:
        _remind_of_check(plan, as_of)
        return False
    plan.fired_at, plan.fired_because = as_of, firing.because
    plan.fired_period = firing.period
    plan.save(update_fields=["fired_at", "fired_because", "fired_period"])
    record_event(
        act="fire_control",
        target=plan,
        by=None,
        team=plan.team,
        details={"because": firing.because, "period": firing.period.isoformat()},
    )
    today = timezone.localdate(as_of)
    notify(
        users={
            *_owner(plan, as_of),
            *list_staff(plan.team, on=today),
            *list_coaches_of(plan.team, on=today),
        },
        topic=Topic.COACHING,
        title=f"Look at {plan.measure.name}: the trigger fired"[:200],
        text=f"{firing.because}. What to do: {plan.response}",
        path=reverse("learning:holding", args=[plan.team.code]),
        key=f"control-{plan.pk}-fired-{firing.period.isoformat()}",
        as_of=as_of,
    )
    return True


def _owner(plan: ControlPlan, as_of: datetime) -> list[User]:
    """The owner while working with the team; nobody once the owner has left."""
    return list(
        list_people_around(plan.team, on=timezone.localdate(as_of)).filter(pk=plan.owner_id)
    )


def _look(plan: ControlPlan, as_of: datetime) -> Firing | None:
    """Read the measure with the eyes of somebody who works with the team; the owner if still there."""
    today = timezone.localdate(as_of)
    reader = (
        next(iter(_owner(plan, as_of)), None) or list_people_around(plan.team, on=today).first()
    )
    if reader is None:
        return None
    scope = scope_of(reader, on=today)
    measure = list_measures(scope).filter(pk=plan.measure_id).first()
    if measure is None:  # taken out of use
        return None
    return find_firing(plan, assemble(read_measure_data(scope, measure)))


def _remind_of_check(plan: ControlPlan, as_of: datetime) -> None:
    if timezone.localdate(as_of) < plan.check_due_on:
        return
    notify(
        users=_owner(plan, as_of),
        topic=Topic.COACHING,
        title=f"It is time to check {plan.measure.name}"[:200],
        path=reverse("learning:holding", args=[plan.team.code]),
        key=f"control-{plan.pk}-check-{plan.check_due_on.isoformat()}",
        as_of=as_of,
    )

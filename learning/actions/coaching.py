"""Writes about coaching: calls, private notes, action items, requests for help."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from learning.enums import ActionState, CallState
from learning.models import ActionItem, Call, HelpRequest, PrivateNote
from learning.policies import (
    check_action_closed,
    check_action_open,
    check_can_cancel_call,
    check_can_hold,
    check_help_open,
)
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import Team, User
from teams.queries import list_coaches_of, list_people_around

#: An action is brought to mind this long before it is due, and from then on once a week.
REMIND_BEFORE = timedelta(days=3)


def _others(team: Team, by: User, as_of: datetime) -> list[User]:
    """Everybody who works with the team, without the person who acts."""
    return [user for user in list_people_around(team, on=timezone.localdate(as_of)) if user != by]


@transaction.atomic
def plan_call(*, team: Team, coach: User, planned_at: datetime, by: User, as_of: datetime) -> Call:
    """Set the team's next call, or move the one that is planned already.

    Effects: the call with its empty private note, an audit event, a notification to the team's people.
    Raises StateRefused for a moment that is over, or for somebody who does not coach the team on that day.
    """
    if planned_at <= as_of:
        raise StateRefused("The next call has to be planned for a time that is still to come.")
    if not list_coaches_of(team, on=timezone.localdate(planned_at)).filter(pk=coach.pk).exists():
        raise StateRefused(f"{coach} does not coach {team} on that day.")
    call = Call.objects.select_for_update().filter(team=team, state=CallState.PLANNED).first()
    before = call.planned_at if call else None
    if call is None:
        call = Call.objects.create(team=team, coach=coach, planned_at=planned_at)
        PrivateNote.objects.create(call=call)
    else:
        call.planned_at, call.coach = planned_at, coach
        call.save(update_fields=["planned_at", "coach"])
    record_event(
        act="plan_call",
        target=call,
        by=by,
        team=team,
        details={
            "before": before.isoformat() if before else None,
            "after": planned_at.isoformat(),
        },
    )
    local = timezone.localtime(planned_at)
    notify(
        users=_others(team, by, as_of),
        topic=Topic.COACHING,
        title=f"Coaching call of {team} on {local:%-d %B at %H:%M}",
        path=reverse("learning:call", args=[call.pk]),
        key=f"call-{call.pk}-{planned_at.isoformat()}",
        as_of=as_of,
    )
    return call


@transaction.atomic
def hold_call(
    *,
    call: Call,
    held_on: date,
    attendees: str,
    workstreams: Iterable[str],
    by: User,
    as_of: datetime,
) -> Call:
    """Say that the call took place. Its boxes can be written before and after.

    Effects: the call is held by whoever coaches the team now, an audit event, a notification to the team.
    """
    call = Call.objects.select_for_update().get(pk=call.pk)
    check_can_hold(call, held_on, timezone.localdate(as_of))
    call.state, call.held_on = CallState.HELD, held_on
    call.attendees, call.workstreams = attendees, sorted(workstreams)
    call.save(update_fields=["state", "held_on", "attendees", "workstreams"])
    record_event(act="hold_call", target=call, by=by, team=call.team)
    notify(
        users=_others(call.team, by, as_of),
        topic=Topic.COACHING,
        title=f"Notes of the call of {held_on:%-d %B} are there",
        path=reverse("learning:call", args=[call.pk]),
        key=f"call-{call.pk}-held",
        as_of=as_of,
    )
    return call


@transaction.atomic
def cancel_call(*, call: Call, by: User, as_of: datetime) -> None:
    """Effects: the planned call is cancelled, an audit event, a notification to the team."""
    call = Call.objects.select_for_update().get(pk=call.pk)
    check_can_cancel_call(call)
    call.state = CallState.CANCELLED
    call.save(update_fields=["state"])
    record_event(act="cancel_call", target=call, by=by, team=call.team)
    notify(
        users=_others(call.team, by, as_of),
        topic=Topic.COACHING,
        title=f"The coaching call of {timezone.localtime(call.planned_at):%-d %B} is cancelled",
        path=reverse("learning:coaching", args=[call.team.code]),
        key=f"call-{call.pk}-cancelled",
        as_of=as_of,
    )


@transaction.atomic
def add_action_item(
    *,
    team: Team,
    text: str,
    owner: User,
    due_on: date,
    workstream: str,
    by: User,
    as_of: datetime,
    call: Call | None = None,
    cycle_id: int | None = None,
) -> ActionItem:
    """Write down who does what by when.

    Effects: the item, an audit event, a notification to its owner.
    Raises StateRefused for an owner who is neither one of the team's people nor a coach of it.
    """
    if owner not in list_people_around(team, on=timezone.localdate(as_of)):
        raise StateRefused(f"{owner} does not work with {team}. Choose somebody who does.")
    item = ActionItem.objects.create(
        team=team,
        call=call,
        text=text,
        owner=owner,
        due_on=due_on,
        workstream=workstream,
        cycle_id=cycle_id,
        created_by=by,
    )
    record_event(
        act="add_action_item",
        target=item,
        by=by,
        team=team,
        details={"owner": owner.pk, "due_on": due_on.isoformat()},
    )
    if owner != by:
        notify(
            users=[owner],
            topic=Topic.COACHING,
            title=f"An action is yours: {text}"[:200],
            text=f"Due on {due_on:%-d %B %Y}.",
            path=reverse("learning:coaching", args=[team.code]),
            key=f"action-{item.pk}",
            as_of=as_of,
        )
    return item


@transaction.atomic
def close_action_item(
    *, item: ActionItem, state: ActionState, note: str, by: User, as_of: datetime
) -> None:
    """Mark an item as done or dropped. Effects: the item, an audit event."""
    item = ActionItem.objects.select_for_update().get(pk=item.pk)
    check_action_open(item)
    item.state, item.closed_on, item.closed_note = state, timezone.localdate(as_of), note
    item.save(update_fields=["state", "closed_on", "closed_note"])
    record_event(
        act="close_action_item", target=item, by=by, team=item.team, details={"state": state}
    )


@transaction.atomic
def reopen_action_item(*, item: ActionItem, by: User) -> None:
    """Effects: the item is open again, an audit event."""
    item = ActionItem.objects.select_for_update().get(pk=item.pk)
    check_action_closed(item)
    before: dict[str, Any] = {"state": item.state, "note": item.closed_note}
    item.state, item.closed_on, item.closed_note = ActionState.OPEN, None, ""
    item.save(update_fields=["state", "closed_on", "closed_note"])
    record_event(act="reopen_action_item", target=item, by=by, team=item.team, details=before)


@transaction.atomic
def remind_of_action_items(*, as_of: datetime) -> int:
    """Bring open actions to mind: from three days before they are due, once a week and never more.

    Returns how many people were told something.
    """
    today = timezone.localdate(as_of)
    week = today.isocalendar()
    told = 0
    items = ActionItem.objects.filter(state=ActionState.OPEN, due_on__lte=today + REMIND_BEFORE)
    for item in items.select_related("owner", "team"):
        when = "is overdue since" if item.due_on < today else "is due on"
        told += notify(
            users=[item.owner],
            topic=Topic.COACHING,
            title=f"Your action {when} {item.due_on:%-d %B}: {item.text}"[:200],
            path=reverse("learning:coaching", args=[item.team.code]),
            key=f"action-{item.pk}-{week.year}-{week.week}",
            as_of=as_of,
        )
    return told


@transaction.atomic
def ask_for_help(*, team: Team, text: str, by: User, as_of: datetime) -> HelpRequest:
    """Effects: the request, an audit event, a notification to the coaches of the team."""
    asked = HelpRequest.objects.create(team=team, text=text, asked_by=by, asked_at=as_of)
    record_event(act="ask_for_help", target=asked, by=by, team=team)
    notify(
        users=list_coaches_of(team, on=timezone.localdate(as_of)),
        topic=Topic.COACHING,
        title=f"{team} asks for help",
        text=text,
        path=reverse("learning:coaching", args=[team.code]),
        key=f"help-{asked.pk}",
        as_of=as_of,
    )
    return asked


@transaction.atomic
def answer_help(*, asked: HelpRequest, answer: str, by: User, as_of: datetime) -> None:
    """Effects: the answer, an audit event, a notification to whoever asked."""
    asked = HelpRequest.objects.select_for_update().get(pk=asked.pk)
    check_help_open(asked)
    asked.answer, asked.answered_by, asked.answered_at = answer, by, as_of
    asked.save(update_fields=["answer", "answered_by", "answered_at"])
    record_event(act="answer_help", target=asked, by=by, team=asked.team)
    notify(
        users=[asked.asked_by],
        topic=Topic.COACHING,
        title=f"{by} answered your question",
        text=answer,
        path=reverse("learning:coaching", args=[asked.team.code]),
        key=f"help-{asked.pk}-answer",
        as_of=as_of,
    )

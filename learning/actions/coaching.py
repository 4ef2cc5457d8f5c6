"""Writes about coaching: calls, private notes, action items, requests for help."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from learning.about import NOTHING, About
from learning.enums import ActionState, CallState
from learning.models import ActionItem, Call, HelpRequest, PrivateNote, StreamNote
from learning.policies import (
    check_action_closed,
    check_action_open,
    check_can_cancel_call,
    check_can_hold,
    check_help_open,
)
from learning.queries.coaching import call_entry, list_open_items_of, list_waiting_after_hand_over
from pdsa.enums import Workstream
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import Team, User
from teams.queries import list_coaches_of, list_people_around

#: An action is brought to mind this long before it is due, and from then on once a week.
REMIND_BEFORE = timedelta(days=3)
REMIND_EVERY = timedelta(days=7)


def _others(team: Team, by: User, as_of: datetime) -> list[User]:
    """Everybody who works with the team, without the person who acts."""
    return [user for user in list_people_around(team, on=timezone.localdate(as_of)) if user != by]


@transaction.atomic
def plan_call(*, team: Team, coach: User, planned_at: datetime, by: User, as_of: datetime) -> Call:
    """Set the team's next call, or move the one that is planned already.

    Effects: the call with its empty notes, an audit event, an invitation to the team's people.
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
        StreamNote.objects.bulk_create(
            StreamNote(call=call, workstream=stream) for stream in Workstream
        )
    else:
        call.planned_at, call.coach, call.sequence = planned_at, coach, call.sequence + 1
        call.save(update_fields=["planned_at", "coach", "sequence"])
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
        entry=call_entry(call),
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
    call.state, call.sequence = CallState.CANCELLED, call.sequence + 1
    call.save(update_fields=["state", "sequence"])
    record_event(act="cancel_call", target=call, by=by, team=call.team)
    notify(
        users=_others(call.team, by, as_of),
        topic=Topic.COACHING,
        title=f"The coaching call of {timezone.localtime(call.planned_at):%-d %B} is cancelled",
        path=reverse("learning:coaching", args=[call.team.code]),
        key=f"call-{call.pk}-cancelled",
        entry=call_entry(call),
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
    about: About = NOTHING,
) -> ActionItem:
    """Write down who does what by when. about: the test, measure or grant condition of the team that it is about.

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
        **about.columns(),
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
    """Bring open actions to mind: one message a person with everything that is due, once in seven days at most.

    It comes when an action is due within three days or overdue, and names what is due in the next ten, so
    that everything is named before its day although the next message waits a week. Returns how many people
    were told.
    """
    today = timezone.localdate(as_of)
    due = ActionItem.objects.filter(state=ActionState.OPEN, due_on__lte=today + REMIND_BEFORE)
    told = 0
    for owner in User.objects.filter(pk__in=due.values("owner_id"), is_active=True).order_by("pk"):
        last = ActionItem.objects.filter(owner=owner).aggregate(last=Max("reminded_on"))["last"]
        if last is not None and today - last < REMIND_EVERY:
            continue
        items = [
            item
            for item in list_open_items_of(owner, on=today)
            if item.due_on <= today + REMIND_BEFORE + REMIND_EVERY
        ]
        if not any(item.due_on <= today + REMIND_BEFORE for item in items):
            continue
        ActionItem.objects.filter(pk__in=[item.pk for item in items]).update(reminded_on=today)
        first = items[0]
        when = "is overdue since" if first.due_on < today else "is due on"
        told += notify(
            users=[owner],
            topic=Topic.COACHING,
            title=f"Your action {when} {first.due_on:%-d %B}: {first.text}"[:200]
            if len(items) == 1
            else f"{len(items)} actions of yours are due or soon will be",
            text=""
            if len(items) == 1
            else "\n".join(f"- {item.due_on:%-d %B}: {item.text} ({item.team})" for item in items),
            path=reverse("learning:own_actions"),
            key=f"actions-{owner.pk}-{today.isoformat()}",
            as_of=as_of,
        )
    return told


@transaction.atomic
def remind_of_calls(*, as_of: datetime) -> int:
    """Bring tomorrow's coaching calls to mind. Effects: a notification to the team and its coach, once for a moment.

    Returns how many people were told.
    """
    tomorrow = timezone.localdate(as_of) + timedelta(days=1)
    told = 0
    for call in Call.objects.filter(
        state=CallState.PLANNED, planned_at__date=tomorrow
    ).select_related("team"):
        local = timezone.localtime(call.planned_at)
        told += notify(
            users=list_people_around(call.team, on=tomorrow),
            topic=Topic.COACHING,
            title=f"Tomorrow at {local:%H:%M}: coaching call of {call.team}"[:200],
            text="The page of the call shows what happened since the last one.",
            path=reverse("learning:call", args=[call.pk]),
            key=f"call-{call.pk}-near-{call.planned_at.isoformat()}",
            as_of=as_of,
        )
    return told


@transaction.atomic
def take_over_team(*, team: Team, by: User, as_of: datetime) -> int:
    """A coach takes over what the coach before left open: the planned call and that coach's open actions.

    Raises StateRefused when the person does not coach the team, or nothing waits. Effects: call and actions
    are the new coach's, an audit event; the team's people are told with the call's new entry.
    Returns how many actions changed hands.
    """
    today = timezone.localdate(as_of)
    if not list_coaches_of(team, on=today).filter(pk=by.pk).exists():
        raise StateRefused(f"You do not coach {team} at present.")
    waiting = list_waiting_after_hand_over(team, on=today)
    if waiting.call is None and not waiting.actions:
        raise StateRefused("Nothing of the coach before is open.")
    before = set()
    call = waiting.call
    if call is not None:
        before.add(call.coach_id)
        call.coach, call.sequence = by, call.sequence + 1
        call.save(update_fields=["coach", "sequence"])
    for item in waiting.actions:
        before.add(item.owner_id)
        item.owner = by
        item.save(update_fields=["owner"])
    record_event(
        act="take_over_team",
        target=team,
        by=by,
        team=team,
        details={
            "from": sorted(before),
            "call": call.pk if call else None,
            "actions": [item.pk for item in waiting.actions],
        },
    )
    notify(
        users=_others(team, by, as_of),
        topic=Topic.COACHING,
        title=f"{by} is your coach from now on and takes over what is open"[:200],
        path=reverse("learning:coaching", args=[team.code]),
        key=f"take-over-{team.pk}-{as_of.isoformat()}",
        entry=call_entry(call) if call else None,
        as_of=as_of,
    )
    return len(waiting.actions)


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

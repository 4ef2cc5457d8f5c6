"""Writes of what hangs on a cycle: questions, tasks, numbers, comments."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from pdsa.models import Comment, Cycle, CycleReading, CycleTask, Prediction
from teams.actions.audit import record_event
from teams.actions.autosave import write_fields
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import User


def _touch(cycle: Cycle, as_of: datetime) -> Cycle:
    """The cycle, locked and marked as changed now."""
    cycle = (
        Cycle.objects.select_for_update(of=("self",))
        .select_related("idea__project__team")
        .get(pk=cycle.pk)
    )
    cycle.changed_at = as_of
    cycle.save(update_fields=["changed_at"])
    return cycle


def _record(act: str, target: Any, cycle: Cycle, by: User, **details: Any) -> None:
    record_event(act=act, target=target, by=by, team=cycle.idea.project.team, details=details)


def _next_position(model: type[Prediction | CycleTask], cycle: Cycle) -> int:
    # Behind the removed ones too: they come back to their own places.
    rows: Any = model.with_removed.filter(cycle=cycle)
    return (rows.aggregate(last=Max("position"))["last"] or 0) + 1


@transaction.atomic
def add_prediction(
    *, cycle: Cycle, by: User, as_of: datetime, question: str = "", prediction: str = ""
) -> Prediction:
    """One more question. Effects: an empty or filled row, audit event."""
    cycle = _touch(cycle, as_of)
    row = cycle.predictions.create(
        position=_next_position(Prediction, cycle), question=question, prediction=prediction
    )
    _record("add_prediction", row, cycle, by)
    return row


@transaction.atomic
def add_task(
    *, cycle: Cycle, by: User, as_of: datetime, what: str = "", who: str = "", where: str = ""
) -> CycleTask:
    """One more task. Effects: an empty or filled row, audit event."""
    cycle = _touch(cycle, as_of)
    row = cycle.tasks.create(
        position=_next_position(CycleTask, cycle), what=what, who=who, where=where
    )
    _record("add_task", row, cycle, by)
    return row


@transaction.atomic
def finish_task(*, task: CycleTask, done: bool, by: User, as_of: datetime) -> CycleTask:
    """Tick a task off, or take that back. Effects: the day, its history, audit event."""
    cycle = _touch(task.cycle, as_of)
    task = CycleTask.objects.select_for_update().get(pk=task.pk)
    write_fields(
        target=task,
        team=cycle.idea.project.team,
        values={"done_on": as_of.date() if done else None},
        by=by,
        as_of=as_of,
    )
    task.save()
    _record("finish_task", task, cycle, by, done=done)
    return task


@transaction.atomic
def remove_row(*, row: Prediction | CycleTask | CycleReading, by: User, as_of: datetime) -> None:
    """Take a question, a task or a number away; it can be put back, and the history shows its texts.

    Effects: who removed it and when, audit event.
    """
    cycle = _touch(row.cycle, as_of)
    row.removed_at, row.removed_by = as_of, by
    row.save(update_fields=["removed_at", "removed_by"])
    _record(f"remove_{row._meta.model_name}", row, cycle, by)


@transaction.atomic
def put_back_row(*, row: Prediction | CycleTask | CycleReading, by: User, as_of: datetime) -> None:
    """A removed question, task or number comes back to its place. Effects: the row, audit event."""
    cycle = _touch(row.cycle, as_of)
    row.removed_at = row.removed_by = None
    row.save(update_fields=["removed_at", "removed_by"])
    _record(f"put_back_{row._meta.model_name}", row, cycle, by)


@transaction.atomic
def add_reading(
    *,
    cycle: Cycle,
    read_on: date,
    by: User,
    as_of: datetime,
    label: str = "",
    stratum: Any = None,
    numerator: int | None = None,
    denominator: int | None = None,
    value: Decimal | None = None,
) -> CycleReading:
    """Numbers from the test: n of N, or one value. Effects: a row, audit event."""
    cycle = _touch(cycle, as_of)
    row = cycle.readings.create(
        read_on=read_on,
        label=label,
        stratum=stratum,
        numerator=numerator,
        denominator=denominator,
        value=value,
        entered_by=by,
    )
    _record("add_reading", row, cycle, by)
    return row


@transaction.atomic
def add_comment(
    *, cycle: Cycle, text: str, mentions: list[User], by: User, as_of: datetime
) -> Comment:
    """A word to the team or the coach. mentions: people who may read the cycle.

    Effects: comment, a notification for those mentioned, audit event without the words.
    """
    comment = Comment.objects.create(cycle=cycle, author=by, text=text, created_at=as_of)
    notify(
        users=mentions,
        topic=Topic.CONVERSATION,
        title=f"{by.name} wrote to you about “{cycle}”",
        text=text,
        path=reverse("pdsa:cycle", args=[cycle.pk]),
        key=f"pdsa-comment-{comment.pk}",
        as_of=as_of,
    )
    comment.mentions.set(mentions)
    _record("add_comment", comment, cycle, by, mentions=[user.pk for user in mentions])
    return comment


@transaction.atomic
def take_back_comment(*, comment: Comment, by: User, as_of: datetime) -> Comment:
    """Empty a comment of one's own. Raises StateRefused for somebody else's or one that is empty already."""
    comment = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
    if comment.author_id != by.pk:
        raise StateRefused("Only the person who wrote a comment can take it back.")
    if comment.taken_back_at is not None:
        raise StateRefused("This comment has been taken back already.")
    comment.text, comment.taken_back_at = "", as_of
    comment.save(update_fields=["text", "taken_back_at"])
    _record("take_back_comment", comment, comment.cycle, by)
    return comment

"""Writes of process maps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from pdsa.models import ProcessMap, ProcessStep, Project
from teams.actions.audit import record_event
from teams.models import User


@transaction.atomic
def create_map(
    *, project: Project, title: str, kind: str, focus_group: str, by: User
) -> ProcessMap:
    """An empty process map. Effects: map, audit event."""
    made = ProcessMap.objects.create(
        project=project, title=title, kind=kind, focus_group=focus_group, created_by=by
    )
    record_event(act="create_map", target=made, by=by, team=project.team)
    return made


@transaction.atomic
def change_map(
    *, process_map: ProcessMap, title: str, kind: str, focus_group: str, by: User
) -> ProcessMap:
    """Name, kind and focus group. Effects: audit event."""
    process_map.title, process_map.kind = title, kind
    process_map.focus_group = focus_group
    process_map.save(update_fields=["title", "kind", "focus_group"])
    record_event(act="change_map", target=process_map, by=by, team=process_map.project.team)
    return process_map


def _steps(process_map: ProcessMap) -> list[ProcessStep]:
    """The map's steps in order, with the map locked against others who change it."""
    ProcessMap.objects.select_for_update(no_key=True).get(pk=process_map.pk)
    return list(process_map.steps.filter(removed_at__isnull=True).order_by("position", "id"))


def _renumber(steps: list[ProcessStep]) -> None:
    for position, step in enumerate(steps, start=1):
        if step.position != position:
            step.position = position
            step.save(update_fields=["position"])


def _record(act: str, step: ProcessStep, by: User) -> None:
    record_event(act=act, target=step, by=by, team=step.process_map.project.team)


@transaction.atomic
def add_step(
    *,
    process_map: ProcessMap,
    values: Mapping[str, Any],
    by: User,
    after: ProcessStep | None = None,
) -> ProcessStep:
    """A new step behind `after`, or at the end. values: fields of ProcessStep. Effects: step, audit event."""
    steps = _steps(process_map)
    step = ProcessStep.objects.create(process_map=process_map, position=0, **values)
    place = next((i + 1 for i, s in enumerate(steps) if after and s.pk == after.pk), len(steps))
    _renumber([*steps[:place], step, *steps[place:]])
    _record("add_step", step, by)
    return step


@transaction.atomic
def change_step(*, step: ProcessStep, values: Mapping[str, Any], by: User) -> ProcessStep:
    """values: fields of ProcessStep. Effects: the fields, audit event."""
    for name, value in values.items():
        setattr(step, name, value)
    step.save(update_fields=list(values))
    _record("change_step", step, by)
    return step


@transaction.atomic
def move_step(*, step: ProcessStep, steps: int, by: User) -> ProcessStep:
    """Up (−1) or down (+1). At the end nothing happens. Effects: positions, audit event."""
    rows = _steps(step.process_map)
    place = next((i for i, row in enumerate(rows) if row.pk == step.pk), None)
    if place is None:
        return step
    goal = min(max(place + steps, 0), len(rows) - 1)
    rows.insert(goal, rows.pop(place))
    _renumber(rows)
    _record("move_step", step, by)
    return step


@transaction.atomic
def remove_step(*, step: ProcessStep, by: User, as_of: datetime) -> ProcessStep:
    """Take a step off the map; it can be put back. Effects: time of removal, audit event."""
    step.removed_at = as_of
    step.save(update_fields=["removed_at"])
    _renumber(_steps(step.process_map))
    _record("remove_step", step, by)
    return step


@transaction.atomic
def restore_step(*, step: ProcessStep, by: User) -> ProcessStep:
    """Put a removed step back where it was. Effects: audit event."""
    rows = _steps(step.process_map)
    step.removed_at = None
    step.save(update_fields=["removed_at"])
    rows.insert(min(max(step.position - 1, 0), len(rows)), step)
    _renumber(rows)
    _record("restore_step", step, by)
    return step

"""Which fields of a test save themselves, for whom: what `teams.views.autosave` asks."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from django.db.models import Model
from django.utils import timezone

from pdsa.forms.cycles import CycleForm, PredictionForm, TaskForm
from pdsa.models import Cycle, CycleTask, Prediction
from pdsa.queries.cycles import get_writable_cycle, get_writable_prediction, get_writable_task
from teams.autosave import Editable, fields_of
from teams.scoping import Scope


def editable_cycle(scope: Scope, pk: int) -> Editable:
    cycle = get_writable_cycle(scope, pk)
    form = CycleForm(instance=cycle, versions={}, scope=scope)
    return Editable(
        target=cycle, team=cycle.idea.project.team, fields=form.fields, touch=_mark_changed(pk)
    )


def editable_prediction(scope: Scope, pk: int) -> Editable:
    return _editable_row(get_writable_prediction(scope, pk), fields_of(PredictionForm))


def editable_task(scope: Scope, pk: int) -> Editable:
    return _editable_row(get_writable_task(scope, pk), fields_of(TaskForm))


def _editable_row(row: Prediction | CycleTask, fields: dict[str, Any]) -> Editable:
    optional = deepcopy(fields)
    for field in optional.values():
        field.required = False
    return Editable(
        target=row,
        team=row.cycle.idea.project.team,
        fields=optional,
        touch=_mark_changed(row.cycle_id),
    )


def _mark_changed(cycle_id: int) -> Callable[[Model], None]:
    """A test that somebody writes in moves to the front of the lists."""

    def touch(_: Model) -> None:
        Cycle.objects.filter(pk=cycle_id).update(changed_at=timezone.now())

    return touch

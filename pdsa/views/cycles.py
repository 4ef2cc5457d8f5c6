"""One page per test: for its team with everything that can be written, for other readers what was shared."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from pdsa.drawing import draw_ramp
from pdsa.enums import CycleState, Decision, Match
from pdsa.forms.cycles import (
    CommentForm,
    CycleForm,
    FileForm,
    FocusForm,
    PredictionForm,
    ReadingForm,
    SharingForm,
    TaskForm,
)
from pdsa.forms.measures import MeasureChoiceForm
from pdsa.models import Cycle, CycleReading, CycleTask, Prediction
from pdsa.policies.cycles import TRANSITIONS, can
from pdsa.quality import scale_hint
from pdsa.queries.cycles import (
    Rows,
    get_cycle,
    get_shared_cycle,
    list_cycles,
    list_mentionable,
    list_ramp,
    list_rows_ever,
    list_shared_cycles,
    with_rows,
)
from pdsa.queries.measures import list_links_of_cycle
from pdsa.queries.projects import can_write
from pdsa.queries.quality import list_hints
from pdsa.sharing import group_name, names_in, shared_texts
from pdsa.wording import DECISION_ICON, WHO_CAN_SEE, scale_text
from teams.attachments import list_attachments
from teams.autosave import list_history, list_versions, text_of, type_of
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope

#: Section of the page that is open when it is opened, by state.
_OPEN_SECTION = {
    CycleState.IDEA: "plan",
    CycleState.PLANNED: "plan",
    CycleState.DOING: "do",
    CycleState.STUDYING: "study",
    CycleState.CLOSED: "act",
    CycleState.PAUSED: "plan",
    CycleState.CANCELLED: "plan",
}
_STEPS = (
    ("Plan", {CycleState.IDEA, CycleState.PLANNED}),
    ("Do", {CycleState.DOING}),
    ("Study", {CycleState.STUDYING}),
    ("Act", {CycleState.CLOSED}),
)
_HISTORY_PAGE = 50


def _read(scope: Scope, cycle_id: int) -> tuple[Cycle, bool]:
    """A test and whether it is the reader's team's. Raises Cycle.DoesNotExist for what was not shared."""
    try:
        return with_rows(list_cycles(scope)).get(id=cycle_id), True
    except ObjectDoesNotExist:
        return with_rows(list_shared_cycles(scope)).get(id=cycle_id), False


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def cycle(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope = request.scope
    found, own = _read(scope, cycle_id)
    if not own:
        return shared_page(request, found)
    team = found.idea.project.team
    rows = [*found.predictions.all(), *found.tasks.all()]
    versions = list_versions([found, *rows])
    may_write = can_write(scope, team.pk)

    def of(row: Any) -> dict[str, int]:
        return versions.get((type_of(row), row.pk), {})

    ramp = list_ramp(found)
    before = next((c for c in reversed(ramp) if c.number < found.number), None)
    hints = list_hints(scope, found)
    context = {
        "cycle": found,
        "project": found.idea.project,
        "may_write": may_write,
        "form": CycleForm(instance=found, versions=of(found), scope=scope),
        "questions": [
            (row, PredictionForm(instance=row, versions=of(row))) for row in found.predictions.all()
        ],
        "tasks": [(row, TaskForm(instance=row, versions=of(row))) for row in found.tasks.all()],
        "readings": list(found.readings.all()),
        "removed": list_rows_ever(found, removed=True) if may_write else None,
        "reading_form": ReadingForm(initial={"read_on": timezone.localdate()}),
        "focus_form": FocusForm(cycle=found),
        "focus": [stratum.label for stratum in found.focus_strata.all()],
        "sharing_form": SharingForm(initial={"sharing": found.sharing}),
        "who_can_see": WHO_CAN_SEE[found.sharing],
        "names_shared": names_in(found, shared_texts(found)) if found.sharing == "unnamed" else [],
        "acts": {act for act in TRANSITIONS if can(act, found)} if may_write else set(),
        "steps": [{"label": label, "current": found.state in states} for label, states in _STEPS],
        "open_section": _OPEN_SECTION[CycleState(found.state)],
        "decisions": [(d.value, d.label, DECISION_ICON[d]) for d in Decision],
        "ramp": draw_ramp(found.idea, ramp),
        "ramp_cycles": ramp,
        "scale_hint": scale_hint(found.patient_count, before.patient_count)
        if before and before.patient_count and found.patient_count
        else "",
        "hints": hints,
        "hint_count": sum(1 for hint in hints if hint.credit == 1),
        "comments": list(found.comments.all()),
        "comment_form": CommentForm(people=list_mentionable(scope, found, on=timezone.localdate())),
        "measure_links": list(list_links_of_cycle(found)),
        "measure_form": MeasureChoiceForm(cycle=found) if may_write else None,
        "files": list(list_attachments(found)),
        "file_form": FileForm(),
        "may_comment": scope.may(Permission.COMMENT_ON_TESTS),
    }
    return render(request, "pdsa/cycle.html", context)


def shared_page(request: ScopedRequest, found: Cycle) -> HttpResponse:
    """What a team has shared, as others see it."""
    scope = request.scope
    return render(
        request,
        "pdsa/shared_cycle.html",
        {
            "cycle": found,
            "group": group_name(found),
            "predictions": list(found.predictions.all()),
            "tasks": [task for task in found.tasks.all() if task.what],
            "focus": [stratum.label for stratum in found.focus_strata.all()],
            "scale": scale_text(
                patient_count=found.patient_count,
                clinician_count=found.clinician_count,
                site_count=found.site_count,
                duration_days=found.duration_days,
            ),
            "may_copy": scope.may(Permission.EDIT_PROJECTS),
        },
    )


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def as_shared(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    """What others see of one's own shared test."""
    scope = request.scope
    get_shared_cycle(scope, cycle_id)
    return shared_page(request, with_rows(list_shared_cycles(scope)).get(id=cycle_id))


@require(Permission.VIEW_PROJECTS)
@require_safe
def history(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    """Every text that stood in a field of the test, who wrote it and when."""
    scope = request.scope
    found = get_cycle(scope, cycle_id)
    rows = list_rows_ever(found)
    versions = list_history([found, *rows.predictions, *rows.tasks])
    labels = _labels(scope, found, rows)
    page = Paginator(versions, _HISTORY_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "pdsa/history.html",
        {
            "cycle": found,
            "project": found.idea.project,
            "page": page,
            "items": [
                {
                    "label": labels.get((v.target_type, v.target_id, v.field), v.field),
                    "text": v.text,
                    "by": v.by.name if v.by else "Before the history began",
                    "at": v.at,
                }
                for v in page
            ],
            "removed": [_removed(row) for row in rows.removed],
            "may_write": can_write(scope, found.idea.project.team_id),
        },
    )


#: Rows of a test: what they are called, the form with their fields, and the address that puts one back.
_ROWS: dict[type, tuple[str, type[Any] | None, str]] = {
    Prediction: ("Question", PredictionForm, "pdsa:put_back_prediction"),
    CycleTask: ("Task", TaskForm, "pdsa:put_back_task"),
    CycleReading: ("Number", None, "pdsa:put_back_reading"),
}


def _removed(row: Any) -> dict[str, Any]:
    """A removed row with everything that stood in it."""
    kind, form, address = _ROWS[type(row)]
    if form is None:
        group = row.stratum.label if row.stratum else "Everybody"
        texts = [
            (f"{row.read_on:%-d %b %Y}, {group}", " ".join(filter(None, [row.label, str(row)])))
        ]
        title = kind
    else:
        texts = [
            (str(field.label), Match(text).label if name == "match" else text)
            for name, field in form.base_fields.items()
            if (text := text_of(getattr(row, name)))
        ]
        title = f"{kind} {row.position}"
    return {
        "title": title,
        "texts": texts,
        "by": row.removed_by.name,
        "at": row.removed_at,
        "put_back": reverse(address, args=[row.pk]),
    }


def _labels(scope: Scope, found: Cycle, rows: Rows) -> dict[tuple[str, int, str], str]:
    """(type, id, field) → what the field is called on the page."""
    labels = {}
    for name, field in CycleForm(instance=found, versions={}, scope=scope).fields.items():
        labels[type_of(found), found.pk, name] = str(field.label)
    labels[type_of(found), found.pk, "decision"] = "Decision"
    numbered: list[Any] = [*rows.predictions, *rows.tasks]
    for row in numbered:
        kind, form, _ = _ROWS[type(row)]
        assert form is not None
        for name, field in form.base_fields.items():
            labels[type_of(row), row.pk, name] = f"{kind} {row.position}: {field.label}"
    return labels

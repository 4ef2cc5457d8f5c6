"""Process maps: the list, one map with its picture, and the steps behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pdsa.actions import process_maps as actions
from pdsa.diagrams.files import DIAGRAM_FORMATS, diagram_file
from pdsa.diagrams.picture import draw_scene
from pdsa.diagrams.process import (
    add_up,
    format_minutes,
    lay_out_process,
    list_actors,
    split_process,
)
from pdsa.forms.diagrams import MapForm, StepForm
from pdsa.models import ProcessStep
from pdsa.queries.aims import find_aim
from pdsa.queries.process_maps import (
    find_removed_step,
    get_map,
    get_step,
    list_maps,
    list_steps,
    to_steps,
)
from pdsa.queries.projects import (
    get_project,
    get_writable_project,
    list_projects,
    list_writable_projects,
)
from pdsa.views.aims import page_context
from teams.permissions import Permission, require
from teams.requests import ScopedRequest

_SLIDE = 600.0


@require(Permission.VIEW_PROJECTS)
@require_safe
def maps(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    project = get_project(scope, project_id)
    rows = []
    for found in list_maps(project):
        totals = add_up(to_steps(list_steps(found)))
        rows.append({"map": found, "totals": totals, "time": format_minutes(totals.total)})
    context = page_context(scope, project, "aims:maps") | {"rows": rows}
    return render(request, "aims/maps.html", context)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_map(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    project = get_writable_project(scope, project_id)
    form = MapForm(request.POST or None, initial={"focus_group": find_aim(project).focus_group})
    if request.method == "POST" and form.is_valid():
        made = actions.create_map(project=project, by=request.user, **form.kept)
        return redirect("aims:map", made.pk)
    context = page_context(scope, project, "aims:maps") | {"form": form}
    return render(request, "aims/map_form.html", context, status=400 if form.is_bound else 200)


@require(Permission.VIEW_PROJECTS)
@require_http_methods(["GET", "HEAD"])
def process_map(request: ScopedRequest, map_id: int) -> HttpResponse:
    """The picture, what it adds up to, and the steps as a list."""
    scope = request.scope
    found = get_map(list_projects(scope), map_id)
    rows = list_steps(found)
    steps = to_steps(rows)
    focus = found.focus_group or "focus group"
    scene = lay_out_process(steps, title=found.title, focus_group=focus)
    totals = add_up(steps)
    context = page_context(scope, found.project, "aims:maps")
    context |= {
        "map": found,
        "steps": [{"row": row, "time": _time(row)} for row in rows],
        "picture": draw_scene(scene, ident="map") if steps else "",
        "summary": scene.description,
        "totals": totals,
        "touch": format_minutes(totals.touch),
        "wait": format_minutes(totals.wait),
        "stopped": format_minutes(totals.stopped_minutes),
        "focus": focus,
        "formats": DIAGRAM_FORMATS,
        "removed": find_removed_step(found) if context["may_write"] else None,
    }
    if context["may_write"]:
        context |= {
            "form": StepForm(process_map=found, prefix="new"),
            "actors": list_actors(steps),
        }
    return render(request, "aims/map.html", context)


def _time(row: ProcessStep) -> str:
    return "" if row.minutes is None else format_minutes(row.minutes)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_map(request: ScopedRequest, map_id: int) -> HttpResponse:
    scope = request.scope
    found = get_map(list_writable_projects(scope), map_id)
    form = MapForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        actions.change_map(process_map=found, by=request.user, **form.kept)
        return redirect("aims:map", found.pk)
    context = page_context(scope, found.project, "aims:maps") | {"form": form, "map": found}
    return render(request, "aims/map_form.html", context, status=400 if form.is_bound else 200)


@require(Permission.EDIT_PROJECTS)
@require_POST
def add_step(request: ScopedRequest, map_id: int) -> HttpResponse:
    """A step at the end, or behind the one of `after`. What was typed is shown again when it cannot be kept."""
    scope = request.scope
    found = get_map(list_writable_projects(scope), map_id)
    form = StepForm(request.POST, process_map=found, prefix="new")
    if not form.is_valid():
        context = page_context(scope, found.project, "aims:maps") | {"form": form, "map": found}
        return render(request, "aims/step_form.html", context | _actors(found), status=400)
    after = request.POST.get("after", "")
    made = actions.add_step(
        process_map=found,
        values=form.kept,
        after=get_step(found, int(after)) if after.isdigit() else None,
        by=request.user,
    )
    return redirect(f"{_address(found.pk)}#step-{made.pk}")


def _address(map_id: int) -> str:
    return reverse("aims:map", args=[map_id])


def _actors(found: Any) -> dict[str, Any]:
    return {"actors": list_actors(to_steps(list_steps(found)))}


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_step(request: ScopedRequest, map_id: int, step_id: int) -> HttpResponse:
    scope = request.scope
    found = get_map(list_writable_projects(scope), map_id)
    step = get_step(found, step_id)
    form = StepForm(request.POST or None, process_map=found, instance=step)
    if request.method == "POST" and form.is_valid():
        actions.change_step(step=step, values=form.kept, by=request.user)
        return redirect(f"{_address(found.pk)}#step-{step.pk}")
    context = page_context(scope, found.project, "aims:maps")
    context |= {"form": form, "map": found, "step": step} | _actors(found)
    return render(request, "aims/step_form.html", context, status=400 if form.is_bound else 200)


@require(Permission.EDIT_PROJECTS)
@require_POST
def change_step(request: ScopedRequest, map_id: int, step_id: int) -> HttpResponse:
    """Up, down, remove, or put back: `act`."""
    scope = request.scope
    found = get_map(list_writable_projects(scope), map_id)
    step = get_step(found, step_id)
    act = _STEP_ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404("There is no such act.")
    act(step, request.user)
    if request.POST["act"] == "remove":
        messages.info(request, f"“{step.text}” was removed. It can be put back below the list.")
    return redirect(f"{_address(found.pk)}#steps")


_STEP_ACTS: dict[str, Callable[[ProcessStep, Any], Any]] = {
    "up": lambda step, by: actions.move_step(step=step, steps=-1, by=by),
    "down": lambda step, by: actions.move_step(step=step, steps=1, by=by),
    "remove": lambda step, by: actions.remove_step(step=step, by=by, as_of=timezone.now()),
    "restore": lambda step, by: actions.restore_step(step=step, by=by),
}


@require(Permission.VIEW_PROJECTS)
@require_safe
def map_picture(request: ScopedRequest, map_id: int, form: str) -> HttpResponse:
    """The map as a file: SVG, PNG or PPTX."""
    scope = request.scope
    found = get_map(list_projects(scope), map_id)
    steps = to_steps(list_steps(found))
    if not steps:
        raise Http404("The map has no steps yet.")
    focus = found.focus_group or "focus group"
    return diagram_file(
        form,
        scene=lay_out_process(steps, title=found.title, focus_group=focus),
        slides=lambda: split_process(steps, title=found.title, focus_group=focus, height=_SLIDE),
        title=f"{found.title}: {found.get_kind_display().lower()}",
        subtitle=found.project.team.name,
        name=f"process-map-{found.pk}",
        as_of=timezone.localdate(),
    )

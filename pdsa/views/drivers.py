"""The driver diagram of a project: the outline that is edited, the picture, its files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pdsa.actions import drivers as actions
from pdsa.aims.sentence import sentence_text
from pdsa.diagrams.drivers import lay_out_drivers, split_drivers
from pdsa.diagrams.files import DIAGRAM_FORMATS, diagram_file
from pdsa.diagrams.picture import draw_scene
from pdsa.forms.diagrams import DriverForm
from pdsa.library.files import read_templates
from pdsa.models import Project
from pdsa.queries.aims import find_aim, parts_of
from pdsa.queries.drivers import (
    Outline,
    get_driver,
    get_placement,
    list_measure_choices,
    read_outline,
    to_diagram,
)
from pdsa.queries.projects import get_project, get_writable_project
from pdsa.views.aims import page_context
from teams.errors import StateRefused
from teams.permissions import Permission, require
from teams.personal_details import mask_personal_details, new_personal_details
from teams.requests import ScopedRequest
from teams.scoping import Scope

#: Height of one slide's share of the diagram, in pixels of the picture.
_SLIDE = 560.0
_LONGEST = 160


class PersonalDetailsFound(StateRefused):
    """A text of the outline looks as if it named a patient; the message says which words."""


def _aim_text(project: Project) -> str:
    aim = find_aim(project)
    return sentence_text(parts_of(aim)) if aim.measure_name else ""


def _context(
    scope: Scope, project: Project, *, focus: str = "", refusal: str = "", typed: str = ""
) -> dict[str, Any]:
    outline = read_outline(project)
    diagram = to_diagram(outline, _aim_text(project))
    scene = lay_out_drivers(diagram)
    return page_context(scope, project, "aims:drivers") | {
        "outline": outline,
        "aim_text": diagram.aim,
        "picture": draw_scene(scene, ident="drivers"),
        "summary": scene.description,
        "templates": read_templates(),
        "formats": DIAGRAM_FORMATS,
        "focus": focus,
        "refusal": refusal,
        "typed": typed,
        "longest": _LONGEST,
    }


@require(Permission.VIEW_PROJECTS)
@require_safe
def drivers(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    project = get_project(scope, project_id)
    return render(request, "aims/drivers.html", _context(scope, project))


@require(Permission.EDIT_PROJECTS)
@require_POST
def change(request: ScopedRequest, project_id: int) -> HttpResponse:
    """One change of the outline: `act`, the row's `key`, and what the act needs.

    Answers with the outline and the picture for htmx and for the keyboard, else leads back to the page. A
    refusal comes back with what was typed.
    """
    scope = request.scope
    project = get_writable_project(scope, project_id)
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404("There is no such act.")
    key = request.POST.get("key", "")
    focus, refusal, asks = key, "", False
    try:
        focus = act(request, project, key) or key
    except StateRefused as refused:
        refusal, asks = str(refused), isinstance(refused, PersonalDetailsFound)
    except ObjectDoesNotExist:
        refusal = "Somebody else took this off the diagram in the meantime."
    if asks:
        context = _context(scope, project) | {"asked": _asked(request, refusal)}
        part = "aims/parts/diagram.html"
        return render(request, part if request.htmx else "aims/drivers.html", context)  # type: ignore[attr-defined]
    if not request.htmx:  # type: ignore[attr-defined]
        if refusal:
            messages.error(request, refusal)
        return redirect("aims:drivers", project.pk)
    context = _context(
        scope, project, focus=focus, refusal=refusal, typed=_text(request) if refusal else ""
    )
    return render(request, "aims/parts/diagram.html", context)


def _asked(request: ScopedRequest, question: str) -> dict[str, Any]:
    """The act again as it was sent, for the question whether to mask what looks like a patient's detail."""
    names = ("act", "key", "seen", "to")
    return {
        "question": question,
        "text": _text(request),
        "values": {name: request.POST[name] for name in names if name in request.POST},
    }


def _text(request: ScopedRequest) -> str:
    return " ".join(request.POST.get("text", "").split())[:_LONGEST]


def _needed_text(request: ScopedRequest) -> str:
    """What was typed. Raises StateRefused for nothing, and PersonalDetailsFound before a name is kept."""
    text = _text(request)
    if not text:
        raise StateRefused("Write a few words first.")
    answer = request.POST.get("details", "")
    found = new_personal_details(text, request.POST.get("seen", ""))
    if found and answer == "mask":
        return mask_personal_details(text)[:_LONGEST]
    if found and answer != "keep":
        said = "; ".join(f"“{detail.text}” looks like {detail.kind}" for detail in found)
        raise PersonalDetailsFound(f"{said}. Nothing here should name a patient.")
    return text


def _who(request: ScopedRequest) -> dict[str, Any]:
    return {"by": request.user, "as_of": timezone.now()}


def _is_driver(key: str) -> bool:
    return key.startswith("d")


def _id(key: str) -> int:
    if not key[1:].isdigit():
        raise StateRefused("This row is not on the diagram any more.")
    return int(key[1:])


def _add(request: ScopedRequest, project: Project, key: str) -> str:
    """A row behind the one of `key`, at its level; without a key a primary driver at the end."""
    text = _needed_text(request)
    if not key:
        return f"d{actions.add_driver(project=project, text=text, **_who(request)).pk}"
    if _is_driver(key):
        row = get_driver(project, _id(key))
        made = actions.add_driver(
            project=project, text=text, parent=row.parent, after=row, **_who(request)
        )
        return f"d{made.pk}"
    placement = get_placement(project, _id(key))
    placed = actions.place_idea(
        driver=placement.driver, title=text, after=placement, **_who(request)
    )
    return f"p{placed.pk}"


def _add_under(request: ScopedRequest, project: Project, key: str) -> str:
    """A secondary driver under a primary one, a change idea under a secondary one."""
    text = _needed_text(request)
    row = get_driver(project, _id(key))
    if row.parent_id is None:
        made = actions.add_driver(project=project, text=text, parent=row, **_who(request))
        return f"d{made.pk}"
    return f"p{actions.place_idea(driver=row, title=text, **_who(request)).pk}"


def _add_idea(request: ScopedRequest, project: Project, key: str) -> str:
    """A change idea under any driver."""
    row = get_driver(project, _id(key))
    placed = actions.place_idea(driver=row, title=_needed_text(request), **_who(request))
    return f"p{placed.pk}"


def _rename(request: ScopedRequest, project: Project, key: str) -> str:
    text, seen = _needed_text(request), request.POST.get("seen", "")
    if _is_driver(key):
        actions.rename_driver(
            driver=get_driver(project, _id(key)), text=text, seen=seen, **_who(request)
        )
    else:
        idea = get_placement(project, _id(key)).idea
        actions.rename_idea(idea=idea, title=text, seen=seen, **_who(request))
    return key


def _move(steps: int) -> Callable[[ScopedRequest, Project, str], str]:
    def move(request: ScopedRequest, project: Project, key: str) -> str:
        if _is_driver(key):
            actions.move_driver(driver=get_driver(project, _id(key)), steps=steps, **_who(request))
        else:
            placement = get_placement(project, _id(key))
            actions.move_idea(placement=placement, steps=steps, **_who(request))
        return key

    return move


def _indent(request: ScopedRequest, project: Project, key: str) -> str:
    if _is_driver(key):
        actions.indent_driver(driver=get_driver(project, _id(key)), **_who(request))
        return key
    placement = get_placement(project, _id(key))
    return f"p{actions.indent_idea(placement=placement, **_who(request)).pk}"


def _outdent(request: ScopedRequest, project: Project, key: str) -> str:
    if _is_driver(key):
        actions.outdent_driver(driver=get_driver(project, _id(key)), **_who(request))
        return key
    placement = get_placement(project, _id(key))
    return f"p{actions.outdent_idea(placement=placement, **_who(request)).pk}"


def _hang(keep: bool) -> Callable[[ScopedRequest, Project, str], str]:
    def hang(request: ScopedRequest, project: Project, key: str) -> str:
        placement = get_placement(project, _id(key))
        to = get_driver(project, _id(request.POST.get("to", "")))
        moved = actions.move_idea(placement=placement, to=to, keep=keep, **_who(request))
        return f"p{moved.pk}"

    return hang


def _hang_loose(request: ScopedRequest, project: Project, key: str) -> str:
    """An idea without a driver gets one: `key` is the driver's, `text` the idea's title."""
    return _add_idea(request, project, request.POST.get("to", ""))


def _remove(request: ScopedRequest, project: Project, key: str) -> str:
    above = _row_above(read_outline(project), key)
    if _is_driver(key):
        actions.remove_driver(driver=get_driver(project, _id(key)), **_who(request))
    else:
        actions.remove_idea(placement=get_placement(project, _id(key)), **_who(request))
    return above


def _row_above(outline: Outline, key: str) -> str:
    keys = [row.key for row in outline.rows]
    place = keys.index(key) if key in keys else 0
    return keys[place - 1] if place else ""


def _undo(request: ScopedRequest, project: Project, key: str) -> str:
    actions.undo_step(project=project, by=request.user)
    return key


def _use_template(request: ScopedRequest, project: Project, key: str) -> str:
    wanted = request.POST.get("template", "")
    template = next((t for t in read_templates() if t.code == wanted), None)
    if template is None:
        raise StateRefused("Choose one of the templates.")
    actions.use_template(project=project, template=template, **_who(request))
    return ""


_ACTS: dict[str, Callable[[ScopedRequest, Project, str], str]] = {
    "add": _add,
    "add_under": _add_under,
    "add_idea": _add_idea,
    "rename": _rename,
    "up": _move(-1),
    "down": _move(1),
    "indent": _indent,
    "outdent": _outdent,
    "hang_also": _hang(keep=True),
    "hang_instead": _hang(keep=False),
    "hang_loose": _hang_loose,
    "remove": _remove,
    "undo": _undo,
    "template": _use_template,
}


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def driver(request: ScopedRequest, project_id: int, driver_id: int) -> HttpResponse:
    """Owner, status and measures of one driver."""
    scope = request.scope
    project = get_writable_project(scope, project_id)
    found = get_driver(project, driver_id)
    choices = list_measure_choices(scope)
    form = DriverForm(request.POST or None, instance=found, measures=choices)
    if request.method == "POST" and form.is_valid():
        actions.describe_driver(
            driver=found,
            owner=form.cleaned_data["owner"],
            status=form.cleaned_data["status"],
            measures=form.cleaned_data.get("measures", []),
            local_measures=form.cleaned_data.get("local_measures", []),
            **_who(request),
        )
        messages.success(request, "Saved.")
        return redirect("aims:drivers", project.pk)
    context = page_context(scope, project, "aims:drivers") | {"form": form, "driver": found}
    return render(request, "aims/driver.html", context, status=400 if form.is_bound else 200)


@require(Permission.VIEW_PROJECTS)
@require_safe
def picture(request: ScopedRequest, project_id: int, form: str) -> HttpResponse:
    """The diagram as a file: SVG, PNG or PPTX."""
    scope = request.scope
    project = get_project(scope, project_id)
    diagram = to_diagram(read_outline(project), _aim_text(project))
    return diagram_file(
        form,
        scene=lay_out_drivers(diagram),
        slides=lambda: split_drivers(diagram, height=_SLIDE),
        title=f"Driver diagram: {project.title}",
        subtitle=project.team.name,
        name=f"driver-diagram-{project.pk}",
        as_of=timezone.localdate(),
    )

"""The aim of a project: its page with live checks, the coach's review, its versions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from pdsa.actions import aims as actions
from pdsa.aims.checks import check_aim, count_passed
from pdsa.aims.differences import compare_fields
from pdsa.aims.fields import AIM_LABELS
from pdsa.aims.sentence import AimParts, build_sentence
from pdsa.enums import AimDirection, AimState
from pdsa.forms.aims import AimForm, ReviewForm
from pdsa.models import Aim, Project
from pdsa.queries.aims import (
    AimStart,
    can_review,
    find_aim,
    find_start,
    get_aim_to_review,
    list_aim_versions,
    list_bindings,
    parts_of,
)
from pdsa.queries.projects import get_project, get_writable_project
from pdsa.views.tabs import project_context
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope

AUDIENCE = "Your team, its coach and the programme director"


def page_context(scope: Scope, project: Project, current: str) -> dict[str, Any]:
    """What the pages of aims, charters and diagrams show around their content."""
    return project_context(scope, project, current) | {
        "may_review": can_review(scope, project),
        "audience": AUDIENCE,
    }


def check_context(parts: AimParts) -> dict[str, Any]:
    """The sentence and its checks, for the part of the page that follows what is typed."""
    checks = check_aim(parts, today=timezone.localdate())
    return {
        "pieces": build_sentence(parts),
        "checks": checks,
        "passed_count": count_passed(checks),
        "check_count": len(checks),
    }


def _parts_of_form(form: AimForm) -> AimParts:
    """What can be read of a form, whatever else in it is wrong."""
    form.is_valid()
    cleaned = form.cleaned_data
    parts = AimParts()
    known = {
        "direction": cleaned.get("direction") or parts.direction,
        "measure": cleaned.get("measure_name", ""),
        "unit": cleaned.get("unit") or parts.unit,
        "guards_everyone": cleaned.get("guards_everyone", False),
    }
    for name in ("population", "place", "focus_group", "reference_group"):
        known[name] = cleaned.get(name, "")
    for name in ("baseline", "target", "due_on", "gap_from", "gap_to"):
        known[name] = cleaned.get(name)
    return replace(parts, **known)


@require(Permission.VIEW_PROJECTS)
@require_safe
def aim(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The aim as a sentence with its checks; for those who write, the parts to fill in."""
    scope = request.scope
    project = get_project(scope, project_id)
    return _render(request, scope, project, find_aim(project))


def _render(
    request: ScopedRequest,
    scope: Scope,
    project: Project,
    found: Aim,
    *,
    form: AimForm | None = None,
    review_form: ReviewForm | None = None,
) -> HttpResponse:
    context = page_context(scope, project, "aims:aim")
    parts = parts_of(found)
    if context["may_write"]:
        form = form or AimForm(
            instance=found, bindings=list_bindings(scope), initial=_prefilled(found)
        )
        if form.is_bound:
            parts = _parts_of_form(form)
    latest = list_aim_versions(project).first()
    context |= check_context(parts) | {
        "aim": found,
        "form": form if context["may_write"] else None,
        "latest": latest,
        "is_reviewed": found.state == AimState.REVIEWED,
        "review_form": review_form
        or (ReviewForm(initial={"seen_version": latest.number}) if latest else None),
    }
    bound = any(one is not None and one.is_bound for one in (form, review_form))
    return render(request, "aims/aim.html", context, status=400 if bound else 200)


def _prefilled(found: Aim) -> dict[str, Any]:
    """Suggestions for an aim that nobody wrote yet; what is stored is never touched."""
    return {} if found.pk else {"guards_everyone": False, "direction": AimDirection.INCREASE}


@require(Permission.EDIT_PROJECTS)
@require_POST
def write_aim(request: ScopedRequest, project_id: int) -> HttpResponse:
    """Save the aim, or (`start`) fill in where the team stands according to the programme's data."""
    scope = request.scope
    project = get_writable_project(scope, project_id)
    found = find_aim(project)
    bindings = list_bindings(scope)
    form = AimForm(request.POST, instance=Aim(project=project), bindings=bindings)
    valid = form.is_valid()
    if "start" in request.POST:
        return _with_start(request, scope, project, found, form)
    if not valid:
        return _render(request, scope, project, found, form=form)
    values = dict(form.kept)
    actions.write_aim(project=project, values=values, by=request.user, as_of=timezone.now())
    messages.success(request, "The aim was saved.")
    return redirect("aims:aim", project.pk)


def _with_start(
    request: ScopedRequest, scope: Scope, project: Project, found: Aim, form: AimForm
) -> HttpResponse:
    """The form again with today's numbers of the team in it; nothing is saved."""
    measure, stratum = form.cleaned_data.get("measure"), form.cleaned_data.get("focus_stratum")
    start = (
        find_start(scope, project=project, measure_id=measure.pk, stratum_id=stratum.pk)
        if measure and stratum
        else None
    )
    if start is None:
        messages.warning(
            request,
            "There is no result of your group for this measure and these patients. "
            "Choose both above, or write your own numbers.",
        )
        return _render(request, scope, project, found, form=form)
    data = request.POST.copy()
    for name, value in _start_values(start).items():
        data[name] = value
    fresh = AimForm(data, instance=Aim(project=project), bindings=list_bindings(scope))
    messages.info(request, "Your numbers are filled in below. Check them, then save.")
    return _render(request, scope, project, found, form=fresh)


def _start_values(start: AimStart) -> dict[str, str]:
    return {
        "measure_name": start.measure_name,
        "focus_group": start.focus_group,
        "reference_group": start.reference_group,
        "direction": AimDirection.INCREASE if start.higher_is_better else AimDirection.DECREASE,
        "unit": "%",
        "baseline": "" if start.baseline is None else str(start.baseline),
        "gap_from": "" if start.gap_from is None else str(start.gap_from),
        "basis": start.basis,
    }


@require(Permission.EDIT_PROJECTS)
@require_POST
def check(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The sentence and its checks for what is typed; nothing is saved."""
    scope = request.scope
    project = get_writable_project(scope, project_id)
    form = AimForm(request.POST, instance=Aim(project=project), bindings=list_bindings(scope))
    return render(request, "aims/parts/checks.html", check_context(_parts_of_form(form)))


@require(Permission.REVIEW_PROJECTS)
@require_POST
def review(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The coach's word on the aim: reviewed, or a note what to change."""
    scope = request.scope
    found = get_aim_to_review(scope, project_id)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _render(request, scope, found.project, found, review_form=form)
    is_right = "is_right" in request.POST
    actions.review_aim(
        aim=found,
        seen_version=form.cleaned_data.get("seen_version") or 0,
        note=form.cleaned_data.get("note", ""),
        is_right=is_right,
        by=request.user,
        as_of=timezone.now(),
    )
    messages.success(request, "Marked as reviewed." if is_right else "The team sees your note.")
    return redirect("aims:aim", project_id)


@require(Permission.VIEW_PROJECTS)
@require_safe
def versions(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The aim's versions, and what changed from one to the next."""
    scope = request.scope
    project = get_project(scope, project_id)
    context = page_context(scope, project, "aims:aim")
    context |= version_context(list(list_aim_versions(project)), AIM_LABELS)
    return render(request, "aims/versions.html", context | {"what": "aim", "back": "aims:aim"})


def version_context(found: list[Any], labels: dict[str, str]) -> dict[str, Any]:
    """Each version with its differences from the one before; the first one has none."""
    rows = []
    for index, version in enumerate(found):
        before = found[index + 1].content if index + 1 < len(found) else None
        differences = compare_fields(before, version.content, labels) if before else ()
        rows.append({"version": version, "differences": differences, "is_first": before is None})
    return {"rows": rows}

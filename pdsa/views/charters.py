"""The charter of a project: one page to read, print and agree to, and the form behind it."""

from __future__ import annotations

from copy import copy
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pdsa.actions import aims as actions
from pdsa.aims.charter_pdf import render_charter
from pdsa.aims.editing import editable_charter
from pdsa.aims.fields import CHARTER_LABELS, CHARTER_NEEDED
from pdsa.aims.sentence import sentence_text
from pdsa.enums import CharterState
from pdsa.forms.aims import CharterForm, ReviewForm
from pdsa.models import Charter, Project
from pdsa.policies.aims import can, list_missing
from pdsa.queries.aims import (
    charter_content,
    find_aim,
    find_charter,
    get_charter,
    has_aim,
    list_charter_versions,
    list_reviewable_projects,
    parts_of,
)
from pdsa.queries.projects import get_project, get_writable_project, list_writable_projects
from pdsa.views.aims import page_context, version_context
from teams.autosave import versions_of
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.autosave import autosave_view
from teams.views.downloads import download


@require(Permission.VIEW_PROJECTS)
@require_safe
def charter(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The charter as it is read and printed, with the next step."""
    scope = request.scope
    return _render(request, scope, get_project(scope, project_id), ReviewForm())


def _render(
    request: ScopedRequest, scope: Scope, project: Project, review_form: ReviewForm
) -> HttpResponse:
    found = find_charter(project)
    aim = find_aim(project)
    context = page_context(scope, project, "aims:aim")
    context |= {
        "charter": found,
        "aim": sentence_text(parts_of(aim)) if aim.measure_name else "",
        "needed": [_row(found, name) for name in CHARTER_NEEDED],
        "rest": [
            row
            for row in (_row(found, name) for name in CHARTER_LABELS if name not in CHARTER_NEEDED)
            if row["value"]
        ],
        "missing": list_missing(found, has_aim=bool(aim.measure_name)),
        "may_edit": context["may_write"] and can("write", found),
        "may_agree": context["may_write"] and can("agree", found),
        "may_reopen": context["may_write"] and can("reopen", found),
        "waits_for_coach": found.pk is not None and can("review", found),
        "review_form": review_form,
        "is_agreed": found.state == CharterState.AGREED,
    }
    status = 400 if review_form.is_bound else 200
    return render(request, "aims/charter.html", context, status=status)


def _row(found: Charter, name: str) -> dict[str, Any]:
    value = getattr(found, name)
    if isinstance(value, date):
        value = f"{value:%B} {value.day}, {value.year}"
    return {"label": CHARTER_LABELS[name], "value": value}


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The form; with JavaScript every field saves itself, without it there is a button."""
    scope = request.scope
    project = get_writable_project(scope, project_id)
    found = actions.start_charter(project=project, by=request.user)
    if not can("write", found):
        messages.info(request, "Reopen the charter to change it.")
        return redirect("aims:charter", project.pk)
    if "done" in request.POST:
        # Every field has saved itself; what stands there now becomes a version.
        actions.write_charter(charter=found, values={}, by=request.user, as_of=timezone.now())
        return redirect("aims:charter", project.pk)
    # The form writes into a copy: what it holds is compared with what is stored.
    form = CharterForm(request.POST or None, instance=copy(found))
    if request.method == "POST" and form.is_valid():
        actions.write_charter(
            charter=found,
            values={name: form.cleaned_data[name] for name in CHARTER_LABELS},
            by=request.user,
            as_of=timezone.now(),
        )
        messages.success(request, "The charter was saved.")
        return redirect("aims:charter", project.pk)
    stored = versions_of(found)
    for name, field in form.fields.items():
        if name in CHARTER_LABELS:
            field.widget.attrs["data-version"] = stored.get(name, 0)
    context = page_context(scope, project, "aims:aim") | {"form": form, "charter": found}
    return render(request, "aims/charter_form.html", context, status=400 if form.is_bound else 200)


autosave = autosave_view(Permission.EDIT_PROJECTS, editable_charter)


@require(Permission.REVIEW_PROJECTS)
@require_POST
def review(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The coach's word on the charter: reviewed, or a note what to change."""
    scope = request.scope
    found = get_charter(list_reviewable_projects(scope), project_id)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _render(request, scope, found.project, form)
    note = form.cleaned_data.get("note", "")
    if "is_right" in request.POST:
        actions.review_charter(charter=found, note=note, by=request.user, as_of=timezone.now())
        messages.success(request, "Marked as reviewed. The team can agree to it now.")
    else:
        actions.comment_on_charter(charter=found, note=note, by=request.user, as_of=timezone.now())
        messages.success(request, "The team sees your note.")
    return redirect("aims:charter", project_id)


@require(Permission.EDIT_PROJECTS)
@require_POST
def agree(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    found = get_charter(list_writable_projects(scope), project_id)
    actions.agree_charter(charter=found, by=request.user, as_of=timezone.now())
    messages.success(request, "The charter is agreed.")
    return redirect("aims:charter", project_id)


@require(Permission.EDIT_PROJECTS)
@require_POST
def reopen(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    found = get_charter(list_writable_projects(scope), project_id)
    actions.reopen_charter(charter=found, by=request.user, as_of=timezone.now())
    messages.success(request, "It is a draft again. What was agreed stays among the versions.")
    return redirect("aims:charter", project_id)


@require(Permission.VIEW_PROJECTS)
@require_safe
def versions(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The charter's versions, and what changed from one to the next."""
    scope = request.scope
    project = get_project(scope, project_id)
    context = page_context(scope, project, "aims:aim")
    context |= version_context(list(list_charter_versions(project)), CHARTER_LABELS)
    return render(
        request, "aims/versions.html", context | {"what": "charter", "back": "aims:charter"}
    )


@require(Permission.VIEW_PROJECTS)
@require_safe
def pdf(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The charter as a document of one page."""
    scope = request.scope
    project = get_project(scope, project_id)
    found = find_charter(project)
    if found.pk is None:
        raise Http404("Nobody has begun this charter yet.")
    aim = find_aim(project)
    data = render_charter(
        title=project.title,
        team=project.team.name,
        state=str(CharterState(found.state).label),
        aim=sentence_text(parts_of(aim)) if has_aim(project) else "",
        content=charter_content(found) | {"review_on": _row(found, "review_on")["value"] or ""},
        as_of=timezone.now(),
    )
    return download(data, f"charter-{project.pk}.pdf")

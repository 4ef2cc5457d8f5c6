"""Projects: the list, one project, its ramps, and the forms that make and change them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pdsa.actions import projects as actions
from pdsa.drawing import draw_ramp
from pdsa.enums import CycleState, ProjectStatus
from pdsa.forms.projects import IdeaForm, ProjectForm, RampFilterForm
from pdsa.queries.cycles import count_decisions, list_ramps
from pdsa.queries.drivers import list_ideas_by_driver
from pdsa.queries.projects import (
    can_write,
    get_project,
    get_writable_idea,
    get_writable_project,
    list_projects,
    list_writable_teams,
    with_counts,
)
from pdsa.views.tabs import project_context
from pdsa.wording import DECIDED, DECISION_ICON
from teams.enums import Role
from teams.errors import StateRefused
from teams.permissions import Permission, require
from teams.requests import ScopedRequest


@require(Permission.VIEW_PROJECTS)
@require_safe
def projects(request: ScopedRequest) -> HttpResponse:
    scope = request.scope
    found = list(with_counts(list_projects(scope)).order_by("team__name", "title", "id"))
    return render(
        request,
        "pdsa/projects.html",
        {
            "projects": [p for p in found if p.status == ProjectStatus.ACTIVE],
            "others": [p for p in found if p.status != ProjectStatus.ACTIVE],
            "many_teams": len({p.team_id for p in found}) > 1,
            "may_write": bool(list_writable_teams(scope)),
        },
    )


@require(Permission.VIEW_PROJECTS)
@require_safe
def project(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The overview: what is running, what was decided, what comes next."""
    scope = request.scope
    found = get_project(scope, project_id)
    ramps = list_ramps(scope, found)
    cycles = [cycle for ramp in ramps for cycle in ramp.cycles]
    tally = count_decisions(scope, found)
    return render(
        request,
        "pdsa/project.html",
        project_context(scope, found, "pdsa:project")
        | {
            "focus": [stratum.label for stratum in found.focus_strata.all()],
            "running": [c for c in cycles if c.state in (CycleState.DOING, CycleState.STUDYING)],
            "planned": [c for c in cycles if c.state == CycleState.PLANNED],
            "tally": [
                {"label": DECIDED[code], "count": count, "icon": DECISION_ICON[code]}
                for code, count in tally.items()
            ],
            "idea_count": len(ramps),
            "cycle_count": len(cycles),
            "last_change_at": max((c.changed_at for c in cycles), default=None),
            "may_review": Role.COACH in scope.roles and not can_write(scope, found.team_id),
        },
    )


@require(Permission.VIEW_PROJECTS)
@require_safe
def ramps(request: ScopedRequest, project_id: int) -> HttpResponse:
    """Per change idea a row of steps, sized by scale; those of one driver when the reader asks for them."""
    scope = request.scope
    found = get_project(scope, project_id)
    found_ramps = list_ramps(scope, found)
    form = RampFilterForm(
        request.GET,
        drivers=list_ideas_by_driver(found),
        idea_ids=[ramp.idea.pk for ramp in found_ramps],
    )
    found_ramps = [ramp for ramp in found_ramps if ramp.idea.pk in form.idea_ids()]
    rows = [
        {"ramp": ramp, "drawing": draw_ramp(ramp.idea, ramp.cycles), "last": ramp.cycles[-1]}
        for ramp in found_ramps
        if ramp.cycles
    ]
    return render(
        request,
        "pdsa/ramps.html",
        project_context(scope, found, "pdsa:ramps")
        | {
            "rows": rows,
            "untested": [ramp.idea for ramp in found_ramps if not ramp.cycles],
            "form": form,
        },
    )


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_project(request: ScopedRequest) -> HttpResponse:
    scope = request.scope
    form = ProjectForm(request.POST or None, scope=scope)
    if request.method == "POST" and form.is_valid():
        fields = dict(form.kept)
        try:
            made = actions.create_project(by=request.user, **fields)
        except StateRefused as refusal:
            form.add_error("title", str(refusal))
        else:
            messages.success(request, "The project is there. Log its first test whenever you like.")
            return redirect("pdsa:project", made.pk)
    return render(request, "pdsa/project_form.html", {"form": form, "draft": "project-new"})


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_project(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    found = get_writable_project(scope, project_id)
    form = ProjectForm(request.POST or None, scope=scope, project=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_project(project=found, by=request.user, **form.kept)
        except StateRefused as refusal:
            form.add_error("title", str(refusal))
        else:
            messages.success(request, "Saved.")
            return redirect("pdsa:project", found.pk)
    context = {"form": form, "project": found, "draft": f"project-{found.pk}"}
    return render(request, "pdsa/project_form.html", context)


@require(Permission.COMMENT_ON_TESTS)
@require_POST
def review_project(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The coach says that the project has been talked through."""
    scope = request.scope
    found = get_project(scope, project_id)
    if Role.COACH not in scope.roles or can_write(scope, found.team_id):
        raise StateRefused("The coach of the team marks a project as reviewed.")
    actions.review_project(project=found, by=request.user, as_of=timezone.now())
    messages.success(request, "Marked as reviewed by you.")
    return redirect("pdsa:project", found.pk)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_idea(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    found = get_writable_project(scope, project_id)
    form = IdeaForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.add_idea(
            project=found,
            title=form.cleaned_data["title"],
            description=form.cleaned_data["description"],
            by=request.user,
        )
        return redirect("pdsa:ramps", found.pk)
    context = {"form": form, "project": found, "draft": f"idea-new-{found.pk}"}
    return render(request, "pdsa/idea_form.html", context)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_idea(request: ScopedRequest, idea_id: int) -> HttpResponse:
    scope = request.scope
    idea = get_writable_idea(scope, idea_id)
    initial = {"title": idea.title, "description": idea.description}
    form = IdeaForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_idea(
                idea=idea,
                title=form.cleaned_data["title"],
                description=form.cleaned_data["description"],
                by=request.user,
            )
        except StateRefused as refusal:
            form.add_error("title", str(refusal))
        else:
            return redirect("pdsa:ramps", idea.project_id)
    context = {"form": form, "project": idea.project, "idea": idea, "draft": f"idea-{idea.pk}"}
    return render(request, "pdsa/idea_form.html", context)

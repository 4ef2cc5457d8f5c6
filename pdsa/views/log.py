"""Logging a test in a minute, and writing down one that is over."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from pdsa.actions.cycles import copy_cycle, log_cycle, log_done_cycle
from pdsa.forms.cycles import CopyForm, LogDoneForm, LogForm
from pdsa.queries.cycles import get_shared_cycle
from pdsa.queries.projects import list_writable_teams
from pdsa.sharing import group_name
from teams.errors import NotAllowed
from teams.models import Team
from teams.permissions import Permission, require
from teams.scoping import Scope


def _team(scope: Scope, form: Any) -> Team:
    """The team that a test belongs to: the chosen idea's or project's, else the reader's own.

    Raises NotAllowed for somebody who writes for no team.
    """
    if form.chosen_idea is not None:
        return form.chosen_idea.project.team  # type: ignore[no-any-return]
    if form.chosen_project is not None:
        return form.chosen_project.team  # type: ignore[no-any-return]
    team = list_writable_teams(scope).first()
    if team is None:
        raise NotAllowed("You belong to no team, so there is none to log a test for.")
    return team


def _idea_id(request: HttpRequest) -> int | None:
    text = request.GET.get("idea", "")
    return int(text) if text.isdigit() and len(text) < 18 else None


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """Three fields and one button."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    now = timezone.now()
    form = LogForm(
        request.POST or None,
        scope=scope,
        today=timezone.localdate(now),
        name=request.user.name,  # type: ignore[union-attr]
        idea_id=_idea_id(request),
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        cycle = log_cycle(
            team=_team(scope, form),
            idea=form.chosen_idea,
            project=form.chosen_project,
            objective=given["objective"],
            prediction=given["prediction"],
            who=given["who"],
            start_on=given["start_on"],
            start=request.POST.get("act") != "plan",
            client_key=given["client_key"],
            by=request.user,  # type: ignore[arg-type]
            as_of=timezone.localtime(now),
        )
        return redirect("pdsa:cycle", cycle.pk)
    return render(request, "pdsa/log.html", {"form": form})


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def log_done(request: HttpRequest) -> HttpResponse:
    """A test that is over already: what was tried, what happened, what was decided."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    now = timezone.now()
    form = LogDoneForm(
        request.POST or None,
        scope=scope,
        today=timezone.localdate(now),
        name=request.user.name,  # type: ignore[union-attr]
        idea_id=_idea_id(request),
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        cycle = log_done_cycle(
            team=_team(scope, form),
            idea=form.chosen_idea,
            project=form.chosen_project,
            objective=given["objective"],
            what_happened=given["what_happened"],
            learned=given["learned"],
            decision=given["decision"],
            who=given["who"],
            started_on=given["started_on"],
            ended_on=given["ended_on"],
            client_key=given["client_key"],
            by=request.user,  # type: ignore[arg-type]
            as_of=timezone.localtime(now),
        )
        return redirect("pdsa:cycle", cycle.pk)
    return render(request, "pdsa/log_done.html", {"form": form})


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: HttpRequest, cycle_id: int) -> HttpResponse:
    """Take over the plan of a shared test: choose where it goes, one button."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    shared = get_shared_cycle(scope, cycle_id)
    form = CopyForm(request.POST or None, scope=scope)
    if request.method == "POST" and form.is_valid():
        made = copy_cycle(
            cycle=shared,
            team=_team(scope, form),
            idea=form.chosen_idea,
            project=form.chosen_project,
            by=request.user,  # type: ignore[arg-type]
            as_of=timezone.localtime(),
        )
        return redirect("pdsa:cycle", made.pk)
    return render(
        request,
        "pdsa/copy.html",
        {"form": form, "cycle": shared, "group": group_name(shared)},
    )

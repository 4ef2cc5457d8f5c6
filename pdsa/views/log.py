"""Logging a test in a minute, and writing down one that is over."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
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
from teams.requests import ScopedRequest
from teams.scoping import Scope

#: What the two logs hand on as it was given.
_LOGGED = ("objective", "prediction", "who", "start_on", "client_key")
_LOGGED_DONE = (
    "objective",
    "what_happened",
    "learned",
    "decision",
    "who",
    "started_on",
    "ended_on",
    "client_key",
)


def _team(scope: Scope, form: Any) -> Team:
    """The team that a test belongs to: the chosen idea's or project's, else the reader's own.

    Raises NotAllowed for somebody who writes for no team.
    """
    if form.chosen_idea is not None:
        return form.chosen_idea.project.team
    if form.chosen_project is not None:
        return form.chosen_project.team
    team = list_writable_teams(scope).first()
    if team is None:
        raise NotAllowed("You belong to no team, so there is none to log a test for.")
    return team


def _place(scope: Scope, form: Any) -> dict[str, Any]:
    """Where a test goes, as the actions take it."""
    return {
        "team": _team(scope, form),
        "idea": form.chosen_idea,
        "project": form.chosen_project,
    }


def _idea_id(request: ScopedRequest) -> int | None:
    text = request.GET.get("idea", "")
    return int(text) if text.isdigit() and len(text) < 18 else None


def _form(request: ScopedRequest, kind: type[LogForm | LogDoneForm]) -> LogForm | LogDoneForm:
    return kind(
        request.POST or None,
        scope=request.scope,
        today=timezone.localdate(),
        name=request.user.name,
        idea_id=_idea_id(request),
    )


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def log(request: ScopedRequest) -> HttpResponse:
    """Three fields and one button."""
    scope = request.scope
    form = _form(request, LogForm)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        cycle = log_cycle(
            **_place(scope, form),
            **{name: given[name] for name in _LOGGED},
            start=request.POST.get("act") != "plan",
            by=request.user,
            as_of=timezone.localtime(),
        )
        return redirect("pdsa:cycle", cycle.pk)
    return render(request, "pdsa/log.html", {"form": form})


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def log_done(request: ScopedRequest) -> HttpResponse:
    """A test that is over already: what was tried, what happened, what was decided."""
    scope = request.scope
    form = _form(request, LogDoneForm)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        cycle = log_done_cycle(
            **_place(scope, form),
            **{name: given[name] for name in _LOGGED_DONE},
            by=request.user,
            as_of=timezone.localtime(),
        )
        return redirect("pdsa:cycle", cycle.pk)
    return render(request, "pdsa/log_done.html", {"form": form})


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    """Take over the plan of a shared test: choose where it goes, one button."""
    scope = request.scope
    shared = get_shared_cycle(scope, cycle_id)
    form = CopyForm(request.POST or None, scope=scope)
    if request.method == "POST" and form.is_valid():
        made = copy_cycle(
            cycle=shared,
            **_place(scope, form),
            by=request.user,
            as_of=timezone.localtime(),
        )
        return redirect("pdsa:cycle", made.pk)
    return render(
        request,
        "pdsa/copy.html",
        {"form": form, "cycle": shared, "group": group_name(shared)},
    )

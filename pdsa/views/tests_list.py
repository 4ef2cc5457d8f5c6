"""The list of tests with search and filters, and the three next things of the home page."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from pdsa.charts.periods import label
from pdsa.enums import CycleState
from pdsa.forms.cycles import CycleFilterForm
from pdsa.models import Cycle
from pdsa.queries.cycles import (
    find_cycles,
    list_cycles,
    list_news_of_others,
    list_shared_cycles,
    list_unanswered_mentions,
    list_waiting,
)
from pdsa.queries.measures import list_overdue
from pdsa.queries.projects import get_project, list_projects, list_writable_teams
from pdsa.sharing import group_name
from pdsa.views.tabs import project_context
from pdsa.wording import NEXT_VERB, day_text
from teams.permissions import Permission, require
from teams.queries import list_teams
from teams.requests import ScopedRequest

_PAGE = 25
_NEXT_THINGS = 3


@require(Permission.VIEW_PROJECTS)
@require_safe
def own_tests(request: ScopedRequest) -> HttpResponse:
    """Tests of the teams that the reader works with."""
    scope = request.scope
    teams = [t for t in list_teams(scope) if t.pk in scope.own_team_ids]
    projects = list(list_projects(scope))
    form = CycleFilterForm(request.GET, projects=projects, teams=teams, day=timezone.localdate())
    page = _page(request, find_cycles(list_cycles(scope), form.filters()))
    return render(
        request,
        "pdsa/tests.html",
        {
            "form": form,
            "page": page,
            "rows": [_row(cycle, own=True) for cycle in page],
            "many_teams": len(teams) > 1,
            "may_write": bool(list_writable_teams(scope)),
            "where": "own",
        },
    )


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def shared_tests(request: ScopedRequest) -> HttpResponse:
    """What teams have shared with the programme: abandoned tests as easy to find as adopted ones."""
    scope = request.scope
    form = CycleFilterForm(request.GET)
    page = _page(request, find_cycles(list_shared_cycles(scope), form.filters(), named=False))
    return render(
        request,
        "pdsa/tests.html",
        {
            "form": form,
            "page": page,
            "rows": [_row(cycle, own=False) for cycle in page],
            "many_teams": True,
            "may_write": bool(list_writable_teams(scope)),
            "where": "shared",
        },
    )


@require(Permission.VIEW_PROJECTS)
@require_safe
def project_tests(request: ScopedRequest, project_id: int) -> HttpResponse:
    """The tests of one project."""
    scope = request.scope
    project = get_project(scope, project_id)
    form = CycleFilterForm(request.GET, day=timezone.localdate())
    cycles = list_cycles(scope).filter(idea__project=project)
    page = _page(request, find_cycles(cycles, form.filters()))
    return render(
        request,
        "pdsa/project_tests.html",
        project_context(scope, project, "pdsa:project_tests")
        | {"form": form, "page": page, "rows": [_row(cycle, own=True) for cycle in page]},
    )


def _page(request: ScopedRequest, cycles: Any) -> Any:
    return Paginator(cycles, _PAGE).get_page(request.GET.get("page"))


def _row(cycle: Cycle, *, own: bool) -> dict[str, Any]:
    return {
        "cycle": cycle,
        "group": cycle.idea.project.team.name if own else group_name(cycle),
        "verb": NEXT_VERB.get(cycle.state, "Read") if own else "Read",
        "url": reverse("pdsa:cycle", args=[cycle.pk]),
    }


@require(Permission.VIEW_PROJECTS)
@require_safe
def next_things(request: ScopedRequest) -> HttpResponse:
    """Part of the home page: the three next things, each with one verb, and what others shared."""
    scope = request.scope
    day = timezone.localdate()
    things = [
        {
            "verb": "Answer",
            "text": f"{comment.author.name} wrote to you",
            "about": str(comment.cycle),
            "when": day_text(timezone.localdate(comment.created_at)),
            "url": reverse("pdsa:cycle", args=[comment.cycle_id]) + "#comments",
            "icon": "mail",
        }
        for comment in list_unanswered_mentions(scope, limit=1)
    ]
    waiting = [_thing(c, day) for c in list_waiting(scope, day=day, limit=_NEXT_THINGS)]
    overdue = [_numbers(m) for m in list_overdue(scope, day=day, limit=_NEXT_THINGS)]
    # Many tests would push numbers off the page for ever: one of each comes first.
    things += waiting[:1] + overdue[:1] + waiting[1:] + overdue[1:]
    return render(
        request,
        "pdsa/parts/next_things.html",
        {
            "things": things[:_NEXT_THINGS],
            "may_write": bool(list_writable_teams(scope)),
            "news": [
                {"cycle": cycle, "group": group_name(cycle)}
                for cycle in list_news_of_others(scope, limit=_NEXT_THINGS)
            ]
            if scope.may(Permission.VIEW_SHARED_TESTS)
            else [],
        },
    )


def _numbers(measure: Any) -> dict[str, str]:
    """measure: with `last_on`, as `list_overdue` gives it."""
    last = measure.last_on
    return {
        "verb": "Enter",
        "text": f"Numbers of {measure.name}",
        "about": measure.project.title,
        "when": f"Last entered: {label(last, measure.frequency)}" if last else "No numbers yet",
        "url": reverse("local_measures:measure_numbers", args=[measure.pk]),
        "icon": "edit",
    }


def _thing(cycle: Cycle, day: Any) -> dict[str, str]:
    page = reverse("pdsa:cycle", args=[cycle.pk])
    finish = reverse("pdsa:finish", args=[cycle.pk])
    url, icon = page, "calendar"
    when = ""
    if cycle.state == CycleState.DOING:
        url, icon = finish, "refresh"
        if cycle.planned_end_on:
            late = (day - cycle.planned_end_on).days
            when = (
                f"Planned to end {day_text(cycle.planned_end_on)}"
                if late <= 0
                else f"{late} {'day' if late == 1 else 'days'} past its planned end"
            )
    elif cycle.state == CycleState.STUDYING:
        url, icon, when = finish, "search", "Waits for a decision"
    elif cycle.state == CycleState.PLANNED and cycle.planned_start_on:
        when = f"Planned for {day_text(cycle.planned_start_on)}"
    elif cycle.state == CycleState.CLOSED:
        icon, when = "arrow-right", f"Closed: {cycle.get_decision_display().lower()}"
    return {
        "verb": "Plan next" if cycle.state == CycleState.CLOSED else NEXT_VERB[cycle.state],
        "text": str(cycle),
        "about": cycle.idea.project.title,
        "when": when,
        "url": url,
        "icon": icon,
    }

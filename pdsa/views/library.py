"""The library of change ideas: search, one idea, and taking it over."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from pdsa.actions.library import adopt_idea, link_idea
from pdsa.enums import Sharing
from pdsa.forms.diagrams import AdoptForm, LibraryFilterForm, LinkForm
from pdsa.library.files import read_library
from pdsa.models import LibraryIdea
from pdsa.queries.effects import list_effects
from pdsa.queries.library import (
    NO_TESTS,
    get_library_idea,
    list_library,
    list_linkable_ideas,
    list_shared_tests_of,
    list_tallies_of,
)
from pdsa.queries.projects import list_writable_projects
from teams.permissions import Permission, require
from teams.requests import ScopedRequest

_SHOWN_TESTS = 10


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def library(request: ScopedRequest) -> HttpResponse:
    """Ideas as cards, narrowed by words and choices."""
    scope = request.scope
    form = LibraryFilterForm(request.GET)
    found = list(list_library(scope, form.filters()))
    tallies = list_tallies_of(scope, found)
    context = {
        "filters": form,
        "cards": [_card(entry, tallies.get(entry.pk, NO_TESTS)) for entry in found],
        "is_narrowed": any(form.cleaned_data.values()),
    }
    return render(request, "aims/library.html", context)


def _card(entry: LibraryIdea, tally: Any) -> dict[str, Any]:
    names = read_library()
    return {
        "entry": entry,
        "tally": tally,
        "driver": names.drivers.get(entry.driver, ""),
        "topics": [names.topics.get(code, code) for code in entry.topics],
        "populations": [names.populations.get(code, code) for code in entry.populations],
    }


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def library_idea(request: ScopedRequest, code: str) -> HttpResponse:
    """One idea with everything that is known of it."""
    scope = request.scope
    entry = get_library_idea(scope, code)
    tallies = list_tallies_of(scope, [entry])
    projects = list_writable_projects(scope).order_by("title", "id")
    shown = list(list_shared_tests_of(scope, entry)[:_SHOWN_TESTS])
    effects = list_effects(scope, [cycle for cycle in shown if cycle.is_measured])  # type: ignore[attr-defined]
    tests = [
        {
            "cycle": cycle,
            "is_named": cycle.sharing == Sharing.NAMED,
            "effects": effects.get(cycle.pk, []),
        }
        for cycle in shown
    ]
    context = _card(entry, tallies.get(entry.pk, NO_TESTS)) | {
        "tests": tests,
        "form": AdoptForm(projects=projects) if projects else None,
        "link_form": LinkForm(ideas=ideas) if (ideas := list_linkable_ideas(scope)) else None,
        "may_adopt": scope.may(Permission.EDIT_PROJECTS),
    }
    return render(request, "aims/library_idea.html", context)


@require(Permission.EDIT_PROJECTS)
@require_POST
def adopt(request: ScopedRequest, code: str) -> HttpResponse:
    """Take the idea over: it stands in the project, with a first test planned and filled in."""
    scope = request.scope
    entry = get_library_idea(scope, code)
    form = AdoptForm(request.POST, projects=list_writable_projects(scope))
    if not form.is_valid():
        messages.error(request, "Choose the project that takes the idea over.")
        return redirect("aims:library_idea", code)
    cycle = adopt_idea(
        project=form.cleaned_data["project"],
        entry=entry,
        by=request.user,
        as_of=timezone.now(),
    )
    messages.success(
        request, "The idea is yours now. Its first test is planned: change what does not fit."
    )
    return redirect("pdsa:cycle", cycle.pk)


@require(Permission.EDIT_PROJECTS)
@require_POST
def link(request: ScopedRequest, code: str) -> HttpResponse:
    """Say that an idea of the own team is this one."""
    scope = request.scope
    entry = get_library_idea(scope, code)
    form = LinkForm(request.POST, ideas=list_linkable_ideas(scope))
    if form.is_valid():
        link_idea(idea=form.cleaned_data["idea"], entry=entry, by=request.user)
        messages.success(request, "Linked. What you share of its tests is counted here.")
    else:
        messages.error(request, "Choose one of your ideas.")
    return redirect("aims:library_idea", code)

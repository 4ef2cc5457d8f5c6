"""Search over everything that was tried."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from learning.forms.harvest import SearchForm
from learning.queries.exchange import (
    count_tried,
    count_waiting_nominations,
    get_new_version,
    list_waiting_questions,
    tally_text,
)
from learning.queries.search import find_chapters, find_ideas, find_tests
from pdsa.library.files import read_library
from pdsa.queries.library import NO_TESTS, list_tallies_of
from pdsa.sharing import group_name
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope

_PAGE = 20
#: Of each kind while all kinds are shown.
_FIRST = {"tests": 6, "ideas": 4, "chapters": 3}
_QUESTIONS = 2
_KINDS = {"tests": "Tests", "ideas": "Change ideas", "chapters": "Chapters"}


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def search_page(request: ScopedRequest) -> HttpResponse:
    """What fits, by kind; with ?kind=… all of one kind."""
    scope = request.scope
    form = SearchForm(request.GET)
    filters = form.filters()
    chosen = form.cleaned_data.get("kind", "")
    chosen = chosen if chosen in _KINDS else ""
    found: dict[str, Any] = {
        "tests": find_tests(scope, filters),
        "ideas": find_ideas(scope, filters),
        "chapters": find_chapters(scope, filters),
    }
    counts = {kind: rows.count() for kind, rows in found.items()}
    page = None
    shown: dict[str, list[Any]] = {}
    for kind, rows in found.items():
        if chosen == kind:
            page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
            shown[kind] = list(page)
        elif not chosen:
            shown[kind] = list(rows[: _FIRST[kind]])
    kinds: list[dict[str, Any]] = [
        {"kind": kind, "label": label, "count": counts[kind]} for kind, label in _KINDS.items()
    ]
    return render(
        request,
        "harvest/search.html",
        {
            "form": form,
            "tests": _test_rows(shown.get("tests", [])),
            "ideas": _idea_rows(scope, shown.get("ideas", [])),
            "chapters": shown.get("chapters", []),
            "counts": counts,
            "total": sum(counts.values()),
            "kind": chosen,
            "kinds": kinds,
            "more": [item for item in kinds if not chosen and item["count"] > _FIRST[item["kind"]]],
            "page": page,
            "is_narrowed": any(
                value for name, value in form.cleaned_data.items() if name != "kind"
            ),
            "may_copy": scope.may(Permission.EDIT_PROJECTS),
        },
    )


def _test_rows(cycles: list[Any]) -> list[dict[str, Any]]:
    tried = count_tried(cycle.pk for cycle in cycles)
    return [
        {
            "cycle": cycle,
            "group": group_name(cycle),
            "focus": [row.short_label for row in cycle.focus_strata.all()],
            "tried": tally_text(tried[cycle.pk]) if cycle.pk in tried else "",
        }
        for cycle in cycles
    ]


def _idea_rows(scope: Scope, ideas: list[Any]) -> list[dict[str, Any]]:
    tallies = list_tallies_of(scope, ideas)
    drivers = read_library().drivers
    return [
        {
            "idea": idea,
            "driver": drivers.get(idea.driver, ""),
            "tally": tallies.get(idea.pk, NO_TESTS),
        }
        for idea in ideas
    ]


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def home_part(request: ScopedRequest) -> HttpResponse:
    """Part of the home page: questions to answer, nominations to decide, a version that came out."""
    scope = request.scope
    return render(
        request,
        "harvest/parts/home.html",
        {
            "questions": list_waiting_questions(scope, limit=_QUESTIONS),
            "nominations": count_waiting_nominations(scope),
            "version": get_new_version(scope, now=timezone.now()),
        },
    )

"""Entering the numbers of a local measure."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from pdsa.actions import measures as actions
from pdsa.forms.observations import STATE_CHOICES, Grid
from pdsa.models import LocalMeasure
from pdsa.queries.measures import (
    get_writable_measure,
    list_observations,
)
from teams.permissions import Permission, require
from teams.requests import ScopedRequest


def _until(request: ScopedRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("until", ""))
    except ValueError:
        return None


#: What is to be said after numbers were saved waits here for the page that a person sees.
_SAID = "numbers_said"


def _said_before(request: ScopedRequest, measure: LocalMeasure) -> dict[str, Any] | None:
    """What the last save has to say. The script that sends the form looks at the page before the person
    does, so a message that the first look takes away would never be seen."""
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return None
    said = request.session.pop(_SAID, None)
    return said if said and said["measure"] == measure.pk else None


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def measure_numbers(request: ScopedRequest, local_measure_id: int) -> HttpResponse:
    """The grid: what is right is saved, what is not stays typed and says why."""
    scope = request.scope
    found = get_writable_measure(scope, local_measure_id)
    if found.is_bound:
        return redirect("local_measures:measure", found.pk)
    posted = request.POST if request.method == "POST" else None
    existing = list_observations(found)
    grid = Grid(found, existing, today=timezone.localdate(), until=_until(request), data=posted)
    status, said = 200, None
    if posted is None:
        said = _said_before(request, found)
    else:
        entries = grid.read()
        count = actions.enter_observations(
            measure=found,
            entries=entries,
            by=request.user,
            as_of=timezone.now(),
        )
        said = {
            "measure": found.pk,
            "saved": f"{count} saved." if count else "Nothing was changed.",
            "questions": grid.questions(entries),
        }
        if not grid.bad_cells:
            request.session[_SAID] = said
            return redirect(request.get_full_path())
        for cell in grid.cells:
            if cell.typed != cell.original and not cell.error:
                cell.original = cell.typed  # it was saved a moment ago
        status = 422
    return render(
        request,
        "pdsa/measure_numbers.html",
        {
            "project": found.project,
            "measure": found,
            "grid": grid,
            "said": said,
            "states": STATE_CHOICES,
            "word": "week" if found.frequency == "week" else "month",
        },
        status=status,
    )

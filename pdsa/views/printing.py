"""A test and a storyboard as PDF."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from pdsa.actions.printing import record_print
from pdsa.printing import print_storyboard, print_test
from pdsa.queries.cycles import count_decisions, list_cycles, list_ramps, with_rows
from pdsa.queries.projects import get_project
from pdsa.wording import DECIDED, WHO_CAN_SEE
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.downloads import download


def _pdf(content: bytes, name: str) -> HttpResponse:
    return download(content, f"{slugify(name)[:80]}.pdf")


@require(Permission.VIEW_PROJECTS)
@require_safe
def test_pdf(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    cycle = with_rows(list_cycles(request.scope)).get(id=cycle_id)
    content = print_test(
        cycle, who_can_see=WHO_CAN_SEE[cycle.sharing], made_at=timezone.localtime()
    )
    record_print(target=cycle, team=cycle.idea.project.team, by=request.user)
    return _pdf(content, f"test-{cycle}")


@require(Permission.VIEW_PROJECTS)
@require_safe
def storyboard_pdf(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    project = get_project(scope, project_id)
    tally = count_decisions(scope, project)
    content = print_storyboard(
        project,
        list_ramps(scope, project, with_rows=True),
        focus=[row.label for row in project.focus_strata.all()],
        tally={DECIDED[code]: count for code, count in tally.items()},
        who_can_see=WHO_CAN_SEE["team"],
        made_at=timezone.localtime(),
    )
    record_print(target=project, team=project.team, by=request.user)
    return _pdf(content, f"storyboard-{project.title}")

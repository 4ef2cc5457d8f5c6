"""The learning part of the home page, which loads it by its address."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from learning.queries.caseload import CaseloadRow, list_caseload
from learning.queries.coaching import get_only_team, get_planned_call, list_own_action_items
from learning.queries.progress import get_report_to_acknowledge, get_report_to_write
from learning.queries.sessions import list_upcoming
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope

#: How many of each are shown; the pages behind hold the rest.
_TEAMS, _ACTIONS = 4, 3
#: So far ahead a coach sees the calls, each with its way to prepare it.
_CALLS_AHEAD = timedelta(days=7)


@require(Permission.VIEW_CALENDAR)
@require_safe
def home_part(request: ScopedRequest) -> HttpResponse:
    scope, today = request.scope, timezone.localdate()
    rows = list_caseload(scope, today=today) if scope.may(Permission.COACH_TEAMS) else []
    team = get_only_team(scope)
    calls = _calls_ahead(scope, rows, today)
    return render(
        request,
        "learning/parts/home.html",
        {
            "rows": [row for row in rows if row.reasons][:_TEAMS],
            "coaches": bool(rows),
            "calls": calls,
            "with_call": {row.team.pk for row in calls},
            "report": get_report_to_write(scope, team, today=today) if team else None,
            "read": get_report_to_acknowledge(scope, team, today=today) if team else None,
            "call": get_planned_call(team) if team else None,
            "actions": list_own_action_items(scope, limit=_ACTIONS),
            "sessions": list_upcoming(scope, after=timezone.now(), limit=1),
            "today": today,
        },
    )


def _calls_ahead(scope: Scope, rows: list[CaseloadRow], today: date) -> list[CaseloadRow]:
    """Teams that the reader coaches whose call is within a week, or over and not recorded; the first call first."""
    found = [
        (row.next_call.planned_at, row)
        for row in rows
        if row.next_call is not None
        and row.team.pk in scope.coached_team_ids
        and timezone.localdate(row.next_call.planned_at) <= today + _CALLS_AHEAD
    ]
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]

"""The learning part of the home page, which loads it by its address."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from learning.queries.caseload import list_caseload
from learning.queries.coaching import get_only_team, get_planned_call, list_own_action_items
from learning.queries.sessions import list_upcoming
from teams.permissions import Permission, require
from teams.requests import ScopedRequest

#: How many of each are shown; the pages behind hold the rest.
_TEAMS, _ACTIONS = 4, 3


@require(Permission.VIEW_CALENDAR)
@require_safe
def home_part(request: ScopedRequest) -> HttpResponse:
    scope, today = request.scope, timezone.localdate()
    rows = list_caseload(scope, today=today) if scope.may(Permission.COACH_TEAMS) else []
    team = get_only_team(scope)
    return render(
        request,
        "learning/parts/home.html",
        {
            "rows": [row for row in rows if row.reasons][:_TEAMS],
            "coaches": bool(rows),
            "call": get_planned_call(team) if team else None,
            "actions": list_own_action_items(scope, limit=_ACTIONS),
            "sessions": list_upcoming(scope, after=timezone.now(), limit=1),
            "today": today,
        },
    )

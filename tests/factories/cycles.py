"""Projects, change ideas and cycles, made through the actions.

project = make_project(team, by=lead)
cycle = make_cycle(team, by=lead, state=CycleState.CLOSED, decision=Decision.ADOPT)
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from pdsa.actions.cycles import decide_cycle, log_cycle, move_cycle, share_cycle
from pdsa.actions.projects import add_idea, create_project
from pdsa.enums import CycleState, Decision
from pdsa.models import ChangeIdea, Cycle, Project
from teams.models import Team, User

_numbers = count(1)

#: A Monday morning, in the middle of a year.
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.get_default_timezone())


def make_project(team: Team, *, by: User, title: str | None = None, **fields: Any) -> Project:
    return create_project(team=team, title=title or f"Project {next(_numbers)}", by=by, **fields)


def make_idea(project: Project, *, by: User, title: str | None = None) -> ChangeIdea:
    return add_idea(project=project, title=title or f"Idea {next(_numbers)}", by=by)


def make_cycle(
    team: Team,
    *,
    by: User,
    state: str = CycleState.DOING,
    decision: str = Decision.ADOPT,
    idea: ChangeIdea | None = None,
    objective: str | None = None,
    prediction: str = "3 of 5 will answer",
    sharing: str = "",
    as_of: datetime = NOW,
    start_on: date | None = None,
    **fields: Any,
) -> Cycle:
    """A cycle brought to a state through the actions; fields are set on the row afterwards."""
    cycle = log_cycle(
        team=team,
        objective=objective or f"Objective {next(_numbers)}",
        prediction=prediction,
        idea=idea,
        by=by,
        as_of=as_of,
        start_on=start_on,
        start=state != CycleState.PLANNED,
    )
    later = as_of + timedelta(days=7)
    if state == CycleState.STUDYING:
        cycle = move_cycle(cycle=cycle, act="study", by=by, as_of=later)
    elif state == CycleState.CLOSED:
        cycle = decide_cycle(cycle=cycle, decision=decision, by=by, as_of=later)
    elif state in (CycleState.PAUSED, CycleState.CANCELLED):
        act = "pause" if state == CycleState.PAUSED else "cancel"
        cycle = move_cycle(cycle=cycle, act=act, by=by, as_of=later)
    if fields:
        Cycle.objects.filter(pk=cycle.pk).update(**fields)
    if sharing:
        cycle = share_cycle(cycle=cycle, sharing=sharing, by=by, as_of=later)
    return Cycle.objects.select_related("idea__project__team", "owner", "site").get(pk=cycle.pk)

"""Reads about control plans, and what makes one fire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet

from learning.enums import Trigger
from learning.models import ChangeFuture, ControlCheck, ControlPlan
from learning.queries.coaching import get_team_worked_with, list_teams_worked_with
from measures.stats.spc import is_favourable
from pdsa.charts.assemble import MeasureCharts
from pdsa.charts.reading import number_words, signal_sentence
from pdsa.enums import CycleState, PointKind
from pdsa.queries.cycles import list_cycles
from pdsa.queries.measures import list_measures
from pdsa.queries.projects import list_writable_ideas
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope


def list_control_plans(scope: Scope) -> QuerySet[ControlPlan]:
    """Control plans of the teams that the reader works with, the running ones first."""
    return (
        ControlPlan.objects.filter(team__in=list_teams_worked_with(scope))
        .select_related("team", "owner", "measure")
        .prefetch_related(Prefetch("checks", ControlCheck.objects.select_related("by")))
        .order_by("-ended_on", "measure__name", "id")
    )


def may_hold(scope: Scope, team_id: int) -> bool:
    """Whether the reader plans, changes, checks and ends the team's control plans."""
    return scope.may(Permission.WRITE_REPORTS) and team_id in scope.staff_team_ids


def get_writable_control_plan(scope: Scope, plan_id: int) -> ControlPlan:
    plan = list_control_plans(scope).get(pk=plan_id)
    if not may_hold(scope, plan.team_id):
        raise ControlPlan.DoesNotExist
    return plan


def get_team_held(scope: Scope, code: str) -> Team:
    """A team whose control plans the reader writes."""
    team = get_team_worked_with(scope, code)
    if not may_hold(scope, team.pk):
        raise Team.DoesNotExist
    return team


def list_unwatched_measures(scope: Scope, team: Team) -> QuerySet[Any]:
    """Measures of the team in use over which no running plan watches."""
    watched = ControlPlan.objects.filter(team=team, ended_on=None).values("measure_id")
    return list_measures(scope).filter(project__team=team).exclude(pk__in=watched)


@dataclass(frozen=True)
class HeldChange:
    """A change of a team that was tested, and what becomes of it. future None: nobody has said it yet."""

    idea: Any
    future: ChangeFuture | None
    tests: int
    last_decision: str


def list_held_changes(scope: Scope, team: Team) -> list[HeldChange]:
    """Changes with a test that was closed, those without a decision about their future first. Two queries."""
    closed = (
        list_cycles(scope)
        .filter(idea__project__team=team, state=CycleState.CLOSED)
        .order_by("idea__title", "idea_id", "closed_at")
    )
    by_idea: dict[int, list[Any]] = {}
    for cycle in closed:
        by_idea.setdefault(cycle.idea_id, []).append(cycle)
    futures = {
        row.idea_id: row
        for row in ChangeFuture.objects.filter(idea_id__in=by_idea).select_related(
            "owner", "decided_by"
        )
    }
    changes = [
        HeldChange(
            cycles[-1].idea,
            futures.get(idea_id),
            len(cycles),
            cycles[-1].get_decision_display(),
        )
        for idea_id, cycles in by_idea.items()
    ]
    return sorted(changes, key=lambda change: change.future is not None)


def find_idea_held(scope: Scope, team: Team, idea_id: int) -> Any | None:
    """A change of the team that the reader writes; None for any other."""
    return list_writable_ideas(scope).filter(pk=idea_id, project__team=team).first()


@dataclass(frozen=True)
class Firing:
    """Why a plan fires, in words, and the first day of the latest period that makes it."""

    because: str
    period: date


def find_firing(plan: ControlPlan, charts: MeasureCharts) -> Firing | None:
    """What in the charts of the plan's measure fires it now; None where nothing does.

    A signal counts in the present phase only. The latest point is the latest one with a number that nobody
    took out of the chart. What lies no later than what the plan fired for already is known.
    """
    found = _signal(charts) if plan.trigger == Trigger.SIGNAL else _beyond_threshold(plan, charts)
    if found is None or (plan.fired_period and found.period <= plan.fired_period):
        return None
    return found


def _signal(charts: MeasureCharts) -> Firing | None:
    if charts.focus is None or charts.rules_off or not charts.focus.chart.phases:
        return None
    chart = charts.focus.chart
    present = chart.phases[-1].number
    unfavourable = [
        signal
        for signal in chart.signals
        if signal.phase == present
        and is_favourable(signal, higher_is_better=charts.data.higher_is_better) is False
    ]
    if not unfavourable:
        return None
    latest = max(unfavourable, key=lambda signal: signal.last)
    words = signal_sentence(charts, charts.focus, latest)
    return Firing(f"{charts.focus.name}: {words}"[:300], charts.data.periods[latest.last])


def _beyond_threshold(plan: ControlPlan, charts: MeasureCharts) -> Firing | None:
    if charts.focus is None or plan.threshold is None:
        return None
    places = charts.focus.chart.series.useful.nonzero()[0]
    if not len(places):
        return None
    last = int(places[-1])
    # As a person wrote the threshold: percent for a share. Both are rounded far below what is shown, so
    # that 0.29 of everybody is 29% and not a little more or less.
    value = float(charts.focus.chart.values[last])
    factor = 100 if charts.data.point_kind == PointKind.PROPORTION else 1
    difference = round(factor * value - float(plan.threshold), 6)
    if not (difference < 0 if plan.trigger == Trigger.BELOW else difference > 0):
        return None
    limit = number_words(charts.data, float(plan.threshold) / factor)
    word = "below" if plan.trigger == Trigger.BELOW else "above"
    words = f"{number_words(charts.data, value)} in {charts.data.labels[last]}, {word} {limit}"
    return Firing(f"{charts.focus.name}: {words}"[:300], charts.data.periods[last])

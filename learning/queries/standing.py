"""How things stand in a team today, beside what happened: signals on charts, completeness, steps of grants."""

from __future__ import annotations

from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone

from grants.enums import AwardState, MilestoneState
from grants.queries.awards import list_milestones
from learning.models import ControlPlan
from learning.queries.items import Item
from measures.enums import RealField
from measures.queries import get_default_source, list_completeness
from pdsa.enums import CycleState
from pdsa.queries.cycles import list_cycles
from pdsa.queries.signals import list_present_signals
from teams.formats import format_percent
from teams.models import Team
from teams.scoping import Scope

#: So far ahead a step of a grant is near.
_AHEAD = timedelta(days=30)


def list_standing(scope: Scope, team: Team, *, since: date, on: date) -> list[Item]:
    """Present signals, plans that fired, stuck tests, completeness of race and ethnicity, near steps of grants.

    since: a signal whose last point was entered from this day on is called new.
    """
    return [
        *_signals(scope, team, since, on),
        *_fired(team, on),
        *_stuck(scope, team, on),
        *_completeness(scope, team, on),
        *_grant_steps(scope, team, on),
    ]


def _signals(scope: Scope, team: Team, since: date, on: date) -> list[Item]:
    return [
        Item(
            "signal",
            f"{'New: ' if timezone.localdate(signal.entered_at) >= since else ''}{signal.sentence}",
            on,
            reverse("local_measures:measure", args=[signal.measure_id]),
        )
        for signal in list_present_signals(scope, [team.pk]).get(team.pk, [])
    ]


def _fired(team: Team, on: date) -> list[Item]:
    page = reverse("learning:holding", args=[team.code])
    plans = ControlPlan.objects.filter(team=team, ended_on=None, fired_at__isnull=False)
    return [
        Item("signal", f"A control plan fired: {plan.measure.name}, {plan.fired_because}", on, page)
        for plan in plans.select_related("measure").order_by("pk")
    ]


def _stuck(scope: Scope, team: Team, on: date) -> list[Item]:
    cycles = (
        list_cycles(scope)
        .filter(idea__project__team=team, planned_end_on__lt=on)
        .exclude(state__in=[CycleState.CLOSED, CycleState.CANCELLED])
    )
    return [
        Item(
            "stuck",
            f"{cycle.get_state_display()}, should have ended: {cycle}",
            cycle.planned_end_on,
            reverse("pdsa:cycle", args=[cycle.pk]),
        )
        for cycle in cycles
        if cycle.planned_end_on is not None
    ]


def _completeness(scope: Scope, team: Team, on: date) -> list[Item]:
    source = get_default_source(scope)
    if source is None:
        return []
    rows = list_completeness(scope, source=source, teams=[team])
    latest = {row.field: row for row in rows}  # ordered by period: the last one of a field counts
    return [
        Item(
            "complete",
            f"{field.label}: {format_percent(row.answered_share)} answered by the patients themselves"
            f" in {row.period} ({source.name})",
            on,
            reverse("reports:team_dashboard", args=[team.code]),
        )
        for field in (RealField.RACE, RealField.ETHNICITY)
        if (row := latest.get(field)) is not None and row.answered_share is not None
    ]


def _grant_steps(scope: Scope, team: Team, on: date) -> list[Item]:
    steps = (
        list_milestones(scope)
        .filter(
            award__team=team,
            award__state=AwardState.ACTIVE,
            state=MilestoneState.OPEN,
            due_on__lte=on + _AHEAD,
        )
        .order_by("due_on", "pk")
    )
    return [
        Item(
            "grant",
            f"{'Overdue' if step.due_on < on else 'Due'} for the next payment: {step.title}",
            step.due_on,
            reverse("grants:milestone", args=[step.pk]),
        )
        for step in steps
    ]

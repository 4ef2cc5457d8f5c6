"""The coach's caseload: every team worked with, what is going on, and why it may need somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from grants.enums import AwardState, MilestoneState, ReportKind, TrancheState
from grants.enums import ReportState as GrantReportState
from grants.queries.awards import list_awards
from learning.attention import Reason, Series, TeamState, attention, list_reasons
from learning.enums import ActionState, CallState
from learning.models import ActionItem, Call, ControlPlan, HelpRequest
from learning.policies import report_due_on
from learning.queries.coaching import list_teams_worked_with
from learning.queries.progress import (
    ScorePair,
    list_beginnings,
    list_months_overdue,
    list_score_pairs,
)
from pdsa.charts.periods import step
from pdsa.enums import CycleState, PointState, ProjectStatus
from pdsa.queries.cycles import list_cycles
from pdsa.queries.measures import list_measures
from pdsa.queries.signals import list_present_signals
from teams.models import Team
from teams.scoping import Scope


@dataclass(frozen=True)
class CaseloadRow:
    """One team of a caseload. scores: the latest month that has any."""

    team: Team
    state: TeamState
    reasons: tuple[Reason, ...]
    last_call_on: date | None
    next_call: Call | None
    scores: ScorePair | None

    @property
    def attention(self) -> int:
        return attention(list(self.reasons))


def list_caseload(scope: Scope, *, today: date) -> list[CaseloadRow]:
    """The reader's teams, those with the weightiest reasons first, then by name. A constant number of queries."""
    teams = list(list_teams_worked_with(scope))
    states = _states(scope, teams, today)
    held = dict(
        Call.objects.filter(team__in=teams, state=CallState.HELD)
        .order_by()
        .values_list("team_id")
        .annotate(last=Max("held_on"))
    )
    planned = {
        call.team_id: call
        for call in Call.objects.filter(team__in=teams, state=CallState.PLANNED).select_related(
            "coach"
        )
    }
    pairs = list_score_pairs(scope, teams)
    rows = []
    for team in teams:
        latest = next(iter(pairs.get(team.pk, [])), None)
        # One side may be a month ahead of the other: they are compared where both have spoken.
        both = next((pair for pair in pairs.get(team.pk, []) if pair.team and pair.coach), None)
        state = TeamState(
            **states[team.pk],
            team_score=both.team.value if both and both.team else None,
            coach_score=both.coach.value if both and both.coach else None,
            scored_month=both.month if both else None,
            next_call_on=(
                timezone.localdate(planned[team.pk].planned_at) if team.pk in planned else None
            ),
        )
        rows.append(
            CaseloadRow(
                team,
                state,
                tuple(list_reasons(state, today)),
                held.get(team.pk),
                planned.get(team.pk),
                latest,
            )
        )
    return sorted(rows, key=lambda row: (-row.attention, row.team.name))


def _states(scope: Scope, teams: list[Team], today: date) -> dict[int, dict[str, Any]]:
    """What the rules look at, as keyword arguments of TeamState, by team."""
    ids = [team.pk for team in teams]
    tests = {
        row["idea__project__team_id"]: row
        for row in list_cycles(scope)
        .filter(idea__project__team_id__in=ids)
        .order_by()
        .values("idea__project__team_id")
        .annotate(
            started=Max("started_on", filter=~Q(state=CycleState.CANCELLED)),
            last=Max("changed_at"),
        )
    }
    series = _series(scope, ids)
    asked: dict[int, datetime] = dict(
        HelpRequest.objects.filter(team_id__in=ids, answered_at=None)
        .order_by()
        .values_list("team_id")
        .annotate(first=Min("asked_at"))
    )
    overdue = dict(
        ActionItem.objects.filter(team_id__in=ids, state=ActionState.OPEN, due_on__lt=today)
        .order_by()
        .values_list("team_id")
        .annotate(count=Count("id"))
    )
    signals = list_present_signals(scope, ids)
    began = list_beginnings(teams)
    overdue_months = list_months_overdue(teams, began, today=today)
    awards = dict(
        list_awards(scope)
        .filter(team_id__in=ids, state=AwardState.ACTIVE)
        .order_by()
        .values_list("team_id")
        .annotate(first=Min("starts_on"))
    )
    blocked = _blocked(scope, ids, today)
    fired: dict[int, list[str]] = {}
    for team_id, measure, because in (
        ControlPlan.objects.filter(team_id__in=ids, ended_on=None, fired_at__isnull=False)
        .order_by("fired_at")
        .values_list("team_id", "measure__name", "fired_because")
    ):
        fired.setdefault(team_id, []).append(f"{measure}, {because}")
    states: dict[int, dict[str, Any]] = {}
    for team_id in ids:
        months = overdue_months.get(team_id, ())
        states[team_id] = {
            "help_asked_at": asked.get(team_id),
            "award_began_on": awards.get(team_id),
            "fired_plans": tuple(fired.get(team_id, ())),
            "blocked_steps": tuple(blocked.get(team_id, ())),
            "last_test_started_on": tests.get(team_id, {}).get("started"),
            "last_test_at": tests.get(team_id, {}).get("last"),
            "unfavourable_signals": tuple(
                signal.sentence for signal in signals.get(team_id, []) if signal.favourable is False
            ),
            "months_overdue": months,
            "report_due_on": report_due_on(months[0]) if months else None,
            "overdue_actions": overdue.get(team_id, 0),
            "series": tuple(series.get(team_id, ())),
            "began_on": began.get(team_id),
        }
    return states


def _series(scope: Scope, ids: list[int]) -> dict[int, list[Series]]:
    """What each team has entered itself, measure by measure; {team id: series}, one query.

    Measures whose numbers come from the programme are not the team's to enter.
    """
    rows = (
        list_measures(scope)
        .filter(
            project__team_id__in=ids,
            project__status=ProjectStatus.ACTIVE,
            programme_measure=None,
        )
        .order_by("name", "pk")
        .values_list("project__team_id", "name", "frequency", "lag_days", "created_at")
        .annotate(
            last=Max("observations__starts_on", filter=Q(observations__state=PointState.NUMBER))
        )
    )
    series: dict[int, list[Series]] = {}
    for team_id, name, frequency, lag_days, created_at, last in rows:
        # A period counts from its end, and a measure that is always late is not called stale for that.
        until = step(last, frequency) - timedelta(days=1 - lag_days) if last else None
        series.setdefault(team_id, []).append(
            Series(name, until=until, since=timezone.localdate(created_at))
        )
    return series


def _blocked(scope: Scope, ids: list[int], today: date) -> dict[int, list[str]]:
    """What stands in the way of the teams' grants, in sentences; {team id: sentences}."""
    awards = list_awards(scope).filter(
        team_id__in=ids,
        state__in=[AwardState.ACTIVE, AwardState.SUSPENDED, AwardState.CLOSING],
    )
    found: dict[int, list[str]] = {}

    def add(team_id: int, sentence: str) -> None:
        found.setdefault(team_id, []).append(sentence)

    suspended = awards.filter(state=AwardState.SUSPENDED)
    for team_id, title in suspended.values_list("team_id", "title"):
        add(team_id, f"The grant “{title}” is suspended.")
    held = awards.filter(
        tranches__state__in=[TrancheState.ON_HOLD, TrancheState.PAYMENT_FAILED]
    ).order_by("tranches__planned_on")
    for team_id, number, state in held.values_list(
        "team_id", "tranches__number", "tranches__state"
    ):
        what = "is on hold" if state == TrancheState.ON_HOLD else "failed"
        add(team_id, f"Payment {number} {what}.")
    conditions = awards.filter(
        milestones__state=MilestoneState.OPEN, milestones__due_on__lt=today
    ).order_by("milestones__due_on")
    for team_id, title, due_on in conditions.values_list(
        "team_id", "milestones__title", "milestones__due_on"
    ):
        add(team_id, f"“{title}” was due on {due_on:%-d %b %Y}.")
    reports = (
        awards.filter(reports__due_on__lt=today)
        .exclude(reports__state__in=[GrantReportState.SUBMITTED, GrantReportState.ACCEPTED])
        .order_by("reports__due_on")
    )
    for team_id, kind, due_on in reports.values_list("team_id", "reports__kind", "reports__due_on"):
        add(team_id, f"The {ReportKind(kind).label.lower()} was due on {due_on:%-d %b %Y}.")
    return found

"""The coach's caseload: every team worked with, what is going on, and why it may need somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Min

from grants.enums import AwardState, MilestoneState
from grants.queries.awards import list_awards
from learning.attention import Reason, TeamState, attention, list_reasons
from learning.enums import ActionState, CallState, ReportState
from learning.models import ActionItem, Call, ControlPlan, HelpRequest, MonthlyReport
from learning.policies import report_due_on
from learning.queries.coaching import list_teams_worked_with
from learning.queries.progress import ScorePair, list_score_pairs
from pdsa.charts.periods import step
from pdsa.enums import Frequency
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
        state = TeamState(
            **states[team.pk],
            team_score=latest.team.value if latest and latest.team else None,
            coach_score=latest.coach.value if latest and latest.coach else None,
            next_call_at=planned[team.pk].planned_at if team.pk in planned else None,
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
        .annotate(first=Min("started_on"), last=Max("changed_at"))
    }
    until = dict(
        list_measures(scope)
        .filter(project__team_id__in=ids)
        .order_by()
        .values_list("project__team_id")
        .annotate(last=Max("observations__starts_on"))
    )
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
    month = step(today, Frequency.MONTH, -1)
    reports = {
        report.team_id: report
        for report in MonthlyReport.objects.filter(team_id__in=ids, month=month)
    }
    awards = dict(
        list_awards(scope)
        .filter(team_id__in=ids, state=AwardState.ACTIVE)
        .order_by()
        .values_list("team_id")
        .annotate(first=Min("starts_on"))
    )
    blocked: dict[int, list[str]] = {}
    for team_id, title, due_on in (
        list_awards(scope)
        .filter(
            team_id__in=ids,
            state=AwardState.ACTIVE,
            milestones__state=MilestoneState.OPEN,
            milestones__due_on__lt=today,
        )
        .order_by("milestones__due_on")
        .values_list("team_id", "milestones__title", "milestones__due_on")
    ):
        blocked.setdefault(team_id, []).append(f"“{title}” was due on {due_on:%-d %b %Y}.")
    fired: dict[int, list[str]] = {}
    for team_id, measure, because in (
        ControlPlan.objects.filter(team_id__in=ids, ended_on=None, fired_at__isnull=False)
        .order_by("fired_at")
        .values_list("team_id", "measure__name", "fired_because")
    ):
        fired.setdefault(team_id, []).append(f"{measure}, {because}")
    began = set(MonthlyReport.objects.filter(team_id__in=ids).values_list("team_id", flat=True))
    states: dict[int, dict[str, Any]] = {}
    for team_id in ids:
        report = reports.get(team_id)
        states[team_id] = {
            "help_asked_at": asked.get(team_id),
            "award_began_on": awards.get(team_id),
            "fired_plans": tuple(fired.get(team_id, ())),
            "blocked_steps": tuple(blocked.get(team_id, ())),
            "first_test_on": tests.get(team_id, {}).get("first"),
            "last_test_at": tests.get(team_id, {}).get("last"),
            # A team that never wrote a report is not yet in the rhythm: nothing of it is overdue.
            "unfavourable_signals": tuple(
                signal.sentence for signal in signals.get(team_id, []) if signal.favourable is False
            ),
            "report_due_on": report_due_on(month) if team_id in began else None,
            "report_handed_in": report is not None and report.state != ReportState.DRAFT,
            "overdue_actions": overdue.get(team_id, 0),
            "data_until": until.get(team_id),
        }
    return states

"""Reads of scores and monthly reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Min, QuerySet

from learning.enums import ReportState, ScoreBy
from learning.models import MonthlyReport, Score
from learning.policies import report_due_on
from learning.queries.coaching import list_teams_worked_with
from learning.scale import TALK_ABOUT_IT
from pdsa.charts.periods import list_steps, step
from pdsa.enums import Frequency
from teams.models import Membership, Team
from teams.permissions import Permission
from teams.queries import get_programme
from teams.scoping import Scope


@dataclass(frozen=True)
class ScorePair:
    """Both views of one month; None where nobody gave one."""

    month: date
    team: Score | None
    coach: Score | None

    @property
    def talk_about_it(self) -> bool:
        return (
            self.team is not None
            and self.coach is not None
            and abs(self.team.value - self.coach.value) >= TALK_ABOUT_IT
        )


def list_scores(scope: Scope, team: Team) -> QuerySet[Score]:
    """Every score of a team that was ever given, latest first."""
    return (
        Score.objects.filter(team=team, team__in=list_teams_worked_with(scope))
        .select_related("given_by")
        .order_by("-month", "-given_at", "-id")
    )


def list_scores_worked_with(scope: Scope) -> QuerySet[Score]:
    """Every score of the teams that the reader works with, latest month first."""
    return (
        Score.objects.filter(team__in=list_teams_worked_with(scope))
        .select_related("team")
        .order_by("-month", "team_id", "-given_at")
    )


def list_score_pairs(scope: Scope, teams: Iterable[Team]) -> dict[int, list[ScorePair]]:
    """The scores that count, month by month, latest first: {team id: pairs}; one query."""
    latest = (
        Score.objects.filter(
            team__in=list_teams_worked_with(scope).filter(pk__in=[t.pk for t in teams])
        )
        .order_by("team_id", "month", "by_whom", "-given_at", "-id")
        .distinct("team_id", "month", "by_whom")
    )
    found: dict[tuple[int, date], dict[str, Score]] = {}
    for score in latest:
        found.setdefault((score.team_id, score.month), {})[score.by_whom] = score
    pairs: dict[int, list[ScorePair]] = {}
    for (team_id, month), by_whom in sorted(
        found.items(), key=lambda item: item[0][1], reverse=True
    ):
        pair = ScorePair(month, by_whom.get(ScoreBy.TEAM), by_whom.get(ScoreBy.COACH))
        pairs.setdefault(team_id, []).append(pair)
    return pairs


def list_beginnings(teams: Iterable[Team]) -> dict[int, date]:
    """From when on a team takes part, {team id: day}: the programme's first day, or the first day of the first of
    its people where that is later. Without a first day of the programme a team has none. Two queries.
    """
    starts_on = get_programme().starts_on
    if starts_on is None:
        return {}
    organisations = {team.pk: team.organisation_id for team in teams}
    first = dict(
        Membership.objects.filter(organisation_id__in=organisations.values())
        .order_by()
        .values_list("organisation_id")
        .annotate(first=Min("starts_on"))
    )
    return {
        team_id: max(starts_on, first[organisation_id])
        for team_id, organisation_id in organisations.items()
        if organisation_id in first
    }


def list_months_overdue(
    teams: Iterable[Team], beginnings: dict[int, date], *, today: date
) -> dict[int, tuple[date, ...]]:
    """Months whose report is past its day and not handed in, {team id: first days, the oldest first}; one query.

    They count from the first report that a team began, for what it did before it never reported here; a team that
    never began one, from its beginning in the programme.
    """
    ids = [team.pk for team in teams]
    first: dict[int, date] = {}
    handed_in: set[tuple[int, date]] = set()
    for team_id, month, state in MonthlyReport.objects.filter(team_id__in=ids).values_list(
        "team_id", "month", "state"
    ):
        first[team_id] = min(month, first.get(team_id, month))
        if state != ReportState.DRAFT:
            handed_in.add((team_id, month))
    last = step(today, Frequency.MONTH, -1)
    if report_due_on(last) >= today:
        last = step(last, Frequency.MONTH, -1)
    found = {}
    for team_id in ids:
        begins = first.get(team_id) or beginnings.get(team_id)
        if begins is not None:
            months = list_steps(begins.replace(day=1), last, Frequency.MONTH)
            found[team_id] = tuple(m for m in months if (team_id, m) not in handed_in)
    return found


@dataclass(frozen=True)
class ReportToWrite:
    """A monthly report that a team has not handed in. month: its first day."""

    team: Team
    month: date
    due_on: date
    late: bool


def get_report_to_write(scope: Scope, team: Team, *, today: date) -> ReportToWrite | None:
    """Last month's report of the reader's own group while it is not handed in, for those who write it; one query.

    A team that never began one is asked until the day is over: what it did not begin is not late.
    """
    if not scope.may(Permission.WRITE_REPORTS) or team.pk not in scope.staff_team_ids:
        return None
    month = step(today, Frequency.MONTH, -1)
    states = dict(MonthlyReport.objects.filter(team=team).values_list("month", "state"))
    due_on = report_due_on(month)
    late = due_on < today
    if states.get(month, ReportState.DRAFT) != ReportState.DRAFT or (late and not states):
        return None
    return ReportToWrite(team, month, due_on, late)


def get_report_to_acknowledge(scope: Scope, team: Team, *, today: date) -> MonthlyReport | None:
    """Last month's report of a sponsor's group, handed in and not acknowledged; one query. Older ones are over."""
    if not scope.may(Permission.ACKNOWLEDGE_REPORTS):
        return None
    return (
        list_reports(scope)
        .filter(team=team, month=step(today, Frequency.MONTH, -1), acknowledged_at=None)
        .exclude(state=ReportState.DRAFT)
        .first()
    )


def list_reports(scope: Scope) -> QuerySet[MonthlyReport]:
    """Monthly reports of the teams that the reader works with, latest month first."""
    return MonthlyReport.objects.filter(team__in=list_teams_worked_with(scope)).select_related(
        "team", "submitted_by", "acknowledged_by", "closed_by"
    )


def get_report(scope: Scope, report_id: int) -> MonthlyReport:
    return list_reports(scope).get(pk=report_id)


def get_writable_report(scope: Scope, report_id: int) -> MonthlyReport:
    """A report of the own group."""
    return list_reports(scope).get(pk=report_id, team_id__in=scope.staff_team_ids)

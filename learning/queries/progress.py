"""Reads of scores and monthly reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from learning.enums import ScoreBy
from learning.models import MonthlyReport, Score
from learning.queries.coaching import list_teams_worked_with
from learning.scale import TALK_ABOUT_IT
from teams.models import Team
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

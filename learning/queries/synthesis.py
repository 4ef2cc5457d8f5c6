"""What the reports of a month say together, and the syntheses that were made of them."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from learning.enums import ActionState, ReportState, ScoreBy, SynthesisState
from learning.models import ActionItem, HelpRequest, MonthlyReport, Score, Synthesis
from learning.queries.coaching import list_teams_worked_with
from learning.queries.identities import get_name_finder
from learning.queries.progress import list_reports
from pdsa.charts.periods import step
from pdsa.enums import CycleState, Decision, Frequency
from pdsa.queries.cycles import list_cycles
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope

#: A number of groups below this is not told: it would say which they are.
FEWEST_GROUPS = 3


def list_syntheses(scope: Scope) -> QuerySet[Synthesis]:
    """Published ones for the programme; drafts besides for whoever writes them."""
    if scope.may(Permission.WRITE_SYNTHESES):
        return Synthesis.objects.all()
    if scope.may(Permission.READ_SYNTHESES):
        return Synthesis.objects.filter(state=SynthesisState.PUBLISHED)
    return Synthesis.objects.none()


def get_synthesis(scope: Scope, month: date) -> Synthesis:
    return list_syntheses(scope).get(month=month)


def get_writable_synthesis(scope: Scope, pk: int) -> Synthesis:
    if not scope.may(Permission.WRITE_SYNTHESES):
        raise Synthesis.DoesNotExist
    return Synthesis.objects.get(pk=pk)


def _handed_in(scope: Scope, month: date) -> QuerySet[MonthlyReport]:
    return list_reports(scope).filter(month=month).exclude(state=ReportState.DRAFT)


def list_month_rows(scope: Scope, month: date) -> list[dict[str, Any]]:
    """For whoever works with the groups: each report of a month with its words, by the group's name."""
    return [
        {"team": report.team, "report": report}
        for report in _handed_in(scope, month).order_by("team__name")
    ]


def summarise_month(scope: Scope, month: date) -> dict[str, Any]:
    """Counts and quotes over all groups of the reader: nothing that names or orders a group.

    Numbers of groups below three are given as “fewer than three”. Quotes are those that their groups
    released, without a name, in the order of the alphabet; a name that is in one all the same is masked.
    """
    following = step(month, Frequency.MONTH)
    last = following - timedelta(days=1)
    teams = list_teams_worked_with(scope)
    reports = list(_handed_in(scope, month))
    cycles = list_cycles(scope)
    begins, ends = (
        timezone.make_aware(datetime.combine(day, time.min)) for day in (month, following)
    )
    closed = list(
        cycles.filter(
            state=CycleState.CLOSED, closed_at__gte=begins, closed_at__lt=ends
        ).values_list("decision", "idea__project__team_id")
    )
    started = list(
        cycles.filter(started_on__range=(month, last)).values_list(
            "idea__project__team_id", flat=True
        )
    )
    decided = Counter(decision for decision, _ in closed)
    asked = HelpRequest.objects.filter(team__in=teams, asked_at__gte=begins, asked_at__lt=ends)
    done = ActionItem.objects.filter(
        team__in=teams, state=ActionState.DONE, closed_on__range=(month, last)
    )
    voices = [r.patient_voice for r in reports if r.voice_released and r.patient_voice]
    # Refused at hand-in already; but a person or a site may have come to the programme since.
    finder = get_name_finder() if voices else None
    return {
        "lines": [
            f"{_groups(len(reports))} of {teams.count()} handed in their report.",
            (
                f"{len(started)} tests began in {_groups(len(set(started)))}, {len(closed)} were closed in"
                f" {_groups(len({team for _, team in closed}))}."
            ),
            *(
                [
                    "Decided: "
                    + ", ".join(
                        f"{decision.label.lower()} {decided[decision]}"
                        for decision in Decision
                        if decided[decision]
                    )
                    + "."
                ]
                if closed
                else []
            ),
            f"{_groups(sum(bool(report.help_needed) for report in reports))} wrote what they need help with.",
            *_questions(asked),
            f"{done.count()} actions were done.",
        ],
        "scores": _scores(teams, month),
        "quotes": sorted(finder.mask(voice) for voice in voices) if finder else [],
    }


def _questions(asked: QuerySet[HelpRequest]) -> list[str]:
    if not (count := asked.count()):
        return []
    answered = asked.exclude(answer="").count()
    return [f"Questions to coaches: {count}, answered: {answered}."]


def _groups(count: int) -> str:
    if 0 < count < FEWEST_GROUPS:
        return "fewer than three groups"
    return f"{count} groups" if count else "no group"


def _scores(teams: QuerySet[Team], month: date) -> list[str]:
    """How the coaches' scores of the month spread over the scale: levels, not groups."""
    latest = (
        Score.objects.filter(team__in=teams, month=month, by_whom=ScoreBy.COACH)
        .order_by("team_id", "-given_at", "-id")
        .distinct("team_id")
    )
    found = Counter(score.value for score in latest)
    if sum(found.values()) < FEWEST_GROUPS:
        return []
    # A level with one or two groups would name them to each other: neighbours are told together.
    bands = (("Up to 2.0", 0, 2), ("2.5 to 3.0", 2.5, 3), ("3.5 and more", 3.5, 5))
    return [
        f"{name}: {_groups(count)}"
        for name, low, high in bands
        if (count := sum(n for value, n in found.items() if low <= value <= high))
    ]


def list_themes(scope: Scope, month: date) -> list[dict[str, Any]]:
    """What the groups wrote, box by box, for whoever writes the synthesis: {label, rows of {team, text}}."""
    rows = list_month_rows(scope, month)
    boxes = (
        ("tested_and_learned", "What they tested and learned"),
        ("help_needed", "What they need help with"),
        ("next_steps", "What comes next"),
        ("patient_voice", "What patients said"),
    )
    return [
        {
            "label": label,
            "rows": [
                {
                    "team": row["team"],
                    "text": text,
                    "report": row["report"],
                    "released": name == "patient_voice" and row["report"].voice_released,
                }
                for row in rows
                if (text := getattr(row["report"], name))
            ],
        }
        for name, label in boxes
    ]

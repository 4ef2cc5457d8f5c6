"""What teams give for evaluation: which texts can be released, and which are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from learning.models import MonthlyReport, ReleasedText
from teams.scoping import Scope

#: What a released text is of, in words. No date: with the counts by month it would tell the team.
RELEASED_KIND = {True: "monthly report", False: "test of change"}
REPORT_TEXTS = {
    "tested_and_learned": "What we tested and learned",
    "help_needed": "What we need help with",
    "next_steps": "What we will do",
    "patient_voice": "What patients or the community said",
}
#: Only texts that a test could share with the programme too (`pdsa.sharing`).
TEST_TEXTS = {
    "objective": "Objective",
    "what_happened": "What happened",
    "problems": "Problems",
    "learned": "What we learned",
    "surprises": "Surprises",
    "focus_result": "For the group it was for",
    "next_change": "What changes next",
}


def list_released_of(scope: Scope, *, team_id: int) -> QuerySet[ReleasedText]:
    """Texts that a team has released; for its staff only."""
    if team_id not in scope.staff_team_ids:
        return ReleasedText.objects.none()
    return ReleasedText.objects.filter(team_id=team_id).select_related(
        "report", "cycle", "released_by"
    )


def get_released(scope: Scope, released_id: int) -> ReleasedText:
    """One of the own team's. Raises ReleasedText.DoesNotExist."""
    return ReleasedText.objects.select_related("team").get(
        pk=released_id, team_id__in=scope.staff_team_ids
    )


@dataclass(frozen=True)
class Releasable:
    """One text of a report or test that can be given. released: what was given of it, if anything."""

    field: str
    label: str
    text: str
    released: ReleasedText | None


def list_releasable(target: Any) -> list[Releasable]:
    """The texts of a report or test that hold words, with what was released of them."""
    is_report = isinstance(target, MonthlyReport)
    given = {row.field: row for row in target.released.select_related("released_by")}
    return [
        Releasable(field, label, getattr(target, field), given.get(field))
        for field, label in (REPORT_TEXTS if is_report else TEST_TEXTS).items()
        if getattr(target, field).strip() or field in given
    ]

"""What the system sees of the conditions of payments."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from grants.facts import Finding, Question, ask
from grants.models import Milestone


def look_at(milestone: Milestone, *, as_of: datetime) -> Finding:
    """What the system sees of a condition at a moment."""
    if not milestone.fact:
        return ask("document_on_file", question_of(milestone, as_of))
    return ask(milestone.fact, question_of(milestone, as_of))


def question_of(milestone: Milestone, as_of: datetime) -> Question:
    award = milestone.award
    return Question(
        team_id=award.team_id,
        award_id=award.pk,
        milestone_id=milestone.pk,
        since=award.starts_on,
        parameters=milestone.parameters,
        on=timezone.localdate(as_of),
    )

"""What the system sees of the conditions of payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from grants.facts import Finding, Question, ask
from grants.models import Milestone


def look_at(milestone: Milestone, *, as_of: datetime) -> Finding:
    """What the system sees of a condition at a moment."""
    return look_at_all([milestone], as_of=as_of)[0]


def look_at_all(milestones: Sequence[Milestone], *, as_of: datetime) -> list[Finding]:
    """The same of many at once, in their order. Their awards have been read."""
    return ask([(m.fact or "document_on_file", _question_of(m, as_of)) for m in milestones])


def _question_of(milestone: Milestone, as_of: datetime) -> Question:
    award = milestone.award
    return Question(
        team_id=award.team_id,
        award_id=award.pk,
        milestone_id=milestone.pk,
        since=award.starts_on,
        parameters=milestone.parameters,
        on=timezone.localdate(as_of),
    )

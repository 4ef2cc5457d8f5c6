"""What leaves the site on paper is written down."""

from __future__ import annotations

from django.db import transaction

from pdsa.models import Cycle, Project
from teams.actions.audit import record_event
from teams.models import Team, User


@transaction.atomic
def record_print(*, target: Cycle | Project, team: Team, by: User) -> None:
    """Effects: one audit event for a document of a test or a project."""
    record_event(act=f"print_{target._meta.model_name}", target=target, by=by, team=team)

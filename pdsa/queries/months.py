"""Tests of every team counted by month, for the evaluation: numbers only, no words and no names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from pdsa.enums import Decision
from pdsa.models import Cycle
from teams.permissions import Permission, check_permission
from teams.scoping import Scope


@dataclass(frozen=True)
class TestDates:
    """One test as far as counting needs it. Days, None where it did not happen."""

    team_id: int
    started_on: date | None
    closed_on: date | None
    cancelled_on: date | None
    decision: Decision | None


def list_test_dates(scope: Scope) -> list[TestDates]:
    """Every test of every team; guarded by VIEW_EVALUATION. One query."""
    check_permission(scope, Permission.VIEW_EVALUATION)
    rows = Cycle.objects.order_by().values_list(
        "idea__project__team_id", "started_on", "closed_at", "cancelled_at", "decision"
    )
    return [
        TestDates(
            team_id,
            started_on,
            timezone.localdate(closed_at) if closed_at else None,
            timezone.localdate(cancelled_at) if cancelled_at else None,
            Decision(decision) if decision else None,
        )
        for team_id, started_on, closed_at, cancelled_at, decision in rows
    ]

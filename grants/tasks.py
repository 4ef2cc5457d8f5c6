"""Background work of the grants app."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from grants.actions import nightly


@shared_task
def watch_over_grants() -> None:
    """Every day: look at conditions and calls, ask for reports, count the money again."""
    now = timezone.now()
    nightly.look_at_conditions(as_of=now)
    nightly.look_at_calls(as_of=now)
    nightly.ask_for_reports(as_of=now)
    nightly.reconcile_grants(as_of=now)

"""Celery tasks of the learning system: once a day, and harmless when they run twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from learning.actions.coaching import remind_of_action_items, remind_of_calls
from learning.actions.holding import watch_over_gains
from learning.actions.progress import remind_of_reports
from learning.actions.stories import tell_of_shared_tests
from learning.actions.surveys import close_surveys_that_ended


@shared_task
def remind() -> None:
    """Bring to mind what is due or near, tell of shared tests, and close surveys whose last day is past.

    The keys of the notifications keep everybody from being told twice a week.
    """
    now = timezone.now()
    remind_of_action_items(as_of=now)
    remind_of_calls(as_of=now)
    remind_of_reports(as_of=now)
    tell_of_shared_tests(as_of=now)
    close_surveys_that_ended(as_of=now)


@shared_task
def watch_gains() -> None:
    """Fire the control plans whose trigger is met. A plan that has fired is left alone until it is answered."""
    watch_over_gains(as_of=timezone.now())

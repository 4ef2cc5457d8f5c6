"""Work of the pdsa app that nobody waits for."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from pdsa.actions.asking import remind_of_trainings
from pdsa.actions.feeds import send_weekly_digest
from pdsa.actions.notices import remind_of_tests
from teams.models import User

#: The digest goes out on Monday from this hour on, in the programme's time zone.
DIGEST_HOUR = 7
_MONDAY = 0


@shared_task(name="pdsa.tasks.send_digests", ignore_result=True)
def send_digests() -> None:
    """On a Monday: one digest for everybody who wants one. Called every hour; once a week is enough, and
    whoever was told is not told again."""
    now = timezone.localtime()
    if now.weekday() != _MONDAY or now.hour < DIGEST_HOUR:
        return
    for user in User.objects.filter(is_active=True).order_by("pk"):
        send_weekly_digest(user=user, as_of=now)


@shared_task(name="pdsa.tasks.remind_of_tests", ignore_result=True)
def send_test_reminders() -> None:
    """Tells owners and leads of tests that begin or are late, in the morning; at most once a week for each."""
    now = timezone.localtime()
    if now.hour >= DIGEST_HOUR:
        remind_of_tests(as_of=now)


@shared_task(name="pdsa.tasks.remind_of_trainings", ignore_result=True)
def send_training_reminders() -> None:
    """Tells groups which staff trainings have to be refreshed; whoever was told is not told again."""
    remind_of_trainings(as_of=timezone.now())

"""Celery tasks of the measures app: each takes ids, calls one action, and may run twice without harm."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from measures.actions import protection, references, submissions, uploads
from measures.ingest import without_names
from measures.models import Submission
from measures.policies import AUTOMATIC
from measures.queries.protection import list_unprotected_periods
from measures.queries.references import list_unapplied_rules

#: A submission that has rested this long in an automatic state was left behind by its worker or message.
LEFT_BEHIND_AFTER = timedelta(seconds=45)


@shared_task
def process_submission(submission_id: int) -> None:
    """Move one submission on until it rests, then see to the protection of what it changed."""
    submissions.process_submission(submission_id=submission_id, as_of=timezone.now())
    enqueue_protection()


def enqueue_submission(submission_id: int) -> None:
    """Start the work when the current transaction is committed. Without a broker the sweep finds it."""
    transaction.on_commit(lambda: process_submission.delay(submission_id), robust=True)


@shared_task
def take_names_out(submission_id: int) -> None:
    submissions.take_names_out(submission_id=submission_id)


@shared_task
def protect_results(source_id: int, period_id: int) -> None:
    """The exact disclosure check of a period, with its findings hidden: some seconds."""
    protection.protect_results(source_id=source_id, period_id=period_id, as_of=timezone.now())


def enqueue_protection() -> None:
    """Start the check of every period that was computed since it was last checked."""
    for source_id, period_id in list_unprotected_periods():
        protect_results.delay(source_id, period_id)


@shared_task
def apply_reference_rule(setting_id: int) -> None:
    """Bring the results in line with a rule, one source and period after the other, then protect them."""
    while references.apply_reference_rule(setting_id=setting_id, as_of=timezone.now()):
        pass
    enqueue_protection()


def enqueue_reference_rule(setting_id: int) -> None:
    """Start the work when the current transaction is committed. Without a broker the sweep finds it."""
    transaction.on_commit(lambda: apply_reference_rule.delay(setting_id), robust=True)


@shared_task
def sweep_submissions() -> None:
    """Pick up what was left behind. A submission that a worker is busy with is skipped there."""
    limit = timezone.now() - LEFT_BEHIND_AFTER
    for setting_id in list_unapplied_rules(before=limit):
        apply_reference_rule.delay(setting_id)
    waiting = Submission.objects.filter(state__in=AUTOMATIC, state_changed_at__lt=limit)
    for submission_id in waiting.order_by("received_at").values_list("id", flat=True):
        process_submission.delay(submission_id)
    loaded = Submission.objects.filter(
        state__in=submissions.WITH_ROWS, state_changed_at__gte=timezone.now() - timedelta(days=1)
    )
    with_names = loaded.exclude(stored_as="").exclude(stored_as__endswith=without_names.SUFFIX)
    for submission_id in with_names.values_list("id", flat=True):
        take_names_out.delay(submission_id)
    enqueue_protection()


@shared_task
def delete_expired_files() -> None:
    submissions.delete_expired_files(as_of=timezone.now())
    uploads.delete_abandoned_uploads(as_of=timezone.now())

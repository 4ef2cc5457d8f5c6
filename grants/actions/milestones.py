"""Writes about conditions of payments: what the system sees, and what people decide."""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from grants.actions.events import record_award_event
from grants.actions.payment_notices import tell_of_payment
from grants.enums import MilestoneState, TrancheState
from grants.models import Award, Milestone, Tranche
from grants.policies.checks import (
    check_can_reopen_condition,
    check_not_own_group,
    check_reason,
    open_conditions,
)
from grants.policies.transitions import can_step
from grants.queries.awards import may_report
from grants.queries.conditions import look_at
from grants.steps import checked_scope, lock_award
from teams.actions.attachments import store_attachment
from teams.errors import NotAllowed, StateRefused
from teams.models import Attachment, User
from teams.permissions import Permission


def settle_conditions(*, award: Award, tranche: Tranche, by: User | None, as_of: datetime) -> None:
    """Open a payment's conditions, and let it be ready once people have decided all of them."""
    before = tranche.state
    if can_step("open", tranche):
        tranche.state = TrancheState.CONDITIONS_OPEN
    waiting = open_conditions(tranche)
    if tranche.state == TrancheState.CONDITIONS_OPEN and not waiting:
        tranche.state = TrancheState.READY
    elif tranche.state == TrancheState.READY and waiting and tranche.override_by_id is None:
        tranche.state = TrancheState.CONDITIONS_OPEN
    if tranche.state == before:
        return
    tranche.state_changed_at = as_of
    tranche.save(update_fields=["state", "state_changed_at"])
    record_award_event(
        award=award,
        act="settle_conditions",
        target=tranche,
        by=by,
        as_of=as_of,
        before={"state": before},
        after={"state": tranche.state},
    )
    tell_of_payment(award=award, tranche=tranche, by=by, as_of=as_of)


def _decide(
    milestone: Milestone, to: MilestoneState, *, note: str, by: User, as_of: datetime, act: str
) -> Milestone:
    award = lock_award(milestone.award_id)
    milestone = Milestone.objects.get(pk=milestone.pk)
    milestone.award = award
    check_not_own_group(by, award, on=timezone.localdate(as_of))
    if milestone.state == to:
        raise StateRefused(f"This condition is {milestone.get_state_display().lower()} already.")
    if to == MilestoneState.OPEN:
        check_can_reopen_condition(milestone)
    elif milestone.state != MilestoneState.OPEN:
        raise StateRefused(
            f"This condition is {milestone.get_state_display().lower()}. Reopen it first."
        )
    before = milestone.state
    seen = look_at(milestone, as_of=as_of)
    milestone.state = to
    milestone.seen_met, milestone.seen_text, milestone.seen_at = seen.met, seen.text[:300], as_of
    decided = to != MilestoneState.OPEN
    milestone.decided_by, milestone.decided_at = (by, as_of) if decided else (None, None)
    milestone.decision_note = note.strip()
    milestone.save()
    record_award_event(
        award=award,
        act=act,
        target=milestone,
        by=by,
        as_of=as_of,
        before={"state": before},
        after={"state": to, "seen_met": seen.met, "seen": seen.text},
        reason=note,
    )
    for tranche in milestone.tranches.exclude(state=TrancheState.SCHEDULED):
        settle_conditions(award=award, tranche=tranche, by=by, as_of=as_of)
    return milestone


@transaction.atomic
def accept_condition(*, milestone: Milestone, note: str, by: User, as_of: datetime) -> Milestone:
    """A person says that a condition is met. What the system saw at that moment is kept with it.

    A condition that the system does not see as met can be accepted with a note on what shows it.
    """
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    if not note.strip() and look_at(milestone, as_of=as_of).met is not True:
        raise StateRefused(
            "The system does not see this condition as met. Write what shows that it is, or put a document on file."
        )
    return _decide(
        milestone, MilestoneState.ACCEPTED, note=note, by=by, as_of=as_of, act="accept_condition"
    )


@transaction.atomic
def waive_condition(*, milestone: Milestone, note: str, by: User, as_of: datetime) -> Milestone:
    """Do without a condition, for all payments that rest on it, with the reason."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_reason(note, "why the condition is waived")
    return _decide(
        milestone, MilestoneState.WAIVED, note=note, by=by, as_of=as_of, act="waive_condition"
    )


@transaction.atomic
def reopen_condition(*, milestone: Milestone, note: str, by: User, as_of: datetime) -> Milestone:
    """Take a decision back, while no payment has moved on because of it."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_reason(note, "why it is open again")
    return _decide(
        milestone, MilestoneState.OPEN, note=note, by=by, as_of=as_of, act="reopen_condition"
    )


@transaction.atomic
def refresh_condition(*, milestone: Milestone, as_of: datetime) -> bool:
    """Look at an open condition again. True when the system sees it as met for the first time.

    Effects: what was seen is kept; the link in the chain only when the answer changed.
    """
    award = lock_award(milestone.award_id)
    milestone = Milestone.objects.select_for_update().get(pk=milestone.pk)
    milestone.award = award
    if milestone.state != MilestoneState.OPEN:
        return False
    seen = look_at(milestone, as_of=as_of)
    before = milestone.seen_met
    milestone.seen_met, milestone.seen_text, milestone.seen_at = seen.met, seen.text[:300], as_of
    milestone.save(update_fields=["seen_met", "seen_text", "seen_at"])
    if before is not seen.met:
        record_award_event(
            award=award,
            act="see_condition",
            target=milestone,
            by=None,
            as_of=as_of,
            before={"met": before},
            after={"met": seen.met, "seen": seen.text},
        )
    return seen.met is True and before is not True


@transaction.atomic
def attach_evidence(
    *, milestone: Milestone, file: BinaryIO, name: str, by: User, as_of: datetime
) -> Attachment:
    """Put a document on file that shows a condition: by the group or by the director."""
    scope = checked_scope(by, Permission.VIEW_GRANTS, as_of)
    award = lock_award(milestone.award_id)
    if not scope.may(Permission.MANAGE_GRANTS) and not may_report(scope, award.team_id):
        raise NotAllowed(
            f"Documents are put on file by {award.team.name} or the programme director."
        )
    milestone = Milestone.objects.get(pk=milestone.pk)
    if milestone.state != MilestoneState.OPEN:
        raise StateRefused(f"This condition is {milestone.get_state_display().lower()} already.")
    attachment = store_attachment(
        owner=milestone, team=award.team, file=file, name=name, by=by, as_of=as_of
    )
    record_award_event(
        award=award,
        act="attach_evidence",
        target=milestone,
        by=by,
        as_of=as_of,
        after={"name": attachment.name, "sha256": attachment.sha256},
    )
    return attachment

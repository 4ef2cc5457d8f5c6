"""Writes that move an award from one state to the next."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from grants.actions.events import record_award_event
from grants.actions.milestones import settle_conditions
from grants.enums import AwardKind, AwardState, ReportKind, TrancheState
from grants.models import Award, Fund, GrantReport
from grants.periods import report_periods
from grants.policies.checks import (
    check_agreement,
    check_can_close,
    check_fund_covers,
    check_not_own_group,
    check_reason,
    check_totals,
)
from grants.policies.transitions import check_step
from grants.queries.money import get_fund_totals
from grants.queries.rules import list_people_with
from grants.steps import checked_scope, lock_award, write_version
from grants.terms import newest_budget
from teams.actions.attachments import store_attachment
from teams.attachments import list_attachments
from teams.errors import StateRefused
from teams.models import Attachment, User
from teams.permissions import Permission

#: Days after a period that its report is due.
REPORT_DUE_AFTER = timedelta(days=30)
#: How often an award of a kind is reported on, in months. More can be asked for, one by one.
REPORT_MONTHS: dict[AwardKind, dict[ReportKind, int]] = {
    AwardKind.PARTICIPATION: {ReportKind.FINANCIAL: 6},
    AwardKind.INFRASTRUCTURE: {ReportKind.FINANCIAL: 6, ReportKind.NARRATIVE: 12},
    AwardKind.PILOT: {ReportKind.FINANCIAL: 3, ReportKind.NARRATIVE: 6},
    AwardKind.SUPPLEMENTAL: {ReportKind.FINANCIAL: 6, ReportKind.NARRATIVE: 12},
}


def _move(
    award: Award,
    act: str,
    *,
    by: User,
    as_of: datetime,
    reason: str = "",
    more: dict[str, Any] | None = None,
) -> Award:
    """Set the state that an act leads to and append the link. The caller checked everything else."""
    step = check_step(act, award)
    before = award.state
    award.state = step.to or award.state
    award.state_reason = reason.strip()
    award.state_changed_at = as_of
    record_award_event(
        award=award,
        act=f"{act}_award",
        target=award,
        by=by,
        as_of=as_of,
        before={"state": before},
        after={"state": award.state, **(more or {})},
        reason=reason,
    )
    award.save()
    return award


@transaction.atomic
def submit_award(*, award: Award, by: User, as_of: datetime) -> Award:
    """Hand the draft to finance. Raises StateRefused unless payments and budget make up the amount."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    award = lock_award(award.pk)
    check_step("submit", award)
    _check_whole(award)
    return _move(award, "submit", by=by, as_of=as_of)


def _check_whole(award: Award) -> None:
    budget = newest_budget(award)
    check_totals(
        award,
        [t.amount for t in award.tranches.all() if t.state != TrancheState.CANCELLED],
        [line.amount for line in budget.lines.all()] if budget else [],
    )


@transaction.atomic
def begin_award_review(*, award: Award, by: User, as_of: datetime) -> Award:
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    return _move(lock_award(award.pk), "begin_review", by=by, as_of=as_of)


@transaction.atomic
def request_award_changes(*, award: Award, reason: str, by: User, as_of: datetime) -> Award:
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    check_reason(reason, "what should change")
    return _move(lock_award(award.pk), "request_changes", by=by, as_of=as_of, reason=reason)


@transaction.atomic
def approve_award(*, award: Award, by: User, as_of: datetime) -> Award:
    """Commit the money. Another person than the one who drafted it; the fund has to cover it.

    Effects: version 1 of the award; the fund's committed amount grows.
    """
    scope = checked_scope(by, Permission.PAY_GRANTS, as_of)
    award = lock_award(award.pk)
    check_step("approve", award)
    today = timezone.localdate(as_of)
    check_not_own_group(by, award, on=today)
    if award.drafted_by_id == by.pk:
        others = list_people_with(Permission.PAY_GRANTS, on=today, except_ids={scope.user_id or 0})
        named = f": {', '.join(others)} may" if others else ""
        raise StateRefused(f"You drafted this award, so another person approves it{named}.")
    _check_whole(award)
    fund = Fund.objects.select_for_update().get(pk=award.fund_id)
    check_fund_covers(fund.name, fund.amount, get_fund_totals(fund).committed, award.amount)
    award.approved_by, award.approved_at = by, as_of
    award = _move(award, "approve", by=by, as_of=as_of, more={"amount": award.amount})
    write_version(award, reason="Award approved", by=by, as_of=as_of)
    return award


@transaction.atomic
def decline_award(*, award: Award, reason: str, by: User, as_of: datetime) -> Award:
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    check_reason(reason, "why it is declined")
    return _move(lock_award(award.pk), "decline", by=by, as_of=as_of, reason=reason)


@transaction.atomic
def withdraw_award(*, award: Award, reason: str, by: User, as_of: datetime) -> Award:
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_reason(reason, "why it is withdrawn")
    return _move(lock_award(award.pk), "withdraw", by=by, as_of=as_of, reason=reason)


@transaction.atomic
def send_agreement(*, award: Award, by: User, as_of: datetime) -> Award:
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    return _move(lock_award(award.pk), "send_agreement", by=by, as_of=as_of)


@transaction.atomic
def sign_agreement(
    *,
    award: Award,
    file: BinaryIO,
    name: str,
    signed_on: date,
    signed_by: str,
    by: User,
    as_of: datetime,
) -> Attachment:
    """Put the signed agreement on file: by the group, or by the director for the group.

    signed_by: the name under the agreement. Raises FileRefused for what is no document.
    """
    scope = checked_scope(by, Permission.VIEW_GRANTS, as_of)
    if not (scope.may(Permission.REPORT_GRANTS) or scope.may(Permission.MANAGE_GRANTS)):
        checked_scope(by, Permission.REPORT_GRANTS, as_of)
    award = lock_award(award.pk)
    if award.state != AwardState.AGREEMENT_OUT:
        raise StateRefused(
            f"This award is “{award.get_state_display().lower()}”: a signed agreement is asked for once the "
            "agreement was sent."
        )
    if signed_on > timezone.localdate(as_of):
        raise StateRefused("The day of the signature cannot be in the future.")
    attachment = store_attachment(
        owner=award, team=award.team, file=file, name=name, by=by, as_of=as_of
    )
    award.agreement_signed_on, award.agreement_signed_by = signed_on, signed_by.strip()
    award.save(update_fields=["agreement_signed_on", "agreement_signed_by"])
    record_award_event(
        award=award,
        act="sign_agreement",
        target=award,
        by=by,
        as_of=as_of,
        after={"signed_on": signed_on, "signed_by": signed_by, "sha256": attachment.sha256},
    )
    return attachment


@transaction.atomic
def activate_award(*, award: Award, by: User, as_of: datetime) -> Award:
    """Start the award: its payments wait for their conditions from now on, its reports have dates.

    Raises StateRefused without the signed agreement.
    """
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    award = lock_award(award.pk)
    check_step("activate", award)
    check_agreement(award, list_attachments(award).exists())
    award.activated_at = as_of
    award = _move(award, "activate", by=by, as_of=as_of)
    for kind, months in REPORT_MONTHS[AwardKind(award.kind)].items():
        for start, end in report_periods(award.starts_on, award.ends_on, months=months):
            _plan_report(award, kind, start, end)
    for tranche in award.tranches.filter(state=TrancheState.SCHEDULED):
        settle_conditions(award=award, tranche=tranche, by=by, as_of=as_of)
    return award


def _plan_report(award: Award, kind: ReportKind, start: date, end: date) -> None:
    GrantReport.objects.get_or_create(
        award=award,
        kind=kind,
        starts_on=start,
        ends_on=end,
        defaults={"due_on": end + REPORT_DUE_AFTER},
    )


@transaction.atomic
def suspend_award(*, award: Award, reason: str, by: User, as_of: datetime) -> Award:
    """Stop the award for a while: no payment of it moves on until it is resumed."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_reason(reason, "why it is suspended")
    return _move(lock_award(award.pk), "suspend", by=by, as_of=as_of, reason=reason)


@transaction.atomic
def resume_award(*, award: Award, reason: str, by: User, as_of: datetime) -> Award:
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_reason(reason, "why it goes on")
    return _move(lock_award(award.pk), "resume", by=by, as_of=as_of, reason=reason)


@transaction.atomic
def begin_award_closing(*, award: Award, by: User, as_of: datetime) -> Award:
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    return _move(lock_award(award.pk), "begin_closing", by=by, as_of=as_of)


@transaction.atomic
def close_award(*, award: Award, by: User, as_of: datetime) -> Award:
    """Close it for good: from then on it is read-only, in the database too."""
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    award = lock_award(award.pk)
    check_step("close", award)
    check_not_own_group(by, award, on=timezone.localdate(as_of))
    check_can_close(award)
    return _move(award, "close", by=by, as_of=as_of)


@transaction.atomic
def terminate_award(*, award: Award, reason: str, by: User, as_of: datetime) -> Award:
    """End it early. Effects: what is not paid is cancelled and goes back to the fund."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_reason(reason, "why it ends early")
    award = lock_award(award.pk)
    check_step("terminate", award)
    cancelled = []
    for tranche in award.tranches.exclude(
        state__in=[TrancheState.PAID, TrancheState.RETURNED, TrancheState.CANCELLED]
    ):
        tranche.state, tranche.held_from = TrancheState.CANCELLED, ""
        tranche.state_reason, tranche.state_changed_at = reason, as_of
        tranche.save()
        cancelled.append(tranche.number)
    return _move(
        award,
        "terminate",
        by=by,
        as_of=as_of,
        reason=reason,
        more={"cancelled_payments": cancelled},
    )

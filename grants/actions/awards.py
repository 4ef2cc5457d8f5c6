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
    belongs_to_group,
    check_agreement,
    check_can_close,
    check_fund_covers,
    check_not_own_group,
    check_reason,
    check_totals,
)
from grants.policies.transitions import check_step
from grants.queries.awards import may_report
from grants.queries.money import get_fund_totals
from grants.queries.rules import list_people_with
from grants.steps import checked_scope, lock_award, write_version
from grants.terms import newest_budget
from teams.actions.attachments import store_attachment
from teams.attachments import list_attachments
from teams.errors import NotAllowed, StateRefused
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
    """Set the state that an act leads to and append the link. Never by somebody of the award's group.

    The caller checked everything else.
    """
    step = check_step(act, award)
    check_not_own_group(by, award, on=timezone.localdate(as_of))
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
    """Commit the money. Nobody who had a part in its draft; the fund has to cover it.

    Effects: version 1 of the award; the fund's committed amount grows.
    """
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    award = lock_award(award.pk)
    check_step("approve", award)
    today = timezone.localdate(as_of)
    check_not_own_group(by, award, on=today)
    drafters = _drafters(award)
    if by.pk in drafters:
        others = list_people_with(Permission.PAY_GRANTS, on=today, except_ids=drafters)
        named = f": {', '.join(others)} may" if others else ""
        raise StateRefused(f"You drafted this award, so another person approves it{named}.")
    _check_whole(award)
    fund = Fund.objects.select_for_update().get(pk=award.fund_id)
    check_fund_covers(fund.name, fund.amount, get_fund_totals(fund).committed, award.amount)
    award.approved_by, award.approved_at = by, as_of
    award = _move(award, "approve", by=by, as_of=as_of, more={"amount": award.amount})
    write_version(award, reason="Award approved", by=by, as_of=as_of)
    return award


def _drafters(award: Award) -> set[int]:
    """Everybody who wrote in the draft, not only whoever did so last."""
    acts = award.events.filter(act__in=("draft_award", "change_award"), actor__isnull=False)
    return {award.drafted_by_id, *acts.values_list("actor_id", flat=True)}


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
def send_agreement_again(*, award: Award, reason: str, by: User, as_of: datetime) -> Award:
    """Ask for another signature before the award starts. Effects: the one on file no longer counts; its
    file stays."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_reason(reason, "why it is signed again")
    award = lock_award(award.pk)
    check_step("send_agreement_again", award)
    if award.agreement_signed_on is None:
        raise StateRefused("The agreement is with the group already, and nobody has signed it yet.")
    was = _signature(award)
    award.agreement_signed_on, award.agreement_signed_by = None, ""
    return _move(
        award, "send_agreement_again", by=by, as_of=as_of, reason=reason, more={"no_longer": was}
    )


def _signature(award: Award) -> dict[str, Any]:
    return {"signed_on": award.agreement_signed_on, "signed_by": award.agreement_signed_by}


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

    signed_by: the name under the agreement. Raises FileRefused for what is no document, StateRefused for
    a second signature unless the agreement was sent again.
    """
    scope = checked_scope(by, Permission.VIEW_GRANTS, as_of)
    award = lock_award(award.pk)
    if not may_report(scope, award.team_id) and not (
        scope.may(Permission.MANAGE_GRANTS)
        and not belongs_to_group(by, award.team_id, on=timezone.localdate(as_of))
    ):
        raise NotAllowed(
            f"The signed agreement is put on file by {award.team.name} or the programme director."
        )
    if award.state != AwardState.AGREEMENT_OUT:
        raise StateRefused(
            f"This award is “{award.get_state_display().lower()}”: a signed agreement is asked for once the "
            "agreement was sent."
        )
    if award.agreement_signed_on is not None:
        raise StateRefused(
            f"The agreement that {award.agreement_signed_by} signed on {award.agreement_signed_on:%-d %b %Y} is on"
            " file. Another one is signed once the programme director has sent it again."
        )
    if signed_on > timezone.localdate(as_of):
        raise StateRefused("The day of the signature cannot be in the future.")
    attachment = store_attachment(
        owner=award, team=award.team, file=file, name=name, by=by, as_of=as_of
    )
    before = _signature(award)
    award.agreement_signed_on, award.agreement_signed_by = signed_on, signed_by.strip()
    award.save(update_fields=["agreement_signed_on", "agreement_signed_by"])
    record_award_event(
        award=award,
        act="sign_agreement",
        target=award,
        by=by,
        as_of=as_of,
        before=before,
        after={**_signature(award), "sha256": attachment.sha256},
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

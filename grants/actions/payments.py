"""The decision on a payment, step by step and person by person, and what the bank made of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from grants.actions.events import record_award_event
from grants.actions.payment_notices import tell_of_payment
from grants.enums import Account, ApprovalStep, Book, PostingKind, TrancheState
from grants.models import Award, Fund, Posting, Tranche, TrancheApproval
from grants.policies.checks import (
    check_another_person,
    check_conditions_decided,
    check_institute_holds,
    check_money_may_move,
    check_not_own_group,
    check_reason,
    needs_second_approval,
)
from grants.policies.transitions import check_step
from grants.queries.money import get_standing_payment, institute_holds, returned_of_tranche
from grants.queries.rules import get_rules, list_people_with
from grants.steps import checked_scope, lock_award, write_entries
from teams.errors import NotAllowed, StateRefused
from teams.formats import format_money
from teams.models import User
from teams.permissions import Permission

#: Acts that wait for the conditions of a payment.
_AFTER_CONDITIONS = ("recommend", "approve_programme", "approve_finance", "pay")


def _begin(
    tranche: Tranche, act: str, permission: Permission, *, by: User, as_of: datetime
) -> tuple[Award, Tranche]:
    """Lock the award, read the payment as it is now, and check role, state, award and own group."""
    scope = checked_scope(by, permission, as_of)
    award = lock_award(tranche.award_id)
    if permission == Permission.RECOMMEND_PAYMENTS and award.team_id not in scope.own_team_ids:
        raise NotAllowed(
            f"You do not coach {award.team.name}. Its coach or the programme director may recommend."
        )
    tranche = Tranche.objects.prefetch_related("conditions").get(pk=tranche.pk)
    tranche.award = award
    if act in _AFTER_CONDITIONS and tranche.state == TrancheState.CONDITIONS_OPEN:
        # Says which, where the state alone says that there are some.
        check_conditions_decided(tranche)
    check_step(act, tranche)
    check_not_own_group(by, award, on=timezone.localdate(as_of))
    return award, tranche


def _finish(
    award: Award,
    tranche: Tranche,
    act: str,
    to: TrancheState,
    *,
    by: User,
    as_of: datetime,
    reason: str = "",
    more: dict[str, Any] | None = None,
) -> Tranche:
    before = {"state": tranche.state, "round": tranche.round}
    tranche.state, tranche.state_changed_at, tranche.state_reason = to, as_of, reason.strip()
    tranche.save()
    record_award_event(
        award=award,
        act=act,
        target=tranche,
        by=by,
        as_of=as_of,
        before=before,
        after={
            "state": to,
            "round": tranche.round,
            "amount": tranche.amount,
            **(more or {}),
        },
        reason=reason,
    )
    if act != "record_return":  # it leaves a payment paid, of which the group has heard
        tell_of_payment(award=award, tranche=tranche, by=by, as_of=as_of)
    return tranche


def _approve(tranche: Tranche, step: ApprovalStep, *, note: str, by: User, as_of: datetime) -> None:
    TrancheApproval.objects.create(
        tranche=tranche, round=tranche.round, step=step, by=by, at=as_of, note=note.strip()
    )


def _check_another(tranche: Tranche, permission: Permission, by: User, as_of: datetime) -> None:
    approvals = list(tranche.approvals.filter(round=tranche.round))
    busy = {a.by_id for a in approvals} | {by.pk} | {tranche.override_by_id or 0}
    others = list_people_with(permission, on=timezone.localdate(as_of), except_ids=busy)
    check_another_person(tranche, by, approvals, others)


@transaction.atomic
def override_conditions(*, tranche: Tranche, reason: str, by: User, as_of: datetime) -> Tranche:
    """Let a payment go on without its conditions. It is shown in the portfolio and in the history, and who
    did this has no other part in the decision."""
    award, tranche = _begin(tranche, "override", Permission.MANAGE_GRANTS, by=by, as_of=as_of)
    check_money_may_move(award)
    check_reason(reason, "why it goes on without its conditions")
    missing = [m.title for m in tranche.conditions.all() if m.state == "open"]
    tranche.override_by, tranche.override_reason = by, reason.strip()
    _approve(tranche, ApprovalStep.OVERRIDE, note=reason, by=by, as_of=as_of)
    return _finish(
        award,
        tranche,
        "override_conditions",
        TrancheState.READY,
        by=by,
        as_of=as_of,
        reason=reason,
        more={"missing": missing},
    )


@transaction.atomic
def recommend_payment(*, tranche: Tranche, note: str, by: User, as_of: datetime) -> Tranche:
    """The coach (or the director) says that the group has earned the payment."""
    award, tranche = _begin(tranche, "recommend", Permission.RECOMMEND_PAYMENTS, by=by, as_of=as_of)
    check_money_may_move(award)
    check_conditions_decided(tranche)
    _check_another(tranche, Permission.RECOMMEND_PAYMENTS, by, as_of)
    _approve(tranche, ApprovalStep.RECOMMENDATION, note=note, by=by, as_of=as_of)
    return _finish(
        award, tranche, "recommend_payment", TrancheState.RECOMMENDED, by=by, as_of=as_of
    )


@transaction.atomic
def approve_payment_programme(*, tranche: Tranche, note: str, by: User, as_of: datetime) -> Tranche:
    """The programme agrees: another person than the one who recommended."""
    award, tranche = _begin(
        tranche, "approve_programme", Permission.MANAGE_GRANTS, by=by, as_of=as_of
    )
    check_money_may_move(award)
    check_conditions_decided(tranche)
    _check_another(tranche, Permission.MANAGE_GRANTS, by, as_of)
    _approve(tranche, ApprovalStep.PROGRAMME, note=note, by=by, as_of=as_of)
    return _finish(
        award,
        tranche,
        "approve_payment_programme",
        TrancheState.APPROVED_PROGRAMME,
        by=by,
        as_of=as_of,
    )


@transaction.atomic
def approve_payment_finance(*, tranche: Tranche, note: str, by: User, as_of: datetime) -> Tranche:
    """Finance agrees: a third person, and above the programme's limit a fourth one too.

    Effects: with the last approval that is needed the payment can be made; before it the state stays.
    """
    award, tranche = _begin(tranche, "approve_finance", Permission.PAY_GRANTS, by=by, as_of=as_of)
    check_money_may_move(award)
    check_conditions_decided(tranche)
    _check_another(tranche, Permission.PAY_GRANTS, by, as_of)
    first = not tranche.approvals.filter(round=tranche.round, step=ApprovalStep.FINANCE).exists()
    _approve(
        tranche,
        ApprovalStep.FINANCE if first else ApprovalStep.FINANCE_SECOND,
        note=note,
        by=by,
        as_of=as_of,
    )
    waits = first and needs_second_approval(tranche, get_rules())
    return _finish(
        award,
        tranche,
        "approve_payment_finance",
        TrancheState.APPROVED_PROGRAMME if waits else TrancheState.APPROVED_FINANCE,
        by=by,
        as_of=as_of,
        more={"second_approval_needed": waits},
    )


@transaction.atomic
def send_back_payment(*, tranche: Tranche, reason: str, by: User, as_of: datetime) -> Tranche:
    """Undo the decision so far: it begins anew, and its history stays."""
    award, tranche = _begin(tranche, "send_back", _either(by, as_of), by=by, as_of=as_of)
    check_reason(reason, "why it is sent back")
    tranche.round += 1
    return _finish(
        award,
        tranche,
        "send_back_payment",
        TrancheState.READY,
        by=by,
        as_of=as_of,
        reason=reason,
    )


def _either(by: User, as_of: datetime) -> Permission:
    """Programme or finance: the permission that the person holds."""
    try:
        checked_scope(by, Permission.PAY_GRANTS, as_of)
    except NotAllowed:
        return Permission.MANAGE_GRANTS
    return Permission.PAY_GRANTS


@transaction.atomic
def pay_tranche(
    *, tranche: Tranche, reference: str, on: date, by: User, as_of: datetime
) -> Posting:
    """Record that the money was sent, whole, once.

    Raises StateRefused unless finance has approved, the award is active and the institute holds the amount.
    Effects: one posting with two entries.
    """
    award, tranche = _begin(tranche, "pay", Permission.PAY_GRANTS, by=by, as_of=as_of)
    check_money_may_move(award)
    check_conditions_decided(tranche)
    if on > timezone.localdate(as_of):
        raise StateRefused("The day of the payment cannot be in the future.")
    if not reference.strip():
        raise StateRefused("Write the bank's reference: the payment is found by it.")
    fund = Fund.objects.select_for_update().get(pk=award.fund_id)
    check_institute_holds(fund.name, institute_holds(fund), tranche.amount)
    _check_reference(tranche, PostingKind.PAYMENT, reference)
    posting = Posting.objects.create(
        book=Book.DISBURSEMENTS,
        kind=PostingKind.PAYMENT,
        fund=fund,
        award=award,
        tranche=tranche,
        amount=tranche.amount,
        on=on,
        reference=reference.strip(),
        posted_by=by,
        posted_at=as_of,
    )
    write_entries(posting, giver=Account.INSTITUTE, taker=Account.GROUP)
    _finish(
        award,
        tranche,
        "pay_tranche",
        TrancheState.PAID,
        by=by,
        as_of=as_of,
        more={"reference": posting.reference, "on": on, "posting": posting.pk},
    )
    return posting


def _check_reference(tranche: Tranche, kind: PostingKind, reference: str) -> None:
    if tranche.postings.filter(kind=kind, reference=reference.strip()).exists():
        raise StateRefused(
            f"The reference {reference.strip()} was used for this payment before. Write the new one."
        )


@transaction.atomic
def fail_payment(*, tranche: Tranche, reason: str, on: date, by: User, as_of: datetime) -> Posting:
    """The bank could not deliver: the money is back. Effects: a posting that reverses the payment."""
    award, tranche = _begin(tranche, "fail", Permission.PAY_GRANTS, by=by, as_of=as_of)
    check_reason(reason, "why it failed")
    payment = get_standing_payment(tranche)
    assert payment is not None  # the database ties the state to the ledger
    if returned_of_tranche(tranche):
        raise StateRefused(
            "Part of this payment was returned, so it arrived. Record what else came back as a return."
        )
    if on < payment.on or on > timezone.localdate(as_of):
        raise StateRefused(
            f"The payment was made on {payment.on:%-d %b %Y}: it failed on that day or later, and not in the future."
        )
    posting = Posting.objects.create(
        book=Book.DISBURSEMENTS,
        kind=PostingKind.FAILURE,
        fund_id=award.fund_id,
        award=award,
        tranche=tranche,
        amount=payment.amount,
        on=on,
        reference=payment.reference,
        note=reason.strip(),
        reverses=payment,
        posted_by=by,
        posted_at=as_of,
    )
    write_entries(posting, giver=Account.GROUP, taker=Account.INSTITUTE)
    _finish(
        award,
        tranche,
        "fail_payment",
        TrancheState.PAYMENT_FAILED,
        by=by,
        as_of=as_of,
        reason=reason,
        more={"reverses": payment.pk, "posting": posting.pk},
    )
    return posting


@transaction.atomic
def retry_payment(*, tranche: Tranche, note: str, by: User, as_of: datetime) -> Tranche:
    """What made it fail is mended: the same decision holds, and the payment can be made again."""
    award, tranche = _begin(tranche, "retry", Permission.PAY_GRANTS, by=by, as_of=as_of)
    check_money_may_move(award)
    check_reason(note, "what was mended")
    return _finish(
        award,
        tranche,
        "retry_payment",
        TrancheState.APPROVED_FINANCE,
        by=by,
        as_of=as_of,
        reason=note,
    )


@transaction.atomic
def hold_payment(*, tranche: Tranche, reason: str, by: User, as_of: datetime) -> Tranche:
    """Stop one payment where it is."""
    award, tranche = _begin(tranche, "hold", _either(by, as_of), by=by, as_of=as_of)
    check_reason(reason, "why it is on hold")
    tranche.held_from = tranche.state
    return _finish(
        award,
        tranche,
        "hold_payment",
        TrancheState.ON_HOLD,
        by=by,
        as_of=as_of,
        reason=reason,
    )


@transaction.atomic
def release_payment(*, tranche: Tranche, reason: str, by: User, as_of: datetime) -> Tranche:
    """Let a payment go on from where it was stopped."""
    award, tranche = _begin(tranche, "release", _either(by, as_of), by=by, as_of=as_of)
    check_reason(reason, "why it goes on")
    to, tranche.held_from = TrancheState(tranche.held_from), ""
    return _finish(award, tranche, "release_payment", to, by=by, as_of=as_of, reason=reason)


@transaction.atomic
def cancel_payment(*, tranche: Tranche, reason: str, by: User, as_of: datetime) -> Tranche:
    """Do without a payment when an award closes; what is not paid goes back to the fund."""
    award, tranche = _begin(tranche, "cancel", Permission.MANAGE_GRANTS, by=by, as_of=as_of)
    check_reason(reason, "why it is cancelled")
    if award.state not in ("closing", "terminated"):
        raise StateRefused(
            "The payments make up the award while it runs. Begin to close it first, or amend its amount."
        )
    tranche.held_from = ""
    return _finish(
        award,
        tranche,
        "cancel_payment",
        TrancheState.CANCELLED,
        by=by,
        as_of=as_of,
        reason=reason,
    )


@transaction.atomic
def record_return(
    *,
    tranche: Tranche,
    amount: Decimal,
    reason: str,
    reference: str,
    on: date,
    by: User,
    as_of: datetime,
) -> Posting:
    """The group gave money back, all of a payment or a part. Effects: a posting the other way round."""
    award, tranche = _begin(tranche, "return_part", Permission.PAY_GRANTS, by=by, as_of=as_of)
    check_reason(reason, "why it came back")
    rest = tranche.amount - returned_of_tranche(tranche)
    if amount <= 0 or amount > rest:
        raise StateRefused(
            f"Of this payment {format_money(rest)} are with the group; that much can come back at most."
        )
    if on > timezone.localdate(as_of):
        raise StateRefused("The day on which it came back cannot be in the future.")
    if not reference.strip():
        raise StateRefused("Write the bank's reference: the movement is found by it.")
    _check_reference(tranche, PostingKind.RETURN, reference)
    posting = Posting.objects.create(
        book=Book.DISBURSEMENTS,
        kind=PostingKind.RETURN,
        fund_id=award.fund_id,
        award=award,
        tranche=tranche,
        amount=amount,
        on=on,
        reference=reference.strip(),
        note=reason.strip(),
        posted_by=by,
        posted_at=as_of,
    )
    write_entries(posting, giver=Account.GROUP, taker=Account.INSTITUTE)
    _finish(
        award,
        tranche,
        "record_return",
        TrancheState.RETURNED if amount == rest else TrancheState.PAID,
        by=by,
        as_of=as_of,
        reason=reason,
        more={"returned": amount, "posting": posting.pk},
    )
    return posting

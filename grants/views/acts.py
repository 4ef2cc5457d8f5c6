"""Every single act as one page: it asks (GET) and does (POST); a refusal keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from grants.actions import amendments, awards, milestones, payments, reports
from grants.enums import AwardState
from grants.forms.acts import (
    AgreementForm,
    FailureForm,
    NoteForm,
    PaymentForm,
    QuestionForm,
    ReasonForm,
    ReturnForm,
)
from grants.models import Amendment, Award, GrantReport, Milestone, Tranche
from grants.policies.checks import check_not_closed, is_amendable
from grants.policies.transitions import can_step
from grants.queries.awards import (
    get_amendment,
    get_award,
    get_milestone,
    get_report,
    get_tranche,
    may_report,
)
from teams.errors import StateRefused
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope


@dataclass(frozen=True)
class Act:
    """step: its name in the table of transitions, empty where another rule decides whether it is offered."""

    permission: Permission
    label: str
    question: str
    function: Callable[..., Any]
    form: type[forms.Form] = QuestionForm
    step: str = ""
    is_main: bool = False


_FINANCE, _DIRECTOR = Permission.PAY_GRANTS, Permission.MANAGE_GRANTS
_GROUP, _COACH = Permission.REPORT_GRANTS, Permission.RECOMMEND_PAYMENTS

AWARD_ACTS: dict[str, Act] = {
    "submit": Act(_DIRECTOR, "Submit", "Finance reviews it next.", awards.submit_award, step="submit", is_main=True),
    "begin-review": Act(_FINANCE, "Begin the review", "It is with you from now on.", awards.begin_award_review, step="begin_review", is_main=True),
    "approve": Act(_FINANCE, "Approve", "The amount is then committed and the fund has that much less.", awards.approve_award, step="approve", is_main=True),
    "request-changes": Act(_FINANCE, "Ask for changes", "It goes back to the programme.", awards.request_award_changes, ReasonForm, "request_changes"),
    "decline": Act(_FINANCE, "Decline", "The award ends here.", awards.decline_award, ReasonForm, "decline"),
    "send-agreement": Act(_DIRECTOR, "Mark the agreement as sent", "The group then puts the signed agreement on file.", awards.send_agreement, step="send_agreement", is_main=True),
    "sign": Act(Permission.VIEW_GRANTS, "Put the signed agreement on file", "A scan or PDF of the agreement with the signature.", awards.sign_agreement, AgreementForm, is_main=True),
    "send-agreement-again": Act(_DIRECTOR, "Send the agreement again", "The signature on file no longer counts, and the group signs anew.", awards.send_agreement_again, ReasonForm, "send_agreement_again"),
    "activate": Act(_DIRECTOR, "Start the award", "Payments then wait for their conditions, and reports have their dates.", awards.activate_award, step="activate", is_main=True),
    "suspend": Act(_DIRECTOR, "Suspend", "No payment moves on until you resume it.", awards.suspend_award, ReasonForm, "suspend"),
    "resume": Act(_DIRECTOR, "Resume", "Payments can move on again.", awards.resume_award, ReasonForm, "resume", True),
    "begin-closing": Act(_DIRECTOR, "Begin to close", "Payments that are no longer needed can be cancelled then.", awards.begin_award_closing, step="begin_closing"),
    "close": Act(_FINANCE, "Close for good", "From then on nothing of it can be changed.", awards.close_award, step="close", is_main=True),
    "terminate": Act(_DIRECTOR, "End early", "What is not paid is cancelled and goes back to the fund.", awards.terminate_award, ReasonForm, "terminate"),
    "withdraw": Act(_DIRECTOR, "Withdraw", "The award ends before it began.", awards.withdraw_award, ReasonForm, "withdraw"),
}  # fmt: skip

TRANCHE_ACTS: dict[str, Act] = {
    "recommend": Act(_COACH, "Recommend", "You say that the group has earned this payment. Somebody else approves it.", payments.recommend_payment, NoteForm, "recommend", True),
    "approve-programme": Act(_DIRECTOR, "Approve for the programme", "Finance decides next.", payments.approve_payment_programme, NoteForm, "approve_programme", True),
    "approve-finance": Act(_FINANCE, "Approve for finance", "The payment can be made once all approvals are there.", payments.approve_payment_finance, NoteForm, "approve_finance", True),
    "pay": Act(_FINANCE, "Record the payment", "The whole amount, as the bank sent it.", payments.pay_tranche, PaymentForm, "pay", True),
    "fail": Act(_FINANCE, "It failed", "The money came back from the bank: the payment is reversed on the ledger.", payments.fail_payment, FailureForm, "fail"),
    "retry": Act(_FINANCE, "Pay again", "Say what was mended; then record the new payment.", payments.retry_payment, NoteForm, "retry", True),
    "return": Act(_FINANCE, "Record a return", "All of it or a part.", payments.record_return, ReturnForm, "return_part"),
    "override": Act(_DIRECTOR, "Go on without the conditions", "It is shown in the portfolio, and you have no other part in this decision.", payments.override_conditions, ReasonForm, "override"),
    "send-back": Act(Permission.VIEW_ALL_GRANTS, "Send back", "The decision begins anew; what was done stays in the history.", payments.send_back_payment, ReasonForm, "send_back"),
    "hold": Act(Permission.VIEW_ALL_GRANTS, "Put on hold", "It stays where it is until it is released.", payments.hold_payment, ReasonForm, "hold"),
    "release": Act(Permission.VIEW_ALL_GRANTS, "Release", "It goes on from where it was.", payments.release_payment, ReasonForm, "release", True),
    "cancel": Act(_DIRECTOR, "Cancel the payment", "Only while the award closes.", payments.cancel_payment, ReasonForm, "cancel"),
}  # fmt: skip

MILESTONE_ACTS: dict[str, Act] = {
    "accept": Act(_DIRECTOR, "Accept", "You say that the condition is met. What the system sees now is kept with it.", milestones.accept_condition, NoteForm, is_main=True),
    "waive": Act(_DIRECTOR, "Do without it", "For all payments that rest on it.", milestones.waive_condition, NoteForm),
    "reopen": Act(_DIRECTOR, "Reopen", "Only while no payment has moved on because of it.", milestones.reopen_condition, NoteForm),
}  # fmt: skip

REPORT_ACTS: dict[str, Act] = {
    "submit": Act(_GROUP, "Hand in", "This version then stays as it is.", reports.submit_report, step="submit", is_main=True),
    "accept": Act(_DIRECTOR, "Accept", "Conditions that need this report are met then.", reports.accept_report, step="accept", is_main=True),
    "request-changes": Act(_DIRECTOR, "Ask for changes", "The group gets a new version with the same content.", reports.request_report_changes, ReasonForm, "request_changes"),
    "reopen": Act(_FINANCE, "Reopen", "The group gets a new version; the one that was handed in stays.", reports.reopen_report, ReasonForm, "reopen"),
}  # fmt: skip

AMENDMENT_ACTS: dict[str, Act] = {
    "approve": Act(Permission.VIEW_ALL_GRANTS, "Approve the change", "The award then has a new version; the old one stays readable.", amendments.approve_amendment, NoteForm, "approve", True),
    "decline": Act(Permission.VIEW_ALL_GRANTS, "Decline", "The award stays as it is.", amendments.decline_amendment, NoteForm, "decline"),
    "withdraw": Act(Permission.VIEW_GRANTS, "Take it back", "The award stays as it is.", amendments.withdraw_amendment, step="withdraw"),
}  # fmt: skip


def list_acts(
    acts: dict[str, Act], target: Model, scope: Scope, address: str
) -> list[dict[str, Any]]:
    """Acts that the object's state allows to this reader: {name, label, is_main, address}."""
    return [
        {"name": name, "label": act.label, "is_main": act.is_main, "address": address}
        for name, act in acts.items()
        if scope.may(act.permission) and _is_offered(name, act, target, scope)
    ]


def _is_offered(name: str, act: Act, target: Model, scope: Scope) -> bool:
    if act.step and not can_step(act.step, target):
        return False
    match target:
        case Award():
            inside = may_report(scope, target.team_id) or scope.may(_DIRECTOR)
            is_signed = target.agreement_signed_on is not None
            if name == "send-agreement-again":
                return is_signed
            return name != "sign" or (target.state == "agreement_out" and inside and not is_signed)
        case GrantReport():
            return name != "submit" or may_report(scope, target.award.team_id)
        case Milestone():
            return (target.state == "open") == (name != "reopen")
        case Tranche():
            if name == "cancel":
                return target.award.state in ("closing", "terminated")
            deciding = scope.may(_FINANCE) or scope.may(_DIRECTOR)
            return name not in ("send-back", "hold", "release") or deciding
        case Amendment():
            if name == "withdraw":
                return target.requested_by_id == scope.user_id
            if name == "approve" and not is_amendable(target.award):
                return False
            return scope.may(_FINANCE if target.kind == "amount" else _DIRECTOR)
    return True


@dataclass(frozen=True)
class _Kind:
    """keyword: how the actions call the object; page: the address name of its page."""

    acts: dict[str, Act]
    keyword: str
    page: str
    address: str


_KINDS = {
    Award: _Kind(AWARD_ACTS, "award", "grants:award", "grants:award_act"),
    Tranche: _Kind(TRANCHE_ACTS, "tranche", "grants:tranche", "grants:tranche_act"),
    Milestone: _Kind(MILESTONE_ACTS, "milestone", "grants:milestone", "grants:milestone_act"),
    GrantReport: _Kind(REPORT_ACTS, "report", "grants:report", "grants:report_act"),
    Amendment: _Kind(AMENDMENT_ACTS, "amendment", "grants:amendment", "grants:amendment_act"),
}


def _award_of(target: Any) -> Award:
    return target if isinstance(target, Award) else target.award


def acts_of(target: Model, scope: Scope) -> list[dict[str, Any]]:
    """What the reader may do with it now; nothing of a closed award."""
    if _award_of(target).state == AwardState.CLOSED:
        return []
    kind = _KINDS[type(target)]
    return list_acts(kind.acts, target, scope, kind.address)


def _do(request: ScopedRequest, target: Model, name: str) -> HttpResponse:
    kind = _KINDS[type(target)]
    act = kind.acts.get(name)
    if act is None:
        raise Http404("There is no such act.")
    check_not_closed(_award_of(target))
    sent = request.method == "POST"
    form = act.form(request.POST if sent else None, request.FILES if sent else None)
    if sent and form.is_valid():
        arguments: dict[str, Any] = dict(form.cleaned_data)
        if "file" in arguments:
            arguments["name"] = arguments["file"].name
        try:
            act.function(
                **{kind.keyword: target}, **arguments, by=request.user, as_of=timezone.now()
            )
        except StateRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Done: {act.label.lower()}.")
            return redirect(kind.page, target.pk)
    return render(
        request,
        "grants/act.html",
        {
            "form": form,
            "act": act,
            "target": target,
            "page": kind.page,
            "has_file": "file" in form.fields,
        },
        status=422 if form.errors else 200,
    )


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def award_act(request: ScopedRequest, award_id: int, act: str) -> HttpResponse:
    return _do(request, get_award(request.scope, award_id), act)


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def tranche_act(request: ScopedRequest, tranche_id: int, act: str) -> HttpResponse:
    return _do(request, get_tranche(request.scope, tranche_id), act)


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def milestone_act(request: ScopedRequest, milestone_id: int, act: str) -> HttpResponse:
    return _do(request, get_milestone(request.scope, milestone_id), act)


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def report_act(request: ScopedRequest, report_id: int, act: str) -> HttpResponse:
    return _do(request, get_report(request.scope, report_id), act)


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def amendment_act(request: ScopedRequest, amendment_id: int, act: str) -> HttpResponse:
    return _do(request, get_amendment(request.scope, amendment_id), act)

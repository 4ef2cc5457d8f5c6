"""Every forbidden act that has no test of its own elsewhere: one case each, with the sentence that refuses it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from grants.actions import amendments, awards, calls, funds, milestones, payments, plans, reports
from grants.enums import AmendmentKind, AwardKind
from grants.models import Award
from grants.terms import LineTerms
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from tests.factories.grants import (
    AGREEMENT,
    NOW,
    TODAY,
    Grants,
    approve_all,
    approved,
    draft,
    make_award,
    make_grants,
    make_terms,
    pay,
    tranche_of,
)
from tests.factories.people import add_role, make_team, make_user

pytestmark = pytest.mark.django_db
Act = Callable[[Grants], Any]


def sign(world: Grants, award: Award, *, by: Any, on: date = TODAY) -> Any:
    return awards.sign_agreement(
        award=award, file=io.BytesIO(AGREEMENT), name="a.pdf", signed_on=on, signed_by="P", by=by, as_of=NOW
    )  # fmt: skip


def sent(world: Grants) -> Award:
    return awards.send_agreement(award=approved(world), by=world.director, as_of=NOW)


def reviewed(world: Grants) -> Award:
    award = awards.submit_award(award=draft(world), by=world.director, as_of=NOW)
    return awards.begin_award_review(award=award, by=world.finance, as_of=NOW)


def drafter_of_finance(world: Grants) -> Any:
    add_role(world.director, Role.PAYER_FINANCE)
    award = reviewed(world)
    world.director.__dict__.pop("_memberships_on", None)
    return awards.approve_award(award=award, by=world.director, as_of=NOW)


def insider_approves(world: Grants) -> Any:
    insider = make_user(Role.PAYER_FINANCE)
    add_role(insider, Role.GROUP_MEMBER, team=world.team)
    return awards.approve_award(award=reviewed(world), by=insider, as_of=NOW)


def receipt(world: Grants, *, amount: str = "1", reference: str = "NEW", by: Any = None) -> Any:
    return funds.record_receipt(
        fund=world.fund, amount=Decimal(amount), on=TODAY, reference=reference, by=by or world.finance,
        as_of=NOW,
    )  # fmt: skip


def receipt_again(world: Grants) -> Any:
    poor = make_grants(received="10")
    receipt(poor, reference="TWICE")
    return receipt(poor, reference="TWICE")


def number_twice(world: Grants) -> Any:
    from grants.actions.drafts import draft_award

    award = draft(world)
    return draft_award(
        fund=world.fund, team=world.team, kind=AwardKind.PILOT, number=award.number, terms=make_terms(),
        by=world.director, as_of=NOW,
    )  # fmt: skip


def condition(world: Grants) -> Any:
    return make_award(world).milestones.get()


def accepted_twice(world: Grants) -> Any:
    m = milestones.accept_condition(
        milestone=condition(world), note="x", by=world.director, as_of=NOW
    )
    return milestones.accept_condition(milestone=m, note="x", by=world.director, as_of=NOW)


def evidence(world: Grants, by: Any) -> Any:
    return milestones.attach_evidence(
        milestone=condition(world), file=io.BytesIO(b"text"), name="a.txt", by=by, as_of=NOW
    )


def report(world: Grants) -> Any:
    return make_award(world).reports.filter(kind="financial").order_by("due_on")[0]


def handed_in(world: Grants) -> Any:
    found = report(world)
    reports.start_report(report=found, by=world.lead, as_of=NOW)
    entry = {"01": reports.LineEntry(Decimal(15000)), "02": reports.LineEntry(Decimal(10000))}
    reports.write_financial_report(report=found, lines=entry, comment="", by=world.lead, as_of=NOW)
    reports.submit_report(report=found, by=world.lead, as_of=NOW)
    return found


def insider_accepts(world: Grants) -> Any:
    insider = make_user(Role.PROGRAMME_DIRECTOR)
    add_role(insider, Role.GROUP_MEMBER, team=world.team)
    return reports.accept_report(report=handed_in(world), by=insider, as_of=NOW)


def ask(world: Grants, by: Any, *, award: Award | None = None, changes: Any = None) -> Any:
    return amendments.request_amendment(
        award=award or make_award(world), reason="x", changes=changes or {"scope_text": "y"}, by=by, as_of=NOW,
        kind=AmendmentKind.SCHEDULE if changes else AmendmentKind.SCOPE,
    )  # fmt: skip


def paid_payment_changed(world: Grants) -> Any:
    award = make_award(world)
    pay(world, approve_all(world, tranche_of(award)))
    changes = {"payments": {"1": {"amount": "1"}}}
    found = ask(world, world.lead, award=award, changes=changes)
    return amendments.approve_amendment(amendment=found, note="", by=world.director, as_of=NOW)


def open_a_call(world: Grants, by: Any, **more: Any) -> Any:
    about: dict[str, Any] = {
        "fund": world.fund, "kind": AwardKind.PILOT, "title": "x", "text": "x", "eligibility": "x",
        "largest_amount": Decimal(5), "questions": ["q"], "criteria": ["c"], "opens_on": TODAY,
        "closes_on": TODAY, "by": by, "as_of": NOW,
    }  # fmt: skip
    return calls.open_call(**{**about, **more})


def move_lines(world: Grants, by: Any) -> Any:
    return amendments.reallocate_budget(
        award=make_award(world), lines=[LineTerms("01", "personnel", "x", Decimal(100000))], reason="x",
        by=by, as_of=NOW,
    )  # fmt: skip


def submitted(world: Grants) -> Award:
    return awards.submit_award(award=draft(world), by=world.director, as_of=NOW)


def held(world: Grants) -> Any:
    tranche = tranche_of(make_award(world))
    return payments.hold_payment(tranche=tranche, reason="x", by=world.director, as_of=NOW)


def returned(world: Grants, *, by: Any) -> Any:
    tranche = approve_all(world, tranche_of(make_award(world)))
    pay(world, tranche)
    return payments.record_return(
        tranche=tranche, amount=Decimal(1), reason="x", reference="BACK", on=TODAY, by=by, as_of=NOW
    )


def started(world: Grants) -> Any:
    found = report(world)
    reports.start_report(report=found, by=world.lead, as_of=NOW)
    return found


def insider_reopens(world: Grants) -> Any:
    insider = make_user(Role.PAYER_FINANCE)
    add_role(insider, Role.SENIOR_SPONSOR, team=world.team)
    return reports.reopen_report(report=handed_in(world), reason="x", by=insider, as_of=NOW)


def decided(world: Grants, *, by: Any) -> Any:
    application = calls.write_application(
        call=open_a_call(world, world.director), team=world.team, title="x", amount=Decimal(1),
        answers=["x"], by=world.lead, as_of=NOW,
    )  # fmt: skip
    calls.submit_application(application=application, by=world.lead, as_of=NOW)
    return calls.decide_application(
        application=application, awarded=False, reason="x", by=by, as_of=NOW
    )


def resting_on_a_condition(world: Grants) -> Any:
    tranche = tranche_of(make_award(world), 2)
    milestones.accept_condition(
        milestone=tranche.conditions.get(), note="x", by=world.director, as_of=NOW
    )
    return tranche


def reopened(world: Grants, tranche: Any) -> Any:
    return milestones.reopen_condition(
        milestone=tranche.conditions.get(), note="x", by=world.director, as_of=NOW
    )


def reopened_on_hold(world: Grants) -> Any:
    tranche = resting_on_a_condition(world)
    payments.hold_payment(tranche=tranche, reason="x", by=world.director, as_of=NOW)
    return reopened(world, tranche)


def reopened_after_payment(world: Grants) -> Any:
    tranche = resting_on_a_condition(world)
    pay(world, approve_all(world, tranche))
    return reopened(world, tranche)


CASES: dict[str, tuple[Act, str]] = {
    "award drafted by a group": (lambda w: _draft_by(w, w.lead), "draft awards"),
    "award of a number that is there": (number_twice, "Choose another number"),
    "award submitted by finance": (lambda w: awards.submit_award(award=draft(w), by=w.finance, as_of=NOW), "draft awards"),
    "award approved by the programme": (lambda w: awards.approve_award(award=reviewed(w), by=w.director, as_of=NOW), "for finance"),
    "award approved before its review": (lambda w: awards.approve_award(award=draft(w), by=w.finance, as_of=NOW), "“in review”"),
    "award approved by its drafter": (drafter_of_finance, "You drafted this award.* may"),
    "award of the own group approved": (insider_approves, "Somebody from outside the group"),
    "award declined without a reason": (lambda w: awards.decline_award(award=reviewed(w), reason=" ", by=w.finance, as_of=NOW), "Write the reason"),
    "changes asked for without a reason": (lambda w: awards.request_award_changes(award=reviewed(w), reason="", by=w.finance, as_of=NOW), "what should change"),
    "award withdrawn without a reason": (lambda w: awards.withdraw_award(award=draft(w), reason="", by=w.director, as_of=NOW), "why it is withdrawn"),
    "agreement sent before approval": (lambda w: awards.send_agreement(award=draft(w), by=w.director, as_of=NOW), "“approved”"),
    "agreement signed before it was sent": (lambda w: sign(w, approved(w), by=w.lead), "once the agreement was sent"),
    "agreement signed in the future": (lambda w: sign(w, sent(w), by=w.lead, on=TODAY + timedelta(days=1)), "cannot be in the future"),
    "agreement signed by finance": (lambda w: sign(w, sent(w), by=w.finance), "put on file by"),
    "award started without its agreement": (lambda w: awards.activate_award(award=sent(w), by=w.director, as_of=NOW), "signed agreement is missing"),
    "award started by its group": (lambda w: awards.activate_award(award=sent(w), by=w.lead, as_of=NOW), "draft awards"),
    "award suspended without a reason": (lambda w: awards.suspend_award(award=make_award(w), reason="", by=w.director, as_of=NOW), "why it is suspended"),
    "award resumed that goes on": (lambda w: awards.resume_award(award=make_award(w), reason="x", by=w.director, as_of=NOW), "“suspended”"),
    "award closed by the programme": (lambda w: awards.close_award(award=make_award(w), by=w.director, as_of=NOW), "for finance"),
    "award ended early without a reason": (lambda w: awards.terminate_award(award=make_award(w), reason="", by=w.director, as_of=NOW), "why it ends early"),
    "more received than the fund": (lambda w: receipt(w), "more than the fund"),
    "transfer recorded twice": (receipt_again, "on the ledger already"),
    "transfer recorded by the programme": (lambda w: receipt(w, by=w.director), "for finance"),
    "limits changed by the programme": (lambda w: funds.change_rules(changes={"variance_percent": 90}, by=w.director, as_of=NOW), "for finance"),
    "condition waived without a reason": (lambda w: milestones.waive_condition(milestone=condition(w), note="", by=w.director, as_of=NOW), "why the condition is waived"),
    "condition decided twice": (accepted_twice, "accepted already"),
    "condition decided by the coach": (lambda w: milestones.waive_condition(milestone=condition(w), note="x", by=w.coach, as_of=NOW), "accept conditions"),
    "evidence put on file by a stranger": (lambda w: evidence(w, make_user(Role.GROUP_LEAD, team=make_team())), "put on file by .* or the programme director"),
    "payment held without a reason": (lambda w: payments.hold_payment(tranche=tranche_of(make_award(w)), reason="", by=w.director, as_of=NOW), "Write the reason"),
    "payment released that is not held": (lambda w: payments.release_payment(tranche=tranche_of(make_award(w)), reason="x", by=w.director, as_of=NOW), "“on hold”"),
    "payment held by the coach": (lambda w: payments.hold_payment(tranche=tranche_of(make_award(w)), reason="x", by=w.coach, as_of=NOW), "programme|finance"),
    "report started by a stranger": (lambda w: reports.start_report(report=report(w), by=make_user(Role.GROUP_LEAD, team=make_team()), as_of=NOW), "are written by"),
    "report written before it was started": (lambda w: reports.write_financial_report(report=report(w), lines={}, comment="", by=w.lead, as_of=NOW), "“draft”"),
    "report of the own group accepted": (insider_accepts, "Somebody from outside the group"),
    "report sent back without a reason": (lambda w: reports.request_report_changes(report=handed_in(w), reason="", by=w.director, as_of=NOW), "what should change"),
    "report accepted before it was handed in": (lambda w: reports.accept_report(report=report(w), by=w.director, as_of=NOW), "“submitted”"),
    "change asked for by a stranger": (lambda w: ask(w, make_user(Role.GROUP_LEAD, team=make_team())), "asked for by"),
    "change of a draft asked for": (lambda w: ask(w, w.director, award=draft(w)), "only one that was approved"),
    "paid payment changed": (paid_payment_changed, "can no longer be changed"),
    "budget moved by a stranger": (lambda w: move_lines(w, make_user(Role.GROUP_LEAD, team=make_team())), "asked for by"),
    "change declined without a reason": (lambda w: amendments.decline_amendment(amendment=ask(w, w.lead), note="", by=w.director, as_of=NOW), "why the change is declined"),
    "change taken back by another": (lambda w: amendments.withdraw_amendment(amendment=ask(w, w.lead), by=w.director, as_of=NOW), "asked for this change and may take it back"),
    "review begun by the programme": (lambda w: awards.begin_award_review(award=submitted(w), by=w.director, as_of=NOW), "for finance.* Finn Finance, Fran Finance may do this"),
    "award declined by the programme": (lambda w: awards.decline_award(award=submitted(w), reason="x", by=w.director, as_of=NOW), "Finn Finance, Fran Finance may do this"),
    "agreement sent by finance": (lambda w: awards.send_agreement(award=approved(w), by=w.finance, as_of=NOW), "draft awards.* Dana Director, Dee Director may do this"),
    "agreement sent again by the group": (lambda w: awards.send_agreement_again(award=sent(w), reason="x", by=w.lead, as_of=NOW), "Dana Director, Dee Director may do this"),
    "award suspended by finance": (lambda w: awards.suspend_award(award=make_award(w), reason="x", by=w.finance, as_of=NOW), "Dana Director, Dee Director may do this"),
    "award ended early by finance": (lambda w: awards.terminate_award(award=make_award(w), reason="x", by=w.finance, as_of=NOW), "Dana Director, Dee Director may do this"),
    "payment sent back by the coach": (lambda w: payments.send_back_payment(tranche=approve_all(w, tranche_of(make_award(w))), reason="x", by=w.coach, as_of=NOW), "Dana Director, Dee Director may do this"),
    "payment released by the group": (lambda w: payments.release_payment(tranche=held(w), reason="x", by=w.lead, as_of=NOW), "Dana Director, Dee Director may do this"),
    "payment overridden by finance": (lambda w: payments.override_conditions(tranche=tranche_of(make_award(w), 2), reason="x", by=w.finance, as_of=NOW), "Dana Director, Dee Director may do this"),
    "return recorded by the programme": (lambda w: returned(w, by=w.director), "Finn Finance, Fran Finance may do this"),
    "report handed in by a stranger": (lambda w: reports.submit_report(report=started(w), by=make_user(Role.GROUP_LEAD, team=make_team()), as_of=NOW), "are written by"),
    "file put with a report by a stranger": (lambda w: reports.attach_to_report(report=started(w), file=io.BytesIO(b"x"), name="x.txt", by=make_user(Role.GROUP_LEAD, team=make_team()), as_of=NOW), "are written by"),
    "report reopened by somebody inside": (insider_reopens, "Somebody from outside the group"),
    "report reopened by the programme": (lambda w: reports.reopen_report(report=handed_in(w), reason="x", by=w.director, as_of=NOW), "Finn Finance, Fran Finance may do this"),
    "application decided by a coach": (lambda w: decided(w, by=w.coach), "Dana Director, Dee Director may do this"),
    "application decided by finance": (lambda w: decided(w, by=w.finance), "Dana Director, Dee Director may do this"),
    "condition reopened while its payment is on hold": (reopened_on_hold, "“on hold”. Release it first"),
    "condition reopened after its payment": (reopened_after_payment, "“paid”. The condition stays as it was decided"),
    "call opened by finance": (lambda w: open_a_call(w, w.finance), "draft awards"),
    "call without questions": (lambda w: open_a_call(w, w.director, questions=[]), "at least one question"),
    "plan of another group written": (lambda w: plans.save_plan(team=make_team(), plan=None, content={}, by=w.lead, as_of=NOW), "is written by"),
}  # fmt: skip


def _draft_by(world: Grants, person: Any) -> Any:
    from dataclasses import replace

    return draft(replace(world, director=person))


@pytest.mark.parametrize("name", CASES)
def test_forbidden_act_is_refused_in_a_sentence(name: str) -> None:
    act, says = CASES[name]
    with pytest.raises((StateRefused, NotAllowed), match=says) as refusal:
        act(make_grants())
    said = str(refusal.value)
    assert said[0].isupper() or said[0] in "“$0123456789", said
    assert said.endswith("."), said

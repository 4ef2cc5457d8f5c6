"""Acts that come too late, twice or half done, and acts of the wrong role: each refuses in one sentence that
names what is missing or who may. Beside `test_forbidden`, which asks for the acts of each person."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from django.urls import reverse

from grants.actions import amendments, awards, calls, funds, milestones, payments, reports
from grants.enums import AmendmentKind, AwardKind
from grants.models import Amendment, Application, Award, GrantReport, ReportVersion, Review, Tranche
from grants.policies.transitions import (
    AMENDMENT,
    APPLICATION,
    AWARD,
    REPORT,
    TRANCHE,
    Step,
    check_step,
)
from grants.policies.writing import check_can_write_version
from grants.terms import LineTerms
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import User
from tests.factories.grants import (
    NOW,
    TODAY,
    Grants,
    approve_all,
    draft,
    make_award,
    make_grants,
    make_terms,
    pay,
    tranche_of,
)
from tests.factories.people import make_user, signed_in

Act = Callable[[Grants], Any]


def amended(world: Grants, kind: AmendmentKind, changes: dict[str, Any]) -> Any:
    found = amendments.request_amendment(
        award=make_award(world), kind=kind, reason="x", changes=changes, by=world.lead, as_of=NOW
    )
    return amendments.approve_amendment(amendment=found, note="", by=world.director, as_of=NOW)


def application_of(world: Grants) -> Application:
    call = calls.open_call(
        fund=world.fund, kind=AwardKind.SUPPLEMENTAL, title="More", text="x", eligibility="x",
        largest_amount=Decimal(1000), questions=["What?"], criteria=["Need"], opens_on=TODAY,
        closes_on=TODAY + timedelta(days=9), by=world.director, as_of=NOW,
    )  # fmt: skip
    application = calls.write_application(
        call=call, team=world.team, title="Calls", amount=Decimal(900), answers=["Ours"], by=world.lead,
        as_of=NOW,
    )  # fmt: skip
    return calls.submit_application(application=application, by=world.lead, as_of=NOW)


def asked(world: Grants, application: Application, reviewer: User) -> Review:
    return calls.ask_reviewer(
        application=application, reviewer=reviewer, by=world.director, as_of=NOW
    )


def review(found: Review, scores: tuple[int, ...] = (3,), reasons: tuple[str, ...] = ("x",)) -> Any:
    return calls.submit_review(
        review=found, scores=scores, reasons=reasons, by=found.reviewer, as_of=NOW
    )


def decide(world: Grants, application: Application, by: User | None = None) -> Any:
    return calls.decide_application(
        application=application, awarded=False, reason="x", by=by or world.director, as_of=NOW
    )


def asked_twice(world: Grants) -> Any:
    application, analyst = application_of(world), make_user(Role.PAYER_ANALYST)
    asked(world, application, analyst)
    return asked(world, application, analyst)


def reviewed_twice(world: Grants) -> Any:
    found = asked(world, application_of(world), make_user(Role.PAYER_ANALYST))
    review(found)
    return review(found)


def reviewed_after_the_decision(world: Grants) -> Any:
    application = application_of(world)
    found = asked(world, application, make_user(Role.PAYER_ANALYST))
    calls.withdraw_application(application=application, by=world.lead, as_of=NOW)
    return review(found)


def another_reviews(world: Grants) -> Any:
    found = asked(world, application_of(world), make_user(Role.PAYER_ANALYST, name="Ana Analyst"))
    return calls.submit_review(
        review=found, scores=[3], reasons=["x"], by=world.second_director, as_of=NOW
    )


def decided_by_its_reviewer(world: Grants) -> Any:
    application = application_of(world)
    review(asked(world, application, world.second_director))
    return decide(world, application, by=world.second_director)


def decided_too_early(world: Grants) -> Any:
    application = application_of(world)
    asked(world, application, make_user(Role.PAYER_ANALYST, name="Ana Analyst"))
    return decide(world, application)


def accepted(world: Grants) -> Any:
    milestone = make_award(world).milestones.get()
    return milestones.accept_condition(milestone=milestone, note="x", by=world.director, as_of=NOW)


def paid(world: Grants) -> Tranche:
    tranche = approve_all(world, tranche_of(make_award(world)))
    pay(world, tranche)
    return tranche


def came_back(world: Grants, *, on: date = TODAY, reference: str = "BACK", amount: int = 1) -> Any:
    return payments.record_return(
        tranche=paid(world), amount=Decimal(amount), reason="x", reference=reference, on=on,
        by=world.finance, as_of=NOW,
    )  # fmt: skip


def pay_with(world: Grants, *, on: date = TODAY, reference: str = "OUT") -> Any:
    return payments.pay_tranche(
        tranche=approve_all(world, tranche_of(make_award(world))), reference=reference, on=on,
        by=world.finance, as_of=NOW,
    )  # fmt: skip


def below_zero(world: Grants) -> Any:
    report = make_award(world).reports.filter(kind="financial").order_by("due_on")[0]
    reports.start_report(report=report, by=world.lead, as_of=NOW)
    lines = {"01": reports.LineEntry(Decimal(-5))}
    reports.write_financial_report(report=report, lines=lines, comment="", by=world.lead, as_of=NOW)
    return reports.submit_report(report=report, by=world.lead, as_of=NOW)


def older_version(world: Grants) -> ReportVersion:
    """The page of version 1 is still open while the group writes version 2."""
    award = make_award(world)
    report = award.reports.filter(kind="narrative").order_by("due_on")[0]
    version = reports.start_report(report=report, by=world.lead, as_of=NOW)
    answers = dict.fromkeys(version.answers, "x")
    reports.write_narrative_report(report=report, answers=answers, by=world.lead, as_of=NOW)
    reports.submit_report(report=report, by=world.lead, as_of=NOW)
    reports.request_report_changes(report=report, reason="x", by=world.director, as_of=NOW)
    return version


def open_conditions(world: Grants, function: Any, by: User, **more: Any) -> Any:
    return function(tranche=tranche_of(make_award(world), 2), by=by, as_of=NOW, **more)


CASES: dict[str, tuple[Act, str]] = {
    "last day before the first": (lambda w: amended(w, AmendmentKind.EXTENSION, {"ends_on": "2025-12-31"}), "The last day has to be after the first one"),
    "new payment without its amount": (lambda w: amended(w, AmendmentKind.SCHEDULE, {"payments": {"9": {"planned_on": "2026-11-01"}}}), "Payment 9 is new: say its amount and its day"),
    "new payment without its day": (lambda w: amended(w, AmendmentKind.SCHEDULE, {"payments": {"9": {"amount": "5"}}}), "Payment 9 is new: say its amount and its day"),
    "reviewer asked twice": (asked_twice, "was asked already"),
    "review handed in twice": (reviewed_twice, "handed in this review already"),
    "review after the end": (reviewed_after_the_decision, "decided already"),
    "review of another person": (another_reviews, "This review is Ana Analyst's"),
    "score out of range": (lambda w: review(asked(w, application_of(w), make_user(Role.PAYER_ANALYST)), scores=(6,)), "a score from 1 to 5"),
    "score without a reason": (lambda w: review(asked(w, application_of(w), make_user(Role.PAYER_ANALYST)), reasons=(" ",)), "a reason for each score: Need"),
    "decision that nobody reviewed": (lambda w: decide(w, application_of(w)), "Nobody has reviewed this application"),
    "decision before every review": (decided_too_early, "Still reviewing: Ana Analyst"),
    "decision of a reviewer": (decided_by_its_reviewer, "another programme director decides"),
    "fund that ends before it begins": (lambda w: funds.change_fund(fund=w.fund, changes={"ends_on": date(2025, 1, 1)}, reason="x", by=w.finance, as_of=NOW), "The last day has to be after the first one"),
    "evidence of a decided condition": (lambda w: milestones.attach_evidence(milestone=accepted(w), file=io.BytesIO(b"x"), name="x.txt", by=w.lead, as_of=NOW), "This condition is accepted already"),
    "accepted condition waived": (lambda w: milestones.waive_condition(milestone=accepted(w), note="x", by=w.director, as_of=NOW), "This condition is accepted. Reopen it first"),
    "failure before the payment": (lambda w: payments.fail_payment(tranche=paid(w), reason="x", on=TODAY - timedelta(days=1), by=w.finance, as_of=NOW), "The payment was made on 2 Mar 2026"),
    "failure in the future": (lambda w: payments.fail_payment(tranche=paid(w), reason="x", on=TODAY + timedelta(days=1), by=w.finance, as_of=NOW), "not in the future"),
    "payment in the future": (lambda w: pay_with(w, on=TODAY + timedelta(days=1)), "cannot be in the future"),
    "payment without a reference": (lambda w: pay_with(w, reference=" "), "Write the bank's reference"),
    "return in the future": (lambda w: came_back(w, on=TODAY + timedelta(days=1)), "cannot be in the future"),
    "return without a reference": (lambda w: came_back(w, reference=" "), "Write the bank's reference"),
    "more returned than paid": (lambda w: came_back(w, amount=40001), r"\$40,000.00 are with the group"),
    "line below zero": (below_zero, "Line 01 would be spent below zero"),
    "words into an older version": (lambda w: check_can_write_version(older_version(w)), "There is a newer version of this report"),
    "category that is not there": (lambda w: draft(w, make_terms(lines=(LineTerms("01", "gold", "x", Decimal(100000)),))), "no budget category “gold”"),
    "recommended before its conditions": (lambda w: open_conditions(w, payments.recommend_payment, w.coach, note=""), r"Not yet accepted: Data plan accepted \(due 30 Jun 2026\)"),
    "approved before its conditions": (lambda w: open_conditions(w, payments.approve_payment_programme, w.director, note=""), "Not yet accepted: Data plan accepted"),
    "approved for finance before its conditions": (lambda w: open_conditions(w, payments.approve_payment_finance, w.finance, note=""), "Not yet accepted: Data plan accepted"),
    "paid before its conditions": (lambda w: open_conditions(w, payments.pay_tranche, w.finance, reference="A", on=TODAY), "Not yet accepted: Data plan accepted"),
    "recommended by finance": (lambda w: payments.recommend_payment(tranche=tranche_of(make_award(w)), note="", by=w.finance, as_of=NOW), "Coach or programme director may do this"),
    "recommended by the group": (lambda w: payments.recommend_payment(tranche=tranche_of(make_award(w)), note="", by=w.lead, as_of=NOW), "Coach or programme director may do this"),
    "report started by finance": (lambda w: reports.start_report(report=make_award(w).reports.all()[0], by=w.finance, as_of=NOW), "Group member or group lead may do this"),
    "review of somebody who may not": (lambda w: asked(w, application_of(w), w.finance), "may do this"),
    "change asked for by an evaluator": (lambda w: amendments.request_amendment(award=make_award(w), kind=AmendmentKind.SCOPE, reason="x", changes={"scope_text": "y"}, by=make_user(Role.EVALUATOR), as_of=NOW), "programme director.* may do this"),
    "anything without a role": (lambda w: awards.submit_award(award=draft(w), by=make_user(), as_of=NOW), "Your account has no role at present"),
    "finance when nobody holds the role": (lambda w: _nobody_in_finance(w), "Payer finance may do this"),
}  # fmt: skip


def _nobody_in_finance(world: Grants) -> Any:
    award = draft(world)
    for person in (world.finance, world.second_finance):
        person.memberships.all().delete()
    return awards.approve_award(award=award, by=world.director, as_of=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("name", CASES)
def test_act_is_refused_in_a_sentence_that_says_what_is_missing(name: str) -> None:
    act, says = CASES[name]
    with pytest.raises((StateRefused, NotAllowed), match=says) as refusal:
        act(make_grants())
    said = str(refusal.value)
    assert said[0].isupper() or said[0] in "“$0123456789", said
    assert said.endswith("."), said


# --- every act in every state -------------------------------------------------------------------------------

_MODELS: tuple[tuple[type[Model], dict[str, Step]], ...] = (
    (Award, AWARD),
    (Tranche, TRANCHE),
    (GrantReport, REPORT),
    (Amendment, AMENDMENT),
    (Application, APPLICATION),
)


@pytest.mark.parametrize(
    ("model", "act", "step"),
    [(model, act, step) for model, steps in _MODELS for act, step in steps.items()],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
def test_every_act_is_refused_in_every_state_that_it_does_not_begin_in(
    model: type[Model], act: str, step: Step
) -> None:
    states = type(next(iter(step.sources)))
    for state in states:
        target = model(state=state)
        if state in step.sources:
            assert check_step(act, target) is step
            continue
        with pytest.raises(StateRefused) as refusal:
            check_step(act, target)
        said = str(refusal.value)
        assert f"is “{state.label.lower()}”" in said and step.verb in said and said.endswith(".")
        for needed in step.sources:
            assert f"“{str(needed.label).lower()}”" in said


# --- pages ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_pages_refuse_what_comes_too_late(world: Grants, award: Award) -> None:
    milestone = award.milestones.get()
    milestones.accept_condition(milestone=milestone, note="x", by=world.director, as_of=NOW)
    report = award.reports.filter(kind="financial").order_by("due_on")[0]
    lead, director = signed_in(world.lead), signed_in(world.director)
    for client, name, pk, sent, says in (
        (director, "change_award", award.pk, {}, "what it says is changed by an amendment"),
        (lead, "milestone", milestone.pk, {}, "documents are put on file before that"),
        (lead, "report", report.pk, {"comment": "x"}, "cannot be changed here"),
        (lead, "report_lines", report.pk, {"text": "x"}, "lines are filled in while it is written"),
    ):
        answer = client.post(reverse(f"grants:{name}", args=[pk]), sent)
        assert answer.status_code == 409, name
        assert says in answer.content.decode(), name

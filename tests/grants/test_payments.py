"""The decision on a payment: three people, their order, and a sentence for every refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from grants.actions import awards, funds, milestones, payments
from grants.enums import TrancheState as T
from grants.models import Award, AwardEvent, LedgerEntry, Posting, Tranche, TrancheApproval
from grants.queries.checks import list_chain_problems, list_money_problems
from grants.queries.money import get_fund_totals, institute_holds
from grants.terms import TrancheTerms
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import AuditEvent
from tests.factories.grants import (
    NOW,
    TODAY,
    Grants,
    approve_all,
    make_award,
    make_grants,
    make_terms,
    pay,
    tranche_of,
)
from tests.factories.people import add_role, make_team, make_user

pytestmark = pytest.mark.django_db


def act(function: Callable[..., Any], tranche: Tranche, by: Any, **more: Any) -> Any:
    names = function.__kwdefaults__ or {}
    needed = function.__wrapped__.__annotations__ if hasattr(function, "__wrapped__") else {}
    for name in ("note", "reason"):
        if name in needed and name not in names:
            more.setdefault(name, "because")
    return function(tranche=tranche, by=by, as_of=NOW, **more)


def refusal(function: Callable[..., Any], tranche: Tranche, by: Any, **more: Any) -> str:
    with pytest.raises((StateRefused, NotAllowed)) as problem:
        act(function, tranche, by, **more)
    return str(problem.value)


def test_payment_goes_through_three_people_and_lands_on_the_ledger(
    world: Grants, award: Award
) -> None:
    tranche = tranche_of(award)
    assert tranche.state == T.READY  # it has no conditions
    approve_all(world, tranche)
    assert Posting.objects.filter(tranche=tranche).count() == 0
    pay(world, tranche, reference="ACH-1")
    tranche.refresh_from_db()
    assert tranche.state == T.PAID
    entries = LedgerEntry.objects.filter(posting__reference="ACH-1")
    assert {e.account: e.amount for e in entries} == {
        "institute": Decimal("-40000.00"),
        "group": Decimal("40000.00"),
    }
    totals = get_fund_totals(world.fund)
    assert (totals.paid, totals.committed, totals.left) == (40000, 100000, 900000)
    assert institute_holds(world.fund) == totals.held == 960000
    assert list_money_problems() == [] and list_chain_problems(award) == []
    assert set(TrancheApproval.objects.values_list("by__name", flat=True)) == {
        "Cory Coach",
        "Dana Director",
        "Fran Finance",
    }


def test_every_act_leaves_before_and_after_in_chain_and_trail(world: Grants, award: Award) -> None:
    act(payments.recommend_payment, tranche_of(award), world.coach)
    event = AwardEvent.objects.get(act="recommend_payment")
    assert (event.before["state"], event.after["state"]) == ("ready", "recommended")
    assert (event.actor, event.roles) == (world.coach, "coach")
    audit = AuditEvent.objects.get(act="recommend_payment")
    assert audit.details["hash"] == event.hash and audit.team == award.team


# --- a sentence for each refusal ---------------------------------------------------------------------------


def test_recommend_refused_while_a_condition_is_open(world: Grants, award: Award) -> None:
    tranche = tranche_of(award, 2)
    assert tranche.state == T.CONDITIONS_OPEN
    said = refusal(payments.recommend_payment, tranche, world.coach)
    assert "Data plan accepted (due 30 Jun 2026)" in said and "programme director" in said


def test_condition_that_is_open_is_named(world: Grants, award: Award) -> None:
    tranche = tranche_of(award, 2)
    Tranche.objects.filter(pk=tranche.pk).update(state=T.READY)  # as if it had slipped through
    said = refusal(payments.recommend_payment, tranche, world.coach)
    assert "Data plan accepted (due 30 Jun 2026)" in said and "programme director" in said


def test_programme_approval_refused_for_whoever_recommended(world: Grants, award: Award) -> None:
    tranche = tranche_of(award)
    act(payments.recommend_payment, tranche, world.director)
    said = refusal(payments.approve_payment_programme, tranche, world.director)
    assert "You recommended it" in said and "Dee Director may" in said
    act(payments.approve_payment_programme, tranche, world.second_director)


def test_finance_approval_refused_for_whoever_has_another_part(world: Grants, award: Award) -> None:
    tranche = tranche_of(award)
    add_role(world.coach, Role.PAYER_FINANCE)
    act(payments.recommend_payment, tranche, world.coach)
    act(payments.approve_payment_programme, tranche, world.director)
    world.coach.__dict__.pop("_memberships_on", None)
    said = refusal(payments.approve_payment_finance, tranche, world.coach)
    assert "You recommended it" in said and "Finn Finance" in said


@pytest.mark.parametrize(
    ("function", "who", "says"),
    [
        (payments.recommend_payment, "lead", "recommend payments"),
        (payments.recommend_payment, "finance", "recommend payments"),
        (payments.approve_payment_programme, "coach", "approve payments for the programme"),
        (payments.approve_payment_programme, "finance", "approve payments for the programme"),
        (payments.approve_payment_finance, "director", "for finance"),
        (payments.approve_payment_finance, "lead", "for finance"),
        (payments.override_conditions, "coach", "approve payments for the programme"),
        (payments.retry_payment, "director", "for finance"),
    ],
)
def test_acts_of_other_roles_are_refused(
    world: Grants, award: Award, function: Any, who: str, says: str
) -> None:
    assert says in refusal(function, tranche_of(award), getattr(world, who))


def test_payment_of_other_roles_is_refused(world: Grants, award: Award) -> None:
    tranche = approve_all(world, tranche_of(award))
    said = refusal(payments.pay_tranche, tranche, world.director, reference="X", on=TODAY)
    assert "for finance" in said


def test_coach_of_another_group_may_not_recommend(world: Grants, award: Award) -> None:
    stranger = make_user(Role.COACH, team=make_team())
    said = refusal(payments.recommend_payment, tranche_of(award), stranger)
    assert "You do not coach" in said


@pytest.mark.parametrize(
    ("function", "role"),
    [
        (payments.recommend_payment, Role.COACH),
        (payments.approve_payment_programme, Role.PROGRAMME_DIRECTOR),
        (payments.approve_payment_finance, Role.PAYER_FINANCE),
    ],
)
def test_nobody_decides_for_the_own_group(
    world: Grants, award: Award, function: Any, role: Role
) -> None:
    tranche = tranche_of(award)
    if function is not payments.recommend_payment:
        act(payments.recommend_payment, tranche, world.coach)
    if function is payments.approve_payment_finance:
        act(payments.approve_payment_programme, tranche, world.director)
    person = make_user(role, team=world.team)
    add_role(person, Role.GROUP_MEMBER, team=world.team)
    assert "You belong to" in refusal(function, tranche, person)


def test_payment_refused_before_finance_approved(world: Grants, award: Award) -> None:
    said = refusal(payments.pay_tranche, tranche_of(award), world.finance, reference="X", on=TODAY)
    assert "“ready”" in said and "“approved by finance”" in said


def test_second_payment_is_refused(world: Grants, award: Award) -> None:
    tranche = approve_all(world, tranche_of(award))
    pay(world, tranche)
    said = refusal(payments.pay_tranche, tranche, world.finance, reference="AGAIN", on=TODAY)
    assert "“paid”" in said
    assert Posting.objects.filter(tranche=tranche).count() == 1


def test_payment_refused_when_the_institute_does_not_hold_the_money() -> None:
    world = make_grants(received="30000")
    tranche = approve_all(world, tranche_of(make_award(world)))
    said = refusal(payments.pay_tranche, tranche, world.finance, reference="X", on=TODAY)
    assert "holds $30,000.00" in said and "Record the payer's transfer first" in said


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"reference": "", "on": TODAY}, "reference"),
        ({"reference": "X", "on": TODAY + timedelta(days=1)}, "future"),
    ],
)
def test_payment_needs_reference_and_a_day_that_was(
    world: Grants, award: Award, more: dict[str, Any], says: str
) -> None:
    tranche = approve_all(world, tranche_of(award))
    assert says in refusal(payments.pay_tranche, tranche, world.finance, **more)


def test_large_payment_needs_a_second_person_of_finance(world: Grants, award: Award) -> None:
    funds.change_rules(
        changes={"second_approval_over": Decimal("39999.99")}, by=world.finance, as_of=NOW
    )
    tranche = approve_all(world, tranche_of(award))
    assert tranche.state == T.APPROVED_PROGRAMME
    said = refusal(payments.approve_payment_finance, tranche, world.finance)
    assert "approved it for finance" in said and "Finn Finance may" in said
    act(payments.approve_payment_finance, tranche, world.second_finance)
    tranche.refresh_from_db()
    assert tranche.state == T.APPROVED_FINANCE


def test_suspended_award_freezes_its_payments(world: Grants, award: Award) -> None:
    tranche = tranche_of(award)
    awards.suspend_award(award=award, reason="Audit of the group", by=world.director, as_of=NOW)
    said = refusal(payments.recommend_payment, tranche, world.coach)
    assert "suspended" in said and "Audit of the group" in said
    awards.resume_award(award=award, reason="Audit is done", by=world.director, as_of=NOW)
    act(payments.recommend_payment, tranche, world.coach)


@pytest.mark.parametrize(
    "function",
    [
        payments.override_conditions,
        payments.send_back_payment,
        payments.hold_payment,
        payments.cancel_payment,
    ],
)
def test_acts_against_the_plan_need_a_reason(world: Grants, award: Award, function: Any) -> None:
    tranche = tranche_of(award, 2)
    if function is payments.send_back_payment:
        tranche = tranche_of(award, 1)
        act(payments.recommend_payment, tranche, world.coach)
    assert "Write the reason" in refusal(function, tranche, world.director, reason=" ")


def test_cancelling_is_for_awards_that_end(world: Grants, award: Award) -> None:
    said = refusal(payments.cancel_payment, tranche_of(award), world.director, reason="x")
    assert "Begin to close it first" in said


# --- around the straight way -------------------------------------------------------------------------------


def test_override_goes_on_with_its_reason_and_takes_no_other_part(
    world: Grants, award: Award
) -> None:
    tranche = tranche_of(award, 2)
    act(payments.override_conditions, tranche, world.director, reason="Storm closed the clinic")
    tranche.refresh_from_db()
    assert (tranche.state, tranche.override_by) == (T.READY, world.director)
    act(payments.recommend_payment, tranche, world.coach)
    said = refusal(payments.approve_payment_programme, tranche, world.director)
    assert "without its conditions" in said and "Dee Director" in said
    # also in a later round
    act(payments.send_back_payment, tranche, world.second_director)
    act(payments.recommend_payment, tranche, world.coach)
    assert "without its conditions" in refusal(
        payments.approve_payment_programme, tranche, world.director
    )
    act(payments.approve_payment_programme, tranche, world.second_director)
    assert AwardEvent.objects.get(act="override_conditions").after["missing"] == [
        "Data plan accepted"
    ]


def test_condition_is_decided_by_a_person_and_makes_the_payment_ready(
    world: Grants, award: Award
) -> None:
    tranche = tranche_of(award, 2)
    milestone = tranche.conditions.get()
    with pytest.raises(StateRefused, match="does not see this condition as met"):
        milestones.accept_condition(milestone=milestone, note="", by=world.director, as_of=NOW)
    with pytest.raises(NotAllowed):
        milestones.accept_condition(milestone=milestone, note="x", by=world.lead, as_of=NOW)
    milestones.accept_condition(milestone=milestone, note="Plan read", by=world.director, as_of=NOW)
    tranche.refresh_from_db()
    assert tranche.state == T.READY
    milestones.reopen_condition(
        milestone=milestone, note="Wrong plan", by=world.director, as_of=NOW
    )
    tranche.refresh_from_db()
    assert tranche.state == T.CONDITIONS_OPEN
    milestones.waive_condition(milestone=milestone, note="Not needed", by=world.director, as_of=NOW)
    act(payments.recommend_payment, tranche, world.coach)
    with pytest.raises(StateRefused, match="“recommended”. Send it back first"):
        milestones.reopen_condition(milestone=milestone, note="x", by=world.director, as_of=NOW)


def test_failed_payment_is_reversed_and_paid_again_once(world: Grants, award: Award) -> None:
    tranche = approve_all(world, tranche_of(award))
    pay(world, tranche, reference="ACH-1")
    act(payments.fail_payment, tranche, world.finance, on=TODAY, reason="Account closed")
    tranche.refresh_from_db()
    assert tranche.state == T.PAYMENT_FAILED
    assert get_fund_totals(world.fund).paid == 0
    assert institute_holds(world.fund) == 1000000
    act(payments.retry_payment, tranche, world.finance, note="New account number")
    assert "ACH-1 was used" in refusal(
        payments.pay_tranche, tranche, world.finance, reference="ACH-1", on=TODAY
    )
    pay(world, tranche, reference="ACH-2")
    assert get_fund_totals(world.fund).paid == 40000
    assert list_money_problems() == []


def test_hold_and_release_go_back_to_the_same_step(world: Grants, award: Award) -> None:
    tranche = tranche_of(award)
    act(payments.recommend_payment, tranche, world.coach)
    act(payments.hold_payment, tranche, world.finance, reason="Bank details in doubt")
    assert "“on hold”" in refusal(payments.approve_payment_programme, tranche, world.director)
    act(payments.release_payment, tranche, world.director)
    tranche.refresh_from_db()
    assert (tranche.state, tranche.held_from) == (T.RECOMMENDED, "")


def test_money_comes_back_in_parts(world: Grants, award: Award) -> None:
    tranche = approve_all(world, tranche_of(award))
    pay(world, tranche)
    give_back = {"reason": "Post not filled", "on": TODAY}
    act(
        payments.record_return,
        tranche,
        world.finance,
        amount=Decimal(10000),
        reference="R1",
        **give_back,
    )
    said = refusal(
        payments.record_return,
        tranche,
        world.finance,
        amount=Decimal("30000.01"),
        reference="R2",
        **give_back,
    )
    assert "$30,000.00 are with the group" in said
    assert "it arrived" in refusal(payments.fail_payment, tranche, world.finance, on=TODAY)
    act(
        payments.record_return,
        tranche,
        world.finance,
        amount=Decimal(30000),
        reference="R2",
        **give_back,
    )
    tranche.refresh_from_db()
    assert tranche.state == T.RETURNED
    assert institute_holds(world.fund) == 1000000
    assert list_money_problems() == []


def test_sent_back_payment_needs_everybody_again(world: Grants, award: Award) -> None:
    tranche = approve_all(world, tranche_of(award))
    act(payments.send_back_payment, tranche, world.finance, reason="Wrong bank details")
    tranche.refresh_from_db()
    assert (tranche.state, tranche.round) == (T.READY, 2)
    assert tranche.approvals.filter(round=1).count() == 3
    approve_all(world, tranche)
    pay(world, tranche)


def test_terminated_award_pays_no_more_and_frees_the_rest_of_the_fund(
    world: Grants, award: Award
) -> None:
    pay(world, approve_all(world, tranche_of(award)))
    awards.terminate_award(award=award, reason="Group left", by=world.director, as_of=NOW)
    assert tranche_of(award, 2).state == T.CANCELLED
    assert get_fund_totals(world.fund).committed == 40000
    assert list_money_problems() == []


def test_first_test_does_not_wait_for_money(world: Grants) -> None:
    """Nothing of grants stands before a test of change: the app that keeps tests cannot even ask."""
    import ast
    from pathlib import Path

    imported = {
        node.module or ""
        for path in Path("pdsa").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    }
    assert not any(name.split(".")[0] == "grants" for name in imported)


def test_awards_cannot_promise_more_than_the_fund() -> None:
    world = make_grants(amount="150000")
    make_award(world)
    with pytest.raises(StateRefused, match=r"has \$50,000.00 left.*needs \$100,000.00"):
        make_award(world)


def test_award_sums_are_named_to_the_cent(world: Grants) -> None:
    from tests.factories.grants import draft

    terms = make_terms()
    short = replace(terms, tranches=(TrancheTerms(1, Decimal("99999.99"), date(2026, 2, 1)),))
    award = draft(world, short)
    with pytest.raises(StateRefused, match=r"\$0.01 missing"):
        awards.submit_award(award=award, by=world.director, as_of=NOW)

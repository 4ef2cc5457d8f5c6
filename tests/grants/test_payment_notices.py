"""Who hears of a payment: whoever does its next step, once each time, and the group of its money."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from grants.actions.milestones import accept_condition
from grants.actions.payments import (
    approve_payment_finance,
    approve_payment_programme,
    fail_payment,
    override_conditions,
    recommend_payment,
    record_return,
    send_back_payment,
)
from grants.models import Award
from grants.queries.rules import get_rules
from teams.enums import Role
from teams.models import Notification
from tests.factories.grants import NOW, TODAY, Grants, approve_all, pay, tranche_of
from tests.factories.people import make_user

pytestmark = pytest.mark.django_db


def told(words: str = "") -> set[str]:
    """Names of those who were told since the last look."""
    rows = Notification.objects.filter(topic="grants", title__contains=words)
    names = set(rows.values_list("user__name", flat=True))
    Notification.objects.all().delete()
    return names


def test_each_step_is_told_to_those_who_can_do_it(world: Grants, award: Award) -> None:
    for role in (Role.PAYER_ANALYST, Role.GROUP_LEAD, Role.EVALUATOR):
        make_user(role, name=f"Strange {role}")
    make_user(Role.COACH, name="Strange coach")
    tranche = tranche_of(award)
    assert told("waits for your recommendation") == {"Cory Coach"}
    recommend_payment(tranche=tranche, note="", by=world.coach, as_of=NOW)
    assert told("waits for the programme’s approval") == {"Dana Director", "Dee Director"}
    approve_payment_programme(tranche=tranche, note="", by=world.director, as_of=NOW)
    assert told("waits for finance’s approval") == {"Fran Finance", "Finn Finance"}
    approve_payment_finance(tranche=tranche, note="", by=world.finance, as_of=NOW)
    assert told("waits for being paid") == {"Finn Finance"}
    pay(world, tranche)
    assert told("$40,000, was sent to you") == {"Lee Lead"}


def test_large_payment_waits_for_the_other_person_of_finance(world: Grants, award: Award) -> None:
    rules = get_rules()
    rules.second_approval_over = Decimal(1000)
    rules.save()
    tranche = tranche_of(award)
    recommend_payment(tranche=tranche, note="", by=world.coach, as_of=NOW)
    approve_payment_programme(tranche=tranche, note="", by=world.director, as_of=NOW)
    told()
    later = NOW + timedelta(minutes=1)
    approve_payment_finance(tranche=tranche, note="", by=world.finance, as_of=later)
    assert told("waits for finance’s approval") == {"Finn Finance"}


def test_who_has_decided_is_not_asked_again_and_a_new_round_asks_anew(
    world: Grants, award: Award
) -> None:
    tranche = tranche_of(award)
    told()
    recommend_payment(tranche=tranche, note="", by=world.director, as_of=NOW)
    assert told("the programme’s approval") == {"Dee Director"}
    later = NOW + timedelta(minutes=1)
    send_back_payment(
        tranche=tranche, reason="One more look", by=world.second_director, as_of=later
    )
    assert told("waits for your recommendation") == {"Cory Coach"}


def test_condition_that_is_decided_makes_the_payment_wait(world: Grants, award: Award) -> None:
    told()
    accept_condition(
        milestone=award.milestones.get(), note="Seen on paper", by=world.director, as_of=NOW
    )
    assert told("Payment 2") == {"Cory Coach"}


def test_group_hears_of_money_that_did_not_arrive_and_not_of_what_it_gave_back(
    world: Grants, award: Award
) -> None:
    tranche = tranche_of(award)
    approve_all(world, tranche)
    pay(world, tranche)
    told()
    record_return(
        tranche=tranche,
        amount=Decimal(100),
        reason="Not needed",
        reference="BACK-1",
        on=TODAY,
        by=world.finance,
        as_of=NOW,
    )
    assert told() == set()


def test_group_hears_of_a_payment_that_failed(world: Grants, award: Award) -> None:
    tranche = tranche_of(award)
    approve_all(world, tranche)
    pay(world, tranche)
    told()
    fail_payment(tranche=tranche, reason="Account closed", on=TODAY, by=world.finance, as_of=NOW)
    assert told("could not be delivered") == {"Lee Lead"}


def test_director_who_passed_over_the_conditions_is_not_asked_to_approve(
    world: Grants, award: Award
) -> None:
    tranche = tranche_of(award, 2)
    override_conditions(tranche=tranche, reason="The plan is late", by=world.director, as_of=NOW)
    told()
    recommend_payment(tranche=tranche, note="", by=world.coach, as_of=NOW)
    assert told("the programme’s approval") == {"Dee Director"}

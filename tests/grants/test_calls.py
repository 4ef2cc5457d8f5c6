"""Calls: who may apply and until when, reviews that are blind to each other, decisions with reasons."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone

from grants.actions.calls import (
    ask_reviewer,
    decide_application,
    open_call,
    submit_application,
    submit_review,
    withdraw_application,
    write_application,
)
from grants.enums import ApplicationState, AwardKind
from grants.models import Application, Call
from grants.queries.calls import list_applications, list_reviews
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import User
from teams.scoping import scope_of
from tests.factories.grants import NOW, TODAY, Grants, draft, make_grants
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db


def call_of(world: Grants, **changes: Any) -> Call:
    about: dict[str, Any] = {
        "fund": world.fund,
        "kind": AwardKind.SUPPLEMENTAL,
        "title": "Small groups",
        "text": "For what the first awards did not cover.",
        "eligibility": "Groups in the collaborative.",
        "largest_amount": Decimal(100000),
        "questions": ["What will you do?", "Whom will it reach?"],
        "criteria": ["Need", "Plan"],
        "opens_on": TODAY - timedelta(days=1),
        "closes_on": TODAY + timedelta(days=20),
    }
    return open_call(**{**about, **changes}, by=world.director, as_of=NOW)


def write(
    call: Call,
    world: Grants,
    *,
    as_of: datetime = NOW,
    amount: str = "90000",
    answers: tuple[str, ...] = ("Calls", "Ten patients"),
) -> Application:
    return write_application(
        call=call,
        team=world.team,
        title="Evening calls",
        amount=Decimal(amount),
        answers=answers,
        by=world.lead,
        as_of=as_of,
    )


def eyes(user: User) -> Any:
    return scope_of(User.objects.get(pk=user.pk), on=date(2026, 3, 2))


def test_application_is_handed_in_whole_in_time_and_then_stays() -> None:
    world = make_grants()
    call = call_of(world)
    application = write(call, world, answers=("Calls", ""))
    with pytest.raises(StateRefused, match="Whom will it reach"):
        submit_application(application=application, by=world.lead, as_of=NOW)
    write(call, world, amount="100000.01")
    with pytest.raises(StateRefused, match=r"gives \$100,000.00 at most"):
        submit_application(application=application, by=world.lead, as_of=NOW)
    write(call, world)
    submit_application(application=application, by=world.lead, as_of=NOW)
    with pytest.raises(StateRefused, match="“submitted”"):
        write(call, world)
    with pytest.raises(ProgrammingError, match="as it was handed in"), transaction.atomic():
        Application.objects.update(title="Other")


@pytest.mark.parametrize("days", [-3, 21])
def test_call_takes_applications_between_its_days_only(days: int) -> None:
    world = make_grants()
    call = call_of(world)
    with pytest.raises(StateRefused, match="takes applications from 1 Mar 2026 to 22 Mar 2026"):
        write(call, world, as_of=NOW + timedelta(days=days))


def test_applications_of_others_are_not_there() -> None:
    world = make_grants()
    application = write(call_of(world), world)
    stranger = make_user(Role.GROUP_LEAD, team=make_team())
    assert list(list_applications(eyes(world.lead))) == [application]
    assert list(list_applications(eyes(stranger))) == []
    assert list(list_applications(eyes(world.director))) == []  # a draft is the group's own
    with pytest.raises(NotAllowed):
        submit_application(application=application, by=stranger, as_of=NOW)
    with pytest.raises(NotAllowed):
        withdraw_application(application=application, by=stranger, as_of=NOW)


def test_reviews_are_blind_until_all_are_in_and_the_decision_says_why() -> None:
    world = make_grants()
    call = call_of(world)
    application = write(call, world)
    with pytest.raises(StateRefused, match="handed in"):
        ask_reviewer(
            application=application, reviewer=world.second_director, by=world.director, as_of=NOW
        )
    submit_application(application=application, by=world.lead, as_of=NOW)
    with pytest.raises(StateRefused, match="works with"):
        ask_reviewer(application=application, reviewer=world.coach, by=world.director, as_of=NOW)
    analyst = make_user(Role.PAYER_ANALYST, name="Ana Analyst")
    other = make_user(Role.COACH, name="Otto Other")
    first, second = (
        ask_reviewer(application=application, reviewer=r, by=world.director, as_of=NOW)
        for r in (analyst, other)
    )
    with pytest.raises(NotAllowed, match="Ana Analyst's"):
        submit_review(review=first, scores=[4, 4], reasons=["a", "b"], by=other, as_of=NOW)
    with pytest.raises(StateRefused, match="reason for each score: Plan"):
        submit_review(review=first, scores=[4, 4], reasons=["a", " "], by=analyst, as_of=NOW)
    with pytest.raises(StateRefused, match="1 to 5"):
        submit_review(review=first, scores=[4, 6], reasons=["a", "b"], by=analyst, as_of=NOW)
    submit_review(review=first, scores=[4, 2], reasons=["Clear", "Thin"], by=analyst, as_of=NOW)
    for person in (other, world.director):  # neither the other reviewer nor who decides
        assert first not in list_reviews(eyes(person), application)
    with pytest.raises(StateRefused, match="Still reviewing: Otto Other"):
        decide_application(
            application=application, awarded=False, reason="x", by=world.director, as_of=NOW
        )
    submit_review(review=second, scores=[5, 3], reasons=["Need", "Fine"], by=other, as_of=NOW)
    for person in (analyst, other, world.director):
        assert set(list_reviews(eyes(person), application)) == {first, second}
    assert list_reviews(eyes(world.lead), application) == []
    with pytest.raises(ProgrammingError, match="handed in"), transaction.atomic():
        first.__class__.objects.update(scores=[5, 5])
    with pytest.raises(StateRefused, match="Write the reason"):
        decide_application(
            application=application, awarded=False, reason=" ", by=world.director, as_of=NOW
        )
    decided = decide_application(
        application=application,
        awarded=False,
        reason="The plan names no site.",
        by=world.director,
        as_of=NOW,
    )
    assert decided.state == ApplicationState.DECLINED
    assert list_applications(eyes(world.lead)).get().decision_reason == "The plan names no site."


def test_award_of_another_group_does_not_carry_out_an_application() -> None:
    world = make_grants()
    application = write(call_of(world), world)
    submit_application(application=application, by=world.lead, as_of=NOW)
    analyst = make_user(Role.PAYER_ANALYST)
    review = ask_reviewer(application=application, reviewer=analyst, by=world.director, as_of=NOW)
    submit_review(review=review, scores=[5, 5], reasons=["a", "b"], by=analyst, as_of=NOW)
    strange = draft(world, team=make_team())
    with pytest.raises(StateRefused, match="another group"):
        decide_application(
            application=application, awarded=True, reason="Good", by=world.director, as_of=NOW,
            award=strange,
        )  # fmt: skip
    own = draft(world)
    decide_application(
        application=application,
        awarded=True,
        reason="Good",
        by=world.director,
        as_of=NOW,
        award=own,
    )
    assert own.application == application
    assert timezone.is_aware(application.changed_at)

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
    change_call_days,
    decide_application,
    open_call,
    submit_application,
    submit_review,
    withdraw_application,
    write_application,
)
from grants.actions.nightly import look_at_calls
from grants.enums import ApplicationState, AwardKind, CallState
from grants.models import Application, Call
from grants.queries.calls import list_applications, list_reviews
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import AuditEvent, Notification, User
from teams.scoping import scope_of
from tests.factories.grants import NOW, TODAY, Grants, draft, make_grants
from tests.factories.people import make_team, make_user, signed_in

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


def told(key: str) -> set[str]:
    return set(
        Notification.objects.filter(key__startswith=key).values_list("user__name", flat=True)
    )


def reviewed(world: Grants, call: Call) -> tuple[Application, User]:
    """An application that was handed in and whose one review is in."""
    application = write(call, world)
    submit_application(application=application, by=world.lead, as_of=NOW)
    analyst = make_user(Role.PAYER_ANALYST, name="Ana Analyst")
    review = ask_reviewer(application=application, reviewer=analyst, by=world.director, as_of=NOW)
    submit_review(review=review, scores=[5, 5], reasons=["a", "b"], by=analyst, as_of=NOW)
    return application, analyst


def test_groups_are_told_of_a_call_once_from_its_first_day_on() -> None:
    world = make_grants()
    make_user(Role.GROUP_MEMBER, team=make_team(), name="Mia Member")
    make_user(Role.SENIOR_SPONSOR, team=world.team, name="Sam Sponsor")
    call = call_of(world, opens_on=TODAY + timedelta(days=1))
    assert told("grant-call") == set()
    look_at_calls(as_of=NOW)
    assert told("grant-call") == set()
    for days in (1, 2):
        look_at_calls(as_of=NOW + timedelta(days=days))
    assert told("grant-call") == {"Lee Lead", "Mia Member"}  # who writes applications
    assert Notification.objects.filter(key__startswith="grant-call").count() == 2
    notice = Notification.objects.filter(user=world.lead).get()
    assert notice.title == f"“{call.title}” takes applications until 22 March 2026."
    assert notice.text == "Who may apply: Groups in the collaborative."
    call_of(world, title="Open at once")
    assert Notification.objects.filter(title__startswith="“Open at once”").count() == 2


def test_reviewer_and_group_are_told_with_the_reasons() -> None:
    world = make_grants()
    application, _ = reviewed(world, call_of(world))
    assert told("grant-review") == {"Ana Analyst"}
    decide_application(
        application=application, awarded=False, reason="It names no site.", by=world.director,
        as_of=NOW,
    )  # fmt: skip
    assert told("grant-decision") == {"Lee Lead"}
    notice = Notification.objects.get(key=f"grant-decision-{application.pk}")
    assert notice.title == "Your application “Evening calls” was declined."
    assert notice.text == "The reasons: It names no site."


def test_call_is_decided_when_it_is_over_and_every_application_is() -> None:
    world = make_grants()
    call = call_of(world)
    application, _ = reviewed(world, call)
    after = NOW + timedelta(days=21)
    look_at_calls(as_of=after)
    call.refresh_from_db()
    assert call.state == CallState.OPEN  # one waits for its decision
    decide_application(
        application=application, awarded=True, reason="Good", by=world.director, as_of=NOW
    )
    call.refresh_from_db()
    assert call.state == CallState.OPEN  # others can still apply
    look_at_calls(as_of=after)
    call.refresh_from_db()
    assert call.state == CallState.DECIDED
    with pytest.raises(StateRefused, match="This call is decided"):
        change_call_days(
            call=call, opens_on=call.opens_on, closes_on=TODAY + timedelta(days=90),
            by=world.director, as_of=after,
        )  # fmt: skip


def test_call_is_extended_and_ended_on_its_page() -> None:
    world = make_grants()
    today = timezone.localdate()
    call = call_of(world, opens_on=today - timedelta(days=9), closes_on=today + timedelta(days=9))
    page = f"/grants/calls/{call.pk}/days/"
    director = signed_in(world.director)
    assert page in director.get(f"/grants/calls/{call.pk}/").content.decode()
    assert page not in signed_in(world.lead).get(f"/grants/calls/{call.pk}/").content.decode()

    def send(opens_on: date, closes_on: date) -> Any:
        return director.post(page, {"opens_on": str(opens_on), "closes_on": str(closes_on)})

    refused = send(call.opens_on, today - timedelta(days=1))
    assert refused.status_code == 422
    assert "that day still counts" in refused.content.decode()
    refused = send(today - timedelta(days=8), call.closes_on)
    assert "It can be moved only from one coming day to another." in refused.content.decode()
    later = today + timedelta(days=30)
    assert send(call.opens_on, later).status_code == 302
    call.refresh_from_db()
    assert call.closes_on == later
    assert told(f"grant-call-{call.pk}-until-{later}") == {"Lee Lead"}
    event = AuditEvent.objects.get(act="change_call_days")
    assert event.details["after"]["closes_on"] == str(later)
    assert send(call.opens_on, today).status_code == 302
    call.refresh_from_db()
    assert call.closes_on == today

"""What waits for each role, and reminders of late reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from grants.actions.calls import ask_reviewer, submit_application, submit_review
from grants.actions.nightly import remind_late_reports
from grants.actions.payments import hold_payment, recommend_payment
from grants.actions.plans import save_plan, sign_plan
from grants.queries.work import list_waiting
from teams.enums import Role
from teams.errors import NotAllowed
from teams.models import Notification, User
from teams.scoping import scope_of
from tests.factories.grants import NOW, make_award, make_grants, tranche_of
from tests.factories.people import make_user, signed_in
from tests.grants.test_calls import call_of, write

pytestmark = pytest.mark.django_db

#: The financial report of the first quarter is due on 30 April.
LATE = NOW + timedelta(days=65)


def waiting(user: User, kind: str, *, as_of: Any = NOW) -> list[tuple[str, str]]:
    """Verb and thing of what waits for somebody, of one kind."""
    scope = scope_of(User.objects.get(pk=user.pk), on=timezone.localdate(as_of))
    return [(w.verb, w.what) for w in list_waiting(scope, as_of=as_of) if w.kind == kind]


def test_application_waits_for_reviewers_then_for_the_decision() -> None:
    world = make_grants()
    application = write(call_of(world), world)
    assert waiting(world.director, "application") == []  # a draft is the group's
    submit_application(application=application, by=world.lead, as_of=NOW)
    what = "Application: Evening calls"
    assert waiting(world.director, "application") == [("Ask for reviews", what)]
    analyst = make_user(Role.PAYER_ANALYST)
    stranger = make_user(Role.PAYER_ANALYST)
    reviews = [
        ask_reviewer(application=application, reviewer=person, by=world.director, as_of=NOW)
        for person in (analyst, world.second_director)
    ]
    assert waiting(analyst, "application") == [("Review", what)]
    assert waiting(stranger, "application") == []
    assert waiting(world.director, "application") == []
    for review in reviews:
        submit_review(
            review=review, scores=[4, 4], reasons=["a", "b"], by=review.reviewer, as_of=NOW
        )
    assert waiting(analyst, "application") == []
    assert waiting(world.director, "application") == [("Decide", what)]
    assert waiting(world.second_director, "application") == []  # reviewed it
    page = signed_in(world.director).get("/grants/").content.decode()
    assert f'href="/grants/applications/{application.pk}/"' in page


def test_payment_on_hold_waits_for_those_who_may_release_it() -> None:
    world = make_grants()
    tranche = tranche_of(make_award(world))
    recommend_payment(tranche=tranche, note="", by=world.coach, as_of=NOW)
    assert ("Release or cancel", "Payment 1 of Blood pressure at home") not in waiting(
        world.director, "tranche"
    )
    hold_payment(tranche=tranche, reason="Account changed", by=world.finance, as_of=NOW)
    for person in (world.director, world.finance):
        assert waiting(person, "tranche") == [
            ("Release or cancel", "Payment 1 of Blood pressure at home")
        ]
    assert waiting(world.coach, "tranche") == []


def test_plan_waits_for_its_own_sponsor() -> None:
    world = make_grants()
    make_award(world)
    sponsor = make_user(Role.SENIOR_SPONSOR, team=world.team)
    content: dict[str, Any] = {
        "name": "With the contract", "first_year": 2026, "grant_ends_in": 2, "staffing": "",
        "lines": [], "assumptions": [], "changes": [],
    }  # fmt: skip
    plan = save_plan(team=world.team, plan=None, content=content, by=world.lead, as_of=NOW)
    assert waiting(sponsor, "plan") == [("Sign", "Five-year plan: With the contract")]
    for person in (world.lead, make_user(Role.SENIOR_SPONSOR)):
        assert waiting(person, "plan") == []
    team_page = f"/grants/teams/{world.team.code}/"
    assert f"{team_page}plan/#plan-{plan.pk}" in signed_in(sponsor).get(team_page).content.decode()
    assert "waits for your signature" not in signed_in(world.lead).get(team_page).content.decode()
    sign_plan(plan=plan, by=sponsor, as_of=NOW)
    assert waiting(sponsor, "plan") == []


def test_late_reports_wait_for_the_group_and_are_seen_by_the_director() -> None:
    world = make_grants()
    make_award(world)
    late = [what for verb, what in waiting(world.director, "report", as_of=LATE) if verb == "See"]
    assert late == ["Financial report Jan 2026 to Mar 2026 of Blood pressure at home is missing"]
    assert waiting(world.director, "report") == []
    assert waiting(world.lead, "report", as_of=LATE)
    assert waiting(world.finance, "report", as_of=LATE) == []


def test_groups_are_reminded_of_late_reports_once_a_day() -> None:
    world = make_grants()
    make_award(world)
    with pytest.raises(NotAllowed):
        remind_late_reports(by=world.finance, as_of=LATE)
    assert remind_late_reports(by=world.director, as_of=NOW) == 0  # nothing is late
    assert remind_late_reports(by=world.director, as_of=LATE) == 1
    assert remind_late_reports(by=world.second_director, as_of=LATE + timedelta(hours=1)) == 0
    told = Notification.objects.filter(key__contains="by-hand")
    assert set(told.values_list("user__name", flat=True)) == {"Lee Lead"}
    assert all(
        "was due on 30 April and is late" in title for title in told.values_list("title", flat=True)
    )
    assert remind_late_reports(by=world.director, as_of=LATE + timedelta(days=1)) == 1


def test_button_reminds_on_the_pages_of_the_programme() -> None:
    world = make_grants()
    award = make_award(world)
    director = signed_in(world.director)
    late = award.reports.filter(due_on__lt=timezone.localdate()).count()
    assert late
    for path in ("/grants/", "/grants/conditions/", "/grants/portfolio/"):
        page = director.get(path).content.decode()
        assert "Remind the groups" in page and f"{late} reports are late." in page
        assert "Remind the groups" not in signed_in(world.finance).get(path).content.decode()
    assert signed_in(world.finance).post("/grants/reports/remind/").status_code == 403
    said = director.post("/grants/reports/remind/", follow=True).content.decode()
    assert f"The groups are reminded of {late} late reports." in said
    said = director.post("/grants/reports/remind/", follow=True).content.decode()
    assert "The groups were reminded today already." in said

"""A coach's call from the home page to the score, and the private note, in a browser."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from learning.actions.coaching import plan_call
from learning.models import ActionItem, Call, PrivateNote, Score
from teams.enums import Role
from teams.models import Team, User
from tests.e2e.accessibility import flaws
from tests.e2e.hand import Hand
from tests.factories.learning import make_coach
from tests.factories.people import make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def team() -> Team:
    return make_team(name="Harborlight Medical", code="HARBOR")


@pytest.fixture
def coach(team: Team) -> User:
    return make_coach(team, name="Marcus Oyelaran")


@pytest.mark.parametrize("width", [1440, 390])
def test_coach_prepares_and_records_a_call(
    width: int, open_as: Any, team: Team, coach: User
) -> None:
    """Each step within its clicks: one to prepare, none to write, one for an action, two for a score."""
    make_user(Role.GROUP_MEMBER, team=team, name="Owen Gallagher")
    now = timezone.now()
    plan_call(team=team, coach=coach, planned_at=now + timedelta(days=1), by=coach, as_of=now)
    hand = Hand(open_as(coach, "/", width))
    page = hand.page

    # Who needs the coach, and why, is on the home page; everything about the call is one click away.
    expect(page.get_by_role("heading", name="Who needs you")).to_be_visible()
    hand.click(page.get_by_role("link", name="Prepare the call with Harborlight Medical"))
    page.wait_for_url(re.compile(r"/learning/calls/\d+/$"))
    expect(page.get_by_role("heading", name=re.compile("^Since "))).to_be_visible()
    assert hand.counted() == (1, 0)

    # Notes save themselves; the private note is a field of its own.
    hand.type(page.get_by_label("Wins").first, "Thirty patients reached")
    hand.type(page.get_by_role("textbox", name="Private note"), "Ready for more, does not say so")
    expect(page.locator("[data-save-state]")).to_contain_text("Saved", timeout=15_000)
    page.wait_for_function("document.querySelector('[data-save-state]').dataset.state === 'saved'")
    call = Call.objects.get()
    assert call.stream_notes.get(workstream="clinical").wins == "Thirty patients reached"
    assert PrivateNote.objects.get().text == "Ready for more, does not say so"
    assert hand.counted() == (0, 2)

    # Two actions, without leaving: when and for which stream is filled in.
    for text in ("Call the second site", "Send the list"):
        hand.type(page.get_by_label("What", exact=True), text)
        hand.choose(page.get_by_label("Who", exact=True), "Owen Gallagher")
        hand.click(page.get_by_role("button", name="Add the action"))
        expect(page.get_by_role("rowheader", name=text)).to_be_visible()
        assert hand.counted() == (1, 2)
    assert ActionItem.objects.filter(call=call, owner__name="Owen Gallagher").count() == 2

    # It took place: today, and what was written about are filled in.
    hand.click(page.get_by_role("button", name="Record the call"))
    expect(page.get_by_text("The call is recorded.")).to_be_visible()
    call.refresh_from_db()
    assert (call.state, call.held_on) == ("held", timezone.localdate())
    assert call.workstreams == ["clinical"]
    assert hand.counted() == (1, 0)

    # A score with its reason.
    hand.click(page.get_by_role("link", name="Give a score"))
    page.get_by_label("Score", exact=True).select_option("1.0")
    hand.type(page.get_by_label("Why"), "The charter is nearly agreed")
    hand.click(page.get_by_role("button", name="Keep the score"))
    expect(page.get_by_text(re.compile("The score for .* is kept."))).to_be_visible()
    assert hand.counted() == (2, 1)
    score = Score.objects.get()
    assert (score.value, score.reason) == (Decimal("1.0"), "The charter is nearly agreed")


def test_member_of_the_team_meets_no_word_of_the_private_note(
    open_as: Any, team: Team, coach: User
) -> None:
    now = timezone.now()
    call = plan_call(
        team=team, coach=coach, planned_at=now + timedelta(days=1), by=coach, as_of=now
    )
    PrivateNote.objects.filter(call=call).update(text="Ready for more, does not say so")
    page = open_as(make_user(Role.GROUP_MEMBER, team=team), "/")
    page.get_by_role("link", name="Open the call").click()
    page.wait_for_url(re.compile(r"/learning/calls/\d+/$"))
    assert "rivate note" not in page.content()
    assert "does not say so" not in page.content()


@pytest.mark.parametrize("width", [390, pytest.param(1440, marks=pytest.mark.heavy)])
def test_pages_of_learning_are_accessible(
    width: int, open_as: Any, team: Team, coach: User, live_server: Any
) -> None:
    now = timezone.now()
    call = plan_call(
        team=team, coach=coach, planned_at=now + timedelta(days=1), by=coach, as_of=now
    )
    page = open_as(coach, "/", width)
    for path in (
        "/learning/",
        "/learning/caseload/",
        f"/learning/coaching/{team.code}/",
        f"/learning/coaching/{team.code}/progress/",
        f"/learning/calls/{call.pk}/",
        "/learning/reports/",
        "/notifications/",
        "/account/notifications/",
    ):
        page.goto(live_server.url + path, wait_until="load")
        assert flaws(page) == []

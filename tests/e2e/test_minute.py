"""The tasks of a minute, counted: clicks and fields from the home page, at two widths and by keyboard.

A page that needs one click more than it may fails here, whatever it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from pdsa.enums import CycleState, Sharing
from pdsa.models import Cycle
from teams.enums import Role
from teams.models import Team, User
from tests.e2e.accessibility import flaws
from tests.e2e.hand import Hand
from tests.factories.cycles import make_cycle
from tests.factories.people import make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = pytest.mark.parametrize("width", [1440, 390])
TEST_PAGE = re.compile(r"/tests/\d+/$")


@pytest.fixture
def team() -> Team:
    return make_team(name="Harborlight Medical")


@pytest.fixture
def nurse(team: Team) -> User:
    return make_user(Role.GROUP_MEMBER, team=team, name="Owen Gallagher")


@pytest.fixture
def at_home(open_as: Callable[..., Page]) -> Callable[..., Hand]:
    return lambda user, width=1440: Hand(open_as(user, "/", width))


@WIDTHS
def test_log_a_test(width: int, at_home: Any, nurse: User) -> None:
    hand = at_home(nurse, width)
    page = hand.page
    hand.click(page.get_by_role("link", name="Log a test"))
    hand.type(page.get_by_label("What do you want to try?"), "Call 5 patients after six")
    hand.type(page.get_by_label("What do you think will happen?"), "3 of 5 answer")
    hand.click(page.get_by_role("button", name="Start", exact=True))
    page.wait_for_url(TEST_PAGE)
    cycle = Cycle.objects.get()
    assert (cycle.state, cycle.who) == (CycleState.DOING, "Owen Gallagher")
    # Who and when were filled in already: three fields at the most, four clicks at the most.
    assert (hand.clicks, hand.fields) == (2, 2)


def test_log_a_test_with_the_keyboard_only(at_home: Any, nurse: User) -> None:
    page = at_home(nurse).page
    tab_to(page, "Log a test")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tests/log/")
    expect(page.get_by_label("What do you want to try?")).to_be_focused()
    page.keyboard.type("Call 5 patients after six")
    page.keyboard.press("Tab")
    page.keyboard.type("3 of 5 answer")
    tab_to(page, "Start")
    page.keyboard.press("Enter")
    page.wait_for_url(TEST_PAGE)
    assert Cycle.objects.get().predictions.get().prediction == "3 of 5 answer"


def tab_to(page: Page, name: str, most: int = 40) -> None:
    """Press Tab until the focus is on a control of that name."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    pytest.fail(f"“{name}” cannot be reached with the Tab key")


@WIDTHS
def test_finish_a_test(width: int, at_home: Any, nurse: User, team: Team) -> None:
    long_ago = timezone.localtime() - timedelta(days=10)
    cycle = make_cycle(team, by=nurse, as_of=long_ago)
    hand = at_home(nurse, width)
    page = hand.page
    hand.click(page.get_by_role("link", name=f"Finish {cycle}"))
    hand.type(page.get_by_label("What happened?"), "4 of 5 answered")
    hand.click(page.get_by_label("Yes", exact=True))
    hand.click(page.get_by_label("Expand scale"))
    hand.click(page.get_by_role("button", name="Close this test"))
    page.wait_for_url(TEST_PAGE)
    cycle.refresh_from_db()
    assert (cycle.state, cycle.decision) == (CycleState.CLOSED, "expand")
    assert Cycle.objects.get(previous=cycle).state == CycleState.PLANNED
    assert (hand.clicks, hand.fields) == (4, 1)


def test_finish_a_test_with_the_keyboard_only(at_home: Any, nurse: User, team: Team) -> None:
    cycle = make_cycle(team, by=nurse, as_of=timezone.localtime() - timedelta(days=10))
    page = at_home(nurse).page
    tab_to(page, f"Finish {cycle}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/finish/")
    page.keyboard.type("4 of 5 answered")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first answer: yes
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first decision: adopt
    tab_to(page, "Close this test")
    page.keyboard.press("Enter")
    page.wait_for_url(TEST_PAGE)
    cycle.refresh_from_db()
    assert (cycle.decision, cycle.what_happened) == ("adopt", "4 of 5 answered")
    assert cycle.predictions.get().match == "yes"


@WIDTHS
def test_what_is_expected_is_on_the_home_page(
    width: int, at_home: Any, nurse: User, team: Team
) -> None:
    now = timezone.localtime()
    late = make_cycle(team, by=nurse, as_of=now - timedelta(days=10))
    planned = make_cycle(team, by=nurse, state=CycleState.PLANNED, as_of=now)
    page = at_home(nurse, width).page
    expect(page.get_by_role("link", name=f"Finish {late}")).to_be_visible()
    expect(page.get_by_role("link", name=f"Start {planned}")).to_be_visible()
    expect(page.get_by_text("3 days past its planned end")).to_be_visible()


def make_shared() -> Cycle:
    other = make_team(name="Granite Wharf")
    return make_cycle(
        other,
        by=make_user(Role.GROUP_LEAD, team=other),
        state=CycleState.CLOSED,
        sharing=Sharing.UNNAMED,
        data_what="Answered or not",
    )


@WIDTHS
def test_copy_another_groups_plan(width: int, at_home: Any, nurse: User) -> None:
    shared = make_shared()
    hand = at_home(nurse, width)
    page = hand.page
    hand.click(page.get_by_role("link", name=str(shared)))
    expect(page.get_by_text("Granite Wharf")).to_have_count(0)
    hand.click(page.get_by_role("link", name="Copy this plan"))
    hand.click(page.get_by_role("button", name="Copy the plan"))
    page.wait_for_url(TEST_PAGE)
    made = Cycle.objects.get(copied_from=shared)
    assert (made.data_what, made.state) == ("Answered or not", CycleState.PLANNED)
    assert (hand.clicks, hand.fields) == (3, 0)


def test_copy_another_groups_plan_with_the_keyboard_only(at_home: Any, nurse: User) -> None:
    shared = make_shared()
    page = at_home(nurse).page
    for name in (str(shared), "Copy this plan", "Copy the plan"):
        tab_to(page, name)
        with page.expect_navigation(wait_until="load"):
            page.keyboard.press("Enter")
    page.wait_for_url(TEST_PAGE)
    assert Cycle.objects.get(copied_from=shared).state == CycleState.PLANNED


def test_log_and_finish_without_javascript(open_as: Any, live_server: Any, nurse: User) -> None:
    page = open_as(nurse, "/tests/log/", scripts=False)
    page.get_by_label("What do you want to try?").fill("Call 5 patients")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(TEST_PAGE)
    page.get_by_label("What happened?").fill("4 answered")
    with page.expect_navigation(wait_until="load"):
        page.locator("#do").get_by_role("button", name="Save", exact=True).click()
    cycle = Cycle.objects.get()
    assert cycle.what_happened == "4 answered"
    page.goto(f"{live_server.url}/tests/{cycle.pk}/finish/")
    page.get_by_label("Abandon").check()
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="Close this test").click()
    cycle.refresh_from_db()
    assert cycle.decision == "abandon"


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.heavy)])
def test_pages_are_accessible(
    width: int, at_home: Any, nurse: User, team: Team, live_server: Any
) -> None:
    cycle = make_cycle(team, by=nurse, sharing=Sharing.NAMED, patient_count=5)
    cycle.tasks.create(position=1, what="Call")
    cycle.comments.create(author=nurse, text="Good")
    cycle.readings.create(read_on=cycle.started_on, numerator=1, denominator=2, entered_by=nurse)
    page = at_home(nurse, width).page
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path in (
        "/",
        "/tests/",
        "/tests/log/",
        f"/tests/{cycle.pk}/",
        f"/tests/{cycle.pk}/as-shared/",
        f"/tests/{cycle.pk}/finish/",
        f"/tests/{cycle.pk}/history/",
        "/projects/",
        f"/projects/{cycle.idea.project_id}/",
        f"/projects/{cycle.idea.project_id}/ramps/",
    ):
        page.goto(f"{live_server.url}{path}", wait_until="load")
        for section in page.locator("details.pdsa-section:not([open]) > summary").all():
            section.click()
        assert flaws(page) == []
    assert said == []

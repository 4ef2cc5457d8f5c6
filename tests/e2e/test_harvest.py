"""From a find to an own plan in a browser, and the harvest's pages for everybody's eyes and hands."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from learning.actions.exchange import ask_group
from pdsa.models import Cycle
from teams.enums import Role
from teams.models import Team
from tests.e2e.accessibility import flaws
from tests.factories import definitions
from tests.factories.cycles import make_project
from tests.factories.harvest import NOW, make_nomination, make_package, make_shared
from tests.factories.people import make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shared() -> Cycle:
    """A shared test in a published package."""
    definitions.load()
    team = make_team(name="Birch Health Partners")
    lead = make_user(Role.GROUP_LEAD, team=team)
    cycle = make_shared(team, by=lead, objective="Call before you mail the kit")
    nomination = make_nomination(cycle, lead)
    make_package(
        make_user(Role.PROGRAMME_DIRECTOR), [nomination], title="Calls first", summary="Most came"
    )
    return cycle


@pytest.fixture
def team() -> Team:
    return make_team(name="Alder Clinics")


def test_group_finds_a_plan_with_a_typing_mistake_and_copies_it(
    open_as: Any, shared: Cycle, team: Team
) -> None:
    member = make_user(Role.GROUP_MEMBER, team=team)
    make_project(team, by=member, title="Screening")
    page = open_as(member, "/learning/library/")
    page.get_by_label("Words").fill("maill the kitt")
    page.get_by_label("Words").press("Enter")
    expect(page.get_by_role("heading", name="Tests of groups")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Copy this plan")).first.click()
    page.get_by_role("button", name="Copy the plan").click()
    page.wait_for_url(re.compile(r"/tests/\d+/$"))
    copy = Cycle.objects.get(copied_from=shared)
    assert copy.idea.project.team == team
    assert copy.objective == "Call before you mail the kit"


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_the_harvest_are_accessible(
    width: int, open_as: Any, shared: Cycle, team: Team, live_server: Any
) -> None:
    lead = make_user(Role.GROUP_LEAD, team=team)
    ask_group(cycle=shared, team=team, text="How long?", is_named=True, by=lead, as_of=NOW)
    chapter = shared.contributions.get().idea.chapter
    page = open_as(lead, "/", width)
    for path in (
        "/learning/library/?text=mail",
        "/learning/package/versions/1/",
        f"/learning/package/versions/1/chapters/{chapter.pk}/",
        f"/learning/shared/{shared.pk}/",
    ):
        page.goto(live_server.url + path, wait_until="load")
        assert flaws(page) == []

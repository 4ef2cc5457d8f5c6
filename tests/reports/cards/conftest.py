"""Worlds that the tests of report cards share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from reports.actions import report_cards as actions
from reports.actions.protection import check_protection
from reports.cards.content import reviewable_sha256
from reports.models import ReportCard
from reports.queries.cards import get_content
from teams.enums import Role
from teams.models import Team, User
from teams.scoping import Scope, scope_of
from tests.factories.members import LoadedWorld, load_members, make_members
from tests.factories.people import make_user
from tests.kept_data import kept_data

NOW = datetime(2025, 4, 1, 9, tzinfo=UTC)
TEAMS = (
    "Amber Health",
    "Birch Health",
    "Cedar Health",
    "Dune Health",
    "Elm Health",
    "Fern Health",
    "Gale Health",
)


def load_seven_groups() -> LoadedWorld:
    """Seven groups, one of them small, three measures, one period."""
    members = [900, 800, 700, 1000, 600, 750, 60]
    return load_members(make_members(teams=TEAMS, members=members, seed=5))


@pytest.fixture(scope="module")
def built_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[LoadedWorld]:
    with kept_data(django_db_blocker):
        built = load_seven_groups()
        check_protection(source=built.source, period=built.period())
        yield built


@pytest.fixture(scope="module", autouse=True)
def built_before_the_first_test(request: pytest.FixtureRequest) -> None:
    """Every test of a module finds the same data, whichever comes first."""
    items = (item for item in request.session.items if isinstance(item, pytest.Function))
    if any("built_world" in i.fixturenames for i in items if i.module is request.module):
        request.getfixturevalue("built_world")


@pytest.fixture
def world(built_world: LoadedWorld, db: None) -> LoadedWorld:
    """The seven groups; the check before publishing is made."""
    return deepcopy(built_world)


@pytest.fixture
def analyst(world: LoadedWorld) -> User:
    return make_user(Role.PAYER_ANALYST, name="Ana Lyst")


@pytest.fixture
def scope(analyst: User) -> Scope:
    return scope_of(analyst, on=NOW.date())


@pytest.fixture
def make_card(world: LoadedWorld, analyst: User, scope: Scope) -> Callable[..., ReportCard]:
    """make_card(team, state): draft (default), reviewed or published."""

    def make(team: Team | None, state: str = "draft", period: str = "2024") -> ReportCard:
        (card,) = actions.draft_report_cards(
            teams=[team], source=world.source, period=world.period(period), by=analyst
        )
        if state != "draft":
            seen = reviewable_sha256(get_content(scope, card))
            card = actions.review_report_card(
                card=card, seen_sha256=seen, scope=scope, as_of=NOW, by=analyst
            )
        if state == "published":
            card = actions.publish_report_card(card=card, scope=scope, as_of=NOW, by=analyst)
        return card

    return make

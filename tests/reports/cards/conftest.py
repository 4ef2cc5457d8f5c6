"""Worlds that the tests of report cards share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from reports.actions import report_cards as actions
from reports.cards.content import reviewable_sha256
from reports.models import ReportCard
from reports.queries.cards import get_content
from teams.enums import Role
from teams.models import Team, User
from teams.scoping import Scope, scope_of
from tests.factories.members import LoadedWorld, load_members, make_members
from tests.factories.people import make_user

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


@pytest.fixture
def world(db: None) -> LoadedWorld:
    """Seven groups, one of them small, three measures, one period."""
    members = [900, 800, 700, 1000, 600, 750, 60]
    return load_members(make_members(teams=TEAMS, members=members, seed=5))


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

"""One group with its people, and who stands around it."""

from __future__ import annotations

import pytest

from teams.enums import Role
from teams.models import Team, User
from tests.factories.learning import make_coach
from tests.factories.people import make_team, make_user


@pytest.fixture
def team() -> Team:
    return make_team(name="Harbor Health", code="HARBOR")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


@pytest.fixture
def member(team: Team) -> User:
    return make_user(Role.GROUP_MEMBER, team=team, name="Nia Nurse")


@pytest.fixture
def coach(team: Team) -> User:
    return make_coach(team, name="Cora Coach")


@pytest.fixture
def director() -> User:
    return make_user(Role.PROGRAMME_DIRECTOR)


@pytest.fixture
def evaluator() -> User:
    return make_user(Role.EVALUATOR)

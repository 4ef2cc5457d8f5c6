"""A fund, a group with its people, and an award to it."""

from __future__ import annotations

import pytest

from grants.models import Award
from tests.factories.grants import Grants, make_award, make_grants


@pytest.fixture
def world(db: None) -> Grants:
    return make_grants()


@pytest.fixture
def award(world: Grants) -> Award:
    return make_award(world)

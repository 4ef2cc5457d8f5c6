"""Data that the tests of one module share, because making them takes longer than most of these tests.

    @pytest.fixture(scope="module")
    def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
        with kept_data(django_db_blocker):
            yield make_world()

    @pytest.fixture
    def world(built: World, db: None) -> World:
        return deepcopy(built)

They stand in a transaction around the module's tests. What a test changes is undone by its own, inside it, and the
copy keeps what it changes in objects from the others. Not for modules with tests that need real transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def kept_data(blocker: Any) -> Iterator[None]:
    """What is written to the database inside is there until the end. blocker: django_db_blocker."""
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)

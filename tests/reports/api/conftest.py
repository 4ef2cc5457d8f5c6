"""The worlds of the report cards serve the API too."""

from tests.reports.cards.conftest import (  # noqa: F401
    analyst,
    built_before_the_first_test,
    built_world,
    make_card,
    scope,
    world,
)

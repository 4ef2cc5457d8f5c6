"""The worlds of the report cards serve the API too."""

from tests.reports.cards.conftest import analyst, make_card, scope, world  # noqa: F401

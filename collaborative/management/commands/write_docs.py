"""Writes the pages of docs/ that are made from code, so that a document cannot drift from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from collaborative.data_dictionary import data_dictionary_page
from collaborative.environment import environment_page
from grants.policies.transitions import states_page
from teams.permission_table import permissions_page

#: Path below the repository → what it holds. tests/test_generated_docs.py compares each with its file.
PAGES: dict[str, Callable[[], str]] = {
    "docs/data-dictionary.md": data_dictionary_page,
    "docs/environment.md": environment_page,
    "docs/grant-states.md": states_page,
    "docs/permissions.md": permissions_page,
}


class Command(BaseCommand):
    help = "Write the pages of docs/ that are made from code."

    def handle(self, *args: Any, **options: Any) -> None:
        for path, page in PAGES.items():
            (settings.BASE_DIR / path).write_text(page(), encoding="utf-8")
            self.stdout.write(path)

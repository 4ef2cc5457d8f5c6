"""Writes the pages of docs/ that are made from code, so that a document cannot drift from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from collaborative.data_dictionary import data_dictionary_page
from collaborative.environment import environment_page
from collaborative.method_pages import (
    METHOD_FOLDER,
    METHOD_PAGES,
    method_page_text,
    methods_index_text,
)
from grants.policies.transitions import states_page
from teams.permission_table import permissions_page

#: Path below the repository → what it holds. tests/test_generated_docs.py compares each with its file.
PAGES: dict[str, Callable[[], str]] = {
    "docs/data-dictionary.md": data_dictionary_page,
    "docs/environment.md": environment_page,
    "docs/grant-states.md": states_page,
    "docs/permissions.md": permissions_page,
    f"{METHOD_FOLDER}/README.md": methods_index_text,
    **{f"{METHOD_FOLDER}/{page.slug}.md": partial(method_page_text, page) for page in METHOD_PAGES},
}


class Command(BaseCommand):
    help = "Write the pages of docs/ that are made from code."

    def handle(self, *args: Any, **options: Any) -> None:
        for path, page in PAGES.items():
            target = settings.BASE_DIR / path
            target.parent.mkdir(exist_ok=True)
            target.write_text(page(), encoding="utf-8")
            self.stdout.write(path)

"""The pages of docs/ that are made from code are those that the code makes now."""

from pathlib import Path

import pytest

from collaborative.management.commands.write_docs import PAGES

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("path", PAGES)
def test_page_is_current(path: str) -> None:
    written = (REPOSITORY / path).read_text(encoding="utf-8")
    assert written == PAGES[path](), f"{path} is out of date: run `python manage.py write_docs`"

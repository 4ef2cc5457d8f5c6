"""Somebody who uses a page, and is counted."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page


@dataclass
class Hand:
    """Somebody who uses a page with a mouse or a thumb, and is counted."""

    page: Page
    clicks: int = 0
    fields: int = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def type(self, what: Locator, text: str) -> None:
        what.fill(text)
        self.fields += 1

    def choose(self, what: Locator, label: str) -> None:
        what.select_option(label=label)
        self.fields += 1

    def counted(self) -> tuple[int, int]:
        """Clicks and fields since the last count."""
        found = (self.clicks, self.fields)
        self.clicks = self.fields = 0
        return found

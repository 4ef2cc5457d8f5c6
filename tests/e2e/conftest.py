"""A browser in which somebody is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from teams.models import User
from tests.factories.people import signed_in


@pytest.fixture
def open_as(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """open_as(user, path, width): a page in a session of its own, signed in as the user, nobody for None.

    Without a path nothing is opened yet. scheme: light or dark. What scripts complain of stands in `page.said`.
    """
    contexts = []

    def open_as(
        user: User | None,
        path: str = "",
        width: int = 1440,
        scheme: Any = "light",
        *,
        scripts: bool = True,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        if user is not None:
            cookie = signed_in(user).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.said = []  # type: ignore[attr-defined]
        page.on("console", lambda message: page.said.append(message.text))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.said.append(str(error)))  # type: ignore[attr-defined]
        if path:
            page.goto(f"{live_server.url}{path}", wait_until="load")
        return page

    yield open_as
    for context in contexts:
        context.close()

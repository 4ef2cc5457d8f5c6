"""What every page must pass: WCAG 2.2 AA and good practice by axe, and no sideways scrolling."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    # Without this axe also describes every element that is in order, which takes longer than looking.
    "resultTypes": ["violations"],
}

_STILL = """async () => {
    while (document.querySelector(".htmx-request")) {
        await new Promise(resolve => setTimeout(resolve, 50));
    }
    await Promise.all(
        document.getAnimations()
            .filter(animation => animation.effect.getComputedTiming().endTime !== Infinity)
            .map(animation => animation.finished.catch(() => null))
    );
}"""


def flaws(page: Page) -> list[str]:
    """What is wrong with the page as it stands, one sentence each; empty if nothing is."""
    # A part that is being fetched is dimmed; a colour that is still on its way from one to the other is neither.
    page.evaluate(_STILL)
    found = Axe().run(page, options=_RULES).response["violations"]
    wrong = [
        f"{page.url} {v['id']}: {v['nodes'][0]['html'][:200]} {v['nodes'][0]['failureSummary']}"
        for v in found
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        wrong.append(f"{page.url} is {wide} px wider than the screen")
    return wrong


def check(page: Page) -> None:
    """The page passes, and no script complained since it was opened (by `open_as`)."""
    assert flaws(page) == []
    assert page.said == []  # type: ignore[attr-defined]

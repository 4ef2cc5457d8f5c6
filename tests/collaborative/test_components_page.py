"""The component page in a browser: accessible in both themes and on a phone, nothing refused by the policy."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.accessibility import flaws

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.collaborative.component_urls"),
]


@pytest.fixture
def open_page(browser: Browser, live_server):
    contexts = []

    def opened(path: str, width: int = 1440, scheme: str = "light", **more):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(f"{live_server.url}{path}")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1440, "light"),
        (390, "dark"),
        pytest.param(1440, "dark", marks=pytest.mark.heavy),
        pytest.param(390, "light", marks=pytest.mark.heavy),
    ],
)
def test_component_page_is_accessible_and_nothing_is_refused(open_page, width, scheme):
    page = open_page("/components/", width, scheme)
    page.wait_for_selector(".main-svg")
    assert flaws(page) == []
    assert page.said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    "path", ["/account/login/", "/account/password/reset/", "/account/signup/"]
)
def test_entrance_pages_are_accessible(open_page, path):
    page = open_page(path, 390)
    assert flaws(page) == []
    assert page.said == []


def test_targets_are_large_enough(open_page):
    """WCAG 2.2, 2.5.8: at least 24 by 24 pixels, except for links within a sentence."""
    page = open_page("/components/", 390)
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, .button, summary, select, input:not([type=hidden])')]
            .filter(e => e.checkVisibility() && !e.closest('label') && !e.matches('[type=checkbox],[type=radio]'))
            .map(e => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    )
    assert small == []


def test_number_opens_its_definition_with_the_keyboard_alone(open_page):
    page = open_page("/components/")
    page.focus("[popovertarget=stat-1]")
    page.keyboard.press("Enter")
    assert page.is_visible("#stat-1")
    assert "412 of 623" in page.inner_text("#stat-1")
    assert flaws(page) == []
    page.keyboard.press("Escape")
    assert not page.is_visible("#stat-1")


def test_chosen_theme_is_there_before_the_page_is_painted(open_page):
    page = open_page("/components/", scheme="light")
    page.check("[data-theme-switch] input[value=dark]", force=True)
    page.reload(wait_until="commit")
    page.wait_for_selector("body", state="attached")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.wait_for_load_state()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 23, 31)"


def test_page_is_whole_without_javascript(open_page):
    page = open_page("/components/", java_script_enabled=False)
    assert page.is_visible("#fig-strip svg >> nth=0")
    assert page.is_visible("input[type=file]")
    assert not page.is_visible("[data-theme-switch]")
    page.click("[popovertarget=stat-1]")
    assert page.is_visible("#stat-1")


def test_hover_on_the_interactive_chart_shows_the_value(open_page):
    """Fails when plotly's style sheet is missing: its invisible layers then swallow the pointer."""
    page = open_page("/components/")
    page.wait_for_selector("[data-chart] .main-svg")
    last_of_white = page.locator("[data-chart] .trace").first.locator(".point").last
    last_of_white.scroll_into_view_if_needed()
    box = last_of_white.bounding_box()
    page.mouse.move(box["x"] - 40, box["y"] + 60)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("[data-chart] .hovertext")
    assert "75.1%" in page.text_content("[data-chart] .hoverlayer")


def test_dialog_takes_the_focus_and_gives_it_back(open_page):
    page = open_page("/components/")
    page.click("[data-open-dialog=sample-dialog]")
    assert page.evaluate("document.activeElement.closest('dialog')?.id") == "sample-dialog"
    assert flaws(page) == []
    page.click("#sample-dialog [data-close-dialog]")
    assert page.evaluate("document.activeElement.dataset.openDialog") == "sample-dialog"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_file_arrives_with_and_without_javascript(open_page, javascript):
    page = open_page("/take/", java_script_enabled=javascript)
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"x" * 300_000}
    page.set_input_files("input[type=file]", file)
    if javascript:
        assert page.inner_text("[data-dropzone-file]") == "a.csv, 300 kB"
    page.click("button[type=submit] >> text=Send")
    page.wait_for_url("**/taken/")
    assert "300000 bytes arrived" in page.inner_text("main")


def test_a_refused_file_says_why_and_the_next_one_arrives(open_page):
    page = open_page("/take/")
    page.set_input_files("input[type=file]", {"name": "a.xlsx", "mimeType": "", "buffer": b"PK"})
    page.click("button[type=submit] >> text=Send")
    page.wait_for_selector("text=This is an Excel file.")
    assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
    page.set_input_files("input[type=file]", {"name": "a.csv", "mimeType": "", "buffer": b"abc"})
    page.click("button[type=submit] >> text=Send")
    page.wait_for_url("**/taken/")
    assert "3 bytes arrived" in page.inner_text("main")


def test_a_dropped_file_is_chosen(open_page):
    page = open_page("/take/")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["abcd"], "dropped.csv"));
            document.querySelector("[data-dropzone]").dispatchEvent(
                new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    assert page.inner_text("[data-dropzone-file]") == "dropped.csv, 4 B"

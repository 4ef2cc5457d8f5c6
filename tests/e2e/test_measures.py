"""Numbers of a month and a chart for a slide, in a browser: clicks and fields counted, also by keyboard alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pptx import Presentation

from pdsa.charts.periods import step
from pdsa.models import LocalMeasure, Observation
from teams.enums import Role
from teams.models import User
from tests.e2e.accessibility import flaws
from tests.e2e.hand import Hand
from tests.factories.cycles import make_project
from tests.factories.local_measures import enter, make_local_measure, stratum
from tests.factories.people import make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEVEL = [50, 58, 43, 52, 47, 56, 42, 55, 49, 45, 57, 44, 70, 72]


@pytest.fixture
def lead() -> User:
    return make_user(Role.GROUP_LEAD, team=make_team(name="Birch Health"), name="Denise Baptiste")


@pytest.fixture
def measure(lead: User) -> LocalMeasure:
    """Fourteen months of two groups; the present month is empty."""
    team = lead.memberships.get().organisation.teams.get()
    made = make_local_measure(
        make_project(team, by=lead, title="Pressure in Dorchester"), by=lead, name="Blood pressure"
    )
    first = step(this_month(), "month", -len(LEVEL))
    now = timezone.now()
    enter(made, "nh_black", [(n, 100) for n in LEVEL], by=lead, first=first, as_of=now)
    enter(made, "nh_white", [(n + 15, 120) for n in LEVEL], by=lead, first=first, as_of=now)
    return made


def this_month() -> date:
    return timezone.localdate().replace(day=1)


def key(code: str, back: int = 0) -> str:
    return f"{stratum(code).pk}_{step(this_month(), 'month', -back):%Y%m%d}"


def numbers() -> dict[str, tuple[str, int | None, int | None]]:
    rows = Observation.objects.filter(starts_on=this_month()).select_related("stratum")
    return {r.stratum.code: (r.state, r.numerator, r.denominator) for r in rows}


def save(page: Page) -> None:
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="Save").click()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_month_for_all_groups_takes_three_clicks_and_its_numbers(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure, width: int
) -> None:
    page = open_as(lead, f"/projects/{measure.project_id}/measures/", width)
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("link", name="Enter numbers of Blood pressure").click()  # 1
    page.locator(f"#n_{key('nh_black')}").click()  # 2
    page.keyboard.type("71")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("100")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("120")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("91")
    page.locator(f"select[name=s_{key('hispanic')}]").select_option("not_collected")
    assert page.locator(f"td:has(#n_{key('nh_black')}) output").inner_text() == "71.0%"
    save(page)  # 3
    assert numbers() == {
        "nh_black": ("number", 71, 100),
        "nh_white": ("number", 91, 120),
        "hispanic": ("not_collected", None, None),
    }
    assert "3 saved." in page.content()
    assert flaws(page) == []
    assert page.said == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [1440, 390])
def test_numbers_that_are_missing_are_one_click_from_home(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure, width: int
) -> None:
    Observation.objects.filter(starts_on__gte=step(this_month(), "month", -3)).delete()
    hand = Hand(open_as(lead, "/", width))
    page = hand.page
    hand.click(page.get_by_role("link", name="Enter Numbers of Blood pressure"))
    page.wait_for_url(f"**/project-measures/{measure.pk}/numbers/")
    for code, n, d in (("nh_black", "71", "100"), ("nh_white", "91", "120")):
        hand.type(page.locator(f"#n_{key(code)}"), n)
        hand.type(page.locator(f"#d_{key(code)}"), d)
    with page.expect_navigation(wait_until="load"):
        hand.click(page.get_by_role("button", name="Save"))
    assert numbers() == {"nh_black": ("number", 71, 100), "nh_white": ("number", 91, 120)}
    assert hand.counted() == (2, 4)


def test_a_month_for_all_groups_by_keyboard_alone(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure
) -> None:
    page = open_as(lead, f"/project-measures/{measure.pk}/numbers/")
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == f"n_{key('nh_black')}":
            break
    page.keyboard.type("71")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("100")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("120")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("91")
    page.keyboard.press("Enter")
    page.keyboard.type("12")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("40")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")  # below the last row there is nothing: the form is sent
    assert numbers() == {
        "nh_black": ("number", 71, 100),
        "nh_white": ("number", 91, 120),
        "hispanic": ("number", 12, 40),
    }


def test_a_block_of_a_spreadsheet_is_pasted_where_the_cursor_is(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure
) -> None:
    page = open_as(lead, f"/project-measures/{measure.pk}/numbers/")
    page.locator(f"#n_{key('nh_black', 1)}").focus()
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        "66\t100\t71\t100\r\n88\t120\t91\t120\r\n12 of 40\t13/41\r\n",
    )
    assert page.input_value(f"#d_{key('nh_white')}") == "120"
    save(page)
    assert numbers() == {
        "nh_black": ("number", 71, 100),
        "nh_white": ("number", 91, 120),
        "hispanic": ("number", 13, 41),
    }
    before = Observation.objects.get(
        stratum=stratum("hispanic"), starts_on=step(this_month(), "month", -1)
    )
    assert (before.numerator, before.denominator) == (12, 40)


def test_a_slip_is_said_while_typing_and_nothing_typed_is_lost(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure
) -> None:
    page = open_as(lead, f"/project-measures/{measure.pk}/numbers/")
    page.fill(f"#n_{key('nh_black')}", "171")
    page.fill(f"#d_{key('nh_black')}", "100")
    assert "cannot be larger" in page.locator(f"#e_{key('nh_black')}").inner_text()
    page.fill(f"#n_{key('nh_white')}", "91")
    page.fill(f"#d_{key('nh_white')}", "120")
    page.get_by_role("button", name="Save").click()
    page.locator("[data-error-summary]").wait_for()
    assert numbers() == {"nh_white": ("number", 91, 120)}
    assert page.input_value(f"#n_{key('nh_black')}") == "171"
    assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
    # The grid that came back is alive too.
    page.fill(f"#n_{key('nh_black')}", "71")
    assert page.locator(f"td:has(#n_{key('nh_black')}) output").inner_text() == "71.0%"
    assert flaws(page) == []


def test_without_javascript_the_grid_is_a_form(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure
) -> None:
    page = open_as(lead, f"/project-measures/{measure.pk}/numbers/", scripts=False)
    page.fill(f"#n_{key('nh_black')}", "71")
    page.fill(f"#d_{key('nh_black')}", "100")
    save(page)
    assert numbers() == {"nh_black": ("number", 71, 100)}


@pytest.mark.parametrize("width", [1440, 390])
def test_a_chart_is_on_a_slide_after_two_clicks(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure, width: int
) -> None:
    page = open_as(lead, f"/projects/{measure.project_id}/measures/", width)
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("link", name="Blood pressure", exact=True).click()  # 1
    with page.expect_download() as download:
        page.get_by_role("link", name="PowerPoint of the chart").click()  # 2
    deck = Presentation(io.BytesIO(download.value.path().read_bytes()))
    shapes = list(deck.slides[0].shapes)
    assert any(shape.has_chart for shape in shapes)
    assert any("Blood pressure" in s.text_frame.text for s in shapes if s.has_text_frame)


def test_a_chart_is_on_a_slide_with_the_keyboard_only(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure
) -> None:
    page = open_as(lead, f"/project-measures/{measure.pk}/")
    page.get_by_role("link", name="PowerPoint of the chart").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".pptx")


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), pytest.param(1440, "light", marks=pytest.mark.heavy)]
)
def test_chart_page_is_accessible(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure, width: int, scheme: str
) -> None:
    page = open_as(lead, f"/project-measures/{measure.pk}/", width, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => (one.open = true))")
    assert flaws(page) == []
    assert page.said == []  # type: ignore[attr-defined]
    page.goto(page.url + "?view=gap")
    assert flaws(page) == []


def test_a_point_is_taken_out_and_the_decision_undone(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure
) -> None:
    page = open_as(lead, f"/project-measures/{measure.pk}/")
    page.locator("details.decide > summary").click()
    page.get_by_label("What", exact=True).select_option("exclude")
    page.get_by_label("Why", exact=True).fill("Cuffs were recalled")
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="Decide").click()
    assert "taken out: Cuffs were recalled (Denise Baptiste" in page.content()
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="Undo").first.click()
    assert "taken out: Cuffs were recalled" not in page.content()


def test_the_table_and_the_sentences_of_a_chart_are_copied(
    open_as: Callable[..., Page], lead: User, measure: LocalMeasure
) -> None:
    page = open_as(lead, f"/project-measures/{measure.pk}/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the table").click()
    expect(page.get_by_text("Copied. Paste it into a spreadsheet.")).to_be_visible()
    lines = page.evaluate("navigator.clipboard.readText()").split("\n")
    head, rows = lines[0].split("\t"), [line.split("\t") for line in lines[1:]]
    assert len(rows) == len(LEVEL) and {len(row) for row in rows} == {len(head)}
    assert any("72 of 100" in cell for row in rows for cell in row)
    page.get_by_role("button", name="Copy the sentences").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert (
        page.evaluate("navigator.clipboard.readText()").strip()
        == (page.locator("#reading").text_content() or "").strip()
    )

"""Aims and driver diagrams in a browser: built by keyboard alone, without JavaScript, accessible, nothing lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pdsa.actions import drivers
from pdsa.actions.library import load_library
from pdsa.library.files import read_templates
from pdsa.models import ChangeIdea, Driver, Project
from pdsa.queries.drivers import read_outline
from teams.enums import Role
from teams.models import User
from tests.e2e.accessibility import check
from tests.factories.aims import make_aim, make_charter, make_map
from tests.factories.cycles import NOW, make_project
from tests.factories.people import make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lead(db: None) -> User:
    return make_user(Role.GROUP_LEAD, team=make_team(name="Birch Health"))


@pytest.fixture
def project(lead: User) -> Project:
    return make_project(lead.memberships.get().organisation.teams.get(), by=lead, title="Cedar")


def lines(project: Project) -> list[str]:
    return ["  " * row.depth + row.text for row in read_outline(project).rows]


def tab_to(page: Page, ident: str) -> None:
    for _ in range(120):
        if page.evaluate("document.activeElement.id") == ident:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard never reached #{ident}")


def write_row(page: Page, text: str) -> None:
    """Type into the blank row that is open; Enter keeps it and opens the next one."""
    expect(page.locator(".outline-text-new")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.locator(".outline-text", has_text=text)).to_have_count(1)


def leave_row(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator(".outline-text-new")).to_have_count(0)


def test_diagram_is_built_with_the_keyboard_alone(
    lead: User, project: Project, open_as: Callable[..., Page]
) -> None:
    page = open_as(lead, f"/projects/{project.pk}/drivers/")
    tab_to(page, "new-driver")
    page.keyboard.type("Access")
    page.keyboard.press("Enter")
    expect(page.locator(".outline-text", has_text="Access")).to_be_focused()
    # A second primary driver below, then back up and secondary drivers under the first.
    page.keyboard.press("Enter")
    write_row(page, "Clinic")
    leave_row(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Control+Enter")
    write_row(page, "Hours")
    write_row(page, "Rides")
    leave_row(page)
    page.keyboard.press("Control+Enter")
    write_row(page, "Vouchers")
    leave_row(page)
    assert lines(project) == ["Access", "  Hours", "  Rides", "    Vouchers", "Clinic"]
    # Rename, move, indent, outdent, delete, undo.
    page.keyboard.press("Control+a")
    page.keyboard.type("Ride vouchers")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".outline-text", has_text="Ride vouchers")).to_have_count(1)
    expect(page.locator(".outline-text", has_text="Rides")).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".outline-text").nth(1)).to_have_value("Rides")
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.locator(".outline-text").nth(1)).to_have_value("Hours")
    assert lines(project) == ["Access", "  Hours", "Rides", "  Ride vouchers", "Clinic"]
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator(".outline-row").nth(2)).to_have_class(
        "outline-row outline-level-2 outline-depth-1"
    )
    page.keyboard.press("Alt+Backspace")
    expect(page.locator(".outline-text", has_text="Rides")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(".outline-text", has_text="Rides")).to_have_count(1)
    assert lines(project) == ["Access", "  Hours", "  Rides", "    Ride vouchers", "Clinic"]
    # The picture is drawn from the same rows.
    assert page.locator(".diagram-picture svg text", has_text="Ride vouchers").count() == 1
    assert page.said == []  # type: ignore[attr-defined]


def test_two_people_in_one_row_lose_no_words(
    lead: User, project: Project, open_as: Callable[..., Page]
) -> None:
    row = drivers.add_driver(project=project, text="Access", by=lead, as_of=NOW)
    page = open_as(lead, f"/projects/{project.pk}/drivers/")
    drivers.rename_driver(driver=row, text="Reach", seen="Access", by=lead, as_of=NOW)
    field = page.locator(".outline-text").first
    field.fill("Access to care")
    page.locator("#new-driver").focus()
    expect(page.get_by_role("alert")).to_contain_text("It now says “Reach”")
    expect(page.locator(".outline-text").first).to_have_value("Access to care")
    assert Driver.objects.get().text == "Reach"
    # Their text has been seen now; saving again replaces it.
    page.locator(".outline-text").first.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert Driver.objects.get().text == "Access to care"


def test_text_stays_when_the_network_is_gone(
    lead: User, project: Project, open_as: Callable[..., Page]
) -> None:
    drivers.add_driver(project=project, text="Access", by=lead, as_of=NOW)
    page = open_as(lead, f"/projects/{project.pk}/drivers/")
    page.context.set_offline(True)
    page.locator(".outline-text").first.fill("Access to care")
    page.locator("#new-driver").focus()
    expect(page.get_by_role("alert")).to_contain_text("still in its field")
    expect(page.locator(".outline-text").first).to_have_value("Access to care")
    page.context.set_offline(False)
    page.locator(".outline-text").first.press("Enter")
    expect(page.locator(".outline-text-new")).to_be_focused()
    assert Driver.objects.get().text == "Access to care"


def test_outline_without_javascript(
    lead: User, project: Project, open_as: Callable[..., Page]
) -> None:
    page = open_as(lead, f"/projects/{project.pk}/drivers/", scripts=False)
    page.get_by_label("New primary driver").fill("Access")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Secondary driver or idea").click()
    page.get_by_label("New under Access").fill("Cuffs")
    page.get_by_role("button", name="Change idea", exact=True).click()
    page.get_by_label("Change idea", exact=True).fill("Home cuffs")
    with page.expect_navigation(wait_until="load"):
        page.locator(".outline-level-3").get_by_role("button", name="Save").click()
    assert ChangeIdea.objects.get().title == "Home cuffs"
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="Undo: Rename “Cuffs”").click()
    assert lines(project) == ["Access", "  Cuffs"]


def test_aim_is_checked_while_it_is_written(
    lead: User, project: Project, open_as: Callable[..., Page]
) -> None:
    page = open_as(lead, f"/projects/{project.pk}/aim/")
    expect(page.locator("#aim-checks")).to_contain_text("0 of 6")
    for name, value in {
        "measure_name": "Blood pressure control",
        "baseline": "61",
        "target": "70",
        "population": "adults with hypertension",
        "focus_group": "Black",
        "reference_group": "White",
        "gap_from": "9",
        "gap_to": "4",
    }.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("Nobody’s rate gets worse on the way").check()
    expect(page.locator("#aim-checks")).to_contain_text("5 of 6")
    expect(page.locator("#aim-checks")).to_contain_text("Say by which day.")
    page.get_by_role("button", name="Save the aim").click()
    page.get_by_text("The aim was saved.").wait_for()
    expect(page.locator(".aim-sentence")).to_contain_text("from 61% to 70%")


def test_charter_saves_itself_while_it_is_written(
    lead: User, project: Project, open_as: Callable[..., Page]
) -> None:
    charter = make_charter(project, by=lead)
    page = open_as(lead, f"/projects/{project.pk}/charter/edit/")
    page.locator("[name=problem]").fill("Two in three leave with a high reading")
    expect(page.locator("[data-save-state]")).to_contain_text("Saved", timeout=20000)
    charter.refresh_from_db()
    assert charter.problem == "Two in three leave with a high reading"
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".charter-rows")).to_contain_text("Two in three")
    assert charter.versions.first().content["problem"].startswith("Two in three")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), pytest.param(1440, "light", marks=pytest.mark.heavy)]
)
def test_pages_are_accessible(
    width: int, scheme: str, lead: User, project: Project, open_as: Callable[..., Page]
) -> None:
    load_library()
    make_aim(project, by=lead)
    make_charter(project, by=lead)
    drivers.use_template(project=project, template=read_templates()[0], by=lead, as_of=NOW)
    made = make_map(project, by=lead)
    base = f"/projects/{project.pk}/"
    page = open_as(lead, f"{base}aim/", width, scheme)
    check(page)
    for path in (
        f"{base}aim/versions/",
        f"{base}charter/",
        f"{base}charter/edit/",
        f"{base}drivers/",
        f"{base}drivers/{Driver.objects.first().pk}/",  # type: ignore[union-attr]
        f"{base}process-maps/",
        f"/process-maps/{made.pk}/",
        "/library/",
        "/library/transport/",
    ):
        page.goto("/".join(page.url.split("/")[:3]) + path, wait_until="load")
        for details in page.locator("main details").all():
            details.evaluate("e => { e.open = true }")
        check(page)

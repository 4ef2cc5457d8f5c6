"""A payer analyst in a browser: drafts, reviews, publishes and downloads a card; everybody can read it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from reports.enums import CardState
from reports.models import ReportCard
from teams.enums import Role
from tests.e2e.accessibility import check
from tests.factories.members import LoadedWorld, load_members, make_members
from tests.factories.people import make_user
from tests.reports.cards.conftest import TEAMS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(db: None) -> LoadedWorld:
    return load_members(make_members(teams=TEAMS[:5], members=900, seed=5))


def test_analyst_takes_a_card_from_draft_to_download(
    world: LoadedWorld, open_as: Callable[..., Page]
) -> None:
    page = open_as(make_user(Role.PAYER_ANALYST), "/report-cards/", width=1440)
    page.get_by_role("button", name="Draft a card of Birch Health").click()
    page.get_by_label("Words to the reader").fill("Look at blood pressure first.")
    page.get_by_role("button", name="Save the words").click()
    assert page.get_by_text("The commentary was saved.").is_visible()
    page.get_by_role("link", name="Mark as reviewed").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_text("Have you read the whole card?").is_visible()
    dialog.get_by_role("button", name="Mark as reviewed").click()
    page.get_by_role("link", name="Publish", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    page.get_by_text("Published.").wait_for()
    card = ReportCard.objects.get()
    assert card.state == CardState.PUBLISHED
    assert card.content["commentary"] == "Look at blood pressure first."
    with page.expect_download() as download:
        page.get_by_role("link", name="The card as a document").click()
    data = download.value.path().read_bytes()
    assert data.startswith(b"%PDF-")
    assert download.value.suggested_filename == "equity-report-card-birch-health-2024.pdf"
    # All of them: two clicks from the start.
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Report cards").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="All published (zip)").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert len(archive.namelist()) == 2
    assert page.said == []  # type: ignore[attr-defined]


def test_card_can_be_published_without_javascript(
    world: LoadedWorld, open_as: Callable[..., Page]
) -> None:
    page = open_as(make_user(Role.PAYER_ANALYST), "/report-cards/", scripts=False)
    page.get_by_role("button", name="Draft a card of Amber Health").click()
    for name in ("Mark as reviewed", "Publish"):
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("button", name=name, exact=True).click()
    assert ReportCard.objects.get().state == CardState.PUBLISHED


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), pytest.param(1280, "light", marks=pytest.mark.heavy)]
)
def test_pages_are_accessible(
    width: int,
    scheme: str,
    world: LoadedWorld,
    open_as: Callable[..., Page],
    transactional_db: None,
) -> None:
    analyst = make_user(Role.PAYER_ANALYST)
    page = open_as(analyst, "/report-cards/", width, scheme)
    check(page)
    page.get_by_role("button", name="Draft the 6 missing").click()
    page.get_by_text("6 drafts were made.").wait_for()
    check(page)
    public = ReportCard.objects.get(team=None)
    page = open_as(analyst, f"/report-cards/{public.pk}/", width, scheme)
    check(page)
    page.get_by_role("link", name="Mark as reviewed").click()
    check(page)
    page.get_by_role("dialog").get_by_role("button", name="Mark as reviewed").click()
    page.goto(page.url + "publish/")
    check(page)
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("Published.").wait_for()
    reader = open_as(None, "/public/", width, scheme)
    for details in reader.locator("details").all():
        details.evaluate("e => { e.open = true }")
    check(reader)
    member = make_user(Role.GROUP_MEMBER, team=world.team("Amber Health"))
    check(open_as(member, "/report-cards/", width, scheme))

"""Grants in a browser: the team's one card, a report with a pasted column, finance approving and paying."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from grants.actions.payments import approve_payment_programme, recommend_payment
from grants.models import ActualLine, Posting
from tests.e2e.accessibility import flaws
from tests.factories.grants import NOW, make_award, make_grants, tranche_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1280, 390])
def test_team_sees_on_one_card_what_to_do_and_by_when(
    open_as: Callable[..., Page], width: int
) -> None:
    world = make_grants()
    award = make_award(world)
    page = open_as(world.lead, "/grants/", width)
    assert page.url.endswith(f"/grants/teams/{world.team.code}/")
    card = page.locator(".grant-next")
    assert "$40,000" in card.inner_text()
    assert "There is nothing for you to do" in card.inner_text()
    page.get_by_role("link", name="Payment 2: Blood pressure at home").click()
    assert "Data plan accepted" in page.locator("main").inner_text()
    page.get_by_role("link", name="Data plan accepted").click()
    page.set_input_files(
        "input[type=file]",
        files=[{"name": "plan.txt", "mimeType": "text/plain", "buffer": b"Our plan"}],
    )
    page.get_by_role("button", name="Put on file").click()
    page.get_by_text("The document is on file.").wait_for()
    assert "On file: plan.txt" in page.locator("main").inner_text()
    assert flaws(page) == []
    page.goto(f"{page.url.split('/grants/')[0]}/grants/awards/{award.pk}/")
    assert flaws(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


def test_report_takes_a_pasted_column_and_is_handed_in(open_as: Callable[..., Page]) -> None:
    world = make_grants()
    award = make_award(world)
    report = award.reports.filter(kind="financial").order_by("due_on")[0]
    page = open_as(world.lead, f"/grants/reports/{report.pk}/")
    page.get_by_role("button", name="Start the report").click()
    first = page.get_by_label("Spent on Nurse, half time")
    first.focus()
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        "$14,000.00\t500\n9,500\t\n",
    )
    assert page.get_by_label("Spent on Cuffs").input_value() == "9,500"
    page.get_by_role("button", name="Save").click()
    page.get_by_role("cell", name="$23,500.00").wait_for()  # the total, worked out by the server
    lines = ActualLine.objects.order_by("line_code").values_list("actual", "committed")
    assert [(int(a), int(c)) for a, c in lines] == [(14000, 500), (9500, 0)]
    assert flaws(page) == []
    page.get_by_role("link", name="Hand in").click()
    page.get_by_role("button", name="Hand in").click()
    page.get_by_text("Done: hand in.").wait_for()
    assert "Submitted" in page.locator("main").inner_text()


def test_finance_approves_pays_and_takes_the_evidence(open_as: Callable[..., Page]) -> None:
    world = make_grants()
    tranche = tranche_of(make_award(world))
    recommend_payment(tranche=tranche, note="", by=world.coach, as_of=NOW)
    approve_payment_programme(tranche=tranche, note="", by=world.director, as_of=NOW)
    page = open_as(world.finance, "/grants/finance/")
    assert flaws(page) == []
    page.get_by_role("link", name="Decide payment 1").click()
    page.get_by_role("link", name="Approve for finance").click()
    page.get_by_role("button", name="Approve for finance").click()
    page.get_by_role("link", name="Record the payment").click()
    page.get_by_role("button", name="Record the payment").click()
    page.get_by_text("things need another look").or_(
        page.get_by_text("thing needs another look")
    ).wait_for()
    page.get_by_label("Bank reference").fill("ACH-77")
    page.get_by_role("button", name="Record the payment").click()
    page.get_by_text("Done: record the payment.").wait_for()
    assert Posting.objects.get(reference="ACH-77").amount == 40000
    assert "ACH-77" in page.locator("main").inner_text()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Evidence (PDF)").click()
    assert waiting.value.suggested_filename.startswith("evidence-HE-")
    page.goto(f"{page.url.split('/grants/')[0]}/grants/portfolio/")
    assert flaws(page) == []
    assert "$100,000.00" in page.locator("tfoot").inner_text()

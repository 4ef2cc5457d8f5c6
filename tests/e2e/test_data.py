"""The data section in a browser: drop a file, map it, see it published; every page of it readable for everybody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route

from collaborative.celery import app
from measures.api import uploads
from measures.enums import SubmissionState
from measures.models import PartialUpload, Source, Submission
from teams.enums import Role
from tests.e2e.accessibility import flaws
from tests.factories.people import make_user, signed_in
from tests.factories.submissions import csv_bytes, make_groups, make_source, row, send

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GOOD = csv_bytes([row(member_id=f"m{i}", numerator=i % 2, zip="2139") for i in range(40)])
NHANES = Path(__file__).parents[1] / "data" / "nhanes_blood_pressure.csv"


@pytest.fixture
def worker() -> Iterator[None]:
    """Tasks run where they are sent from, as a worker would run them a moment later."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture
def source() -> Source:
    make_groups()
    return make_source()


@pytest.fixture
def data_page(page: Page, live_server: Any, source: Source, worker: None, settings: Any) -> Page:
    """The upload page, opened by an analyst of the payer."""
    client = signed_in(make_user(Role.PAYER_ANALYST, organisation=source.organisation))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.goto(f"{live_server.url}{reverse('measures:upload')}")
    return page


def test_file_is_dropped_sent_and_published(data_page: Page) -> None:
    assert flaws(data_page) == []
    transfer = data_page.evaluate_handle(
        "text => { const t = new DataTransfer(); t.items.add(new File([text], 'dropped.csv')); return t; }",
        GOOD.decode(),
    )
    data_page.dispatch_event("[data-dropzone]", "drop", {"dataTransfer": transfer})
    data_page.get_by_text("dropped.csv").wait_for()
    data_page.get_by_role("button", name="Upload and check").click()
    data_page.get_by_role("heading", name="dropped.csv").wait_for()
    data_page.locator("dd", has_text="Published").first.wait_for()
    assert Submission.objects.get().state == SubmissionState.PUBLISHED
    assert flaws(data_page) == []


BIG = csv_bytes([row(member_id=f"m{i}", numerator=i % 2, zip="02139") for i in range(400)])


def choose(page: Page, data: bytes) -> None:
    page.set_input_files(
        "input[type=file]", {"name": "big.csv", "mimeType": "text/csv", "buffer": data}
    )
    page.get_by_role("button", name="Upload and check").click()


def test_upload_goes_on_after_the_line_was_cut(
    data_page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART_BYTES", 3000)
    sent: list[str] = []

    def cut_after_two(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(route.request.headers["upload-offset"])
            if len(sent) == 3:
                # The bytes arrive, and the answer does not.
                route.fetch()
                data_page.context.set_offline(True)
        route.abort() if len(sent) == 3 else route.continue_()

    data_page.route("**/api/v1/uploads/**", cut_after_two)
    choose(data_page, BIG)
    data_page.get_by_text("The connection broke after 6 kB. What was sent is kept").wait_for()
    assert flaws(data_page) == []
    assert PartialUpload.objects.get().received_count == 9000
    assert not Submission.objects.exists()
    data_page.context.set_offline(False)
    data_page.locator("dd", has_text="Published").first.wait_for()
    submission = Submission.objects.get()
    assert submission.sha256 == hashlib.sha256(BIG).hexdigest()
    # The part whose answer was lost is offered again, and those before it are not.
    assert [offset for offset, _ in groupby(sent)][:4] == ["0", "3000", "6000", "9000"]
    assert sent.count("6000") > 1
    assert not PartialUpload.objects.exists()


def test_upload_goes_on_after_the_page_was_closed(
    data_page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART_BYTES", 3000)
    sent: list[str] = []

    def stop_at_third(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(route.request.headers["upload-offset"])
            if len(sent) == 3:
                route.abort()
                return
        route.continue_()

    data_page.route("**/api/v1/uploads/**", stop_at_third)
    choose(data_page, BIG)
    data_page.get_by_text("trying again").wait_for()
    data_page.on("dialog", lambda dialog: dialog.accept())
    data_page.reload()
    data_page.get_by_text("Choose the same file above").wait_for()
    data_page.get_by_text("big.csv").first.wait_for()
    assert flaws(data_page) == []
    before = len(sent)
    choose(data_page, BIG)
    data_page.locator("dd", has_text="Published").first.wait_for()
    assert sent[before] == "6000"
    assert Submission.objects.get().sha256 == hashlib.sha256(BIG).hexdigest()


def test_another_file_of_the_same_name_and_size_is_not_mixed_in(
    data_page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART_BYTES", 3000)
    data_page.route(
        "**/api/v1/uploads/**",
        lambda route: (
            route.abort()
            if route.request.headers.get("upload-offset") == "6000"
            else route.continue_()
        ),
    )
    choose(data_page, BIG)
    data_page.get_by_text("trying again").wait_for()
    data_page.on("dialog", lambda dialog: dialog.accept())
    data_page.unroute("**/api/v1/uploads/**")
    data_page.reload()
    choose(data_page, BIG.replace(b"m1,", b"n1,"))
    data_page.get_by_text("not the file that was chosen").wait_for()
    assert not Submission.objects.exists()
    data_page.get_by_role("button", name="Upload and check").click()
    data_page.locator("dd", has_text="Published").first.wait_for()


def test_survey_with_other_headers_is_mapped_and_published(data_page: Page) -> None:
    data_page.set_input_files("input[type=file]", NHANES)
    data_page.get_by_role("button", name="Upload and check").click()
    data_page.get_by_role("link", name="Map the columns").click()
    assert flaws(data_page) == []
    data_page.get_by_label("group_id", exact=False).first.select_option("constant")
    data_page.get_by_label("group_id: the value of every row").fill("G01")
    data_page.get_by_label("measure_id", exact=False).first.select_option("constant")
    data_page.get_by_label("measure_id: the value of every row").fill("CBP")
    data_page.get_by_label("A period such as 2017-2020 is its last year").check()
    data_page.get_by_role("button", name="Save and check again").click()
    data_page.get_by_role("link", name="Say what they mean").click()
    assert flaws(data_page) == []
    data_page.get_by_role("button", name="Save and check again").click()
    data_page.locator("dd", has_text="Published").first.wait_for()
    submission = Submission.objects.get()
    assert (submission.state, submission.accepted_count) == (SubmissionState.PUBLISHED, 681)


def test_pages_in_their_other_states_are_readable(
    data_page: Page, live_server: Any, source: Source
) -> None:
    send(source, GOOD)
    waiting = send(source, GOOD.replace(b",0,2139", b",1,2139"))
    rejected = send(source, csv_bytes([row(member_id="x" * 70)]))
    assert waiting.state == SubmissionState.NEEDS_CONFIRMATION
    for path in (
        reverse("measures:submissions"),
        reverse("measures:submission", args=[waiting.pk]),
        reverse("measures:submission", args=[rejected.pk]),
        reverse("measures:withdraw_submission", args=[waiting.pk]),
    ):
        for width in (390, 1280):
            data_page.set_viewport_size({"width": width, "height": 900})
            data_page.goto(f"{live_server.url}{path}")
            assert flaws(data_page) == []
            assert data_page.evaluate("document.documentElement.scrollWidth") <= width, path
    data_page.goto(f"{live_server.url}{reverse('measures:submission', args=[waiting.pk])}")
    data_page.get_by_role("button", name="Replace the published data").click()
    data_page.locator("dd", has_text="Published").first.wait_for()


def test_upload_works_without_scripts(
    browser: Any, live_server: Any, source: Source, worker: None, settings: Any
) -> None:
    client = signed_in(make_user(Role.PAYER_ANALYST, organisation=source.organisation))
    context = browser.new_context(java_script_enabled=False)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(f"{live_server.url}{reverse('measures:upload')}")
    page.set_input_files("input[type=file]", NHANES)
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_role("heading", name=NHANES.name).wait_for()
    context.close()
    assert Submission.objects.get().state == SubmissionState.NEEDS_MAPPING

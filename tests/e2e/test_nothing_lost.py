"""Nothing a person typed is ever lost: cut network, expired session, closed tab, stopped server, two people.

The server that is stopped is a real process on the test database, so that it can be killed in mid-sentence.
"""

from __future__ import annotations

import datetime
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pdsa.actions.aims import write_aim
from pdsa.models import Aim, Cycle
from teams.enums import Role
from teams.models import FieldVersion, User
from tests.factories.cycles import NOW, make_cycle
from tests.factories.people import PASSWORD, make_team, make_user, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEARNED = "What did you learn?"


@pytest.fixture
def lead() -> User:
    return make_user(Role.GROUP_LEAD, team=make_team(), name="Denise Baptiste", password=PASSWORD)


@pytest.fixture
def cycle(lead: User) -> Cycle:
    team = lead.memberships.get().organisation.teams.get()
    return make_cycle(team, by=lead, state="studying")


@pytest.fixture
def browse(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    contexts = []

    def browse() -> BrowserContext:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context

    yield browse
    for context in contexts:
        context.close()


def sign_in(context: BrowserContext, user: User, url: str) -> None:
    cookie = signed_in(user).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])


def open_test(context: BrowserContext, url: str, cycle: Cycle) -> Page:
    page = context.new_page()
    page.goto(f"{url}/tests/{cycle.pk}/")
    expect(page.locator("[data-save-state]")).not_to_be_empty()
    return page


def state_of(page: Page) -> Any:
    return page.locator("[data-save-state]")


def learned(cycle: Cycle) -> str:
    cycle.refresh_from_db()
    return cycle.learned


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def let_scripts_run(page: Page) -> None:
    """Two frames later everything has happened that an answer which is here brings about at once."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def test_text_is_saved_within_two_seconds_of_a_pause(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    page.get_by_label(LEARNED).press_sequentially("Call after six")
    typed_at = time.monotonic()
    wait_until(lambda: learned(cycle) == "Call after six", 5)
    assert time.monotonic() - typed_at < 2.5
    expect(state_of(page)).to_contain_text("Saved")
    expect(state_of(page)).to_contain_text("s ago")
    assert (
        page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('draft:')).length") == 0
    )


def test_cut_network_keeps_the_words_and_saves_them_when_it_is_back(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    page.get_by_label(LEARNED).press_sequentially("Call after ")
    context.set_offline(True)
    page.get_by_label(LEARNED).press_sequentially("six")
    expect(state_of(page)).to_contain_text("No connection")
    assert learned(cycle) != "Call after six"
    context.set_offline(False)
    wait_until(lambda: learned(cycle) == "Call after six")
    expect(state_of(page)).to_contain_text("Saved")


def test_closed_tab_without_network_gives_the_words_back(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    context.set_offline(True)
    page.get_by_label(LEARNED).press_sequentially("Half a sent")
    page.close()
    assert learned(cycle) == ""
    context.set_offline(False)
    page = open_test(context, live_server.url, cycle)
    expect(page.get_by_label(LEARNED)).to_have_value("Half a sent")
    wait_until(lambda: learned(cycle) == "Half a sent")


def test_expired_session_keeps_the_words_over_a_new_sign_in(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    page.get_by_label(LEARNED).press_sequentially("Call ")
    context.clear_cookies()
    page.get_by_label(LEARNED).press_sequentially("after six")
    expect(state_of(page)).to_contain_text("You are signed out")
    # Leaving the field tries once more; the way to sign in must not go away under the pointer.
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label(LEARNED).blur()
    let_scripts_run(page)
    expect(state_of(page)).to_contain_text("You are signed out")
    page.get_by_role("link", name="Sign in again").click()
    page.fill("input[name=login]", lead.email)
    page.fill("input[name=password]", PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url(f"**/tests/{cycle.pk}/")
    wait_until(lambda: learned(cycle) == "Call after six")
    expect(page.get_by_label(LEARNED)).to_have_value("Call after six")


def test_page_that_lay_open_over_a_new_sign_in_goes_on(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    context.clear_cookies()
    page.get_by_label(LEARNED).press_sequentially("Call after six")
    expect(state_of(page)).to_contain_text("You are signed out")
    # Signed in again in another tab: a new session and a new token against forged requests.
    other = context.new_page()
    other.goto(f"{live_server.url}/account/login/")
    other.fill("input[name=login]", lead.email)
    other.fill("input[name=password]", PASSWORD)
    other.locator("main button[type=submit]").first.click()
    other.wait_for_url(f"{live_server.url}/")
    page.bring_to_front()
    page.evaluate(
        "dispatchEvent(new Event('focus'))"
    )  # as a window does that somebody comes back to
    wait_until(lambda: learned(cycle) == "Call after six", 25)


def test_right_taken_away_is_said_once_and_keeps_the_words(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    asked: list[str] = []
    lead.memberships.update(ends_on=datetime.date(2020, 1, 2), starts_on=datetime.date(2020, 1, 1))
    page.on("request", lambda request: asked.append(request.method))
    page.get_by_label(LEARNED).fill("Call after six")
    expect(page.get_by_text("You may not change this any more.")).to_be_visible()
    let_scripts_run(page)
    # Sent, asked whether only the token was old, sent once more: and then it is said, not tried again.
    assert asked.count("POST") <= 2
    assert learned(cycle) == ""
    expect(page.get_by_label(LEARNED)).to_have_value("Call after six")


def test_two_people_see_each_other_and_a_conflict_shows_both_texts(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    team = lead.memberships.get().organisation.teams.get()
    peer = make_user(Role.GROUP_MEMBER, team=team, name="Owen Gallagher")
    first, second = browse(), browse()
    sign_in(first, lead, live_server.url)
    sign_in(second, peer, live_server.url)
    hers = open_test(first, live_server.url, cycle)
    his = open_test(second, live_server.url, cycle)
    expect(his.locator("[data-present]")).to_contain_text("Denise Baptiste is here")
    his.get_by_label(LEARNED).press_sequentially("His words")
    wait_until(lambda: learned(cycle) == "His words")
    hers.get_by_label(LEARNED).press_sequentially("Her words")
    question = hers.locator(".autosave-question")
    expect(question).to_contain_text("Owen Gallagher changed this while you were writing")
    expect(question.locator("[data-theirs]")).to_have_text("His words")
    expect(question.locator("[data-mine]")).to_have_text("Her words")
    assert learned(cycle) == "His words"  # never the last one to write
    question.get_by_role("button", name="Use both").click()
    wait_until(lambda: learned(cycle) == "His words\nHer words")
    # Every text stands in the history, with its writer.
    texts = FieldVersion.objects.filter(field="learned").order_by("number")
    assert [(v.text, v.by) for v in texts] == [
        ("His words", peer),
        ("His words\nHer words", lead),
    ]
    # He sees it without loading his page again once he has left the field.
    his.get_by_label("What surprised you?").click()
    his.evaluate(
        "dispatchEvent(new Event('online'))"
    )  # what a page does every ten seconds, at once
    expect(his.get_by_label(LEARNED)).to_have_value("His words\nHer words")


def test_patients_name_is_asked_about_before_it_is_stored(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    page.get_by_label(LEARNED).press_sequentially("Mrs. Jones wants calls")
    question = page.locator(".autosave-question")
    expect(question).to_contain_text("“Jones” looks like a name")
    assert learned(cycle) == ""
    question.get_by_role("button", name="Mask it").click()
    wait_until(lambda: learned(cycle) == "Mrs. [name] wants calls")
    assert not FieldVersion.objects.filter(text__contains="Jones").exists()


def test_log_survives_a_dead_network_and_is_sent_once(
    browse: Any, live_server: Any, lead: User
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = context.new_page()
    page.goto(f"{live_server.url}/tests/log/", wait_until="load")
    page.get_by_label("What do you want to try?").fill("Call 5 patients")
    context.set_offline(True)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("[data-draft-state]")).to_contain_text("No connection")
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(f"{live_server.url}/tests/log/", wait_until="load")
    expect(page.get_by_label("What do you want to try?")).to_have_value("Call 5 patients")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"/tests/\d+/$"))
    assert Cycle.objects.get().objective == "Call 5 patients"
    page.goto(f"{live_server.url}/tests/log/", wait_until="load")
    expect(page.get_by_label("What do you want to try?")).to_have_value("")


def test_aim_survives_a_dead_network(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    address = f"{live_server.url}/projects/{cycle.idea.project_id}/aim/"
    page = context.new_page()
    page.goto(address, wait_until="load")
    context.set_offline(True)
    page.get_by_label("For which patients").fill("Adults with hypertension")
    page.get_by_role("button", name="Save the aim").click()
    expect(page.locator("[data-draft-state]")).to_contain_text("No connection")
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(address, wait_until="load")
    expect(page.get_by_label("For which patients")).to_have_value("Adults with hypertension")
    page.get_by_role("button", name="Save the aim").click()
    page.get_by_text("The aim was saved.").wait_for()
    assert Aim.objects.get().population == "Adults with hypertension"
    expect(page.locator("[data-draft-state]")).to_be_empty()


def test_kept_aim_brings_only_what_was_typed_and_names_what_others_wrote(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    project = cycle.idea.project
    made = {"population": "Adults", "measure_name": "Pressure", "place": "Dorchester"}
    write_aim(project=project, values=made, by=lead, as_of=NOW)
    context = browse()
    sign_in(context, lead, live_server.url)
    address = f"{live_server.url}/projects/{project.pk}/aim/"
    page = context.new_page()
    page.goto(address, wait_until="load")
    page.get_by_label("For which patients").fill("Adults with hypertension")
    expect(page.locator("[data-draft-state]")).to_contain_text("Kept on this device")
    page.close()
    peer = make_user(Role.GROUP_MEMBER, team=project.team, name="Owen Gallagher")
    theirs = {"population": "Adults of 40", "measure_name": "Blood pressure"}
    write_aim(project=project, values=theirs, by=peer, as_of=NOW)
    page = context.new_page()
    page.goto(address, wait_until="load")
    note = page.locator("[data-draft-state]")
    expect(note).to_contain_text(
        "Meanwhile somebody else wrote under “For which patients”: “Adults of 40”"
    )
    expect(note).not_to_contain_text("Blood pressure")
    expect(page.get_by_label("For which patients")).to_have_value("Adults with hypertension")
    # Nobody typed here: what the other one wrote stays.
    expect(page.locator("[name=measure_name]")).to_have_value("Blood pressure")
    # The checks are about what is put back, not about what is stored.
    expect(page.locator("#aim-checks")).to_contain_text("Adults with hypertension")
    page.get_by_role("button", name="Take what is stored").click()
    expect(page.get_by_label("For which patients")).to_have_value("Adults of 40")


def test_comment_that_was_asked_about_is_gone_from_the_device_once_it_is_sent(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    page.get_by_label("Write a comment").fill("Mrs. Jones liked it")
    page.locator(".comment-form button").click()
    page.get_by_label("Mask it").check()
    page.get_by_role("button", name="Send the comment").click()
    expect(page.locator(".comment")).to_contain_text("Mrs. [name] liked it")
    expect(page.get_by_label("Write a comment")).to_have_value("")
    assert cycle.comments.get().text == "Mrs. [name] liked it"


def test_number_that_is_sent_appears_on_the_page(
    browse: Any, live_server: Any, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, live_server.url)
    page = open_test(context, live_server.url, cycle)
    page.locator("#do > summary").click()
    page.locator("#reading-numerator").fill("3")
    page.locator("#reading-denominator").fill("5")
    page.locator(".reading-form button").click()
    expect(page.get_by_role("cell", name="3 of 5")).to_be_visible()
    expect(page.locator("#reading-numerator")).to_have_value("")


# --- a server that dies ---------------------------------------------------------------------------------------


class Server:
    """The site as a process of its own, on the database of the test."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        database = connection.settings_dict
        given = {
            "SERVER_DATABASE": database["NAME"],
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        }
        script = (
            "import os, django\n"
            "from django.conf import settings\n"
            "settings.DATABASES['default']['NAME'] = os.environ['SERVER_DATABASE']\n"
            "django.setup()\n"
            "from django.core.management import call_command\n"
            f"call_command('runserver', '127.0.0.1:{self.port}', '--noreload', '--insecure')\n"
        )
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", script],
                cwd=settings.BASE_DIR,
                env={**os.environ, **given},
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        pytest.fail((self._folder / "server.log").read_text())

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    yield server
    server.kill()


def test_server_killed_in_mid_sentence_loses_nothing(
    browse: Any, server: Server, lead: User, cycle: Cycle
) -> None:
    context = browse()
    sign_in(context, lead, server.url)
    page = open_test(context, server.url, cycle)
    page.get_by_label(LEARNED).press_sequentially("Call after ")
    wait_until(lambda: learned(cycle) == "Call after")
    page.get_by_label(LEARNED).press_sequentially("si")
    server.kill()
    page.get_by_label(LEARNED).press_sequentially("x, not before")
    expect(state_of(page)).to_contain_text("No connection")
    server.start()
    wait_until(lambda: learned(cycle) == "Call after six, not before", 45)
    expect(state_of(page)).to_contain_text("Saved")

"""Invitations, people, places and signing in, in a browser: whole journeys, and every page readable for everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from teams.actions.people import invite_person
from teams.actions.tokens import create_api_token
from teams.enums import Role
from teams.models import AuditEvent, Invitation, User
from tests.e2e.accessibility import flaws
from tests.factories.people import PASSWORD, make_site, make_team, make_user, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def enter(page: Page, live_server: Any, user: User) -> None:
    cookie = signed_in(user).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])


def test_invited_person_opens_the_link_and_is_in(page: Page, live_server: Any) -> None:
    lead = make_user(Role.GROUP_LEAD, team=make_team(name="Harbor Health"))
    enter(page, live_server, lead)
    page.goto(f"{live_server.url}/people/")
    page.get_by_role("link", name="Invite somebody").first.click()
    page.get_by_label("E-mail address").fill("new@example.org")
    page.get_by_label("Name", exact=True).fill("Nia New")
    page.get_by_label("Role").select_option("group_member")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("on its way to new@example.org")).to_be_visible()

    page.context.clear_cookies()
    link = re.search(r"/invitations/\S+", str(mail.outbox[-1].body))
    assert link
    page.goto(live_server.url + link.group())
    expect(page.get_by_label("Your name")).to_have_value("Nia New")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_text("Your account is ready")).to_be_visible()
    assert User.objects.get(email="new@example.org").memberships.get().role == Role.GROUP_MEMBER
    page.goto(live_server.url + link.group())
    expect(page.get_by_text("used already")).to_be_visible()


def test_sign_in_with_a_passkey_alone(page: Page, live_server: Any) -> None:
    user = make_user(Role.GROUP_MEMBER, email="ann@example.org", password=PASSWORD)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    # A passkey belongs to a name, not to an address of numbers.
    server = live_server.url.replace("127.0.0.1", "localhost")
    page.goto(f"{server}/account/login/")
    page.locator("[name=login]").fill("ann@example.org")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{server}/")
    page.goto(f"{server}/account/2fa/webauthn/add/")
    if "reauthenticate" in page.url:
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").first.click()
    page.locator("[name=name]").fill("Laptop")
    passwordless = page.locator("[name=passwordless]")
    if passwordless.count():
        passwordless.check()
    page.locator("main button#mfa_webauthn_add, main button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/account/2fa/(?!webauthn/add)"))
    assert user.authenticator_set.filter(type="webauthn").count() == 1
    assert AuditEvent.objects.filter(act="add_authenticator", actor=user).exists()

    page.context.clear_cookies()
    page.goto(f"{server}/account/login/")
    page.get_by_role("button", name=re.compile("passkey", re.IGNORECASE)).click()
    page.wait_for_url(f"{server}/")
    assert AuditEvent.objects.filter(act="sign_in", actor=user).count() == 2


@pytest.mark.parametrize("width", [390, pytest.param(1440, marks=pytest.mark.heavy)])
def test_every_page_of_people_and_places_is_accessible(
    page: Page, live_server: Any, width: int
) -> None:
    team = make_team(name="Harbor Health")
    administrator = make_user(Role.ADMINISTRATOR)
    person = make_user(Role.GROUP_MEMBER, team=team)
    make_user(Role.COACH, team=team)
    site = make_site(team=team)
    invite_person(
        email="new@example.org",
        name="Nia New",
        organisation=team.organisation,
        role=Role.GROUP_MEMBER,
        by=administrator,
        as_of=timezone.now(),
    )
    token = create_api_token(name="upload", days=30, by=administrator, as_of=timezone.now()).token
    membership, assignment = person.memberships.get(), team.coach_assignments.get()
    invitation = Invitation.objects.get()
    enter(page, live_server, administrator)
    page.set_viewport_size({"width": width, "height": 900})
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if m.type == "error" else None)
    for path in (
        "/people/",
        "/people/?text=nobody-is-called-this",
        "/people/invite/",
        f"/people/{person.pk}/",
        f"/people/{person.pk}/close/",
        f"/people/memberships/{membership.pk}/end/",
        f"/people/memberships/{membership.pk}/role/",
        f"/people/invitations/{invitation.pk}/withdraw/",
        "/organisations/",
        "/organisations/add/",
        f"/organisations/{team.organisation_id}/",
        f"/organisations/{team.organisation_id}/teams/add/",
        f"/organisations/teams/{team.pk}/",
        "/sites/",
        "/sites/add/",
        f"/sites/{site.pk}/",
        "/coaches/",
        "/coaches/assign/",
        f"/coaches/{assignment.pk}/hand-over/",
        f"/coaches/{assignment.pk}/end/",
        "/programme/settings/",
        "/account/",
        "/account/tokens/",
        f"/account/tokens/{token.pk}/revoke/",
        "/audit/",
        "/api/docs/",
    ):
        page.goto(live_server.url + path)
        assert flaws(page) == []
    assert refused == []


def test_forms_with_mistakes_are_accessible_and_keep_what_was_typed(
    page: Page, live_server: Any
) -> None:
    enter(page, live_server, make_user(Role.ADMINISTRATOR))
    page.goto(f"{live_server.url}/organisations/add/")
    page.get_by_label("Name", exact=True).fill("Typed name")
    page.get_by_role("button", name="Add the organisation").click()
    expect(page.get_by_role("alert").first).to_contain_text("needs the code")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Typed name")
    assert flaws(page) == []

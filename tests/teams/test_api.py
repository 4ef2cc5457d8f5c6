"""Tokens, the API's answers about the reader, teams and sites, and the shape of its refusals."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from teams.actions.tokens import create_api_token, revoke_api_token
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import ApiToken, AuditEvent
from tests.factories.people import make_site, make_team, make_token, make_user, signed_in

pytestmark = pytest.mark.django_db

NOW = timezone.make_aware(datetime(2026, 6, 15, 9, 30))


def call(path: str, key: str | None = None) -> Any:
    return Client(headers={"Authorization": f"Token {key}"} if key else {}).get(path)


# --- tokens ------------------------------------------------------------------------------------------------


def test_key_is_shown_once_and_only_its_hash_is_kept() -> None:
    user = make_user(Role.GROUP_LEAD)
    client = signed_in(user)
    page = client.post("/account/tokens/", {"name": "monthly upload", "days": "30"})
    token = ApiToken.objects.get()
    [key] = [
        w
        for w in page.content.decode().replace("<", ">").split(">")
        if w.startswith(token.key_prefix) and len(w) > 20
    ]
    assert key not in str(ApiToken.objects.values().get())
    assert key not in str(list(AuditEvent.objects.values()))
    assert key not in client.get("/account/tokens/").content.decode()
    assert call("/api/v1/me/", key).json()["email"] == user.email
    assert AuditEvent.objects.filter(act="create_api_token", actor=user).exists()


def test_token_works_until_it_expires() -> None:
    made = create_api_token(name="t", days=30, by=make_user(Role.COACH), as_of=NOW)
    assert made.token.expires_at == NOW + timedelta(days=30)


def test_role_without_the_api_makes_no_token() -> None:
    finance = make_user(Role.PAYER_FINANCE)
    with pytest.raises(NotAllowed):
        create_api_token(name="t", days=30, by=finance, as_of=NOW)
    assert signed_in(finance).get("/account/tokens/").status_code == 403


def test_revoked_token_is_refused_and_cannot_be_revoked_again() -> None:
    user = make_user(Role.GROUP_LEAD)
    made = create_api_token(name="t", days=30, by=user, as_of=timezone.now())
    assert call("/api/v1/me/", made.key).status_code == 200
    revoke_api_token(token=made.token, by=user, as_of=timezone.now())
    assert call("/api/v1/me/", made.key).status_code == 401
    with pytest.raises(StateRefused, match="already"):
        revoke_api_token(token=made.token, by=user, as_of=timezone.now())


def test_somebody_elses_token_does_not_exist() -> None:
    mine = make_user(Role.GROUP_LEAD)
    make_token(make_user(Role.GROUP_LEAD))
    token = ApiToken.objects.get()
    path = f"/account/tokens/{token.pk}/revoke/"
    assert signed_in(mine).get(path).status_code == 404
    assert signed_in(mine).post(path).status_code == 404
    with pytest.raises(NotAllowed):
        revoke_api_token(token=token, by=mine, as_of=NOW)
    token.refresh_from_db()
    assert token.revoked_at is None


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"revoked_at": timezone.now()},
        {"user": {"is_active": False}},
        {"unknown": True},
    ],
)
def test_bad_token_is_one_and_the_same_refusal(fields: dict[str, Any]) -> None:
    user = make_user(Role.GROUP_LEAD, **fields.pop("user", {}))
    unknown = fields.pop("unknown", False)
    key = make_token(user, **fields)
    response = call("/api/v1/me/", "wrong" if unknown else key)
    assert response.status_code == 401
    assert response.json() == {
        "error": "sign_in_failed",
        "detail": "This token is unknown, expired or revoked.",
    }
    assert response["WWW-Authenticate"] == "Token"


def test_token_of_a_person_who_lost_the_role_is_refused() -> None:
    user = make_user(Role.GROUP_LEAD, ends_on=timezone.localdate() - timedelta(days=1))
    response = call("/api/v1/me/", make_token(user))
    assert response.status_code == 403
    assert "no role at present" in response.json()["detail"]


def test_token_speaks_only_while_its_owner_may_use_the_api() -> None:
    response = call("/api/v1/me/", make_token(make_user(Role.PAYER_FINANCE)))
    assert (response.status_code, response.json()["error"]) == (403, "not_allowed")


def test_token_does_not_open_pages() -> None:
    response = call("/account/", make_token(make_user(Role.GROUP_LEAD)))
    assert response.status_code == 302


def test_last_use_is_seen() -> None:
    key = make_token(make_user(Role.GROUP_LEAD))
    call("/api/v1/me/", key)
    assert ApiToken.objects.get().last_used_at is not None


# --- answers -----------------------------------------------------------------------------------------------


def test_me_says_role_permissions_and_scope() -> None:
    team, other = make_team(code="MINE"), make_team(code="OTHER")
    me = call("/api/v1/me/", make_token(make_user(Role.COACH, team=team))).json()
    assert [r["role"] for r in me["roles"]] == ["coach"]
    assert "view_team_results" in me["permissions"]
    assert (me["teams"], me["own_teams"]) == (["MINE"], ["MINE"])
    me = call("/api/v1/me/", make_token(make_user(Role.PAYER_ANALYST))).json()
    assert (sorted(me["teams"]), me["own_teams"]) == (["MINE", "OTHER"], [])
    assert other.code not in str(
        call("/api/v1/me/", make_token(make_user(Role.GROUP_LEAD, team=team))).json()
    )


def test_teams_and_sites_in_scope_only() -> None:
    mine, other = make_team(code="MINE"), make_team(code="OTHER", name="Stranger")
    make_site(team=mine, code="S-MINE")
    make_site(team=other, code="S-OTHER")
    key = make_token(make_user(Role.GROUP_MEMBER, team=mine))
    teams = call("/api/v1/teams/", key).json()
    assert set(teams) == {"count", "next", "previous", "results"}
    assert [t["code"] for t in teams["results"]] == ["MINE"]
    assert call("/api/v1/teams/MINE/", key).json()["name"] == mine.name
    missing = call("/api/v1/teams/OTHER/", key)
    assert missing.status_code == 404
    assert missing.json() == call("/api/v1/teams/NOTHING/", key).json()
    assert missing.json()["error"] == "not_found"
    assert [s["code"] for s in call("/api/v1/sites/", key).json()["results"]] == ["S-MINE"]
    assert call("/api/v1/sites/?team=OTHER", key).json()["results"] == []


def test_pages_have_a_limit() -> None:
    for _ in range(3):
        make_team()
    key = make_token(make_user(Role.PAYER_ANALYST))
    page = call("/api/v1/teams/?limit=2", key).json()
    assert (page["count"], len(page["results"])) == (3, 2)
    assert len(call(page["next"], key).json()["results"]) == 1


def test_list_takes_the_same_queries_for_one_site_and_for_many() -> None:
    team = make_team()
    key = make_token(make_user(Role.GROUP_MEMBER, team=team))
    make_site(team=team)
    call("/api/v1/sites/", key)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert call("/api/v1/sites/", key).status_code == 200
        return len(captured)

    one = queries()
    for _ in range(3):
        make_site(team=team)
    assert queries() == one


# --- refusals ----------------------------------------------------------------------------------------------


def test_refusals_have_one_shape() -> None:
    key = make_token(make_user(Role.ADMINISTRATOR))
    answers = {
        "sign_in_needed": call("/api/v1/teams/"),
        "not_allowed": call("/api/v1/teams/", key),
        "method_not_allowed": Client(headers={"Authorization": f"Token {key}"}).post("/api/v1/me/"),
    }
    for code, response in answers.items():
        assert response.status_code >= 400
        assert set(response.json()) == {"error", "detail"}
        assert response.json()["error"] == code


def test_session_of_a_browser_needs_the_csrf_token() -> None:
    user = make_user(Role.GROUP_LEAD)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.get("/api/v1/me/").status_code == 200
    assert browser.post("/api/v1/me/").status_code in (403, 405)


# --- schema and documentation ------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.PAYER_FINANCE, Role.GROUP_MEMBER])
def test_schema_and_documentation_are_for_everybody_signed_in(role: Role) -> None:
    client = signed_in(make_user(role))
    schema = client.get("/api/v1/schema/?format=json").json()
    assert schema["openapi"].startswith("3.1")
    assert {"/api/v1/me/", "/api/v1/teams/", "/api/v1/sites/"} <= set(schema["paths"])
    assert schema["components"]["securitySchemes"]["token"]["in"] == "header"
    page = client.get("/api/docs/").content.decode().replace("<wbr>", "")
    for path in schema["paths"]:
        assert f" {path}</code>" in page
    assert "Codes of the teams whose results you may see." in page
    assert Client().get("/api/v1/schema/").status_code == 401
    assert "://" not in client.get("/api/docs/").content.decode()
    assert Client().get("/api/docs/")["Location"].startswith("/account/login/")


def test_the_documentation_loosens_nothing_of_the_content_policy() -> None:
    client = signed_in(make_user(Role.GROUP_MEMBER))
    for path in ("/account/", "/api/docs/"):
        assert "unsafe" not in client.get(path)["Content-Security-Policy"]

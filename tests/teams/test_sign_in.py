"""Signing in, lock-out, reset by e-mail, the second step, and the doors that stay closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache
from django.test import Client

from teams.enums import Role
from teams.models import AuditEvent, User
from tests.factories.people import PASSWORD, make_user, signed_in

pytestmark = pytest.mark.django_db

LOCKED = "Wait fifteen minutes"


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """Failures are counted in the cache, which tests of one process share."""
    cache.clear()
    yield
    cache.clear()


def sign_in(email: str, password: str, client: Client | None = None) -> Any:
    return (client or Client()).post("/account/login/", {"login": email, "password": password})


def test_sign_in_by_address_in_any_case_gives_a_new_session() -> None:
    user = make_user(Role.GROUP_MEMBER, email="ann@example.org", password=PASSWORD)
    client = Client()
    client.get("/account/login/")
    client.session["before"] = "sign-in"
    client.session.save()
    before = client.session.session_key
    response = sign_in("Ann@Example.org", PASSWORD, client)
    assert response["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session.session_key != before
    assert client.session.get_expiry_age() <= 12 * 3600
    assert AuditEvent.objects.filter(act="sign_in", actor=user).count() == 1


def test_wrong_password_and_unknown_address_answer_the_same() -> None:
    make_user(email="ann@example.org", password=PASSWORD)
    errors = [
        re.findall(r'role="alert".*?</ul>', sign_in(email, "wrong").content.decode(), re.DOTALL)
        for email in ("ann@example.org", "nobody@example.org")
    ]
    assert errors[0] == errors[1] != []
    assert AuditEvent.objects.filter(act="fail_sign_in").count() == 1


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
def test_five_failures_lock_the_address_whether_it_has_an_account_or_not(email: str) -> None:
    make_user(Role.GROUP_MEMBER, email="ann@example.org", password=PASSWORD)
    other = make_user(Role.GROUP_MEMBER, email="bob@example.org", password=PASSWORD)
    for _ in range(5):
        assert LOCKED not in sign_in(email, "wrong").content.decode()
    # Also the right password is refused now, in a browser of its own.
    response = sign_in(email, PASSWORD)
    assert LOCKED in response.content.decode()
    assert not response.wsgi_request.user.is_authenticated
    client = Client()
    assert sign_in(other.email, PASSWORD, client).status_code == 302
    refused = AuditEvent.objects.filter(act="refuse_locked_sign_in").count()
    assert refused == (1 if email.startswith("ann") else 0)


def test_lock_is_shared_by_processes_and_ends_after_fifteen_minutes(monkeypatch: Any) -> None:
    from allauth.core.internal import ratelimit

    make_user(Role.GROUP_MEMBER, email="ann@example.org", password=PASSWORD)
    for _ in range(5):
        sign_in("ann@example.org", "wrong")
    kept = cache._cache.get_client().scan_iter("*login_failed*")  # type: ignore[attr-defined]
    assert list(kept), "the count is not in Valkey"
    start = ratelimit.time.time()
    monkeypatch.setattr(ratelimit.time, "time", lambda: start + 15 * 60 - 10)
    assert LOCKED in sign_in("ann@example.org", PASSWORD).content.decode()
    monkeypatch.setattr(ratelimit.time, "time", lambda: start + 15 * 60 + 1)
    assert sign_in("ann@example.org", PASSWORD).status_code == 302


def test_password_reset_by_email_ends_the_lock() -> None:
    user = make_user(Role.GROUP_MEMBER, email="ann@example.org", password=PASSWORD)
    for _ in range(6):
        sign_in("ann@example.org", "wrong")
    client = Client()
    client.post("/account/password/reset/", {"email": "ann@example.org"})
    [message] = mail.outbox
    link = re.search(r"http://[^/]+(/account/password/reset/key/\S+)", str(message.body))
    assert link
    page = client.get(link.group(1), follow=True)
    new = "another long pass phrase"
    response = client.post(page.request["PATH_INFO"], {"password1": new, "password2": new})
    assert response.status_code == 302
    assert sign_in("ann@example.org", new).status_code == 302
    assert sign_in("ann@example.org", PASSWORD).status_code == 200
    assert AuditEvent.objects.filter(act="reset_password", actor=user).exists()


def test_reset_for_an_unknown_address_sends_nothing_and_says_the_same() -> None:
    make_user(email="ann@example.org", password=PASSWORD)
    answers = [
        Client().post("/account/password/reset/", {"email": email})
        for email in ("ann@example.org", "nobody@example.org")
    ]
    assert [a.status_code for a in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert [m.to for m in mail.outbox] == [["ann@example.org"]]


def test_nobody_signs_up_without_an_invitation() -> None:
    fields = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert "invitation" in Client().get("/account/signup/").content.decode().lower()
    Client().post("/account/signup/", fields)
    assert not User.objects.filter(email="new@example.org").exists()


def test_nobody_types_another_address_for_the_own_account() -> None:
    client = signed_in(make_user(Role.GROUP_MEMBER))
    assert client.get("/account/email/")["Location"] == "/account/"
    client.post("/account/email/", {"action_add": "", "email": "other@example.org"})
    assert not User.objects.filter(emailaddress__email="other@example.org").exists()


def current_code(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_second_step_by_code_and_by_recovery_code() -> None:
    user = make_user(Role.GROUP_MEMBER, email="ann@example.org", password=PASSWORD)
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    for code in (current_code(secret), codes[0]):
        client = Client()
        response = sign_in("ann@example.org", PASSWORD, client)
        assert response["Location"].startswith("/account/2fa/authenticate/")
        assert "_auth_user_id" not in client.session
        assert client.get("/account/2fa/authenticate/").status_code == 200
        assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
        assert "_auth_user_id" not in client.session
        client.post("/account/2fa/authenticate/", {"code": code})
        assert client.session["_auth_user_id"] == str(user.pk)
    # A recovery code works once.
    client = Client()
    sign_in("ann@example.org", PASSWORD, client)
    client.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert "_auth_user_id" not in client.session


def test_setting_up_the_second_step_asks_for_the_password_again_and_is_on_record() -> None:
    user = make_user(Role.GROUP_MEMBER, email="ann@example.org", password=PASSWORD)
    client = signed_in(user)
    response = client.get("/account/2fa/totp/activate/")
    assert response["Location"].startswith("/account/reauthenticate/")
    response = client.post(response["Location"], {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/")
    assert page.status_code == 200
    secret = client.session["mfa.totp.secret"]
    client.post("/account/2fa/totp/activate/", {"code": current_code(secret)})
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    event = AuditEvent.objects.filter(act="add_authenticator", actor=user).first()
    assert event is not None
    assert "secret" not in str(event.details)
    removed = Authenticator.objects.get(user=user, type="totp")
    removed.delete()
    assert AuditEvent.objects.filter(act="remove_authenticator", actor=user).exists()


def test_passkeys_are_offered() -> None:
    answer = Client().get("/account/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert answer.json()["request_options"]["publicKey"]["challenge"]
    assert "passkey" in Client().get("/account/login/").content.decode().lower()
    user = make_user(Role.GROUP_MEMBER, password=PASSWORD)
    client = signed_in(user)
    again = client.get("/account/2fa/webauthn/add/")["Location"]
    client.post(again, {"password": PASSWORD})
    assert client.get("/account/2fa/webauthn/add/").status_code == 200


def test_inactive_person_does_not_get_in() -> None:
    make_user(Role.GROUP_MEMBER, email="ann@example.org", password=PASSWORD, is_active=False)
    client = Client()
    sign_in("ann@example.org", PASSWORD, client)
    assert "_auth_user_id" not in client.session


def test_sign_out_is_a_post_and_on_record() -> None:
    user = make_user(Role.GROUP_MEMBER)
    client = signed_in(user)
    client.get("/account/logout/")
    assert "_auth_user_id" in client.session
    client.post("/account/logout/")
    assert "_auth_user_id" not in client.session
    assert AuditEvent.objects.filter(act="sign_out", actor=user).exists()


def test_person_without_a_role_is_told_so() -> None:
    response = signed_in(make_user()).get("/account/")
    assert response.status_code == 403
    assert "no role at present" in response.content.decode()

"""Signing in and its means, on the audit trail: allauth does the acts and tells of them by signal."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from teams.actions.audit import record_event
from teams.models import User
from teams.queries import find_account


@receiver(user_logged_in)
def record_sign_in(user: User, **_: Any) -> None:
    record_event(act="sign_in", target=user, by=user)


@receiver(user_logged_out)
def record_sign_out(user: User | None, **_: Any) -> None:
    if user is not None:
        record_event(act="sign_out", target=user, by=user)


@receiver(user_login_failed)
def record_failed_sign_in(credentials: dict[str, Any], **_: Any) -> None:
    """Of accounts that exist only: what else was typed could be a password in the wrong field."""
    user = find_account(str(credentials.get("email") or ""))
    if user is not None:
        record_event(act="fail_sign_in", target=user, by=None)


def _record(act: str) -> Any:
    def record(user: User, **details: Any) -> None:
        kind = getattr(details.get("authenticator"), "type", None)
        record_event(act=act, target=user, by=user, details={"kind": str(kind)} if kind else None)

    return record


# Kept in a list, because signals hold their receivers weakly.
_RECEIVERS = [
    (password_changed, _record("change_password")),
    (password_set, _record("set_password")),
    (password_reset, _record("reset_password")),
    (authenticator_added, _record("add_authenticator")),
    (authenticator_removed, _record("remove_authenticator")),
    (authenticator_reset, _record("reset_authenticator")),
]
for _signal, _receiver in _RECEIVERS:
    _signal.connect(_receiver)

"""Signing in and its means, on the audit trail: allauth does the acts, signals tell of them."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save
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


@receiver(password_changed)
def record_changed_password(user: User, **_: Any) -> None:
    record_event(act="change_password", target=user, by=user)


@receiver(password_reset)
def record_reset_password(user: User, **_: Any) -> None:
    record_event(act="reset_password", target=user, by=user)


# The rows themselves tell, because allauth's own signal comes after the transaction has ended.
@receiver(post_save, sender=Authenticator)
def record_added_authenticator(instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        _record_authenticator("add_authenticator", instance)


@receiver(post_delete, sender=Authenticator)
def record_removed_authenticator(instance: Authenticator, **_: Any) -> None:
    _record_authenticator("remove_authenticator", instance)


def _record_authenticator(act: str, authenticator: Authenticator) -> None:
    user = authenticator.user
    record_event(act=act, target=user, by=user, details={"kind": str(authenticator.type)})

"""How django-allauth behaves here: accounts come from invitations only, and a lock is on record."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError

from teams.actions.audit import record_event
from teams.queries import find_account


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # The same words whether the address has an account or not.
        "too_many_login_attempts": (
            "Too many tries with this address. Wait fifteen minutes, then try again, or reset the password."
        ),
    }

    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def pre_authenticate(self, request: Any, **credentials: Any) -> None:
        """Raises ValidationError while the address is locked after repeated failures."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            user = find_account(str(credentials.get("email") or ""))
            if user is not None:
                record_event(act="refuse_locked_sign_in", target=user, by=None)
            raise

"""Writes about API tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from teams.actions.audit import record_event
from teams.errors import NotAllowed, StateRefused
from teams.models import ApiToken, User
from teams.permissions import Permission, check_permission
from teams.queries import hash_secret
from teams.scoping import scope_of


@dataclass(frozen=True)
class NewToken:
    """key: what is sent in the header. It exists only here; the row keeps its hash."""

    token: ApiToken
    key: str


@transaction.atomic
def create_api_token(*, name: str, days: int, by: User, as_of: datetime) -> NewToken:
    """A token of the user's own that works for a number of days."""
    check_permission(scope_of(by, on=timezone.localdate(as_of)), Permission.USE_API)
    key = secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=by,
        name=name.strip(),
        key_prefix=key[:8],
        key_hash=hash_secret(key),
        expires_at=as_of + timedelta(days=days),
    )
    record_event(
        act="create_api_token",
        target=token,
        by=by,
        details={"name": token.name, "expires_at": token.expires_at.isoformat()},
    )
    return NewToken(token, key)


@transaction.atomic
def revoke_api_token(*, token: ApiToken, by: User, as_of: datetime) -> ApiToken:
    """Make a token useless at once. Raises StateRefused when it has been revoked before."""
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.user_id != by.pk:
        raise NotAllowed("This token belongs to somebody else.")
    if token.revoked_at is not None:
        raise StateRefused("This token has been revoked already.")
    token.revoked_at = as_of
    token.save(update_fields=["revoked_at"])
    record_event(act="revoke_api_token", target=token, by=by, details={"name": token.name})
    return token

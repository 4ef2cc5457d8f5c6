"""API sign-in by token, and the door of every endpoint: deny unless a permission is named and held."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission

from teams.models import ApiToken
from teams.permissions import Permission, check_permission
from teams.queries import hash_secret
from teams.scoping import scope_of

SCHEME = "Token"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token <key>`. An unknown, expired or revoked key is the same refusal."""

    def authenticate(self, request: Any) -> tuple[Any, ApiToken] | None:
        parts = get_authorization_header(request).decode("latin-1").split()
        if not parts or parts[0] != SCHEME:
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Send the header as: Authorization: Token <key>.")
        now = timezone.now()
        token = (
            ApiToken.objects.select_related("user")
            .filter(key_hash=hash_secret(parts[1]), revoked_at__isnull=True, expires_at__gt=now)
            .first()
        )
        if token is None or not token.user.is_active:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        # Once an hour is enough to see which tokens are in use, and spares a write per request.
        if token.last_used_at is None or (now - token.last_used_at).total_seconds() > 3600:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        request._request.scope = scope_of(token.user, on=timezone.localdate())
        return token.user, token

    def authenticate_header(self, request: Any) -> str:
        return SCHEME


class DenyAll(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class RequirePermission(BasePermission):
    """Asks for the view's `required_permission`; a view without one answers nobody.

    A token speaks for its owner only while the owner may use the API. Raises NotAllowed with a sentence.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        needed: Permission | None = getattr(view, "required_permission", None)
        if needed is None or not request.user.is_authenticated:
            return False
        scope = request._request.scope
        if isinstance(request.auth, ApiToken):
            check_permission(scope, Permission.USE_API)
        check_permission(scope, needed)
        return True

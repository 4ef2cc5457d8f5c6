"""What views ask of a request."""

from __future__ import annotations

from django.http import HttpRequest

from teams.models import User
from teams.scoping import Scope


class ScopedRequest(HttpRequest):
    """Of somebody who is signed in, with what that person may see (`collaborative.middleware`).

    For the types only: no request is ever made of this class.
    """

    user: User
    scope: Scope


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for the part of a page that changes; going back in history needs the whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request and not htmx.boosted

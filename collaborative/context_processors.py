"""What the page shell needs on every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from collaborative.navigation import (
    PERSONAL_SECTIONS,
    SECTIONS,
    list_sections,
    list_team_menu,
    role_label,
)
from teams.queries import get_programme
from teams.scoping import NOBODY


def shell(request: HttpRequest) -> dict[str, Any]:
    """`programme` (its names and words), `scope` (what the reader may do) and what the top bar shows.

    All of it is lazy: a partial page that has no top bar asks the database for none of it.
    """
    scope = getattr(request, "scope", NOBODY)
    match = request.resolver_match
    current = match.view_name if match else ""
    return {
        "programme": SimpleLazyObject(get_programme),
        "scope": scope,
        "nav": SimpleLazyObject(lambda: list_sections(SECTIONS, scope, current)),
        "user_nav": SimpleLazyObject(lambda: list_sections(PERSONAL_SECTIONS, scope, current)),
        "team_menu": SimpleLazyObject(lambda: list_team_menu(request, scope)),
        "role_label": SimpleLazyObject(lambda: role_label(scope)),
    }

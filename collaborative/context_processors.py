"""What the page shell needs on every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from teams.queries import get_programme


def shell(request: HttpRequest) -> dict[str, Any]:
    """`programme` (its names and words) and `scope` (what the reader may do)."""
    return {"programme": get_programme(), "scope": getattr(request, "scope", None)}

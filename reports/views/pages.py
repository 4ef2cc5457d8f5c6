"""What the pages of results share: the team of the address, the reader's words, empty pages."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from teams.enums import Audience
from teams.models import Team
from teams.queries import get_team
from teams.requests import wants_part
from teams.scoping import Scope

AUDIENCE_WORDS = {
    Audience.OWN: "This group, its coach and the programme director. Small numbers are shown with caution.",
    Audience.OTHERS: "Privacy-protected: numbers about few people are hidden",
}


def team_or_404(scope: Scope, code: str) -> Team:
    """The team of an address. A team out of scope is as unknown as one that does not exist."""
    try:
        return get_team(scope, code)
    except Team.DoesNotExist:
        raise Http404("There is no such team.") from None


def render_results(
    request: HttpRequest, page: str, part: str, context: dict[str, Any]
) -> HttpResponse:
    """The page, or the part of it that its filters replace: the same file that the page includes."""
    response = render(request, part if wants_part(request) else page, context)
    response["Vary"] = "HX-Request, Cookie"
    return response

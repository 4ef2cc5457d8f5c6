"""Storyboards of a session: made from what is there, shown when the team says so, on paper."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from learning.actions.storyboards import (
    make_storyboard,
    record_storyboard_print,
    show_storyboard,
)
from learning.models import Storyboard
from learning.policies import can_make_storyboard
from learning.printing import print_document
from learning.queries.sessions import get_session
from learning.queries.storyboards import (
    POST_TYPE,
    get_own_storyboard,
    get_storyboard,
    list_withheld_tests,
    reads_whole,
)
from learning.storyboards import for_others, storyboard_sections
from teams.models import Team
from teams.moderation import is_held
from teams.permissions import Permission, require
from teams.queries import team_of
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import done
from teams.views.downloads import download

AUDIENCE = {
    True: "The groups of the programme, their coaches and the programme director",
    False: "The team, its coach and the programme director",
}


@require(Permission.WRITE_REPORTS)
@require_POST
def make_storyboard_page(request: ScopedRequest, session_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    team = team_of(request.user, on=timezone.localdate())
    if team is None:
        raise Team.DoesNotExist
    board = make_storyboard(session=session, team=team, by=request.user, as_of=timezone.now())
    return done(request, "Your storyboard is made.", "learning:storyboard", board.pk)


@require(Permission.VIEW_PROJECTS)
@require_safe
def storyboard_page(request: ScopedRequest, storyboard_id: int) -> HttpResponse:
    scope = request.scope
    board = get_storyboard(scope, storyboard_id)
    hidden = is_held(POST_TYPE, board.pk)
    return render(
        request,
        "learning/storyboard.html",
        {
            "board": board,
            "content": _content(scope, board),
            "audience": AUDIENCE[board.is_shown and not hidden],
            "whole": reads_whole(scope, board),
            "own": board.team_id in scope.staff_team_ids,
            "may_make": can_make_storyboard(board.session),
            "post_type": POST_TYPE,
            "hidden": hidden,
        },
    )


def _content(scope: Scope, board: Storyboard) -> dict[str, object]:
    if reads_whole(scope, board):
        return board.content
    return for_others(board.content, withheld=list_withheld_tests())


@require(Permission.VIEW_PROJECTS)
@require_safe
def storyboard_pdf(request: ScopedRequest, storyboard_id: int) -> HttpResponse:
    board = get_storyboard(request.scope, storyboard_id)
    content = print_document(
        title=f"Storyboard of {board.team}",
        kicker=board.session.title,
        sections=storyboard_sections(_content(request.scope, board)),
        audience=AUDIENCE[board.is_shown],
        made_at=timezone.localtime(board.made_at),
    )
    record_storyboard_print(board=board, by=request.user)
    name = slugify(f"storyboard-{board.team}")[:80]
    return download(content, f"{name}.pdf")


@require(Permission.WRITE_REPORTS)
@require_POST
def show_storyboard_page(request: ScopedRequest, storyboard_id: int) -> HttpResponse:
    board = get_own_storyboard(request.scope, storyboard_id)
    shows = request.POST.get("shown") == "1"
    show_storyboard(board=board, is_shown=shows, by=request.user)
    words = "The other groups see it now." if shows else "Only your group sees it now."
    return done(request, words, "learning:storyboard", board.pk)

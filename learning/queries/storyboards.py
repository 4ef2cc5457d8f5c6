"""Reads of storyboards: a team's own whole, those of others once they are shown and without small counts."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from learning.models import Session, Storyboard
from learning.queries.coaching import list_teams_worked_with
from learning.queries.sessions import list_sessions
from teams.moderation import held_ids
from teams.permissions import Permission
from teams.scoping import Scope

POST_TYPE = "learning.storyboard"


def list_storyboards(scope: Scope, session: Session) -> QuerySet[Storyboard]:
    """Storyboards of a session: of the teams worked with, and for people of groups those that are shown and that
    nobody reported."""
    readable = Q(team__in=list_teams_worked_with(scope))
    if scope.may(Permission.VIEW_PROJECTS):
        readable |= Q(is_shown=True) & ~Q(pk__in=held_ids(POST_TYPE))
    return Storyboard.objects.filter(readable, session=session).select_related("team", "session")


def get_storyboard(scope: Scope, storyboard_id: int) -> Storyboard:
    board = Storyboard.objects.select_related("session").get(
        pk=storyboard_id, session__in=list_sessions(scope).order_by()
    )
    return list_storyboards(scope, board.session).get(pk=storyboard_id)


def get_shown_storyboard(scope: Scope, storyboard_id: int) -> Storyboard:
    """One that other groups read."""
    board = get_storyboard(scope, storyboard_id)
    if not board.is_shown:
        raise Storyboard.DoesNotExist
    return board


def list_withheld_tests() -> frozenset[int]:
    """Tests that somebody reported: their words are shown to no other group on a storyboard either."""
    return frozenset(held_ids("pdsa.cycle"))


def reads_whole(scope: Scope, board: Storyboard) -> bool:
    """Whether the reader sees small counts on it: the group itself, its coach, the director."""
    return board.team_id in scope.own_team_ids


def get_own_storyboard(scope: Scope, storyboard_id: int) -> Storyboard:
    """One that the reader may show, hide or make again."""
    board = get_storyboard(scope, storyboard_id)
    if board.team_id not in scope.staff_team_ids:
        raise Storyboard.DoesNotExist
    return board

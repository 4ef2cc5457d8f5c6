"""Writes of storyboards."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from learning.models import Session, Storyboard
from learning.policies import check_can_make_storyboard
from learning.storyboards import build_storyboard
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import Team, User
from teams.scoping import scope_of


@transaction.atomic
def make_storyboard(*, session: Session, team: Team, by: User, as_of: datetime) -> Storyboard:
    """Keep what a team's aim, charts and tests say now, for a session. Making it again replaces it.

    Raises StateRefused after the session was held, and for a team without a project. Effects: the storyboard,
    an audit event.
    """
    check_can_make_storyboard(session)
    today = timezone.localdate(as_of)
    content = build_storyboard(scope_of(by, on=today), team, today=today)
    if not content["projects"]:
        raise StateRefused("There is no project yet from which a storyboard could be made.")
    board, _ = Storyboard.objects.update_or_create(
        session=session, team=team, defaults={"content": content, "made_by": by, "made_at": as_of}
    )
    record_event(
        act="make_storyboard", target=board, by=by, team=team, details={"session": session.pk}
    )
    return board


@transaction.atomic
def show_storyboard(*, board: Storyboard, is_shown: bool, by: User) -> None:
    """Show a storyboard to the other groups of the session, or to the own group alone again.

    Effects: who may read it, an audit event.
    """
    board.is_shown = is_shown
    board.save(update_fields=["is_shown"])
    record_event(
        act="show_storyboard",
        target=board,
        by=by,
        team=board.team,
        details={"is_shown": is_shown},
    )


@transaction.atomic
def record_storyboard_print(*, board: Storyboard, by: User) -> None:
    """Effects: one audit event for what leaves the site on paper."""
    record_event(act="print_storyboard", target=board, by=by, team=board.team)

"""Reads about coaching. Both sides of a call read it; the private note is read through one door only."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet

from learning.enums import ActionState, CallState
from learning.models import ActionItem, Call, HelpRequest, PrivateNote
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope


def list_teams_worked_with(scope: Scope) -> QuerySet[Team]:
    """Teams whose calls, actions, scores and reports the reader may read, by name."""
    if not scope.may(Permission.VIEW_COACHING):
        return Team.objects.none()
    return Team.objects.filter(id__in=scope.own_team_ids).select_related("organisation")


def get_team_worked_with(scope: Scope, code: str) -> Team:
    return list_teams_worked_with(scope).get(code=code)


def get_only_team(scope: Scope) -> Team | None:
    """The reader's team where there is exactly one, so that pages can link straight to it."""
    teams = list(list_teams_worked_with(scope)[:2])
    return teams[0] if len(teams) == 1 else None


def get_team_coached(scope: Scope, code: str) -> Team:
    """A team for which the reader may record calls and give scores: its coach, or the programme's director."""
    team = get_team_worked_with(scope, code)
    if not may_coach(scope, team.pk):
        raise Team.DoesNotExist
    return team


def may_coach(scope: Scope, team_id: int) -> bool:
    """Whoever belongs to the team's staff is on the other side of the call, whatever else they are."""
    return (
        scope.may(Permission.COACH_TEAMS)
        and team_id in scope.own_team_ids
        and team_id not in scope.staff_team_ids
    )


def list_calls(scope: Scope) -> QuerySet[Call]:
    """Calls of the teams that the reader works with, latest first. Without the private notes."""
    return Call.objects.filter(team__in=list_teams_worked_with(scope)).select_related(
        "team", "coach"
    )


def get_call(scope: Scope, call_id: int) -> Call:
    return list_calls(scope).get(pk=call_id)


def get_coached_call(scope: Scope, call_id: int) -> Call:
    """A call that the reader may record."""
    call = get_call(scope, call_id)
    if not may_coach(scope, call.team_id):
        raise Call.DoesNotExist
    return call


def get_planned_call(team: Team) -> Call | None:
    return Call.objects.filter(team=team, state=CallState.PLANNED).select_related("coach").first()


def get_last_call(team: Team, *, before: Call | None = None) -> Call | None:
    """The latest call that was held, before a given one where there is one."""
    held = Call.objects.filter(team=team, state=CallState.HELD)
    if before is not None and before.held_on is not None:
        held = held.filter(held_on__lt=before.held_on)
    return held.order_by("-held_on", "-id").first()


def may_read_private_notes(scope: Scope, team_id: int) -> bool:
    """Only who coaches the team today and does not belong to its staff: nobody else, whatever their role.

    After a hand-over the successor reads the notes and the predecessor no longer does.
    """
    return team_id in scope.coached_team_ids and team_id not in scope.staff_team_ids


def get_private_note(scope: Scope, call_id: int) -> PrivateNote:
    """Raises PrivateNote.DoesNotExist for everybody but the team's coaches."""
    return PrivateNote.objects.select_related("call__team").get(
        call_id=call_id,
        call__team_id__in=scope.coached_team_ids - scope.staff_team_ids,
    )


def list_private_notes(scope: Scope, team: Team) -> QuerySet[PrivateNote]:
    """A team's private notes with their calls, latest first; none for everybody but its coaches."""
    return (
        PrivateNote.objects.filter(
            call__team=team, call__team_id__in=scope.coached_team_ids - scope.staff_team_ids
        )
        .exclude(text="")
        .select_related("call")
        .order_by("-call__planned_at")
    )


def list_action_items(scope: Scope) -> QuerySet[ActionItem]:
    """Action items of the teams that the reader works with, the next due first."""
    return ActionItem.objects.filter(team__in=list_teams_worked_with(scope)).select_related(
        "team", "owner", "call"
    )


def get_action_item(scope: Scope, item_id: int) -> ActionItem:
    """An item that the reader may close: of the teams worked with, or the reader's own."""
    return list_action_items(scope).get(pk=item_id)


def list_own_action_items(scope: Scope, *, limit: int) -> list[ActionItem]:
    """What the reader said to do for a team still worked with and has not done, the next due first."""
    own = list_action_items(scope).filter(owner_id=scope.user_id, state=ActionState.OPEN)
    return list(own[:limit])


def list_open_action_items(scope: Scope, team: Team) -> QuerySet[ActionItem]:
    return list_action_items(scope).filter(team=team, state=ActionState.OPEN)


def list_closed_action_items(
    scope: Scope, team: Team, *, since: date | None
) -> QuerySet[ActionItem]:
    closed = list_action_items(scope).filter(team=team).exclude(state=ActionState.OPEN)
    return closed.filter(closed_on__gte=since) if since else closed


def list_help_requests(scope: Scope, team: Team) -> QuerySet[HelpRequest]:
    return HelpRequest.objects.filter(
        team=team, team__in=list_teams_worked_with(scope)
    ).select_related("asked_by", "answered_by")


def get_help_request(scope: Scope, pk: int) -> HelpRequest:
    """One that the reader may answer."""
    asked = HelpRequest.objects.select_related("team", "asked_by").get(
        pk=pk, team__in=list_teams_worked_with(scope)
    )
    if not may_coach(scope, asked.team_id):
        raise HelpRequest.DoesNotExist
    return asked

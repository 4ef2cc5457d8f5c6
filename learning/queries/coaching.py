"""Reads about coaching. Both sides of a call read it; the private note is read through one door only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from grants.queries.awards import list_milestones
from learning.enums import ActionState, CallState
from learning.models import ActionItem, Call, HelpRequest, PrivateNote, StreamNote
from pdsa.queries.cycles import list_cycles
from pdsa.queries.measures import list_measures
from teams.enums import Role
from teams.icalendar import Entry
from teams.models import Team, User
from teams.permissions import Permission
from teams.queries import list_coaches_of
from teams.scoping import Scope, scope_of

#: How long a call takes in somebody's calendar.
CALL_LENGTH = timedelta(minutes=45)


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
    return (
        Call.objects.filter(team__in=list_teams_worked_with(scope))
        .select_related("team", "coach")
        .prefetch_related("stream_notes")
    )


def get_call(scope: Scope, call_id: int) -> Call:
    return list_calls(scope).get(pk=call_id)


def get_coached_call(scope: Scope, call_id: int) -> Call:
    """A call that the reader may record."""
    call = get_call(scope, call_id)
    if not may_coach(scope, call.team_id):
        raise Call.DoesNotExist
    return call


def get_writable_note(scope: Scope, note_id: int) -> StreamNote:
    """The boxes of one stream of a call that the reader may record."""
    note = StreamNote.objects.select_related("call__team").get(
        pk=note_id, call__team__in=list_teams_worked_with(scope)
    )
    if not may_coach(scope, note.call.team_id):
        raise StreamNote.DoesNotExist
    return note


def call_entry(call: Call) -> Entry:
    """The call as an entry of somebody's calendar. Says who talks to whom, nothing of what is written."""
    return Entry(
        key=f"call-{call.pk}",
        title=f"Coaching call: {call.team}",
        starts=call.planned_at,
        ends=call.planned_at + CALL_LENGTH,
        path=reverse("learning:call", args=[call.pk]),
        changed_at=timezone.now(),
        text=f"With {call.coach}",
        sequence=call.sequence,
        cancelled=call.state == CallState.CANCELLED,
    )


@dataclass(frozen=True)
class HandOver:
    """What is still in the name of somebody who no longer coaches the team."""

    call: Call | None
    actions: list[ActionItem]


def list_waiting_after_hand_over(team: Team, *, on: date) -> HandOver:
    """The planned call and the open actions of former coaches of a team. Two queries."""
    present = list_coaches_of(team, on=on).values("pk")
    call = (
        Call.objects.filter(team=team, state=CallState.PLANNED)
        .exclude(coach__in=present)
        .select_related("team", "coach")
        .first()
    )
    former = Q(owner__in=team.coach_assignments.values("user_id")) & ~Q(owner__in=present)
    staff = Q(owner__memberships__organisation=team.organisation_id)
    actions = ActionItem.objects.filter(former, team=team, state=ActionState.OPEN).exclude(staff)
    return HandOver(call, list(actions.select_related("owner", "team")))


def get_planned_call(team: Team) -> Call | None:
    return Call.objects.filter(team=team, state=CallState.PLANNED).select_related("coach").first()


def get_last_call(team: Team, *, before: Call | None = None) -> Call | None:
    """The latest call that was held, before a given one where there is one."""
    held = Call.objects.filter(team=team, state=CallState.HELD)
    if before is not None and before.held_on is not None:
        held = held.filter(held_on__lt=before.held_on)
    return held.order_by("-held_on", "-id").first()


def may_read_private_notes(scope: Scope, team_id: int) -> bool:
    """Only who coaches the team today and belongs neither to its group nor to the payer: nobody else.

    After a hand-over the successor reads the notes and the predecessor no longer does.
    """
    return _with_private_notes(scope).filter(pk=team_id).exists()


def _with_private_notes(scope: Scope) -> QuerySet[Team]:
    """Teams whose private notes the reader may read. Group and payer are promised nothing of them, and so
    somebody who coaches and holds a role of the payer, or any role in the group, besides reads none."""
    if scope.roles & {Role.PAYER_ANALYST, Role.PAYER_FINANCE}:
        return Team.objects.none()
    return (
        Team.objects.filter(pk__in=scope.coached_team_ids)
        .exclude(organisation_id__in=scope.organisation_ids)
        .order_by()
    )


def get_private_note(scope: Scope, call_id: int) -> PrivateNote:
    """Raises PrivateNote.DoesNotExist for everybody but the team's coaches."""
    return PrivateNote.objects.select_related("call__team").get(
        call_id=call_id, call__team__in=_with_private_notes(scope)
    )


def list_private_notes(scope: Scope, team: Team) -> QuerySet[PrivateNote]:
    """A team's private notes with their calls, latest first; none for everybody but its coaches."""
    return (
        PrivateNote.objects.filter(call__team=team, call__team__in=_with_private_notes(scope))
        .exclude(text="")
        .select_related("call")
        .order_by("-call__planned_at")
    )


def list_action_items(scope: Scope) -> QuerySet[ActionItem]:
    """Action items of the teams that the reader works with, the next due first."""
    return ActionItem.objects.filter(team__in=list_teams_worked_with(scope)).select_related(
        "team", "owner", "call", "cycle__idea", "measure", "milestone"
    )


def get_action_item(scope: Scope, item_id: int) -> ActionItem:
    """An item that the reader may close: of the teams worked with, or the reader's own."""
    return list_action_items(scope).get(pk=item_id)


def list_own_action_items(scope: Scope, *, limit: int | None = None) -> list[ActionItem]:
    """What the reader said to do for a team still worked with and has not done, the next due first."""
    own = list_action_items(scope).filter(owner_id=scope.user_id, state=ActionState.OPEN)
    return list(own[:limit])


def list_open_items_of(person: User, *, on: date) -> list[ActionItem]:
    """A person's open actions for the teams that the person works with on a day, the next due first."""
    return list_own_action_items(scope_of(person, on=on))


def list_about_choices(scope: Scope, team: Team) -> list[tuple[str, list[tuple[str, str]]]]:
    """What an action of a team can be about, as groups of choices: open and recent tests, measures, conditions."""
    tests = list_cycles(scope).filter(idea__project__team=team).order_by("-changed_at")[:20]
    measures = list_measures(scope).filter(project__team=team).order_by("name")
    steps = list_milestones(scope).filter(award__team=team, state="open").order_by("due_on")
    groups = (
        ("Tests", [(f"cycle-{row.pk}", str(row)) for row in tests]),
        ("Measures", [(f"measure-{row.pk}", row.name) for row in measures]),
        ("Grant", [(f"milestone-{row.pk}", row.title) for row in steps]),
    )
    return [(name, rows) for name, rows in groups if rows]


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

"""The only door that decides which teams exist for a user, and with which eyes they are seen.

A scope is a list of team ids, never None: a user with no team sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import QuerySet

from teams.enums import Audience, Role
from teams.permissions import Permission, permissions_of

GROUP_ROLES = {Role.GROUP_MEMBER, Role.GROUP_LEAD, Role.SENIOR_SPONSOR}
#: Those of them who do the group's work; a sponsor reads along.
STAFF_ROLES = {Role.GROUP_MEMBER, Role.GROUP_LEAD}
#: The few readers who cross teams: role → the eyes with which they see every team.
CROSS_TEAM: dict[Role, Audience] = {
    Role.PROGRAMME_DIRECTOR: Audience.OWN,
    Role.PAYER_ANALYST: Audience.OTHERS,
}
#: Roles that look after people, groups, sites and settings everywhere; that alone shows no results.
RUNS_THE_PROGRAMME = frozenset({Role.PROGRAMME_DIRECTOR, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Scope:
    """What one user may see on one day.

    team_ids: every team whose named results the user may see, ascending.
    own_team_ids: those of them seen with the OWN audience (small numbers shown with caution).
    organisation_ids: organisations whose submissions are the user's own.
    coached_team_ids: teams that the user coaches on that day.
    led_organisation_ids: those of them whose people the user may manage as their lead.
    staff_team_ids: teams to whose staff the user belongs: whose projects and reports the user writes.
    """

    user_id: int | None
    team_ids: tuple[int, ...]
    own_team_ids: frozenset[int]
    organisation_ids: tuple[int, ...]
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    led_organisation_ids: tuple[int, ...] = ()
    coached_team_ids: frozenset[int] = frozenset()
    staff_team_ids: frozenset[int] = frozenset()

    def audience(self, team_id: int) -> Audience:
        return Audience.OWN if team_id in self.own_team_ids else Audience.OTHERS

    def as_outsider(self) -> Scope:
        """The same teams, seen with the eyes of somebody who belongs to none of them."""
        return replace(self, own_team_ids=frozenset())

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


NOBODY = Scope(None, (), frozenset(), (), frozenset(), frozenset())


def scope_of(user: Any, *, on: date) -> Scope:
    """Scope of a user on a day: at most three queries, NOBODY for anonymous and inactive users."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return NOBODY
    team_model = apps.get_model("teams", "Team")
    memberships = user.memberships_on(on)
    roles = frozenset(Role(m.role) for m in memberships)
    group_organisations = [m.organisation_id for m in memberships if Role(m.role) in GROUP_ROLES]
    own: set[int] = set()
    seen: set[int] = set()
    staff: set[int] = set()
    if group_organisations:
        staffed = {m.organisation_id for m in memberships if Role(m.role) in STAFF_ROLES}
        for team_id, organisation_id in team_model.objects.filter(
            organisation_id__in=group_organisations
        ).values_list("id", "organisation_id"):
            own.add(team_id)
            if organisation_id in staffed:
                staff.add(team_id)
    coached = frozenset(user.coached_team_ids_on(on)) if Role.COACH in roles else frozenset()
    own |= coached
    cross = {CROSS_TEAM[role] for role in roles if role in CROSS_TEAM}
    if cross:
        everyone = set(team_model.objects.values_list("id", flat=True))
        seen |= everyone
        if Audience.OWN in cross:
            own |= everyone
    seen |= own
    return Scope(
        user_id=user.pk,
        team_ids=tuple(sorted(seen)),
        own_team_ids=frozenset(own),
        organisation_ids=tuple(sorted({m.organisation_id for m in memberships})),
        roles=roles,
        permissions=permissions_of(user, on=on),
        led_organisation_ids=tuple(
            sorted({m.organisation_id for m in memberships if m.role == Role.GROUP_LEAD})
        ),
        staff_team_ids=frozenset(staff),
        coached_team_ids=coached,
    )


def managed_organisation_ids(scope: Scope) -> QuerySet[Any]:
    """Ids of the organisations whose people the reader manages: all of them for those who run the
    programme, their own group for a lead, none for anybody else."""
    organisations = apps.get_model("teams", "Organisation").objects.order_by().values("id")
    if scope.roles & RUNS_THE_PROGRAMME:
        return organisations
    return organisations.filter(id__in=scope.led_organisation_ids)


def administered_team_ids(scope: Scope) -> QuerySet[Any]:
    """Ids of the teams whose sites and coaches the reader arranges. That shows names and dates, no results."""
    teams = apps.get_model("teams", "Team").objects.order_by().values("id")
    return teams if scope.roles & RUNS_THE_PROGRAMME else teams.none()


@contextmanager
def member_rows_of(team_ids: Iterable[int]) -> Any:
    """Open PostgreSQL's row-level security for these teams' member rows, within one transaction.

    Member rows are the only personal data; the database itself refuses them to a connection
    that has not said whose it reads, so a forgotten filter shows nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select current_setting('app.team_ids', true)")
        before = cursor.fetchone()[0] or ""
        cursor.execute(
            "select set_config('app.team_ids', %s, true)", [",".join(str(int(i)) for i in team_ids)]
        )
        yield
        cursor.execute("select set_config('app.team_ids', %s, true)", [before])

"""Reads of the kernel. Query sets are scoped before they leave this module."""

from __future__ import annotations

from django.db.models import QuerySet

from teams.models import Programme, Site, Team
from teams.scoping import Scope


def get_programme() -> Programme:
    """The programme's one row, made with its defaults when it is first asked for."""
    return Programme.objects.get_or_create(id=1)[0]


def list_teams(scope: Scope) -> QuerySet[Team]:
    """Teams that exist for this reader, by name."""
    return Team.objects.filter(id__in=scope.team_ids).select_related("organisation")


def get_team(scope: Scope, code: str) -> Team:
    """One team by its code. Raises Team.DoesNotExist also when it is out of scope."""
    return list_teams(scope).get(code=code)


def list_sites(scope: Scope) -> QuerySet[Site]:
    return Site.objects.filter(assignments__team_id__in=scope.team_ids).distinct()

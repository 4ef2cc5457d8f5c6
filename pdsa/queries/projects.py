"""Reads of projects and change ideas."""

from __future__ import annotations

from django.db.models import Count, F, Max, Q, QuerySet

from pdsa.enums import CycleState, ProjectStatus
from pdsa.models import ChangeIdea, Project
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope

_OPEN = [CycleState.PLANNED, CycleState.DOING, CycleState.STUDYING]


def list_projects(scope: Scope) -> QuerySet[Project]:
    """Projects of the teams that the reader works with; for a payer analyst, a peer or an evaluator: none."""
    if not scope.may(Permission.VIEW_PROJECTS):
        return Project.objects.none()
    return Project.objects.filter(team_id__in=scope.own_team_ids).select_related("team")


def get_project(scope: Scope, project_id: int) -> Project:
    return list_projects(scope).get(id=project_id)


def list_writable_projects(scope: Scope) -> QuerySet[Project]:
    """Projects that the reader writes: those of the own group's team."""
    if not scope.may(Permission.EDIT_PROJECTS):
        return Project.objects.none()
    return list_projects(scope).filter(team_id__in=scope.staff_team_ids)


def get_writable_project(scope: Scope, project_id: int) -> Project:
    return list_writable_projects(scope).get(id=project_id)


def can_write(scope: Scope, team_id: int) -> bool:
    """Whether the reader writes the projects and tests of a team."""
    return scope.may(Permission.EDIT_PROJECTS) and team_id in scope.staff_team_ids


def list_writable_teams(scope: Scope) -> QuerySet[Team]:
    if not scope.may(Permission.EDIT_PROJECTS):
        return Team.objects.none()
    return Team.objects.filter(id__in=scope.staff_team_ids).order_by("name")


def with_counts(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Projects with `cycle_count`, `open_count` (planned, doing or studying) and `last_change_at`."""
    return projects.annotate(
        cycle_count=Count("ideas__cycles"),
        open_count=Count("ideas__cycles", filter=Q(ideas__cycles__state__in=_OPEN)),
        last_change_at=Max("ideas__cycles__changed_at"),
    )


def list_writable_ideas(scope: Scope) -> QuerySet[ChangeIdea]:
    """Ideas under which the reader can log a test, those used last first."""
    return (
        ChangeIdea.objects.filter(
            project__in=list_writable_projects(scope).filter(status=ProjectStatus.ACTIVE)
        )
        .select_related("project__team")
        .annotate(last_change_at=Max("cycles__changed_at"))
        .order_by(F("last_change_at").desc(nulls_last=True), "-id")
    )


def get_writable_idea(scope: Scope, idea_id: int) -> ChangeIdea:
    return ChangeIdea.objects.select_related("project__team").get(
        id=idea_id, project__in=list_writable_projects(scope)
    )

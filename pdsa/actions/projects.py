"""Writes of projects and change ideas."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from pdsa.models import ChangeIdea, Project
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import Team, User

#: Title of the project under which a team's first test is logged when it has none yet.
FIRST_PROJECT = "First tests"


@transaction.atomic
def create_project(
    *, team: Team, title: str, by: User, focus_strata: Iterable[Any] = (), **fields: Any
) -> Project:
    """A new project of a team. fields: workstream, population_scope.

    Raises StateRefused when the team has a project of that title. Effects: project, audit event.
    """
    if Project.objects.filter(team=team, title=title).exists():
        raise StateRefused(f"There is a project called “{title}” already. Choose another title.")
    project = Project.objects.create(team=team, title=title, created_by=by, **fields)
    project.focus_strata.set(focus_strata)
    record_event(act="create_project", target=project, by=by, team=team)
    return project


@transaction.atomic
def change_project(
    *, project: Project, by: User, focus_strata: Iterable[Any] = (), **fields: Any
) -> Project:
    """Title, workstream, population, focus and status. Effects: audit event with what changed."""
    project = Project.objects.select_for_update().get(pk=project.pk)
    title = fields.get("title", project.title)
    if Project.objects.filter(team=project.team, title=title).exclude(pk=project.pk).exists():
        raise StateRefused(f"There is a project called “{title}” already. Choose another title.")
    changed = {
        name: {"before": getattr(project, name), "after": value}
        for name, value in fields.items()
        if getattr(project, name) != value
    }
    for name, value in fields.items():
        setattr(project, name, value)
    project.save(update_fields=list(fields))
    project.focus_strata.set(focus_strata)
    record_event(
        act="change_project", target=project, by=by, team=project.team, details={"changed": changed}
    )
    return project


@transaction.atomic
def review_project(*, project: Project, by: User, as_of: datetime) -> Project:
    """The coach says that the project has been talked through. Effects: name and time, audit event."""
    project = Project.objects.select_for_update().get(pk=project.pk)
    project.coach_reviewed_by, project.coach_reviewed_at = by, as_of
    project.save(update_fields=["coach_reviewed_by", "coach_reviewed_at"])
    record_event(act="review_project", target=project, by=by, team=project.team)
    return project


@transaction.atomic
def add_idea(*, project: Project, title: str, by: User, description: str = "") -> ChangeIdea:
    """A change to try; the one that is there when the project has an idea of that title.

    Effects: idea and audit event, unless it was there.
    """
    idea, made = ChangeIdea.objects.get_or_create(
        project=project,
        title=title,
        defaults={"created_by": by, "description": description},
    )
    if made:
        record_event(act="add_idea", target=idea, by=by, team=project.team)
    return idea


@transaction.atomic
def change_idea(*, idea: ChangeIdea, title: str, description: str, by: User) -> ChangeIdea:
    """Raises StateRefused when another idea of the project has that title. Effects: audit event."""
    twins = ChangeIdea.objects.filter(project=idea.project, title=title).exclude(pk=idea.pk)
    if twins.exists():
        raise StateRefused(f"The project has an idea called “{title}” already.")
    idea.title, idea.description = title, description
    idea.save(update_fields=["title", "description"])
    record_event(act="change_idea", target=idea, by=by, team=idea.project.team)
    return idea


def first_project(*, team: Team, by: User) -> Project:
    """The project for a first test, so that a test never waits for a project. Effects: of `create_project`."""
    found = Project.objects.filter(team=team, title=FIRST_PROJECT).first()
    return found or create_project(team=team, title=FIRST_PROJECT, by=by)

"""Writes of the library: loading it from its file, and taking an idea over into a project."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from pdsa.actions.cycles import log_cycle
from pdsa.actions.drivers import take_over
from pdsa.library.files import read_library
from pdsa.models import Adoption, ChangeIdea, Cycle, LibraryIdea, Project
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User


@transaction.atomic
def load_library(*, by: User | None = None) -> int:
    """Bring the library's rows to what the file says; returns how many ideas it has.

    Effects: rows added, changed, or marked as no longer current; audit event when anything changed.
    """
    entries = read_library().ideas
    changed = []
    for position, entry in enumerate(entries, start=1):
        values = {**asdict(entry), "position": position, "is_current": True}
        values["populations"], values["topics"] = list(entry.populations), list(entry.topics)
        values["evidence"] = [asdict(piece) for piece in entry.evidence]
        row = LibraryIdea.objects.filter(code=entry.code).first() or LibraryIdea(code=entry.code)
        if row.pk is None or any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            row.save()
            changed.append(entry.code)
    gone = LibraryIdea.objects.filter(is_current=True).exclude(code__in=[e.code for e in entries])
    changed += [row.code for row in gone]
    gone.update(is_current=False)
    if changed:
        record_event(
            act="load_library", target="pdsa.library:file", by=by, details={"changed": changed}
        )
    return len(entries)


@transaction.atomic
def adopt_idea(*, project: Project, entry: LibraryIdea, by: User, as_of: datetime) -> Cycle:
    """Take a library idea over and plan its first small test, filled in with the library's words.

    An idea that the project has already gets no second first test.
    Effects: idea, adoption, a planned cycle, audit events.
    """
    idea = take_over(project=project, entry=entry, by=by)
    cycle = idea.cycles.order_by("number").first()
    if cycle is None:
        cycle = log_cycle(
            team=project.team,
            idea=idea,
            objective=entry.first_test,
            prediction=entry.prediction,
            start=False,
            by=by,
            as_of=as_of,
        )
    record_event(
        act="adopt_idea",
        target=idea,
        by=by,
        team=project.team,
        details={"library_idea": entry.code},
    )
    return cycle


@transaction.atomic
def link_idea(*, idea: ChangeIdea, entry: LibraryIdea, by: User) -> Adoption:
    """Say that an idea of the team is one of the library's: its shared tests count there from now on.

    Raises StateRefused for an idea that is linked already. Effects: adoption, audit event.
    """
    if Adoption.objects.filter(idea=idea).exists():
        raise StateRefused("This idea is linked to the library already.")
    adoption = Adoption.objects.create(idea=idea, library_idea=entry, adopted_by=by)
    record_event(
        act="link_idea",
        target=idea,
        by=by,
        team=idea.project.team,
        details={"library_idea": entry.code},
    )
    return adoption

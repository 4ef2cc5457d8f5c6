"""Writes of driver diagrams. Every change remembers what stood before it, so that it can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from pdsa.actions.projects import add_idea, change_idea
from pdsa.library.files import DiagramTemplate
from pdsa.models import (
    Adoption,
    ChangeIdea,
    DiagramStep,
    Driver,
    IdeaPlacement,
    LibraryIdea,
    LocalMeasure,
    Project,
)
from pdsa.policies.drivers import (
    check_can_indent,
    check_can_indent_idea,
    check_can_outdent,
    check_can_outdent_idea,
    check_text_unchanged,
)
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User

#: How many changes can be undone one after the other.
UNDO_STEPS = 50
_DRIVER_FIELDS = ("id", "parent_id", "position", "text", "owner", "status", "is_removed")


def _snapshot(project: Project) -> dict[str, Any]:
    drivers = Driver.objects.filter(project=project)
    return {
        "drivers": list(drivers.order_by("id").values(*_DRIVER_FIELDS)),
        "measures": list(
            Driver.measures.through.objects.filter(driver__project=project)
            .order_by("id")
            .values_list("driver_id", "measure_id")
        ),
        "local_measures": list(
            Driver.local_measures.through.objects.filter(driver__project=project)
            .order_by("id")
            .values_list("driver_id", "localmeasure_id")
        ),
        "placements": list(
            IdeaPlacement.objects.filter(driver__project=project)
            .order_by("id")
            .values("driver_id", "idea_id", "position")
        ),
        "titles": {
            str(pk): title
            for pk, title in ChangeIdea.objects.filter(project=project).values_list("pk", "title")
        },
    }


@contextmanager
def _step(project: Project, label: str, *, act: str, by: User, as_of: datetime) -> Iterator[None]:
    """One change: the diagram is locked, what stood before is kept, and the audit trail hears of it."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        before = _snapshot(project)
        yield
        step = DiagramStep.objects.create(
            project=project, label=label[:200], before=before, done_by=by, done_at=as_of
        )
        old = DiagramStep.objects.filter(project=project).order_by("-id")[UNDO_STEPS:]
        DiagramStep.objects.filter(pk__in=[s.pk for s in old]).delete()
        record_event(act=act, target=project, by=by, team=project.team, details={"step": step.pk})


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39].rstrip()}…"


def _siblings(project: Project, parent: Driver | None) -> list[Driver]:
    return list(
        Driver.objects.filter(project=project, parent=parent, is_removed=False).order_by(
            "position", "id"
        )
    )


def _renumber(rows: Sequence[Driver | IdeaPlacement]) -> None:
    for position, row in enumerate(rows, start=1):
        if row.position != position:
            row.position = position
            row.save(update_fields=["position"])


def _insert(project: Project, driver: Driver, parent: Driver | None, after: Driver | None) -> None:
    """Put a driver among its siblings: behind `after`, else at the end."""
    rows = [s for s in _siblings(project, parent) if s.pk != driver.pk]
    place = next((i + 1 for i, s in enumerate(rows) if after and s.pk == after.pk), len(rows))
    driver.parent = parent
    driver.save()
    _renumber([*rows[:place], driver, *rows[place:]])


def add_driver(
    *,
    project: Project,
    text: str,
    by: User,
    as_of: datetime,
    parent: Driver | None = None,
    after: Driver | None = None,
) -> Driver:
    """A new driver: primary without `parent`, else secondary; behind `after` or at the end.

    Raises StateRefused under a secondary driver. Effects: driver, undo step, audit event.
    """
    if parent is not None and parent.parent_id is not None:
        raise StateRefused("Under a secondary driver stand change ideas.")
    with _step(project, f"Add “{_short(text)}”", act="add_driver", by=by, as_of=as_of):
        driver = Driver(project=project, text=text, parent=parent, position=0)
        _insert(project, driver, parent, after)
    return driver


def place_idea(
    *,
    driver: Driver,
    title: str,
    by: User,
    as_of: datetime,
    after: IdeaPlacement | None = None,
) -> IdeaPlacement:
    """Hang a change idea under a driver: the project's idea of that title, or a new one.

    Effects: idea and placement where missing, undo step, audit event.
    """
    project = driver.project
    with _step(project, f"Add “{_short(title)}”", act="place_idea", by=by, as_of=as_of):
        idea = add_idea(project=project, title=title, by=by)
        placement = _place(driver, idea, after)
    return placement


def _place(driver: Driver, idea: ChangeIdea, after: IdeaPlacement | None = None) -> IdeaPlacement:
    placement, made = IdeaPlacement.objects.get_or_create(
        driver=driver, idea=idea, defaults={"position": 0}
    )
    if made:
        rows = [p for p in driver.placements.order_by("position", "id") if p.pk != placement.pk]
        place = next((i + 1 for i, p in enumerate(rows) if after and p.pk == after.pk), len(rows))
        _renumber([*rows[:place], placement, *rows[place:]])
    return placement


def rename_driver(*, driver: Driver, text: str, seen: str, by: User, as_of: datetime) -> Driver:
    """seen: what stood there when the reader began to write. Raises StateRefused when it no longer does."""
    if text == driver.text:
        return driver
    label = f"Rename “{_short(driver.text)}”"
    with _step(driver.project, label, act="rename_driver", by=by, as_of=as_of):
        driver.refresh_from_db()
        check_text_unchanged(driver.text, seen)
        driver.text = text
        driver.save(update_fields=["text"])
    return driver


def rename_idea(
    *, idea: ChangeIdea, title: str, seen: str, by: User, as_of: datetime
) -> ChangeIdea:
    """As `rename_driver`, for an idea: also refused when the project has an idea of that title."""
    if title == idea.title:
        return idea
    label = f"Rename “{_short(idea.title)}”"
    with _step(idea.project, label, act="rename_idea", by=by, as_of=as_of):
        idea.refresh_from_db()
        check_text_unchanged(idea.title, seen)
        change_idea(idea=idea, title=title, description=idea.description, by=by)
    return idea


def describe_driver(
    *,
    driver: Driver,
    owner: str,
    status: str,
    measures: Iterable[Any],
    by: User,
    as_of: datetime,
    local_measures: Iterable[LocalMeasure] = (),
) -> Driver:
    """Owner, status and measures of a driver: the programme's, and the project's own.

    Raises StateRefused for a measure of another project. Effects: the fields, undo step, audit event.
    """
    own = list(local_measures)
    if any(measure.project_id != driver.project_id for measure in own):
        raise StateRefused("The measure belongs to another project.")
    label = f"Details of “{_short(driver.text)}”"
    with _step(driver.project, label, act="describe_driver", by=by, as_of=as_of):
        driver.owner, driver.status = owner, status
        driver.save(update_fields=["owner", "status"])
        driver.measures.set(measures)
        driver.local_measures.set(own)
    return driver


def move_driver(*, driver: Driver, steps: int, by: User, as_of: datetime) -> Driver:
    """Up (−1) or down (+1) among its siblings; at the end nothing happens but an undo step is not made."""
    rows = _siblings(driver.project, driver.parent)
    place = next(i for i, row in enumerate(rows) if row.pk == driver.pk)
    goal = min(max(place + steps, 0), len(rows) - 1)
    if goal != place:
        label = f"Move “{_short(driver.text)}”"
        with _step(driver.project, label, act="move_driver", by=by, as_of=as_of):
            rows.insert(goal, rows.pop(place))
            _renumber(rows)
    return driver


def indent_driver(*, driver: Driver, by: User, as_of: datetime) -> Driver:
    """Make a primary driver a secondary one of the primary driver before it."""
    before = [
        row
        for row in _siblings(driver.project, None)
        if (row.position, row.pk) < (driver.position, driver.pk)
    ]
    check_can_indent(
        driver,
        has_before=bool(before),
        has_secondary=driver.children.filter(is_removed=False).exists(),
    )
    label = f"Indent “{_short(driver.text)}”"
    with _step(driver.project, label, act="indent_driver", by=by, as_of=as_of):
        _insert(driver.project, driver, before[-1], None)
    return driver


def outdent_driver(*, driver: Driver, by: User, as_of: datetime) -> Driver:
    """Make a secondary driver a primary one, behind the one that it stood under."""
    check_can_outdent(driver)
    label = f"Outdent “{_short(driver.text)}”"
    with _step(driver.project, label, act="outdent_driver", by=by, as_of=as_of):
        _insert(driver.project, driver, None, driver.parent)
    return driver


def remove_driver(*, driver: Driver, by: User, as_of: datetime) -> None:
    """Take a driver with its secondary drivers off the diagram. Its ideas and their tests stay in the project.

    Effects: drivers marked as removed, undo step, audit event.
    """
    label = f"Delete “{_short(driver.text)}”"
    with _step(driver.project, label, act="remove_driver", by=by, as_of=as_of):
        gone = [driver, *driver.children.filter(is_removed=False)]
        for row in gone:
            row.is_removed = True
            row.save(update_fields=["is_removed"])
        IdeaPlacement.objects.filter(driver__in=gone).delete()


def move_idea(
    *,
    placement: IdeaPlacement,
    by: User,
    as_of: datetime,
    steps: int = 0,
    to: Driver | None = None,
    keep: bool = False,
) -> IdeaPlacement:
    """An idea up or down among its siblings, or to another driver. keep: it hangs under both from now on."""
    project, idea = placement.driver.project, placement.idea
    if to is None:
        rows = list(placement.driver.placements.order_by("position", "id"))
        place = next(i for i, row in enumerate(rows) if row.pk == placement.pk)
        goal = min(max(place + steps, 0), len(rows) - 1)
        if goal == place:
            return placement
        with _step(project, f"Move “{_short(idea.title)}”", act="move_idea", by=by, as_of=as_of):
            rows.insert(goal, rows.pop(place))
            _renumber(rows)
        return placement
    label = f"{'Also hang' if keep else 'Move'} “{_short(idea.title)}”"
    with _step(project, label, act="move_idea", by=by, as_of=as_of):
        moved = _place(to, idea)
        if not keep and moved.pk != placement.pk:
            placement.delete()
    return moved


def indent_idea(*, placement: IdeaPlacement, by: User, as_of: datetime) -> IdeaPlacement:
    """From a primary driver to the last of its secondary ones. Effects: as `move_idea`."""
    below = placement.driver.children.filter(is_removed=False).last()
    check_can_indent_idea(below)
    return move_idea(placement=placement, to=below, by=by, as_of=as_of)


def outdent_idea(*, placement: IdeaPlacement, by: User, as_of: datetime) -> IdeaPlacement:
    """From a secondary driver to the primary one above it. Effects: as `move_idea`."""
    check_can_outdent_idea(placement.driver)
    return move_idea(placement=placement, to=placement.driver.parent, by=by, as_of=as_of)


def remove_idea(*, placement: IdeaPlacement, by: User, as_of: datetime) -> None:
    """Take an idea off a driver. The idea and its tests stay in the project. Effects: undo step, audit event."""
    label = f"Take “{_short(placement.idea.title)}” off"
    with _step(placement.driver.project, label, act="remove_idea", by=by, as_of=as_of):
        placement.delete()


def use_template(*, project: Project, template: DiagramTemplate, by: User, as_of: datetime) -> None:
    """Add the drivers and ideas of a template behind what is there. Ideas come from the library.

    Effects: drivers, ideas with their adoption, one undo step, audit events.
    """
    with _step(project, f"Start from “{template.name}”", act="use_template", by=by, as_of=as_of):
        entries = {entry.code: entry for entry in LibraryIdea.objects.all()}
        last = Driver.objects.filter(project=project, parent=None).aggregate(p=Max("position"))["p"]
        for number, (text, branches) in enumerate(template.primary, start=(last or 0) + 1):
            primary = Driver.objects.create(project=project, text=text, position=number)
            for position, branch in enumerate(branches, start=1):
                secondary = Driver.objects.create(
                    project=project, parent=primary, text=branch.text, position=position
                )
                for code in branch.ideas:
                    _place(secondary, take_over(project=project, entry=entries[code], by=by))


def take_over(*, project: Project, entry: LibraryIdea, by: User) -> ChangeIdea:
    """The project's idea that was taken over from a library entry, made where it is missing."""
    adoption = Adoption.objects.filter(idea__project=project, library_idea=entry).first()
    if adoption is not None:
        return adoption.idea
    idea = add_idea(project=project, title=entry.title, description=entry.what, by=by)
    Adoption.objects.get_or_create(idea=idea, defaults={"library_idea": entry, "adopted_by": by})
    return idea


@transaction.atomic
def undo_step(*, project: Project, by: User) -> str:
    """Put the diagram back to before its latest change; returns what was undone.

    Ideas that came with the change stay in the project, without a driver. Raises StateRefused when there is
    nothing to undo. Effects: drivers, placements, titles of ideas; the step is gone; audit event.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    step = DiagramStep.objects.filter(project=project).first()
    if step is None:
        raise StateRefused("There is nothing to undo.")
    before = step.before
    kept = {row["id"] for row in before["drivers"]}
    Driver.objects.filter(project=project).exclude(pk__in=kept).update(is_removed=True)
    IdeaPlacement.objects.filter(driver__project=project).delete()
    for row in before["drivers"]:
        Driver.objects.filter(pk=row["id"]).update(
            **{name: value for name, value in row.items() if name != "id"}
        )
    links = Driver.measures.through
    links.objects.filter(driver__project=project).delete()
    links.objects.bulk_create(
        links(driver_id=driver, measure_id=measure) for driver, measure in before["measures"]
    )
    own = Driver.local_measures.through
    own.objects.filter(driver__project=project).delete()
    own.objects.bulk_create(
        # Steps from before drivers had measures of the project know nothing of them.
        own(driver_id=driver, localmeasure_id=measure)
        for driver, measure in before.get("local_measures", [])
    )
    IdeaPlacement.objects.bulk_create(IdeaPlacement(**row) for row in before["placements"])
    for idea in ChangeIdea.objects.filter(project=project):
        title = before["titles"].get(str(idea.pk), idea.title)
        if title != idea.title:
            change_idea(idea=idea, title=title, description=idea.description, by=by)
    step.delete()
    record_event(
        act="undo_diagram_step",
        target=project,
        by=by,
        team=project.team,
        details={"undone": step.label},
    )
    return step.label

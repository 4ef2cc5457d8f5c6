"""Reads of driver diagrams: the outline that is edited, and the diagram that is drawn, from the same rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from measures import queries as measures
from pdsa.diagrams.drivers import DriverDiagram, DriverNode, IdeaNode
from pdsa.enums import CycleState, Decision, DriverStatus
from pdsa.models import (
    ChangeIdea,
    Cycle,
    DiagramStep,
    Driver,
    IdeaPlacement,
    LocalMeasure,
    Project,
)

_RUNNING = (CycleState.DOING, CycleState.STUDYING)


@dataclass(frozen=True)
class IdeaTally:
    """What became of an idea's tests. decisions: decision → how many; running, planned: how many.

    owner: of the latest test, empty where there is none.
    """

    decisions: dict[Decision, int]
    running: int
    planned: int
    owner: str

    @property
    def total(self) -> int:
        return sum(self.decisions.values()) + self.running + self.planned

    @property
    def text(self) -> str:
        """ "3 tests: 1 adopt, 1 adapt, 1 running", or that there was none."""
        if not self.total:
            return "Not tested yet"
        parts = [f"{n} {d.label.lower()}" for d, n in self.decisions.items()]
        parts += [
            f"{n} {word}" for word, n in (("running", self.running), ("planned", self.planned)) if n
        ]
        return f"{self.total} test{'s' if self.total != 1 else ''}: {', '.join(parts)}"


NO_TESTS = IdeaTally({}, 0, 0, "")


@dataclass
class OutlineRow:
    """One line of the outline. key: "d" and the driver's id, or "p" and the placement's.

    level: 1 primary driver, 2 secondary driver, 3 change idea (also where it hangs under a primary one).
    depth: how far it is indented. also_under: other drivers of an idea. can_…: what the keys would do.
    """

    key: str
    level: int
    depth: int
    text: str
    notes: tuple[str, ...] = ()
    driver: Driver | None = None
    idea: ChangeIdea | None = None
    tally: IdeaTally = NO_TESTS
    also_under: tuple[str, ...] = ()
    children: list[OutlineRow] = field(default_factory=list)

    @property
    def own_measures(self) -> list[LocalMeasure]:
        """Measures of the project that a driver carries, those in use."""
        if self.driver is None:
            return []
        return [m for m in self.driver.local_measures.all() if m.retired_at is None]

    @property
    def measure_names(self) -> list[str]:
        """What a driver is measured by: codes of the programme's measures, names of the project's."""
        if self.driver is None:
            return []
        return [*(m.code for m in self.driver.measures.all()), *(m.name for m in self.own_measures)]

    @property
    def kind(self) -> str:
        return {1: "Primary driver", 2: "Secondary driver", 3: "Change idea"}[self.level]


@dataclass(frozen=True)
class Outline:
    """A project's diagram as rows in reading order. loose: ideas that hang under no driver."""

    rows: tuple[OutlineRow, ...]
    tree: tuple[OutlineRow, ...]
    loose: tuple[ChangeIdea, ...]
    tallies: dict[int, IdeaTally]
    undo_label: str

    @property
    def drivers(self) -> list[OutlineRow]:
        return [row for row in self.rows if row.driver is not None]

    @property
    def idea_count(self) -> int:
        return len({row.idea.pk for row in self.rows if row.idea}) + len(self.loose)


def list_tallies(idea_ids: list[int]) -> dict[int, IdeaTally]:
    """Idea → tally of its tests; one query. Cancelled tests and mere ideas do not count."""
    decisions: dict[int, Counter[Decision]] = defaultdict(Counter)
    running: Counter[int] = Counter()
    planned: Counter[int] = Counter()
    owners: dict[int, str] = {}
    rows = (
        Cycle.objects.filter(idea_id__in=idea_ids)
        .exclude(state__in=[CycleState.CANCELLED, CycleState.IDEA])
        .order_by("idea_id", "number")
        .values_list("idea_id", "state", "decision", "owner__name")
    )
    for idea_id, state, decision, owner in rows:
        owners[idea_id] = owner
        if state == CycleState.CLOSED:
            decisions[idea_id][Decision(decision)] += 1
        elif state in _RUNNING:
            running[idea_id] += 1
        else:
            planned[idea_id] += 1
    return {
        idea_id: IdeaTally(
            {d: decisions[idea_id][d] for d in Decision if decisions[idea_id][d]},
            running[idea_id],
            planned[idea_id],
            owner,
        )
        for idea_id, owner in owners.items()
    }


def read_outline(project: Project) -> Outline:
    """The project's diagram; seven queries, whatever its size."""
    drivers = list(
        Driver.objects.filter(project=project, is_removed=False)
        .prefetch_related("measures", "local_measures")
        .order_by("position", "id")
    )
    placements = list(
        IdeaPlacement.objects.filter(driver__in=[d.pk for d in drivers])
        .select_related("idea")
        .order_by("position", "id")
    )
    ideas = list(ChangeIdea.objects.filter(project=project).order_by("id"))
    tallies = list_tallies([idea.pk for idea in ideas])
    texts = {d.pk: d.text for d in drivers}
    under: dict[int, list[IdeaPlacement]] = defaultdict(list)
    places: dict[int, list[int]] = defaultdict(list)
    for placement in placements:
        under[placement.driver_id].append(placement)
        places[placement.idea_id].append(placement.driver_id)
    known = {d.pk for d in drivers}

    def idea_row(placement: IdeaPlacement, depth: int) -> OutlineRow:
        tally = tallies.get(placement.idea_id, NO_TESTS)
        others = [texts[d] for d in places[placement.idea_id] if d != placement.driver_id]
        return OutlineRow(
            f"p{placement.pk}",
            3,
            depth,
            placement.idea.title,
            idea=placement.idea,
            tally=tally,
            notes=tuple(filter(None, (tally.text, tally.owner))) if tally.total else (),
            also_under=tuple(others),
        )

    def driver_row(driver: Driver, level: int) -> OutlineRow:
        children = (
            [driver_row(d, 2) for d in drivers if d.parent_id == driver.pk] if level == 1 else []
        )
        children += [idea_row(p, level) for p in under[driver.pk]]
        row = OutlineRow(
            f"d{driver.pk}", level, level - 1, driver.text, driver=driver, children=children
        )
        row.notes = _driver_notes(row, driver)
        return row

    tree = [driver_row(d, 1) for d in drivers if d.parent_id is None or d.parent_id not in known]
    rows: list[OutlineRow] = []

    def walk(row: OutlineRow) -> None:
        rows.append(row)
        for child in row.children:
            walk(child)

    for row in tree:
        walk(row)
    latest = DiagramStep.objects.filter(project=project).select_related("done_by").first()
    return Outline(
        rows=tuple(rows),
        tree=tuple(tree),
        loose=tuple(idea for idea in ideas if idea.pk not in places),
        tallies=tallies,
        undo_label=latest.label if latest else "",
    )


def _driver_notes(row: OutlineRow, driver: Driver) -> tuple[str, ...]:
    status = DriverStatus(driver.status).label if driver.status else ""
    first = " · ".join(filter(None, (status, driver.owner)))
    names = ", ".join(row.measure_names)
    return tuple(filter(None, (first, f"Measured by {names}" if names else "")))


def to_diagram(outline: Outline, aim: str) -> DriverDiagram:
    """The outline as what is laid out and drawn."""
    ideas: dict[str, IdeaNode] = {}

    def add(idea: ChangeIdea) -> str:
        key = f"i{idea.pk}"
        tally = outline.tallies.get(idea.pk, NO_TESTS)
        notes = (tally.text, tally.owner) if tally.total else ()
        ideas.setdefault(key, IdeaNode(key, idea.title, tuple(filter(None, notes))))
        return key

    def node(row: OutlineRow) -> DriverNode:
        return DriverNode(
            row.key,
            row.text,
            row.notes,
            tuple(add(child.idea) for child in row.children if child.idea is not None),
            tuple(node(child) for child in row.children if child.driver is not None),
        )

    primary = tuple(node(row) for row in outline.tree)
    for idea in outline.loose:
        add(idea)
    return DriverDiagram(aim, primary, tuple(ideas.values()))


def get_driver(project: Project, driver_id: int) -> Driver:
    """A driver of the project that is not removed. Raises Driver.DoesNotExist."""
    return Driver.objects.get(pk=driver_id, project=project, is_removed=False)


def get_placement(project: Project, placement_id: int) -> IdeaPlacement:
    """An idea's place on the project's diagram. Raises IdeaPlacement.DoesNotExist."""
    return IdeaPlacement.objects.select_related("idea__project__team", "driver__project__team").get(
        pk=placement_id, driver__project=project, driver__is_removed=False
    )


def list_measure_choices(scope: Any) -> list[tuple[int, str]]:
    """Measures of the programme that a driver can carry, as (id, name)."""
    source = measures.get_default_source(scope)
    period = measures.get_period(source) if source else None
    if period is None:
        return []
    return [(d.measure_id, d.name) for d in measures.list_definitions(year=period.year)]


@dataclass(frozen=True)
class DriverIdeas:
    """A driver of a diagram and the ideas that hang under it, those of its secondary drivers among them."""

    driver: Driver
    idea_ids: frozenset[int]


def list_ideas_by_driver(project: Project) -> list[DriverIdeas]:
    """Drivers of a project under which ideas hang, each primary one before its secondary ones. Two queries.

    The caller has read the project through the scope.
    """
    drivers = list(
        Driver.objects.filter(project=project, is_removed=False).order_by("position", "id")
    )
    placed: dict[int, set[int]] = defaultdict(set)
    placements = IdeaPlacement.objects.filter(driver__project=project, driver__is_removed=False)
    for driver_id, idea_id in placements.order_by().values_list("driver_id", "idea_id"):
        placed[driver_id].add(idea_id)
    found = []
    for primary in (driver for driver in drivers if driver.parent_id is None):
        below = [driver for driver in drivers if driver.parent_id == primary.pk]
        found.append((primary, placed[primary.pk].union(*(placed[d.pk] for d in below))))
        found += [(driver, placed[driver.pk]) for driver in below]
    return [DriverIdeas(driver, frozenset(ideas)) for driver, ideas in found if ideas]

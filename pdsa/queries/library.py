"""Reads of the library. What it tells of tests is only what the reader may read: shared ones and the own."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchVector, TrigramWordSimilarity
from django.db.models import Exists, OuterRef, Q, QuerySet

from pdsa.enums import CycleState, Decision
from pdsa.models import ChangeIdea, Cycle, CycleMeasure, LibraryIdea
from pdsa.queries.cycles import list_cycles, list_shared_cycles
from pdsa.queries.projects import list_writable_ideas
from teams.permissions import Permission
from teams.scoping import Scope

_SEARCHED = ("title", "what", "helps", "cost_note", "origin")
#: How alike a word of the title has to be to what was typed, so that a typing mistake still finds it.
_ALIKE = 0.5
#: A test counts once it has been done: an idea on paper was not tried.
_TRIED = (CycleState.DOING, CycleState.STUDYING, CycleState.CLOSED)


@dataclass(frozen=True)
class LibraryFilters:
    text: str = ""
    driver: str = ""
    population: str = ""
    topic: str = ""
    effort: str = ""


@dataclass(frozen=True)
class LibraryTally:
    """group_count: groups with a test that the reader may read. decisions: of those tests.

    own_count: tests of the reader's own teams among them.
    """

    group_count: int
    test_count: int
    own_count: int
    decisions: dict[Decision, int]

    @property
    def decision_text(self) -> str:
        return ", ".join(f"{n} {d.label.lower()}" for d, n in self.decisions.items())


NO_TESTS = LibraryTally(0, 0, 0, {})


def list_library(scope: Scope, filters: LibraryFilters | None = None) -> QuerySet[LibraryIdea]:
    """Current ideas, narrowed by words (full text, with tolerance for a typing mistake) and choices."""
    if not scope.may(Permission.VIEW_SHARED_TESTS):
        return LibraryIdea.objects.none()
    found = LibraryIdea.objects.filter(is_current=True)
    filters = filters or LibraryFilters()
    if filters.text.strip():
        query = SearchQuery(filters.text, search_type="websearch", config="english")
        found = found.annotate(
            document=SearchVector(*_SEARCHED, config="english"),
            alike=TrigramWordSimilarity(filters.text, "title"),
        ).filter(Q(document=query) | Q(alike__gte=_ALIKE) | Q(title__icontains=filters.text))
    if filters.driver:
        found = found.filter(driver=filters.driver)
    if filters.population:
        found = found.filter(populations__contains=[filters.population])
    if filters.topic:
        found = found.filter(topics__contains=[filters.topic])
    if filters.effort:
        found = found.filter(effort=filters.effort)
    return found.order_by("position")


def get_library_idea(scope: Scope, code: str) -> LibraryIdea:
    """Raises LibraryIdea.DoesNotExist."""
    return list_library(scope).get(code=code)


def _readable_tests(scope: Scope) -> QuerySet[Cycle]:
    readable = Q(pk__in=list_shared_cycles(scope).order_by().values("pk"))
    readable |= Q(pk__in=list_cycles(scope).order_by().values("pk"))
    return Cycle.objects.filter(readable, state__in=_TRIED)


def list_tallies_of(scope: Scope, entries: list[LibraryIdea]) -> dict[int, LibraryTally]:
    """Library idea → tally, from tests that the reader may read; one query.

    A private test of another group leaves no trace here: neither in the tests nor in the groups.
    """
    groups: dict[int, set[int]] = defaultdict(set)
    tests: Counter[int] = Counter()
    own: Counter[int] = Counter()
    decisions: dict[int, Counter[Decision]] = defaultdict(Counter)
    rows = (
        _readable_tests(scope)
        .filter(idea__adoption__library_idea__in=entries)
        .order_by()
        .values_list(
            "idea__adoption__library_idea_id", "idea__project__team_id", "state", "decision"
        )
    )
    for entry_id, team_id, state, decision in rows:
        groups[entry_id].add(team_id)
        tests[entry_id] += 1
        own[entry_id] += team_id in scope.own_team_ids
        if state == CycleState.CLOSED:
            decisions[entry_id][Decision(decision)] += 1
    return {
        entry_id: LibraryTally(
            len(teams),
            tests[entry_id],
            own[entry_id],
            {d: decisions[entry_id][d] for d in Decision if decisions[entry_id][d]},
        )
        for entry_id, teams in groups.items()
    }


def list_linkable_ideas(scope: Scope) -> QuerySet[ChangeIdea]:
    """Ideas that the reader writes and that are not the library's yet."""
    return list_writable_ideas(scope).filter(adoption=None)


def list_shared_tests_of(scope: Scope, entry: LibraryIdea) -> QuerySet[Cycle]:
    """Shared tests of an idea, latest first: those that anybody who sees the library may open.

    is_measured: a measure is linked to it, so that its page can say whether it moved.
    """
    return (
        list_shared_cycles(scope)
        .filter(state__in=_TRIED, idea__adoption__library_idea=entry)
        .annotate(is_measured=Exists(CycleMeasure.objects.filter(cycle=OuterRef("pk"))))
        .order_by("-changed_at", "-id")
    )

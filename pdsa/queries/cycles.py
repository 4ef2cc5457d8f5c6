"""Reads of cycles. Which of them exist for a reader is decided here and nowhere else.

Own: those of the teams that the reader works with (staff, sponsor, coach, programme director).
Shared: those that a team has shared, for everybody who may read shared tests, the payer's analyst too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet

from pdsa.enums import CycleState, Decision, ProjectStatus, Sharing
from pdsa.models import (
    ChangeIdea,
    Comment,
    Cycle,
    CycleReading,
    CycleTask,
    Prediction,
    Project,
)
from pdsa.queries.projects import list_projects, list_writable_projects
from teams.models import User
from teams.moderation import held_ids
from teams.permissions import Permission
from teams.queries import list_people_around
from teams.scoping import Scope

OPEN_STATES = (CycleState.PLANNED, CycleState.DOING, CycleState.STUDYING)
_WITH = ("idea__project__team", "owner", "site")


def list_cycles(scope: Scope) -> QuerySet[Cycle]:
    """Cycles of the teams that the reader works with."""
    if not scope.may(Permission.VIEW_PROJECTS):
        return Cycle.objects.none()
    return Cycle.objects.filter(idea__project__team_id__in=scope.own_team_ids).select_related(
        *_WITH
    )


def get_cycle(scope: Scope, cycle_id: int) -> Cycle:
    """Raises Cycle.DoesNotExist also for one that another team has shared: that is `get_shared_cycle`."""
    return list_cycles(scope).get(id=cycle_id)


def list_shared_cycles(scope: Scope) -> QuerySet[Cycle]:
    """Cycles that a team has shared, the reader's own among them. What is shown of them is less:
    `pdsa.sharing`. One that somebody reported is not among them."""
    if not scope.may(Permission.VIEW_SHARED_TESTS):
        return Cycle.objects.none()
    return (
        Cycle.objects.exclude(sharing=Sharing.TEAM)
        .exclude(pk__in=held_ids("pdsa.cycle"))
        .select_related(*_WITH)
    )


def get_shared_cycle(scope: Scope, cycle_id: int) -> Cycle:
    return list_shared_cycles(scope).get(id=cycle_id)


def get_writable_cycle(scope: Scope, cycle_id: int) -> Cycle:
    """A cycle of the own group, to write in."""
    return Cycle.objects.select_related(*_WITH).get(
        id=cycle_id, idea__project__in=list_writable_projects(scope)
    )


def get_writable_prediction(scope: Scope, pk: int) -> Prediction:
    return Prediction.objects.select_related("cycle__idea__project__team").get(
        pk=pk, cycle__idea__project__in=list_writable_projects(scope)
    )


def get_writable_task(scope: Scope, pk: int) -> CycleTask:
    return CycleTask.objects.select_related("cycle__idea__project__team").get(
        pk=pk, cycle__idea__project__in=list_writable_projects(scope)
    )


def get_writable_reading(scope: Scope, pk: int) -> CycleReading:
    return CycleReading.objects.select_related("cycle__idea__project__team", "stratum").get(
        pk=pk, cycle__idea__project__in=list_writable_projects(scope)
    )


def get_removed_prediction(scope: Scope, pk: int) -> Prediction:
    return _removed(Prediction.with_removed, scope).get(pk=pk)


def get_removed_task(scope: Scope, pk: int) -> CycleTask:
    return _removed(CycleTask.with_removed, scope).get(pk=pk)


def get_removed_reading(scope: Scope, pk: int) -> CycleReading:
    return _removed(CycleReading.with_removed, scope).get(pk=pk)


def _removed(rows: Any, scope: Scope) -> Any:
    """Rows that the reader can put back: removed ones of tests that the reader writes."""
    return rows.select_related("cycle__idea__project__team").filter(
        removed_at__isnull=False, cycle__idea__project__in=list_writable_projects(scope)
    )


@dataclass(frozen=True)
class Rows:
    """What hangs on a test, or hung on it."""

    predictions: list[Prediction]
    tasks: list[CycleTask]
    readings: list[CycleReading]

    @property
    def removed(self) -> list[Prediction | CycleTask | CycleReading]:
        """Those that somebody removed, last removed first."""
        rows: list[Any] = [*self.predictions, *self.tasks, *self.readings]
        gone = [(row.removed_at, row) for row in rows if row.removed_at]
        return [row for _, row in sorted(gone, key=lambda pair: pair[0], reverse=True)]


def list_rows_ever(cycle: Cycle, *, removed: bool = False) -> Rows:
    """A test's rows with the removed ones; or those alone, last removed first. Three queries.

    The caller has read the cycle through the scope, as one of the own team.
    """

    def of(rows: Any, *also: str) -> list[Any]:
        found = rows.filter(cycle=cycle).select_related("removed_by", *also)
        return list(
            found.filter(removed_at__isnull=False).order_by("-removed_at") if removed else found
        )

    return Rows(
        of(Prediction.with_removed),
        of(CycleTask.with_removed),
        of(CycleReading.with_removed, "stratum"),
    )


def get_own_comment(scope: Scope, pk: int) -> Comment:
    """A comment that the reader wrote on a cycle that the reader can still open."""
    return Comment.objects.select_related("cycle__idea__project__team").get(
        pk=pk, author_id=scope.user_id, cycle__in=list_cycles(scope)
    )


def with_rows(cycles: QuerySet[Cycle]) -> QuerySet[Cycle]:
    """Cycles with everything that a test's page shows, in a constant number of queries."""
    return cycles.select_related("previous", "copied_from").prefetch_related(
        "predictions",
        "tasks",
        "focus_strata",
        Prefetch("readings", CycleReading.objects.select_related("stratum")),
        Prefetch("comments", Comment.objects.select_related("author")),
    )


@dataclass(frozen=True)
class CycleFilters:
    """What the list of tests is narrowed to; empty means all.

    text: words, all of which must be found; waiting: those whose planned end has passed on a day.
    """

    text: str = ""
    project_id: int | None = None
    team_code: str = ""
    state: str = ""
    decision: str = ""
    kind: str = ""
    sharing: str = ""
    late_on: date | None = None


def find_cycles(
    cycles: QuerySet[Cycle], filters: CycleFilters, *, named: bool = True
) -> QuerySet[Cycle]:
    """Cycles narrowed by filters, changed last first.

    named: the reader may know whose test each is; where not, the group's name is not searched, for a find
    would tell it.
    """
    for word in filters.text.split():
        fits = Q()
        for field in ("title", "objective", "learned", "what_happened", "idea__title"):
            fits |= Q(**{f"{field}__icontains": word})
        if named:
            fits |= Q(idea__project__title__icontains=word)
            fits |= Q(idea__project__team__name__icontains=word)
        cycles = cycles.filter(fits)
    exact = {
        "idea__project_id": filters.project_id,
        "idea__project__team__code": filters.team_code,
        "state": filters.state,
        "decision": filters.decision,
        "kind": filters.kind,
        "sharing": filters.sharing,
    }
    cycles = cycles.filter(**{name: value for name, value in exact.items() if value})
    if filters.late_on is not None:
        cycles = cycles.filter(state=CycleState.DOING, planned_end_on__lt=filters.late_on)
    return cycles.order_by("-changed_at", "-id")


@dataclass(frozen=True)
class Ramp:
    """A change idea with its tests, in order; without a test the ramp is empty."""

    idea: ChangeIdea
    cycles: list[Cycle]


def list_ramps(scope: Scope, project: Project, *, with_rows: bool = False) -> list[Ramp]:
    """A project's ideas with their tests; with_rows: what hangs on them too.

    The number of queries does not depend on how many there are.
    """
    cycles = Cycle.objects.select_related("owner", "idea__project__team").order_by("number")
    if with_rows:
        cycles = cycles.prefetch_related("predictions", "tasks", "focus_strata")
    ideas = (
        ChangeIdea.objects.filter(project=project, project__in=list_projects(scope))
        .prefetch_related(Prefetch("cycles", cycles))
        .order_by("id")
    )
    return [Ramp(idea, list(idea.cycles.all())) for idea in ideas]


def list_ramp(cycle: Cycle) -> list[Cycle]:
    """The cycles of a cycle's idea, in order. The caller has read the cycle through the scope."""
    return list(Cycle.objects.filter(idea_id=cycle.idea_id).order_by("number"))


def count_decisions(scope: Scope, project: Project) -> dict[str, int]:
    """How often a project decided what: {decision: count}."""
    rows = (
        list_cycles(scope)
        .filter(idea__project=project, state=CycleState.CLOSED)
        .order_by()
        .values_list("decision")
        .annotate(count=Count("id"))
    )
    found = dict(rows)
    return {decision.value: found.get(decision.value, 0) for decision in Decision}


def list_waiting(scope: Scope, *, day: date, limit: int) -> list[Cycle]:
    """The reader's own open tests in the order in which they need somebody.

    First what should have ended, then what waits for a decision, what should have started, what is running,
    and what ended with more to do. Cycles of others in the team come after the reader's own.
    """
    cycles = Cycle.objects.filter(
        idea__project__in=list_writable_projects(scope), idea__project__status="active"
    ).select_related(*_WITH)
    followed = Cycle.objects.filter(previous=OuterRef("pk"))
    open_ones = cycles.filter(state__in=OPEN_STATES)
    found = list(open_ones.order_by("planned_end_on", "id")[: 40 * limit])
    found += list(
        cycles.filter(
            state=CycleState.CLOSED,
            decision__in=[Decision.ADAPT, Decision.EXPAND, Decision.MORE_DATA],
        )
        .filter(~Exists(followed))
        .filter(~Exists(Cycle.objects.filter(idea=OuterRef("idea"), number__gt=OuterRef("number"))))
        .order_by("-closed_at")[:limit]
    )
    return sorted(found, key=lambda cycle: _urgency(cycle, scope, day))[:limit]


def _urgency(cycle: Cycle, scope: Scope, day: date) -> tuple[int, int, date, int]:
    state = cycle.state
    late = cycle.planned_end_on is not None and cycle.planned_end_on < day
    due = cycle.planned_start_on is None or cycle.planned_start_on <= day
    if state == CycleState.DOING and late:
        rank = 0
    elif state == CycleState.STUDYING:
        rank = 1
    elif state == CycleState.PLANNED and due:
        rank = 2
    elif state == CycleState.DOING:
        rank = 3
    elif state == CycleState.CLOSED:
        rank = 4
    else:
        rank = 5
    return rank, int(cycle.owner_id != scope.user_id), cycle.planned_end_on or day, cycle.pk


def list_unanswered_mentions(scope: Scope, *, limit: int) -> list[Comment]:
    """Comments that name the reader and after which the reader has not written in that cycle."""
    answered = Comment.objects.filter(
        cycle=OuterRef("cycle"), author_id=scope.user_id, created_at__gt=OuterRef("created_at")
    )
    return list(
        Comment.objects.filter(
            mentions=scope.user_id, taken_back_at=None, cycle__in=list_cycles(scope).order_by()
        )
        .filter(~Exists(answered))
        .select_related("author", "cycle__idea")
        .order_by("-created_at")[:limit]
    )


def list_planned(scope: Scope, *, after: date) -> list[Cycle]:
    """Open tests of the reader's teams with a day in them, for a calendar."""
    return list(
        list_cycles(scope)
        .filter(state__in=OPEN_STATES, planned_start_on__isnull=False)
        .filter(Q(planned_end_on__gte=after) | Q(planned_end_on__isnull=True))
        .order_by("planned_start_on", "id")
    )


def list_mentionable(scope: Scope, cycle: Cycle, *, on: date) -> list[User]:
    """Who can be mentioned in a cycle: the team's people and its coaches without the reader, by name."""
    people = list_people_around(cycle.idea.project.team, on=on)
    return [person for person in people if person.pk != scope.user_id]


def list_starting(*, day: date, since: date) -> QuerySet[Cycle]:
    """Planned tests of active projects, of every team, whose planned first day is from `since` to `day`."""
    return _running_projects().filter(
        state=CycleState.PLANNED, planned_start_on__range=(since, day)
    )


def list_late(*, day: date, since: date) -> QuerySet[Cycle]:
    """Running tests of active projects, of every team, whose planned end was since `since`, before `day`."""
    return _running_projects().filter(
        state=CycleState.DOING, planned_end_on__gte=since, planned_end_on__lt=day
    )


def _running_projects() -> QuerySet[Cycle]:
    return Cycle.objects.filter(idea__project__status=ProjectStatus.ACTIVE).select_related(*_WITH)


def list_changed_since(scope: Scope, *, since: datetime) -> QuerySet[Cycle]:
    """Tests of the reader's teams that changed, newest first, for the weekly digest."""
    return list_cycles(scope).filter(changed_at__gte=since).order_by("-changed_at", "-id")


def list_news_of_others(scope: Scope, *, limit: int) -> list[Cycle]:
    """What other teams shared last and closed, newest first."""
    return list(
        list_shared_cycles(scope)
        .filter(state=CycleState.CLOSED)
        .exclude(idea__project__team_id__in=scope.own_team_ids)
        .order_by(F("closed_at").desc(), "-id")[:limit]
    )

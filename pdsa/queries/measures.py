"""Reads of local measures: their definitions, their months, and what their charts are made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Case, F, IntegerField, Max, Prefetch, QuerySet, When

from pdsa.charts.periods import is_behind, label, list_steps
from pdsa.charts.values import Decision, Group, LaneCycle, MeasureData, Point
from pdsa.enums import CycleState, MeasureKind, PointKind, PointState, ProjectStatus, StratumRole
from pdsa.models import (
    ChartDecision,
    Cycle,
    CycleMeasure,
    LocalMeasure,
    MeasureStratum,
    Observation,
    Project,
)
from pdsa.queries.arrivals import read_arrived
from pdsa.queries.projects import list_projects, list_writable_projects
from teams.scoping import Scope

#: Tests offered for a link.
LINKABLE = 60
#: Tests that were cancelled before they began are no part of what happened.
_DRAWN = [CycleState.DOING, CycleState.STUDYING, CycleState.CLOSED, CycleState.PAUSED]


def list_measures(scope: Scope) -> QuerySet[LocalMeasure]:
    """Measures in use of the projects that the reader works with, with their groups."""
    return (
        LocalMeasure.objects.filter(project__in=list_projects(scope), retired_at__isnull=True)
        .select_related("project__team", "programme_measure", "programme_source")
        .prefetch_related(
            Prefetch("strata", MeasureStratum.objects.select_related("stratum__stratum_set"))
        )
    )


def list_measures_of(scope: Scope, project: Project) -> QuerySet[LocalMeasure]:
    """Measures of one project, each with `last_entered_at`."""
    return (
        list_measures(scope)
        .filter(project=project)
        .annotate(
            last_entered_at=Max("observations__entered_at"),
            place=Case(
                *(When(kind=kind, then=place) for place, kind in enumerate(MeasureKind.values)),
                output_field=IntegerField(),
            ),
        )
        .order_by("place", "id")
    )


def get_measure(scope: Scope, measure_id: int) -> LocalMeasure:
    """Raises LocalMeasure.DoesNotExist also for one out of scope."""
    return list_measures(scope).get(pk=measure_id)


def get_writable_measure(scope: Scope, measure_id: int) -> LocalMeasure:
    return list_measures(scope).get(pk=measure_id, project__in=list_writable_projects(scope))


def list_overdue(scope: Scope, *, day: date, limit: int) -> Sequence[LocalMeasure]:
    """Measures of the reader's own group whose numbers should be there and are not; one query.

    Each has `last_on`, the latest period with an entry. Those that wait longest come first, those without
    any number last.
    """
    measures = (
        list_measures(scope)
        .prefetch_related(None)
        .filter(
            project__in=list_writable_projects(scope),
            project__status=ProjectStatus.ACTIVE,
            programme_measure=None,
        )
        .annotate(last_on=Max("observations__starts_on"))
        .order_by(F("last_on").asc(nulls_last=True), "id")
    )
    return [m for m in measures if is_behind(m.last_on, m.frequency, day, lag_days=m.lag_days)][
        :limit
    ]


def list_versions(measure: LocalMeasure) -> QuerySet:
    return measure.versions.select_related("saved_by")


def list_decisions(measure: LocalMeasure, *, with_undone: bool = False) -> QuerySet[ChartDecision]:
    rows = _with_people(measure.decisions.all())
    return rows if with_undone else rows.filter(undone_at__isnull=True)


def _with_people(rows: QuerySet[ChartDecision]) -> QuerySet[ChartDecision]:
    """The latest first, with whom and what their lines name."""
    return rows.select_related("decided_by", "undone_by", "stratum", "cycle__idea").order_by(
        "-decided_at", "-id"
    )


def get_decision(measure: LocalMeasure, decision_id: int) -> ChartDecision:
    return list_decisions(measure, with_undone=True).get(pk=decision_id)


def list_linkable_cycles(measure: LocalMeasure) -> QuerySet[Cycle]:
    """The latest tests of the measure's project, as many as a list to choose from bears."""
    tests = Cycle.objects.filter(idea__project=measure.project_id)
    latest = tests.exclude(state=CycleState.CANCELLED).order_by("-id").values("pk")
    return tests.filter(pk__in=latest[:LINKABLE]).select_related("idea").order_by("-id")


def list_linked_cycles(measure: LocalMeasure) -> list[Cycle]:
    """The tests that are meant to move a measure in the order in which they began, with their sites."""
    return [link.cycle for link in _linked(measure.cycle_links.all())]


def _linked(links: QuerySet[CycleMeasure]) -> QuerySet[CycleMeasure]:
    with_cycle = links.select_related("cycle__idea", "cycle__site")
    return with_cycle.order_by("cycle__started_on", "id")


def list_links_of_cycle(cycle: Cycle) -> QuerySet[CycleMeasure]:
    return cycle.measure_links.select_related("measure").filter(measure__retired_at__isnull=True)


def list_measures_of_cycles(scope: Scope, cycles: Iterable[Cycle]) -> list[LocalMeasure]:
    """Measures in use that one of the tests at least is meant to move, each once."""
    links = CycleMeasure.objects.filter(cycle__in=[c.pk for c in cycles])
    return list(list_measures(scope).filter(pk__in=links.values("measure")).order_by("id"))


def list_observations(
    measure: LocalMeasure, *, periods: Sequence[date] | None = None
) -> dict[tuple[int, date], Observation]:
    """Entries by (stratum id, first day); of some periods only where given."""
    rows = measure.observations.all()
    if periods is not None:
        rows = rows.filter(starts_on__in=periods)
    return {(row.stratum_id, row.starts_on): row for row in rows.select_related("entered_by")}


def point_of(row: Observation | None) -> Point:
    """What was entered, as charts take it; nothing entered is an empty point."""
    if row is None:
        return Point()
    return Point(
        PointState(row.state),
        row.numerator,
        row.denominator,
        None if row.value is None else float(row.value),
    )


def _entered(
    measure: LocalMeasure, rows: list[Observation]
) -> tuple[tuple[date, ...], tuple[Group, ...], str]:
    found = {(row.stratum_id, row.starts_on): row for row in rows}
    days = [row.starts_on for row in rows]
    periods = list_steps(min(days), max(days), measure.frequency) if days else ()
    groups = tuple(
        Group(
            chosen.stratum_id,
            chosen.stratum.short_label,
            StratumRole(chosen.role),
            tuple(point_of(found.get((chosen.stratum_id, day))) for day in periods),
        )
        for chosen in measure.strata.all()
    )
    latest = max(rows, key=lambda row: row.entered_at, default=None)
    basis = ""
    if latest is not None:
        basis = (
            f"Entered by the team, last on {latest.entered_at:%-d %b %Y} by {latest.entered_by}."
        )
    return periods, groups, basis


def _cycle_end(cycle: Cycle) -> date | None:
    if cycle.ended_on:
        return cycle.ended_on
    if cycle.closed_at:
        return cycle.closed_at.date()
    return None


def _lane(cycles: Iterable[Cycle]) -> tuple[LaneCycle, ...]:
    return tuple(
        LaneCycle(
            cycle.pk,
            str(cycle),
            cycle.started_on,
            _cycle_end(cycle),
            CycleState(cycle.state).label,
            cycle.get_decision_display() if cycle.decision else "",
        )
        for cycle in cycles
        if cycle.started_on is not None and cycle.state in _DRAWN
    )


def read_measure_data(scope: Scope, measure: LocalMeasure) -> MeasureData:
    """What the charts of a measure are made from: at most nine queries, whatever its length."""
    return read_data_of(scope, [measure])[measure.pk]


def read_data_of(scope: Scope, measures: Sequence[LocalMeasure]) -> dict[int, MeasureData]:
    """Measure id → what its charts are made from. The number of queries does not grow with the measures
    whose numbers the team enters; with the others it grows with the sources that they come from.
    """
    entered: dict[int, list[Observation]] = defaultdict(list)
    own = [m.pk for m in measures if not m.is_bound]
    if own:
        for row in Observation.objects.filter(measure__in=own).select_related("entered_by"):
            entered[row.measure_id].append(row)
    arrived = read_arrived(scope, measures)
    ids = [m.pk for m in measures]
    decided: dict[int, list[Decision]] = defaultdict(list)
    for decision in _with_people(ChartDecision.objects.filter(measure__in=ids, undone_at=None)):
        decided[decision.measure_id].append(_decision(decision))
    linked: dict[int, list[Cycle]] = defaultdict(list)
    for link in _linked(CycleMeasure.objects.filter(measure__in=ids)):
        linked[link.measure_id].append(link.cycle)
    found = {}
    for measure in measures:
        if measure.is_bound:
            came = arrived[measure.pk]
            periods, labels, groups = came.periods, came.labels, came.groups
            basis, overlaps = came.basis, came.overlaps
        else:
            periods, groups, basis = _entered(measure, entered[measure.pk])
            labels, overlaps = tuple(label(day, measure.frequency) for day in periods), False
        target = None if measure.target is None else float(measure.target)
        if target is not None and measure.point_kind == PointKind.PROPORTION:
            target /= 100
        found[measure.pk] = MeasureData(
            name=measure.name,
            point_kind=PointKind(measure.point_kind),
            unit=measure.unit,
            higher_is_better=measure.higher_is_better,
            frequency=measure.frequency,
            target=target,
            rule_set=measure.rule_set,
            is_screened=measure.is_screened,
            periods=periods,
            groups=groups,
            decisions=tuple(decided[measure.pk]),
            cycles=_lane(linked[measure.pk]),
            overlaps=overlaps,
            basis=basis,
            labels=labels,
        )
    return found


def _decision(row: ChartDecision) -> Decision:
    return Decision(
        row.pk,
        row.kind,
        row.starts_on,
        row.stratum_id,
        row.stratum.short_label if row.stratum else "",
        row.reason,
        str(row.cycle) if row.cycle else "",
        str(row.decided_by),
        row.decided_at.date(),
    )


def list_last_entries(measures: Iterable[LocalMeasure]) -> dict[int, date]:
    """Measure id → the latest period with any entry: one query."""
    rows = (
        Observation.objects.filter(measure__in=[m.pk for m in measures])
        .values_list("measure_id")
        .annotate(latest=Max("starts_on"))
    )
    found: dict[int, date] = defaultdict(lambda: date.min)
    found.update(dict(rows))
    return dict(found)

"""Reads of local measures: their definitions, their months, and what their charts are made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Case, IntegerField, Max, Prefetch, QuerySet, When

from measures import queries as programme
from measures.stats.states import CellState
from pdsa.charts.effect import Counts, SiteComparison
from pdsa.charts.periods import label, list_steps
from pdsa.charts.values import Decision, Group, LaneCycle, MeasureData, Point
from pdsa.enums import CycleState, MeasureKind, PointKind, PointState, StratumRole
from pdsa.models import (
    ChartDecision,
    Cycle,
    CycleMeasure,
    LocalMeasure,
    MeasureStratum,
    Observation,
    Project,
)
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


def list_versions(measure: LocalMeasure) -> QuerySet:
    return measure.versions.select_related("saved_by")


def list_decisions(measure: LocalMeasure, *, with_undone: bool = False) -> QuerySet[ChartDecision]:
    rows = measure.decisions.select_related(
        "decided_by", "undone_by", "stratum", "cycle__idea"
    ).order_by("-decided_at", "-id")
    return rows if with_undone else rows.filter(undone_at__isnull=True)


def get_decision(measure: LocalMeasure, decision_id: int) -> ChartDecision:
    return list_decisions(measure, with_undone=True).get(pk=decision_id)


def list_linkable_cycles(measure: LocalMeasure) -> QuerySet[Cycle]:
    """The latest tests of the measure's project, as many as a list to choose from bears."""
    tests = Cycle.objects.filter(idea__project=measure.project_id)
    latest = tests.exclude(state=CycleState.CANCELLED).order_by("-id").values("pk")
    return tests.filter(pk__in=latest[:LINKABLE]).select_related("idea").order_by("-id")


def list_linked_cycles(measure: LocalMeasure) -> list[Cycle]:
    links = measure.cycle_links.select_related("cycle__idea").order_by("cycle__started_on", "id")
    return [link.cycle for link in links]


def list_links_of_cycle(cycle: Cycle) -> QuerySet[CycleMeasure]:
    return cycle.measure_links.select_related("measure").filter(measure__retired_at__isnull=True)


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


def _entered(measure: LocalMeasure) -> tuple[tuple[date, ...], tuple[Group, ...], str]:
    rows = list(measure.observations.select_related("entered_by"))
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


def _arrived(
    scope: Scope, measure: LocalMeasure
) -> tuple[tuple[date, ...], tuple[str, ...], tuple[Group, ...], str, bool]:
    """Values of the programme's measure, as the reader may see them."""
    source, bound = measure.programme_source, measure.programme_measure
    assert source is not None and bound is not None
    chosen = list(measure.strata.all())
    rolling = [p for p in programme.list_periods(source) if "-" in p.label]
    years = [p for p in programme.list_periods(source) if "-" not in p.label]
    periods = sorted(rolling if len(rolling) >= len(years) else years, key=lambda p: p.ends_on)
    sets = {c.stratum.stratum_set for c in chosen if c.stratum.stratum_set.code != "all"}
    stratum_set = next(iter(sets), None)
    points: dict[tuple[int, date], Point] = {}
    shares: list[float] = []
    as_of = None
    if stratum_set is not None and periods:
        for result in programme.list_team_results(
            scope,
            team=measure.project.team,
            source=source,
            periods=periods,
            stratum_set=stratum_set,
            measure_ids=[bound.pk],
        ):
            as_of = max(as_of, result.computed_at) if as_of else result.computed_at
            for figure in (*result.figures, *([result.total] if result.total else [])):
                if not figure.numbers_shown:
                    state = (
                        PointState.NO_PATIENTS
                        if figure.state == CellState.NO_DENOMINATOR
                        else PointState.SUPPRESSED
                    )
                    point = Point(state)
                else:
                    point = Point(PointState.NUMBER, figure.numerator, figure.denominator)
                    if result.period == periods[-1] and figure.self_reported_share is not None:
                        shares.append(figure.self_reported_share)
                points[figure.stratum.id, result.period.starts_on] = point
    groups = tuple(
        Group(
            c.stratum_id,
            c.stratum.short_label,
            StratumRole(c.role),
            tuple(points.get((c.stratum_id, p.starts_on), Point()) for p in periods),
        )
        for c in chosen
    )
    basis = f"From the programme’s results ({source.name})"
    if as_of:
        basis += f", computed {as_of:%-d %b %Y}"
    if shares:
        basis += f"; {min(shares):.0%} self-reported race at least"
    return (
        tuple(p.starts_on for p in periods),
        tuple(p.label for p in periods),
        groups,
        f"{basis}.",
        bool(rolling) and len(rolling) >= len(years),
    )


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
    overlaps = False
    labels: tuple[str, ...] = ()
    if measure.is_bound:
        periods, labels, groups, basis, overlaps = _arrived(scope, measure)
    else:
        periods, groups, basis = _entered(measure)
        labels = tuple(label(day, measure.frequency) for day in periods)
    target = None if measure.target is None else float(measure.target)
    if target is not None and measure.point_kind == PointKind.PROPORTION:
        target /= 100
    return MeasureData(
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
        decisions=tuple(
            Decision(
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
            for row in list_decisions(measure)
        ),
        cycles=_lane(list_linked_cycles(measure)),
        overlaps=overlaps,
        basis=basis,
        labels=labels,
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


def read_site_comparison(
    scope: Scope, measure: LocalMeasure, cycle: Cycle
) -> SiteComparison | None:
    """The focus group at the test's site and at the group's other sites, in the last period of the
    programme that ended before the test began and the first that began after it.

    None where the data do not allow it: the measure is not the programme's, the test has no site, or a
    number is missing.
    """
    site, source = cycle.site, measure.programme_source
    focus = next((row for row in measure.strata.all() if row.role == StratumRole.FOCUS), None)
    if site is None or source is None or focus is None or cycle.started_on is None:
        return None
    periods = sorted(programme.list_periods(source), key=lambda p: p.ends_on)
    before = [p for p in periods if p.ends_on < cycle.started_on]
    after = [p for p in periods if p.starts_on >= cycle.started_on]
    if not before or not after:
        return None
    counted: dict[bool, list[int]] = {True: [0, 0, 0, 0], False: [0, 0, 0, 0]}
    for offset, period in ((0, before[-1]), (2, after[0])):
        for result in programme.list_site_results(
            scope,
            team=measure.project.team,
            source=source,
            period=period,
            stratum_set=focus.stratum.stratum_set,
            measure_ids=[measure.programme_measure_id or 0],
        ):
            figure = result.figure(focus.stratum.code)
            if figure is None or not figure.numbers_shown or result.unit.site is None:
                continue
            side = counted[result.unit.site == site]
            side[offset] += figure.numerator or 0
            side[offset + 1] += figure.denominator or 0
    here, elsewhere = Counts(*counted[True]), Counts(*counted[False])
    if not all((here.n_before, here.n_after, elsewhere.n_before, elsewhere.n_after)):
        return None
    return SiteComparison(site.name, before[-1].label, after[0].label, here, elsewhere)

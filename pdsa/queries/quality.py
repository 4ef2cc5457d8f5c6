"""What the quality checks look at, read for one test in a constant number of queries."""

from __future__ import annotations

from django.db.models import Count, Q

from pdsa.charts.periods import period_of
from pdsa.enums import CycleKind, CycleState, Frequency, PointState
from pdsa.models import Cycle, CycleMeasure, IdeaPlacement, Observation
from pdsa.quality import (
    LEAST_POINTS,
    CycleFacts,
    Hint,
    PredictionFacts,
    check_quality,
    names_number,
)
from pdsa.queries.arrivals import read_arrived
from pdsa.queries.measures import list_measures_of_cycles
from teams.scoping import Scope

_CHANGES = {CycleKind.TEST, CycleKind.IMPLEMENT, CycleKind.SPREAD}


def list_hints(scope: Scope, cycle: Cycle) -> list[Hint]:
    """The seven checks of a cycle of the reader's own teams. Its rows are prefetched or read here."""
    return check_quality(_facts(scope, cycle))


def _facts(scope: Scope, cycle: Cycle) -> CycleFacts:
    ramp = list(
        Cycle.objects.filter(idea_id=cycle.idea_id)
        .order_by("number")
        .values_list("number", "patient_count", "previous_id", "id")
    )
    before = [row for row in ramp if row[0] < cycle.number]
    linked = cycle.previous_id is not None or any(row[2] == cycle.pk for row in ramp)
    predictions = tuple(
        PredictionFacts(
            text=row.prediction,
            expected=row.expected_value is not None or names_number(row.prediction),
            compared=bool(row.match),
        )
        for row in cycle.predictions.all()
    )
    return CycleFacts(
        state_closed=cycle.state == CycleState.CLOSED,
        is_retrospective=cycle.is_retrospective,
        not_predicted=cycle.not_predicted,
        predictions=predictions,
        ramp_length=len(ramp),
        linked=linked,
        next_change=cycle.next_change,
        is_first=not before,
        is_test=cycle.kind in _CHANGES,
        patient_count=cycle.patient_count,
        clinician_count=cycle.clinician_count,
        duration_days=cycle.duration_days,
        previous_patient_count=before[-1][1] if before else None,
        measure_points=_measure_points(scope, cycle),
        has_plan=bool(cycle.objective.strip()),
        has_do=bool(cycle.what_happened.strip() or cycle.readings.all()),
        has_study=bool(cycle.learned.strip()),
        has_act=bool(cycle.decision),
        planned_end_on=cycle.planned_end_on,
        closed_on=cycle.closed_at.date() if cycle.closed_at else None,
        has_driver=IdeaPlacement.objects.filter(
            idea_id=cycle.idea_id, driver__is_removed=False
        ).exists(),
        has_focus=bool(cycle.focus_strata.all()),
        focus_result=cycle.focus_result,
        patient_input=cycle.patient_input,
    )


def _measure_points(scope: Scope, cycle: Cycle) -> int | None:
    """Points on the chart since the test began, of the linked measure and group that have most of them."""
    if not CycleMeasure.objects.filter(cycle=cycle, measure__retired_at=None).exists():
        return None
    if cycle.started_on is None:
        return 0
    month, week = (
        period_of(cycle.started_on, often) for often in (Frequency.MONTH, Frequency.WEEK)
    )
    entered = (
        Observation.objects.filter(
            measure__in=CycleMeasure.objects.filter(cycle=cycle, measure__retired_at=None).values(
                "measure"
            ),
            state=PointState.NUMBER,
        )
        .filter(
            Q(measure__frequency=Frequency.WEEK, starts_on__gte=week)
            | Q(measure__frequency=Frequency.MONTH, starts_on__gte=month)
        )
        .order_by()
        .values("measure_id", "stratum_id")
        .annotate(points=Count("id"))
        .values_list("points", flat=True)
    )
    most = max(entered, default=0)
    if most >= LEAST_POINTS:
        return most
    bound = [m for m in list_measures_of_cycles(scope, [cycle]) if m.is_bound]
    arrived = [
        sum(
            point.number is not None and ends_on >= cycle.started_on
            for point, ends_on in zip(group.points, came.ends, strict=True)
        )
        for came in read_arrived(scope, bound).values()
        for group in came.groups
    ]
    return max(most, *arrived, 0)

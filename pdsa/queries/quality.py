"""What the quality checks look at, read for one test in a constant number of queries."""

from __future__ import annotations

from django.db.models import Count

from pdsa.enums import CycleKind, CycleState, PointState
from pdsa.models import Cycle, CycleMeasure, IdeaPlacement, Observation
from pdsa.quality import CycleFacts, Hint, PredictionFacts, check_quality

_CHANGES = {CycleKind.TEST, CycleKind.IMPLEMENT, CycleKind.SPREAD}


def list_hints(cycle: Cycle) -> list[Hint]:
    """The seven checks of a cycle. Its rows are prefetched or read here; the caller asked the scope."""
    return check_quality(_facts(cycle))


def _facts(cycle: Cycle) -> CycleFacts:
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
            expected=row.expected_value is not None,
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
        measure_points=_measure_points(cycle),
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


def _measure_points(cycle: Cycle) -> int | None:
    """Months or weeks with a number since the test began, of the linked measure that has most of them."""
    links = list(CycleMeasure.objects.filter(cycle=cycle).values_list("measure_id", flat=True))
    if not links:
        return None
    if cycle.started_on is None:
        return 0
    counts = (
        Observation.objects.filter(
            measure_id__in=links,
            state=PointState.NUMBER,
            starts_on__gte=cycle.started_on.replace(day=1),
        )
        .order_by()
        .values("measure_id")
        .annotate(points=Count("starts_on", distinct=True))
        .values_list("points", flat=True)
    )
    return max(counts, default=0)

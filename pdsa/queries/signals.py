"""Signals on the charts of many teams at once, for lists: a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from measures.stats.spc import is_favourable
from pdsa.charts.assemble import GroupChart, MeasureCharts, assemble
from pdsa.charts.periods import label, list_steps
from pdsa.charts.reading import signal_sentence
from pdsa.charts.values import Decision, Group, MeasureData
from pdsa.enums import PointKind, StratumRole
from pdsa.models import ChartDecision, LocalMeasure, Observation
from pdsa.queries.measures import list_measures, point_of
from teams.scoping import Scope

#: A signal is present while one of its points is among so many last ones.
_PRESENT = 3


@dataclass(frozen=True)
class PresentSignal:
    """A signal that the latest points of a chart show. favourable None: it has no direction.

    entered_at: when the last of its points was entered.
    """

    measure_id: int
    sentence: str
    favourable: bool | None
    entered_at: datetime


def list_present_signals(scope: Scope, team_ids: Iterable[int]) -> dict[int, list[PresentSignal]]:
    """Team id → signals of the measures whose numbers the team enters itself; six queries.

    Values that come from the programme are twelve-month windows, on which no rule holds.
    """
    measures = with_data(
        list_measures(scope).filter(project__team_id__in=team_ids, programme_measure=None)
    )
    found: dict[int, list[PresentSignal]] = {}
    for measure in measures:
        charts = assemble(data_of(measure))
        for group in (charts.focus, charts.gap):
            if group is not None:
                signals = _present(measure, charts, group)
                found.setdefault(measure.project.team_id, []).extend(signals)
    return found


def with_data(measures: QuerySet[LocalMeasure]) -> QuerySet[LocalMeasure]:
    """Measures with what their signals depend on; two queries more, however many there are."""
    return measures.prefetch_related(
        Prefetch("observations", Observation.objects.order_by("starts_on")),
        Prefetch("decisions", ChartDecision.objects.filter(undone_at=None).order_by("-decided_at")),
    )


def data_of(measure: LocalMeasure) -> MeasureData:
    """What the signals of a measure depend on; no tests, no basis, no names of who decided.

    Its groups are prefetched, and what `with_data` adds.
    """
    rows = list(measure.observations.all())
    points = {(row.stratum_id, row.starts_on): row for row in rows}
    periods = list_steps(rows[0].starts_on, rows[-1].starts_on, measure.frequency) if rows else ()
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
        groups=tuple(
            Group(
                chosen.stratum_id,
                chosen.stratum.short_label,
                StratumRole(chosen.role),
                tuple(point_of(points.get((chosen.stratum_id, day))) for day in periods),
            )
            for chosen in measure.strata.all()
        ),
        decisions=tuple(
            Decision(
                row.pk,
                row.kind,
                row.starts_on,
                row.stratum_id,
                "",
                row.reason,
                "",
                "",
                row.decided_at.date(),
            )
            for row in measure.decisions.all()
        ),
        labels=tuple(label(day, measure.frequency) for day in periods),
    )


def _present(
    measure: LocalMeasure, charts: MeasureCharts, group: GroupChart
) -> list[PresentSignal]:
    chart = group.chart
    useful = [place for place, is_useful in enumerate(chart.series.useful) if is_useful]
    latest = set(useful[-_PRESENT:])
    return [
        PresentSignal(
            measure.pk,
            f"{measure.name}, {group.name}: {signal_sentence(charts, group, signal)}.",
            is_favourable(signal, higher_is_better=measure.higher_is_better),
            _entered_at(measure, charts, group, max(signal.points)),
        )
        for signal in chart.signals
        if latest & set(signal.points)
    ]


def _entered_at(
    measure: LocalMeasure, charts: MeasureCharts, group: GroupChart, place: int
) -> datetime:
    """When a point was entered; one of the gap is there once both of its groups are."""
    lines = (charts.data.focus, charts.data.reference if group is charts.gap else None)
    strata = {line.stratum_id for line in lines if line is not None}
    return max(
        row.entered_at
        for row in measure.observations.all()
        if row.starts_on == charts.data.periods[place] and row.stratum_id in strata
    )

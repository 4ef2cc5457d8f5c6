"""What the system knows of a team for the scale of progress: counted and read from charts, never judged."""

from __future__ import annotations

from datetime import date

import numpy as np
from django.db.models import Count, Exists, OuterRef

from learning.enums import CallState
from learning.models import Call, ControlPlan
from learning.scale import Facts
from measures.stats.spc import ControlChart, is_favourable
from pdsa.aims.checks import check_aim
from pdsa.charts.assemble import MeasureCharts, assemble
from pdsa.enums import CharterState, CycleKind, CycleState, Decision, MeasureKind
from pdsa.queries.aims import find_aim, parts_of
from pdsa.queries.cycles import list_cycles
from pdsa.queries.measures import list_measures, read_measure_data
from pdsa.queries.projects import list_projects
from teams.enums import Role
from teams.models import Team
from teams.queries import list_people_around, list_people_with
from teams.scoping import Scope

#: Points of one line that make a baseline.
BASELINE_POINTS = 3


def get_facts(scope: Scope, team: Team, *, today: date) -> Facts:
    """The facts of one team on one day, read with the reader's scope.

    The number of queries grows with the team's projects and measures, of which there are a handful.
    """
    projects = list(list_projects(scope).filter(team=team))
    cycles = list_cycles(scope).filter(idea__project__team=team)
    kept = cycles.filter(state=CycleState.CLOSED, decision=Decision.ADOPT)
    retested = cycles.filter(state=CycleState.CLOSED, decision=Decision.ADAPT).filter(
        Exists(list_cycles(scope).filter(previous=OuterRef("pk")))
    )
    charts = [
        (measure, assemble(read_measure_data(scope, measure)))
        for measure in list_measures(scope).filter(project__team=team)
    ]
    aims = [parts_of(find_aim(project)) for project in projects]
    signals = {
        kind: sum(
            _has_favourable_signal(found) for measure, found in charts if measure.kind == kind
        )
        for kind in MeasureKind
    }
    progress = [value for _, found in charts if (value := progress_percent(found)) is not None]
    return Facts(
        charter_agreed=list_projects(scope)
        .filter(team=team, charter__state=CharterState.AGREED)
        .exists(),
        member_count=list_people_around(team, on=today)
        .exclude(coach_assignments__team=team)
        .count(),
        has_lead=list_people_with(Role.GROUP_LEAD, team, on=today).exists(),
        aim_complete=any(
            all(check.passed for check in check_aim(aim, today=today)) for aim in aims
        ),
        measure_count=len(charts),
        next_meeting_planned=Call.objects.filter(team=team, state=CallState.PLANNED).exists(),
        baseline_points=max((_useful(found) for _, found in charts), default=0),
        process_map_count=list_projects(scope)
        .filter(team=team)
        .aggregate(count=Count("process_maps"))["count"],
        stratified_results=any(found.gap is not None for _, found in charts),
        tests_past_do=cycles.filter(state__in=[CycleState.STUDYING, CycleState.CLOSED]).count(),
        measures_with_target=sum(
            measure.target is not None and _useful(found) >= BASELINE_POINTS
            for measure, found in charts
        ),
        tests_kept=kept.count() + retested.count(),
        progress_percent=max(progress, default=None),
        process_signals=signals[MeasureKind.PROCESS],
        outcome_signals=signals[MeasureKind.OUTCOME],
        changes_implemented=kept.filter(kind__in=[CycleKind.IMPLEMENT, CycleKind.SPREAD]).count(),
        points_held=max((_held(found) for _, found in charts), default=0),
        goals_met=bool(progress) and min(progress) >= 100,
        control_plans=ControlPlan.objects.filter(team=team, ended_on=None).count(),
        gap_widening=_gap_widening([found for _, found in charts]),
    )


def _useful(charts: MeasureCharts) -> int:
    return int(charts.focus.chart.series.useful.sum()) if charts.focus else 0


def _has_favourable_signal(charts: MeasureCharts) -> bool:
    return charts.focus is not None and any(
        is_favourable(signal, higher_is_better=charts.data.higher_is_better)
        for signal in charts.focus.chart.signals
    )


def _centre(chart: ControlChart, *, number: int, after_baseline: bool) -> float | None:
    """Mean of a phase's useful points: of its baseline, or of what came after it."""
    phase = chart.phases[number]
    first, last = (
        (phase.baseline_end, phase.end) if after_baseline else (phase.start, phase.baseline_end)
    )
    values = chart.values[first:last][chart.series.useful[first:last]]
    return float(np.mean(values)) if len(values) else None


def progress_percent(charts: MeasureCharts) -> float | None:
    """How much of the way from baseline to target is done, 0 to 100, on means of phases and not on the last point.

    None without a target, without points, or where nothing was set apart as the baseline: then there is no
    "before" to compare with. A baseline that already meets the target counts as 100.
    """
    target = charts.data.target
    if target is None or charts.focus is None or not charts.focus.chart.phases:
        return None
    chart = charts.focus.chart
    before = _centre(chart, number=0, after_baseline=False)
    last = len(chart.phases) - 1
    frozen = chart.phases[last].is_frozen
    now = _centre(chart, number=last, after_baseline=frozen)
    if before is None or now is None or (last == 0 and not frozen):
        return None
    sign = 1 if charts.data.higher_is_better else -1
    way = sign * (target - before)
    if way <= 0:
        return 100.0 if sign * (now - target) >= 0 else 0.0
    return float(np.clip(100 * sign * (now - before) / way, 0, 100))


def _held(charts: MeasureCharts) -> int:
    """Useful points of the present phase when it began after a favourable shift and shows nothing unfavourable."""
    if charts.focus is None or len(charts.focus.chart.phases) < 2:
        return 0
    chart = charts.focus.chart
    phase = chart.phases[-1]
    before = _centre(chart, number=len(chart.phases) - 2, after_baseline=False)
    now = _centre(chart, number=len(chart.phases) - 1, after_baseline=False)
    if before is None or now is None or (now > before) != charts.data.higher_is_better:
        return 0
    unfavourable = [
        signal
        for signal in chart.signals
        if signal.phase == phase.number
        and is_favourable(signal, higher_is_better=charts.data.higher_is_better) is False
    ]
    return 0 if unfavourable else phase.useful_count


def _gap_widening(found: list[MeasureCharts]) -> bool | None:
    """Whether a chart of a gap signals the wrong way; None where no gap can be judged."""
    judged = [
        (charts, charts.gap.chart, phase)
        for charts in found
        if charts.gap and (phase := charts.gap.chart.last_phase) and phase.rules_applied
    ]
    if not judged:
        return None
    # The gap is focus less reference: where higher is better, a falling gap leaves the focus group behind.
    return any(
        is_favourable(signal, higher_is_better=charts.data.higher_is_better) is False
        for charts, chart, phase in judged
        for signal in chart.signals
        if signal.phase == phase.number
    )

"""What the system knows of a team for the scale of progress: counted and read from charts, never judged."""

from __future__ import annotations

from datetime import date

import numpy as np
from django.db.models import Count, Exists, OuterRef, Q

from grants.queries.plans import count_funded_changes
from learning.enums import CallState, SessionKind, SessionState
from learning.models import Call, ControlPlan, Session
from learning.scale import Facts
from measures.stats.spc import ControlChart, Signal, is_favourable
from pdsa.charts.assemble import MeasureCharts, assemble
from pdsa.enums import CharterState, CycleKind, CycleState, Decision, MeasureKind
from pdsa.queries.aims import list_aims, was_whole_when_written
from pdsa.queries.cycles import list_cycles
from pdsa.queries.measures import list_measures, read_data_of
from pdsa.queries.projects import list_projects
from teams.enums import Role
from teams.models import Team
from teams.queries import list_people_around, list_people_with
from teams.scoping import Scope

#: Points of one line that make a baseline.
BASELINE_POINTS = 3
#: A signal is about today while one of its points is among so many last ones.
LATEST = 3


def get_facts(scope: Scope, team: Team, *, today: date) -> Facts:
    """The facts of one team on one day, read with the reader's scope.

    The number of queries does not grow with the team's projects, tests and measures.
    """
    projects = list_projects(scope).filter(team=team)
    cycles = list_cycles(scope).filter(idea__project__team=team)
    kept = cycles.filter(state=CycleState.CLOSED, decision=Decision.ADOPT)
    retested = cycles.filter(state=CycleState.CLOSED, decision=Decision.ADAPT).filter(
        Exists(list_cycles(scope).filter(previous=OuterRef("pk")))
    )
    measures = list(list_measures(scope).filter(project__team=team))
    data = read_data_of(scope, measures)
    charts = [(measure, assemble(data[measure.pk])) for measure in measures]
    signals = {
        kind: sum(
            _has_favourable_signal(found) for measure, found in charts if measure.kind == kind
        )
        for kind in MeasureKind
    }
    goals = [progress_percent(found) for measure, found in charts if measure.target is not None]
    return Facts(
        charter_agreed=projects.filter(charter__state=CharterState.AGREED).exists(),
        member_count=list_people_around(team, on=today)
        .exclude(coach_assignments__team=team)
        .count(),
        has_lead=list_people_with(Role.GROUP_LEAD, team, on=today).exists(),
        aim_complete=any(was_whole_when_written(aim) for aim in list_aims(projects)),
        measure_count=len(charts),
        next_meeting_planned=_has_next_meeting(team, today),
        baseline_points=max((_useful(found) for _, found in charts), default=0),
        process_map_count=projects.aggregate(count=Count("process_maps"))["count"],
        stratified_results=any(found.gap is not None for _, found in charts),
        tests_past_do=cycles.filter(state__in=[CycleState.STUDYING, CycleState.CLOSED]).count(),
        measures_with_target=sum(
            measure.target is not None and _useful(found) >= BASELINE_POINTS
            for measure, found in charts
        ),
        tests_kept=kept.count() + retested.count(),
        progress_percent=max((value for value in goals if value is not None), default=None),
        process_signals=signals[MeasureKind.PROCESS],
        outcome_signals=signals[MeasureKind.OUTCOME],
        changes_implemented=kept.filter(kind__in=[CycleKind.IMPLEMENT, CycleKind.SPREAD]).count(),
        points_held=max((_held(found) for _, found in charts), default=0),
        goals_met=bool(goals) and all(value == 100 for value in goals),
        control_plans=ControlPlan.objects.filter(team=team, ended_on=None).count(),
        changes_funded=count_funded_changes(scope, team),
        gap_widening=_gap_widening([found for _, found in charts]),
    )


def _has_next_meeting(team: Team, today: date) -> bool:
    """A call of the team, or a session for it, from today on. Office hours are nobody's meeting in particular."""
    if Call.objects.filter(
        team=team, state=CallState.PLANNED, planned_at__date__gte=today
    ).exists():
        return True
    return (
        Session.objects.filter(
            Q(teams=team) | Q(teams=None),
            state__in=[SessionState.PLANNED, SessionState.OPEN],
            starts_at__date__gte=today,
        )
        .exclude(kind=SessionKind.OFFICE_HOURS)
        .exists()
    )


def _useful(charts: MeasureCharts) -> int:
    return int(charts.focus.chart.series.useful.sum()) if charts.focus else 0


def _has_favourable_signal(charts: MeasureCharts) -> bool:
    """A signal that the present phase ends with, or a phase that began after one and is still better."""
    if charts.focus is None or charts.rules_off:
        return False
    chart = charts.focus.chart
    return _held(charts) > 0 or any(
        is_favourable(signal, higher_is_better=charts.data.higher_is_better)
        and _ends_with(chart, signal)
        for signal in chart.signals
        if signal.phase == len(chart.phases) - 1
    )


def _ends_with(chart: ControlChart, signal: Signal) -> bool:
    """Whether a signal is among the latest points of its phase. Months before a change lie on the far side of a
    line through all of them: what they signal is how it was.
    """
    return bool(set(_latest(chart, signal.phase)) & set(signal.points))


def _latest(chart: ControlChart, number: int) -> list[int]:
    """Where the last useful points of a phase are."""
    phase = chart.phases[number]
    useful = np.flatnonzero(chart.series.useful[phase.start : phase.end]) + phase.start
    found: list[int] = useful[-LATEST:].tolist()
    return found


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
    if charts.focus is None or charts.rules_off or len(charts.focus.chart.phases) < 2:
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
    """Whether a chart of a gap signals the wrong way with the focus group behind; None where none can be judged.

    A phase is judged once it has enough points for rules; until then the one before it speaks.
    """
    judged = [
        (charts, charts.gap.chart, phase)
        for charts in found
        if charts.gap
        and not charts.rules_off
        and (phase := next((p for p in charts.gap.chart.phases[::-1] if p.rules_applied), None))
    ]
    if not judged:
        return None
    return any(
        _leaves_behind(charts, chart, signal) and _ends_with(chart, signal)
        for charts, chart, phase in judged
        for signal in chart.signals
        if signal.phase == phase.number
    )


def _leaves_behind(charts: MeasureCharts, chart: ControlChart, signal: Signal) -> bool:
    """The gap is focus less reference: where higher is better, one below zero leaves the focus group behind.

    It is looked at over the latest points together: one alone can lie on either side by chance.
    """
    better = charts.data.higher_is_better
    gap = float(np.mean(chart.values[_latest(chart, signal.phase)]))
    return is_favourable(signal, higher_is_better=better) is False and (gap < 0) == better

"""What the app grants asks of the other apps, answered here: grants itself knows none of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.urls import reverse

from grants.facts import (
    AimedGap,
    Finding,
    Question,
    TeamSpan,
    WorkSummary,
    register_aims,
    register_answer,
    register_work_summary,
)
from learning.enums import ReportState
from learning.models import Attendance, MonthlyReport
from measures.enums import SourceKind
from measures.queries import list_completeness, list_periods, list_sources, list_stratum_sets
from pdsa.enums import CharterState, CycleState
from pdsa.models import Aim, Charter, Cycle
from teams.enums import Audience
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope


def register_grant_facts() -> None:
    register_answer("charter_agreed", _charter_agreed)
    register_answer("first_test_closed", _tests_closed)
    register_answer("tests_closed", _tests_closed)
    register_answer("completeness_gained", _completeness_gained)
    register_answer("baseline_stratified", _baseline_stratified)
    register_answer("sessions_attended", _sessions_attended)
    register_answer("monthly_reports_sent", _monthly_reports_sent)
    register_work_summary(_work)
    register_aims(_aims)


def _eyes_of(team_ids: Collection[int]) -> Scope:
    """The eyes of the groups themselves: the facts say counts and shares of a group to whoever sees its grants."""
    return Scope(
        user_id=None,
        team_ids=tuple(sorted(team_ids)),
        own_team_ids=frozenset(team_ids),
        organisation_ids=(),
        roles=frozenset(),
        permissions=frozenset({Permission.VIEW_TEAM_RESULTS}),
    )


def _tests_page() -> str:
    return reverse("pdsa:tests")


def _charter_agreed(questions: Sequence[Question]) -> list[Finding]:
    first = dict(
        Charter.objects.filter(
            project__team__in={q.team_id for q in questions}, state=CharterState.AGREED
        )
        .order_by()
        .values_list("project__team_id")
        .annotate(Min("agreed_at"))
    )
    return [
        Finding(False, "No charter of the group is agreed yet.")
        if (agreed_at := first.get(question.team_id)) is None
        else Finding(True, f"A charter was agreed on {agreed_at:%-d %b %Y}.")
        for question in questions
    ]


def _tests_closed(questions: Sequence[Question]) -> list[Finding]:
    ends: dict[int, list[Any]] = defaultdict(list)
    for team_id, ended_on in (
        Cycle.objects.filter(
            idea__project__team__in={q.team_id for q in questions},
            state=CycleState.CLOSED,
            ended_on__gte=min(q.since for q in questions),
        )
        .order_by()
        .values_list("idea__project__team_id", "ended_on")
    ):
        ends[team_id].append(ended_on)
    found = []
    for question in questions:
        wanted = int(question.parameters.get("tests", 1))
        closed = sum(question.since <= day <= question.on for day in ends[question.team_id])
        found.append(
            Finding(
                closed >= wanted,
                f"Tests of change finished since the award began: {closed}. Asked for: {wanted}.",
            )
        )
    return found


def _completeness_gained(questions: Sequence[Question]) -> list[Finding]:
    """Points of self-reported race in the payer's data, the last period against the one before the award.

    Each source is a series of its own: two of them count different patients.
    """
    scope = _eyes_of({q.team_id for q in questions})
    series: dict[int, dict[int, list[Share]]] = defaultdict(lambda: defaultdict(list))
    for source in list_sources(scope).filter(kind=SourceKind.PAYER):
        for row in list_completeness(scope, source=source):
            if str(row.field) == "race" and row.direct_share is not None:
                series[row.team.pk][source.pk].append(
                    Share(row.period.starts_on, row.period.ends_on, row.direct_share)
                )
    return [gained(question, list(series[question.team_id].values())) for question in questions]


@dataclass(frozen=True, order=True)
class Share:
    """A share, 0 to 1, in one period of one source."""

    starts_on: date
    ends_on: date
    share: float


def gained(question: Question, series: Sequence[Sequence[Share]]) -> Finding:
    """series: the shares of each source. The source with the latest data speaks.

    A period that began before the award and ended in it belongs to neither side.
    """
    wanted = float(question.parameters.get("points", 5))
    moves = []
    for shares in series:
        before = [s for s in shares if s.ends_on < question.since]
        after = [s for s in shares if s.starts_on >= question.since]
        if before and after:
            first, last = max(before), max(after)
            # Shares are quotients of counts: the last digits of a difference are no points.
            moves.append((round(100 * (last.share - first.share), 6), first, last))
    if not moves:
        return Finding(False, "There are not yet data from before and after the award began.")
    points, first, last = max(moves, key=lambda move: (move[2].ends_on, -move[0]))
    return Finding(
        points >= wanted,
        f"Race known from the patients themselves moved by {points:+.1f} points"
        f" ({first.ends_on:%Y} to {last.ends_on:%Y}); {wanted:g} are asked for.",
    )


def _baseline_stratified(questions: Sequence[Question]) -> list[Finding]:
    # A source without a team is the payer's: it has the results of every group.
    stratified = {
        source.team_id
        for source in list_sources(_eyes_of({q.team_id for q in questions}))
        if list_periods(source) and list_stratum_sets(source, audience=Audience.OWN)
    }
    return [
        Finding(True, "Results by race and ethnicity are there.")
        if stratified & {None, question.team_id}
        else Finding(False, "No results by race and ethnicity are there yet.")
        for question in questions
    ]


def _sessions_attended(questions: Sequence[Question]) -> list[Finding]:
    counts = _count_sessions([TeamSpan(q.team_id, q.since, q.on) for q in questions])
    found = []
    for question, attended in zip(questions, counts, strict=True):
        wanted = int(question.parameters.get("sessions", 1))
        found.append(
            Finding(attended >= wanted, f"Sessions attended: {attended}. Asked for: {wanted}.")
        )
    return found


def _count_sessions(spans: Sequence[TeamSpan]) -> list[int]:
    """Sessions at which somebody of the team was, for each span."""
    days: dict[int, list[tuple[int, date]]] = defaultdict(list)
    for team_id, session_id, day in (
        Attendance.objects.filter(
            team__in={s.team_id for s in spans},
            checked_in_at__date__gte=min((s.since for s in spans), default=date.max),
        )
        .order_by()
        .values_list("team_id", "session_id", "checked_in_at__date")
        .distinct()
    ):
        days[team_id].append((session_id, day))
    return [
        len({session_id for session_id, day in days[s.team_id] if s.since <= day <= s.until})
        for s in spans
    ]


def _monthly_reports_sent(questions: Sequence[Question]) -> list[Finding]:
    months = Counter(
        MonthlyReport.objects.filter(team__in={q.team_id for q in questions})
        .exclude(state=ReportState.DRAFT)
        .order_by()
        .values_list("team_id", "month")
    )
    found = []
    for question in questions:
        wanted = int(question.parameters.get("reports", 1))
        first = question.since.replace(day=1)
        sent = sum(
            count
            for (team_id, month), count in months.items()
            if team_id == question.team_id and month >= first
        )
        found.append(
            Finding(sent >= wanted, f"Monthly reports handed in: {sent}. Asked for: {wanted}.")
        )
    return found


def _work(spans: Sequence[TeamSpan]) -> list[WorkSummary | None]:
    team_ids = {s.team_id for s in spans}
    days: dict[int, list[tuple[date, int, int, int | None]]] = defaultdict(list)
    for team_id, *day in (
        Cycle.objects.filter(idea__project__team__in=team_ids, started_on__isnull=False)
        .order_by()
        .values_list("idea__project__team_id", "started_on")
        .annotate(
            started=Count("id"),
            closed=Count("id", filter=Q(state=CycleState.CLOSED)),
            patients=Sum("patient_count"),
        )
    ):
        days[team_id].append(tuple(day))
    known = set(Team.objects.filter(pk__in=team_ids).values_list("pk", flat=True))
    return [
        _summary([d for d in days[span.team_id] if span.since <= d[0] <= span.until], sessions)
        if span.team_id in known
        else None
        for span, sessions in zip(spans, _count_sessions(spans), strict=True)
    ]


def _summary(days: list[tuple[date, int, int, int | None]], sessions: int) -> WorkSummary:
    """days: a day with the tests that began on it, those of them that are closed, their patients."""
    patients = [day[3] for day in days if day[3] is not None]
    return WorkSummary(
        tests_started=sum(day[1] for day in days),
        tests_closed=sum(day[2] for day in days),
        sessions_attended=sessions,
        patients_reached=sum(patients) if patients else None,
        last_test_on=max((day[0] for day in days), default=None),
        path=_tests_page(),
    )


def _aims(team_ids: Iterable[int]) -> dict[int, list[AimedGap]]:
    """Measure and stratum only: the words of an aim are the group's."""
    found: dict[int, list[AimedGap]] = {}
    rows = (
        Aim.objects.filter(
            project__team__in=list(team_ids), measure__isnull=False, focus_stratum__isnull=False
        )
        .order_by("project_id")
        .values_list("project__team_id", "measure_id", "focus_stratum_id")
    )
    for team_id, measure_id, stratum_id in rows:
        if measure_id is None or stratum_id is None:
            continue
        aim = AimedGap(measure_id, stratum_id)
        if aim not in found.setdefault(team_id, []):
            found[team_id].append(aim)
    return found

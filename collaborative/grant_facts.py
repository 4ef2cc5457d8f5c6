"""What the app grants asks of the other apps, answered here: grants itself knows none of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Count, Max, Q, Sum
from django.urls import reverse

from grants.facts import (
    AimedGap,
    Finding,
    Question,
    WorkSummary,
    register_aims,
    register_answer,
    register_work_summary,
)
from learning.enums import ReportState
from learning.models import Attendance, MonthlyReport
from measures.enums import SourceKind
from measures.queries import list_completeness, list_sources
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


def _eyes_of(team_id: int) -> Scope:
    """The eyes of the group itself: the facts say counts and shares of the group to whoever sees its grants."""
    return Scope(
        user_id=None,
        team_ids=(team_id,),
        own_team_ids=frozenset({team_id}),
        organisation_ids=(),
        roles=frozenset(),
        permissions=frozenset({Permission.VIEW_TEAM_RESULTS}),
    )


def _tests_page() -> str:
    return reverse("pdsa:tests")


def _charter_agreed(question: Question) -> Finding:
    agreed = (
        Charter.objects.filter(project__team=question.team_id, state=CharterState.AGREED)
        .order_by("agreed_at")
        .first()
    )
    if agreed is None or agreed.agreed_at is None:
        return Finding(False, "No charter of the group is agreed yet.")
    return Finding(True, f"A charter was agreed on {agreed.agreed_at:%-d %b %Y}.")


def _tests_closed(question: Question) -> Finding:
    wanted = int(question.parameters.get("tests", 1))
    closed = Cycle.objects.filter(
        idea__project__team=question.team_id,
        state=CycleState.CLOSED,
        ended_on__gte=question.since,
        ended_on__lte=question.on,
    ).count()
    return Finding(
        closed >= wanted,
        f"{closed} of {wanted} tests of change are finished since the award began.",
    )


def _completeness_gained(question: Question) -> Finding:
    """Points of self-reported race in the payer's data, the last period against the one before the award."""
    wanted = float(question.parameters.get("points", 5))
    scope = _eyes_of(question.team_id)
    shares: list[tuple[date, float]] = []
    for source in list_sources(scope).filter(kind=SourceKind.PAYER):
        for row in list_completeness(scope, source=source):
            if str(row.field) == "race" and row.direct_share is not None:
                shares.append((row.period.ends_on, row.direct_share))
    before = [s for s in sorted(shares) if s[0] < question.since]
    after = [s for s in sorted(shares) if s[0] >= question.since]
    if not before or not after:
        return Finding(False, "There are not yet data from before and after the award began.")
    gained = 100 * (after[-1][1] - before[-1][1])
    return Finding(
        gained >= wanted,
        f"Race known from the patients themselves moved by {gained:+.1f} points"
        f" ({before[-1][0]:%Y} to {after[-1][0]:%Y}); {wanted:g} are asked for.",
    )


def _baseline_stratified(question: Question) -> Finding:
    from measures.queries import list_periods, list_stratum_sets

    scope = _eyes_of(question.team_id)
    for source in list_sources(scope):
        if list_periods(source) and list_stratum_sets(source, audience=Audience.OWN):
            return Finding(True, "Results by race and ethnicity are there.")
    return Finding(False, "No results by race and ethnicity are there yet.")


def _count_sessions(team_id: int, since: date, on: date) -> int:
    attended = Attendance.objects.filter(
        team=team_id, checked_in_at__date__gte=since, checked_in_at__date__lte=on
    )
    return attended.values("session").distinct().count()


def _sessions_attended(question: Question) -> Finding:
    wanted = int(question.parameters.get("sessions", 1))
    attended = _count_sessions(question.team_id, question.since, question.on)
    return Finding(attended >= wanted, f"{attended} of {wanted} sessions attended.")


def _monthly_reports_sent(question: Question) -> Finding:
    wanted = int(question.parameters.get("reports", 1))
    sent = (
        MonthlyReport.objects.filter(
            team=question.team_id, month__gte=question.since.replace(day=1)
        )
        .exclude(state=ReportState.DRAFT)
        .count()
    )
    return Finding(sent >= wanted, f"{sent} of {wanted} monthly reports handed in.")


def _work(team_id: int, since: date, on: date) -> WorkSummary | None:
    counted = Cycle.objects.filter(
        idea__project__team=team_id, started_on__gte=since, started_on__lte=on
    ).aggregate(
        started=Count("id"),
        closed=Count("id", filter=Q(state=CycleState.CLOSED)),
        patients=Sum("patient_count"),
        last=Max("started_on"),
    )
    if not Team.objects.filter(pk=team_id).exists():
        return None
    return WorkSummary(
        tests_started=counted["started"],
        tests_closed=counted["closed"],
        sessions_attended=_count_sessions(team_id, since, on),
        patients_reached=counted["patients"],
        last_test_on=counted["last"],
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

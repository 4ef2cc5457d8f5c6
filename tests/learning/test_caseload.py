"""What the database must hold so that a rule of the caseload applies, and what it may hold without it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from grants.models import Award, GrantReport, Milestone, Tranche
from learning.attention import Reason, Rule
from learning.models import Call, MonthlyReport, Score
from learning.queries.caseload import list_caseload
from pdsa.models import LocalMeasure
from teams.models import Team, User
from teams.queries import get_programme
from teams.scoping import scope_of
from tests.factories.cycles import make_cycle, make_project
from tests.factories.grants import make_award, make_grants
from tests.factories.learning import DAY, TODAY, make_call, make_report
from tests.factories.local_measures import enter, make_local_measure

pytestmark = pytest.mark.django_db


def reason_of(coach: User, rule: Rule, *, today: date = TODAY) -> Reason | None:
    (row,) = list_caseload(scope_of(coach, on=timezone.localdate()), today=today)
    return next((reason for reason in row.reasons if reason.rule == rule), None)


def begin_programme(day: date) -> None:
    programme = get_programme()
    programme.starts_on = day
    programme.save()


# --- numbers --------------------------------------------------------------------------------------------------


def test_numbers_are_as_old_as_the_end_of_their_period_and_of_each_measure(
    team: Team, coach: User, lead: User
) -> None:
    project = make_project(team, by=lead)
    fresh = make_local_measure(project, by=lead, name="Fresh")
    enter(fresh, "nh_black", [(1, 20)], by=lead, first=date(2026, 5, 1))
    old = make_local_measure(project, by=lead, name="Screening")
    enter(old, "nh_black", [(1, 20), "not_collected"], by=lead, first=date(2026, 4, 1))
    last_day = date(2026, 4, 30)
    assert reason_of(coach, Rule.DATA_STALE, today=last_day + 60 * DAY) is None
    reason = reason_of(coach, Rule.DATA_STALE, today=last_day + 61 * DAY)
    assert reason is not None
    assert reason.sentence == "The newest numbers: Screening until 30 Apr 2026."


def test_measure_that_is_always_late_gets_its_usual_delay(
    team: Team, coach: User, lead: User
) -> None:
    slow = make_local_measure(make_project(team, by=lead), by=lead, lag_days=30)
    enter(slow, "nh_black", [(1, 20)], by=lead, first=date(2026, 4, 1))
    day = date(2026, 4, 30) + 90 * DAY
    assert reason_of(coach, Rule.DATA_STALE, today=day) is None
    assert reason_of(coach, Rule.DATA_STALE, today=day + DAY) is not None


def test_team_without_any_numbers_has_sixty_days_from_the_beginning(
    team: Team, coach: User, lead: User
) -> None:
    assert reason_of(coach, Rule.DATA_STALE) is None
    begin_programme(TODAY - 60 * DAY)
    assert reason_of(coach, Rule.DATA_STALE) is None
    begin_programme(TODAY - 61 * DAY)
    reason = reason_of(coach, Rule.DATA_STALE)
    assert reason is not None and reason.sentence == "No numbers have been entered yet."
    measure = make_local_measure(make_project(team, by=lead), by=lead, name="Screening")
    made_on = timezone.localdate(LocalMeasure.objects.get(pk=measure.pk).created_at)
    assert reason_of(coach, Rule.DATA_STALE, today=made_on + 60 * DAY) is None
    reason = reason_of(coach, Rule.DATA_STALE, today=made_on + 61 * DAY)
    assert reason is not None and reason.sentence == "No numbers yet: Screening."


# --- monthly reports ------------------------------------------------------------------------------------------


def test_team_that_never_wrote_is_overdue_once_the_programme_has_begun(
    team: Team, coach: User, member: User
) -> None:
    assert reason_of(coach, Rule.REPORT_OVERDUE) is None
    begin_programme(date(2026, 5, 20))
    assert reason_of(coach, Rule.REPORT_OVERDUE, today=date(2026, 6, 5)) is None
    reason = reason_of(coach, Rule.REPORT_OVERDUE, today=date(2026, 6, 6))
    assert reason is not None and reason.sentence == "The report of May was due 1 day ago."


def test_month_before_the_last_stays_overdue(team: Team, coach: User, member: User) -> None:
    make_report(team, member, month=date(2026, 3, 1))
    for month in (date(2026, 2, 1), date(2026, 5, 1)):
        report = make_report(team, member, month=month)
        MonthlyReport.objects.filter(pk=report.pk).update(
            state="submitted", submitted_by=member, submitted_at=timezone.now(), facts={}
        )
    reason = reason_of(coach, Rule.REPORT_OVERDUE)
    assert reason is not None
    assert reason.sentence == "2 monthly reports are overdue, the first of March 2026."


# --- tests, grants, scores, calls -----------------------------------------------------------------------------


@pytest.fixture
def award(team: Team) -> Award:
    award = make_award(make_grants(), team=team)
    Milestone.objects.filter(award=award).update(due_on=TODAY)
    GrantReport.objects.filter(award=award).update(due_on=TODAY)
    return award


def test_test_from_before_the_award_is_no_pilot(
    team: Team, coach: User, lead: User, award: Award
) -> None:
    cycle = make_cycle(team, by=lead, started_on=award.starts_on - DAY)
    reason = reason_of(coach, Rule.NO_PILOT)
    assert reason is not None and "no test started since" in reason.sentence
    type(cycle).objects.filter(pk=cycle.pk).update(started_on=award.starts_on)
    assert reason_of(coach, Rule.NO_PILOT) is None


def test_grant_is_blocked_by_a_report_a_payment_and_a_suspension(
    team: Team, coach: User, award: Award
) -> None:
    assert reason_of(coach, Rule.GRANT_BLOCKED) is None
    report = GrantReport.objects.filter(award=award).order_by("due_on", "pk")[0]
    GrantReport.objects.filter(pk=report.pk).update(due_on=TODAY - DAY)
    reason = reason_of(coach, Rule.GRANT_BLOCKED)
    assert reason is not None and "report was due on 14 Jun 2026" in reason.sentence
    GrantReport.objects.filter(pk=report.pk).update(state="submitted")
    assert reason_of(coach, Rule.GRANT_BLOCKED) is None

    tranche = Tranche.objects.filter(award=award, number=2)
    tranche.update(state="on_hold", held_from="scheduled", state_reason="Wait for the plan")
    reason = reason_of(coach, Rule.GRANT_BLOCKED)
    assert reason is not None and reason.sentence == "Payment 2 is on hold."
    tranche.update(state="scheduled", held_from="", state_reason="")

    Award.objects.filter(pk=award.pk).update(state="suspended", state_reason="The lead left")
    reason = reason_of(coach, Rule.GRANT_BLOCKED)
    assert reason is not None and reason.sentence == f"The grant “{award.title}” is suspended."


def test_scores_are_compared_in_the_latest_month_that_has_both(
    team: Team, coach: User, member: User
) -> None:
    """In the first days of a month only one side has spoken: the difference of last month still stands."""
    for month, by_whom, value in (
        (date(2026, 5, 1), "team", "4.0"),
        (date(2026, 5, 1), "coach", "2.5"),
        (date(2026, 6, 1), "team", "2.5"),
    ):
        Score.objects.create(
            team=team,
            month=month,
            by_whom=by_whom,
            value=Decimal(value),
            suggested=Decimal("2.5"),
            reason="Because",
            given_by=member,
        )
    reason = reason_of(coach, Rule.SCORES_APART)
    assert reason is not None
    assert reason.sentence == "The team gave 4.0, the coach 2.5 for May."


def test_call_that_is_past_and_not_recorded_is_a_reason(team: Team, coach: User) -> None:
    call = make_call(team, coach, in_days=2)
    day = timezone.localdate(call.planned_at)
    assert reason_of(coach, Rule.CALL_NOT_RECORDED, today=day) is None
    reason = reason_of(coach, Rule.CALL_NOT_RECORDED, today=day + timedelta(days=1))
    assert reason is not None and reason.sentence == "Call of 17 Jun not recorded."
    Call.objects.update(state="held", held_on=day)
    assert reason_of(coach, Rule.CALL_NOT_RECORDED, today=day + DAY) is None

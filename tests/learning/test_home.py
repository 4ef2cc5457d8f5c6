"""The learning part of the home page: whom a coach talks to next, and the report that waits for a team."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from learning.actions.coaching import ask_for_help, plan_call
from learning.actions.progress import acknowledge_report, submit_report
from learning.models import Call, MonthlyReport
from learning.queries.progress import ReportToWrite, get_report_to_write
from pdsa.charts.periods import step
from teams.enums import Role
from teams.models import Team, User
from teams.scoping import scope_of
from tests.factories.learning import NOW, make_report
from tests.factories.people import add_role, make_coach_assignment, make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def page(reader: User) -> str:
    text = signed_in(reader).get(reverse("learning:home_part")).content.decode()
    return re.sub(r"<[^>]+>", "", text.replace("</li>", "\n"))


def call_in(team: Team, coach: User, days: int) -> Call:
    now = timezone.now()
    return plan_call(team=team, coach=coach, planned_at=now + days * DAY, by=coach, as_of=now)


def caseload(coach: User, count: int) -> list[Team]:
    """Further teams of the coach, each of which asks for help."""
    teams = []
    for _ in range(count):
        other = make_team()
        make_coach_assignment(coach, other)
        lead = make_user(Role.GROUP_LEAD, team=other)
        ask_for_help(team=other, text="Help", by=lead, as_of=timezone.now())
        teams.append(other)
    return teams


def test_call_of_a_fifth_and_calm_team_is_one_click_away(team: Team, coach: User) -> None:
    caseload(coach, 5)
    call_in(team, coach, 1)
    text = page(coach)
    assert "Your next calls" in text
    assert text.count(f"Prepare the call with {team}") == 1


def test_calls_come_in_the_order_of_their_days_and_those_of_a_later_week_do_not(
    team: Team, coach: User
) -> None:
    second, third = caseload(coach, 2)
    call_in(team, coach, 5)
    call_in(second, coach, 2)
    call_in(third, coach, 9)
    text = page(coach)
    near = text[text.index("Your next calls") : text.index("Who needs you")]
    assert re.findall("Prepare the call with (.+)", near) == [str(second), str(team)]
    # The later one stays with the reasons of its team.
    assert text.count(f"Prepare the call with {third}") == 1


def test_call_that_is_over_and_not_recorded_stays_in_sight(team: Team, coach: User) -> None:
    call = call_in(team, coach, 1)
    Call.objects.filter(pk=call.pk).update(planned_at=timezone.now() - 2 * DAY)
    assert "not recorded yet" in page(coach)


def test_calls_of_teams_that_others_coach_are_not_announced(team: Team, coach: User) -> None:
    call_in(team, coach, 1)
    assert "Your next calls" not in page(make_user(Role.PROGRAMME_DIRECTOR))
    assert str(team) not in page(make_user(Role.COACH, team=make_team()))


def test_coach_with_many_calls_asks_no_more_than_with_one(team: Team, coach: User) -> None:
    call_in(team, coach, 1)
    client = signed_in(coach)
    address = reverse("learning:home_part")
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    for other in caseload(coach, 3):
        call_in(other, coach, 2)
    with CaptureQueriesContext(connection) as four:
        client.get(address)
    assert len(four) <= len(one) + 2, "the parts that are read only where a team has tests"


# --- the monthly report ---------------------------------------------------------------------------------------------


def waiting(reader: User, team: Team, day: int) -> ReportToWrite | None:
    scope = scope_of(reader, on=timezone.localdate())
    return get_report_to_write(scope, team, today=date(2026, 6, day))


@pytest.mark.parametrize(("day", "late"), [(1, False), (5, False), (6, True)])
def test_report_waits_until_it_is_handed_in(team: Team, member: User, day: int, late: bool) -> None:
    make_report(team, member, month=date(2026, 4, 1))
    found = waiting(member, team, day)
    assert found == ReportToWrite(team, date(2026, 5, 1), date(2026, 6, 5), late)
    report = make_report(team, member, month=date(2026, 5, 1))
    assert waiting(member, team, day) == found, "a draft still waits"
    MonthlyReport.objects.filter(pk=report.pk).update(tested_and_learned="Done")
    submit_report(report=report, facts={}, by=member, as_of=NOW)
    assert waiting(member, team, day) is None


def test_team_that_never_reported_is_not_late(team: Team, member: User) -> None:
    make_report(make_team(), member)
    assert waiting(member, team, 5) is not None
    assert waiting(member, team, 6) is None


@pytest.mark.parametrize("role", [Role.SENIOR_SPONSOR, Role.COACH, Role.PROGRAMME_DIRECTOR])
def test_report_waits_for_nobody_who_does_not_write_it(team: Team, role: Role) -> None:
    assert waiting(make_user(role, team=team), team, 3) is None


def test_report_of_a_team_that_one_coaches_waits_for_somebody_else(team: Team) -> None:
    """Who writes reports in one group and coaches another is on the other side of that one's report."""
    reader = make_user(Role.GROUP_LEAD)
    add_role(reader, Role.COACH, team=team)
    assert waiting(reader, team, 3) is None


def test_button_of_the_waiting_report_opens_it(team: Team, member: User) -> None:
    month = step(timezone.localdate(), "month", -1)
    make_report(team, member, month=step(month, "month", -1))
    client = signed_in(member)
    html = client.get(reverse("learning:home_part")).content.decode()
    assert f"Write the report of {month:%B}" in re.sub(r"<[^>]+>", "", html)
    address = reverse("learning:open_report", args=[team.code, f"{month:%Y-%m}"])
    assert f'action="{address}"' in html
    answer = client.post(address, follow=True)
    assert answer.context["report"] == MonthlyReport.objects.get(month=month)


# --- the sponsor ------------------------------------------------------------------------------------------------------


def test_sponsor_finds_the_report_that_was_handed_in_until_it_is_acknowledged(
    team: Team, member: User
) -> None:
    sponsor = make_user(Role.SENIOR_SPONSOR, team=team)
    month = step(timezone.localdate(), "month", -1)
    report = make_report(team, member, month=month)
    words = f"Read the report of {month:%B}"
    assert words not in page(sponsor), "a draft is nobody else's to read for"
    MonthlyReport.objects.filter(pk=report.pk).update(tested_and_learned="Done")
    now = timezone.now()
    submit_report(report=report, facts={}, by=member, as_of=now)
    assert words in page(sponsor)
    strangers = (member, make_user(Role.SENIOR_SPONSOR), make_user(Role.COACH, team=team))
    assert not any(words in page(reader) for reader in strangers)
    acknowledge_report(report=report, comment="", by=sponsor, as_of=now)
    assert words not in page(sponsor)


def test_report_of_an_earlier_month_waits_for_no_sponsor(team: Team, member: User) -> None:
    month = step(timezone.localdate(), "month", -2)
    report = make_report(team, member, month=month)
    MonthlyReport.objects.filter(pk=report.pk).update(tested_and_learned="Done")
    submit_report(report=report, facts={}, by=member, as_of=timezone.now())
    assert "Read the report" not in page(make_user(Role.SENIOR_SPONSOR, team=team))

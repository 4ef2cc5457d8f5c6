"""Scores and monthly reports."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from learning.actions.progress import (
    acknowledge_report,
    close_report,
    give_score,
    open_monthly_report,
    remind_of_reports,
    submit_report,
    take_report_back,
)
from learning.enums import ReportState, ScoreBy
from learning.models import Call, MonthlyReport, Score
from learning.policies import report_due_on
from pdsa.charts.periods import step
from pdsa.enums import Frequency
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import Notification, Team, User
from teams.queries import get_programme
from tests.factories.cycles import make_cycle, make_project
from tests.factories.learning import NOW, make_held_call, make_report
from tests.factories.local_measures import enter, make_local_measure
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

MAY = date(2026, 5, 1)


def score(
    team: Team, by: User, *, value: str, by_whom: ScoreBy = ScoreBy.TEAM, **fields: Any
) -> Score:
    return give_score(
        team=team,
        by=by,
        by_whom=by_whom,
        value=Decimal(value),
        **{
            "month": MAY,
            "reason": "Two tests are done",
            "suggested": Decimal("2.5"),
            "evidence": [],
            "as_of": NOW,
            **fields,
        },
    )


# --- scores ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0.0", "2.7", "5.5"])
def test_score_off_the_scale_is_refused(team: Team, member: User, value: str) -> None:
    with pytest.raises(StateRefused, match="0.5, 1.0, 1.5"):
        score(team, member, value=value)


def test_score_of_a_month_to_come_is_refused(team: Team, member: User) -> None:
    with pytest.raises(StateRefused, match="once it has begun"):
        score(team, member, value="2.5", month=date(2026, 7, 1))


@pytest.mark.parametrize(
    ("field", "value", "constraint"),
    [
        ("value", Decimal("2.7"), "score_on_the_scale"),
        ("month", date(2026, 5, 2), "score_month_first_day"),
        ("reason", "", "score_has_reason"),
    ],
)
def test_database_refuses_what_cannot_be(
    team: Team, member: User, field: str, value: Any, constraint: str
) -> None:
    values: dict[str, Any] = {
        "value": Decimal("2.5"),
        "suggested": Decimal("2.5"),
        "month": MAY,
        "reason": "Why",
        "by_whom": "team",
    }
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Score.objects.create(team=team, given_by=member, **{**values, field: value})


def test_given_score_stays_as_it_was(team: Team, member: User) -> None:
    given = score(team, member, value="2.5")
    with pytest.raises(DatabaseError, match="stays as it was given"), transaction.atomic():
        Score.objects.filter(pk=given.pk).update(value=Decimal("4.0"))
    with pytest.raises(DatabaseError, match="stays as it was given"), transaction.atomic():
        given.delete()


def test_latest_score_counts_and_a_point_apart_is_talked_about(
    team: Team, coach: User, member: User
) -> None:
    score(team, member, value="4.0")
    score(team, member, value="3.0", reason="We looked again")
    score(team, coach, value="2.0", by_whom=ScoreBy.COACH)
    page = signed_in(member).get(reverse("learning:progress", args=[team.code])).content.decode()
    assert "Talk about it" in page
    assert "We looked again" in page
    assert re.search(r'data-label="Team"[^>]*>3.0<.*data-label="Coach"[^>]*>2.0<', page)


def test_page_offers_each_side_its_own_score_and_others_none(
    team: Team, coach: User, member: User
) -> None:
    address = reverse("learning:progress", args=[team.code])
    sponsor = make_user(Role.SENIOR_SPONSOR, team=team)
    for reader, heading in ((member, "Your own score"), (coach, "Your score as coach")):
        assert heading in signed_in(reader).get(address).content.decode()
    client = signed_in(sponsor)
    assert "Keep the score" not in client.get(address).content.decode()
    assert client.post(address, {"value": "5.0", "reason": "Splendid"}).status_code == 404
    assert not Score.objects.exists()


def test_score_from_a_report_counts_for_the_month_of_the_report(team: Team, member: User) -> None:
    """In July the report of June is written: the link from it leads to June, and June is what is kept."""
    report = write(make_report(team, member, month=last_month()))
    client = signed_in(member)
    page = client.get(reverse("learning:report", args=[report.pk])).content.decode()
    address = f"{reverse('learning:progress', args=[team.code])}?month={last_month():%Y-%m}"
    assert f'href="{address}"' in page
    assert f"Your own score for {last_month():%B %Y}" in client.get(address).content.decode()
    client.post(address, {"value": "2.0", "reason": "Two tests are done"})
    assert Score.objects.get().month == last_month()
    client.post(reverse("learning:submit_report", args=[report.pk]))
    report.refresh_from_db()
    assert report.facts is not None and report.facts["team_score"] == "2.0"
    client.post(address, {"value": "4.5", "reason": "Another day"})
    page = client.get(reverse("learning:report", args=[report.pk])).content.decode()
    assert 'team <strong class="num">2.0</strong>' in page and "4.5" not in page


def test_score_from_a_call_counts_for_the_month_of_the_call(team: Team, coach: User) -> None:
    call = make_held_call(team, coach)
    Call.objects.filter(pk=call.pk).update(held_on=last_month() + timedelta(days=20))
    address = reverse("learning:call", args=[call.pk])
    month = f"?month={last_month():%Y-%m}"
    assert month in signed_in(coach).get(address).content.decode()
    Call.objects.filter(pk=call.pk).update(held_on=date(2020, 1, 5))
    assert "?month=" not in signed_in(coach).get(address).content.decode()


@pytest.mark.parametrize("steps", [-2, 1])
def test_month_to_come_or_too_old_is_refused_and_keeps_the_reason(
    team: Team, member: User, steps: int
) -> None:
    month = step(timezone.localdate(), Frequency.MONTH, steps)
    address = f"{reverse('learning:progress', args=[team.code])}?month={month:%Y-%m}"
    client = signed_in(member)
    assert client.get(address).status_code == 404
    answer = client.post(address, {"value": "2.0", "reason": "Two tests are done"})
    assert answer.status_code == 422
    assert "Two tests are done" in answer.content.decode()
    assert not Score.objects.exists()


@pytest.mark.parametrize("text", ["2026-13", "May", "2026"])
def test_what_is_no_month_is_not_found(team: Team, member: User, text: str) -> None:
    address = reverse("learning:progress", args=[team.code]) + f"?month={text}"
    assert signed_in(member).get(address).status_code == 404


def test_score_of_a_month_before_the_last_is_refused(team: Team, member: User) -> None:
    with pytest.raises(StateRefused, match="this month and the last"):
        score(team, member, value="2.5", month=date(2026, 4, 1))


def test_page_opens_the_level_that_is_reached_and_what_is_missing_for_the_next(
    team: Team, member: User
) -> None:
    page = signed_in(member).get(reverse("learning:progress", args=[team.code])).content.decode()
    shown = re.findall(r"<details open>.*?level-value\">([\d.]+)<", page)
    assert shown == ["0.5", "1.0"]


def test_score_is_kept_with_the_suggestion_and_its_evidence(team: Team, member: User) -> None:
    client = signed_in(member)
    address = reverse("learning:progress", args=[team.code])
    assert client.post(address, {"value": "1.0", "reason": ""}).status_code == 422
    client.post(address, {"value": "1.0", "reason": "The charter is nearly there"})
    given = Score.objects.get()
    assert (given.value, given.suggested) == (Decimal("1.0"), Decimal("0.5"))
    assert {"level": "1.0", "met": False, "sentence": "The charter is agreed."} in given.evidence


# --- monthly reports -------------------------------------------------------------------------------------------


def last_month() -> date:
    return step(timezone.localdate(), Frequency.MONTH, -1)


def write(report: MonthlyReport, text: str = "Two patients called back") -> MonthlyReport:
    MonthlyReport.objects.filter(pk=report.pk).update(tested_and_learned=text)
    report.refresh_from_db()
    return report


def submit(report: MonthlyReport, by: User) -> MonthlyReport:
    return submit_report(
        report=report, facts={"as_of": "2026-05-31", "items": []}, by=by, as_of=NOW
    )


def test_report_is_made_once_a_month_and_due_on_the_fifth(team: Team, member: User) -> None:
    report = make_report(team, member)
    assert open_monthly_report(team=team, month=date(2026, 5, 20), by=member).pk == report.pk
    assert report.due_on == date(2026, 6, 5)
    assert report_due_on(date(2026, 12, 1)) == date(2027, 1, 5)


def test_empty_report_is_not_handed_in(team: Team, member: User) -> None:
    with pytest.raises(StateRefused, match="at least one sentence"):
        submit(make_report(team, member), member)


def test_late_report_is_handed_in_all_the_same(team: Team, coach: User, member: User) -> None:
    report = submit(write(make_report(team, member)), member)
    assert report.submitted_at.date() > report.due_on
    assert Notification.objects.filter(user=coach, topic="reports").count() == 1


def test_report_goes_through_its_states(team: Team, coach: User, member: User) -> None:
    report = make_report(team, member)
    values: dict[str, Any] = {"report": report, "as_of": NOW}
    with pytest.raises(StateRefused, match="acknowledged after it was handed in"):
        acknowledge_report(comment="", by=member, **values)
    with pytest.raises(StateRefused, match="Feedback closes a report that was handed in"):
        close_report(feedback="Good", by=coach, **values)
    submit(write(report), member)
    with pytest.raises(StateRefused, match="handed in already"):
        submit(report, member)
    take_report_back(report=report, by=member)
    submit(report, member)
    close_report(feedback="Good", by=coach, **values)
    with pytest.raises(StateRefused, match="until the coach has closed it"):
        take_report_back(report=report, by=member)
    acknowledge_report(comment="Thank you", by=make_user(Role.SENIOR_SPONSOR, team=team), **values)
    report.refresh_from_db()
    assert (report.state, report.sponsor_comment) == (ReportState.CLOSED, "Thank you")


def test_words_of_patients_that_name_somebody_are_not_released(team: Team, member: User) -> None:
    """The rest of the programme would read them: say which names, and keep everything that was typed."""
    make_user(Role.GROUP_MEMBER, team=team, name="Marisol Quintero")
    report = write(make_report(team, member))
    voice = "Marisol Quintero from Harbor Health called me, and nobody else did"
    MonthlyReport.objects.filter(pk=report.pk).update(patient_voice=voice)
    client = signed_in(member)
    address = reverse("learning:submit_report", args=[report.pk])
    answer = client.post(address, {"voice_released": "1"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“Marisol Quintero”, “Harbor Health”" in page
    assert voice in page and 'value="1" checked' in page
    report.refresh_from_db()
    assert (report.state, report.voice_released) == (ReportState.DRAFT, False)
    client.post(address)
    report.refresh_from_db()
    assert (report.state, report.patient_voice) == (ReportState.SUBMITTED, voice)


def test_staff_is_told_that_the_sponsor_has_read_it_and_with_which_words(
    team: Team, lead: User, member: User
) -> None:
    sponsor = make_user(Role.SENIOR_SPONSOR, team=team, name="Selma Sponsor")
    report = submit(write(make_report(team, member)), member)
    Notification.objects.all().delete()
    acknowledge_report(report=report, comment="I will ask for cuffs", by=sponsor, as_of=NOW)
    told = Notification.objects.filter(title="Selma Sponsor has read your report of May")
    assert set(told.values_list("user", flat=True)) == {lead.pk, member.pk}
    assert set(told.values_list("text", flat=True)) == {"I will ask for cuffs"}


def test_report_taken_back_loses_the_comment_on_the_words_before(team: Team, member: User) -> None:
    sponsor = make_user(Role.SENIOR_SPONSOR, team=team)
    report = submit(write(make_report(team, member)), member)
    acknowledge_report(report=report, comment="Ten calls are too few", by=sponsor, as_of=NOW)
    take_report_back(report=report, by=member)
    report.refresh_from_db()
    assert (report.sponsor_comment, report.acknowledged_at) == ("", None)


def test_report_that_was_handed_in_saves_no_more_text(team: Team, member: User) -> None:
    report = submit(write(make_report(team, member)), member)
    answer = signed_in(member).post(
        reverse("learning:save_report", args=[report.pk]),
        {"field": "next_steps", "text": "Something new", "base": "0"},
    )
    assert answer.status_code == 422
    assert "Take it back first" in answer.json()["error"]
    report.refresh_from_db()
    assert report.next_steps == ""


def test_report_shows_what_the_system_knew_when_it_was_handed_in(team: Team, member: User) -> None:
    report = write(make_report(team, member))
    items = [{"kind": "test", "sentence": "Closed: Pharmacist visits", "on": "2026-05-12"}]
    submit_report(
        report=report, facts={"as_of": "2026-05-31", "items": items}, by=member, as_of=NOW
    )
    page = signed_in(member).get(reverse("learning:report", args=[report.pk])).content.decode()
    assert "Closed: Pharmacist visits" in page


@pytest.mark.parametrize(
    ("role", "address"),
    [
        (Role.SENIOR_SPONSOR, "learning:submit_report"),
        (Role.COACH, "learning:submit_report"),
        (Role.GROUP_MEMBER, "learning:acknowledge_report"),
        (Role.GROUP_MEMBER, "learning:close_report"),
        (Role.PAYER_ANALYST, "learning:report"),
        (Role.PAYER_FINANCE, "learning:report"),
        (Role.EVALUATOR, "learning:report"),
    ],
)
def test_each_act_is_for_its_role_only(team: Team, member: User, role: Role, address: str) -> None:
    report = write(make_report(team, member))
    reader = signed_in(make_user(role, team=team))
    target = reverse(address, args=[report.pk])
    answer = reader.get(target) if address == "learning:report" else reader.post(target)
    assert answer.status_code == 403


def test_programme_page_says_who_has_not_written(team: Team, coach: User, member: User) -> None:
    submit(write(make_report(team, member)), member)
    page = signed_in(coach).get(reverse("learning:reports") + "?month=2026-05").content.decode()
    assert "Handed in" in page
    earlier = signed_in(coach).get(reverse("learning:reports") + "?month=2026-04").content.decode()
    assert "Overdue" in earlier


def test_reminders_come_before_on_and_weekly_after_the_due_date(team: Team, member: User) -> None:
    make_report(team, member, month=date(2026, 4, 1))
    first = timezone.make_aware(datetime(2026, 6, 1, 9, 0))
    told = {day: remind_of_reports(as_of=first + timedelta(days=day - 1)) for day in range(1, 31)}
    assert [day for day, count in told.items() if count] == [2, 5, 12, 19, 26]
    titles = list(Notification.objects.filter(user=member).values_list("title", flat=True))
    assert "The report of May is due on 5 June" in titles
    assert "The report of May was due on 5 June" in titles


def test_nobody_is_reminded_of_a_report_that_is_handed_in_or_was_never_begun(
    team: Team, member: User
) -> None:
    new_team = make_team()
    make_user(Role.GROUP_MEMBER, team=new_team)
    submit(write(make_report(team, member)), member)
    Notification.objects.all().delete()
    assert remind_of_reports(as_of=timezone.make_aware(datetime(2026, 6, 5, 9, 0))) == 0


def test_team_that_never_wrote_is_reminded_once_the_programme_has_begun(
    team: Team, member: User
) -> None:
    programme = get_programme()
    day = timezone.make_aware(datetime(2026, 6, 5, 9, 0))
    for starts_on, count in ((None, 0), (date(2026, 6, 1), 0), (date(2026, 5, 31), 1)):
        programme.starts_on = starts_on
        programme.save()
        assert remind_of_reports(as_of=day) == count


@pytest.mark.parametrize(
    "role", [Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.EVALUATOR, Role.ADMINISTRATOR]
)
def test_scores_and_reports_of_a_team_are_closed_to_payer_and_evaluator(
    team: Team, member: User, role: Role
) -> None:
    """They read the months of the programme, which name nobody; the evaluator besides under pseudonyms."""
    report = make_report(team, member)
    client = signed_in(make_user(role))
    for address in (
        reverse("learning:progress", args=[team.code]),
        reverse("learning:report", args=[report.pk]),
        reverse("learning:reports"),
        reverse("learning:coaching", args=[team.code]),
    ):
        assert client.get(address).status_code in (403, 404)


def test_numbers_of_a_report_are_those_of_the_day_on_which_it_was_handed_in(
    team: Team, lead: User, coach: User, member: User
) -> None:
    """What is entered, tested or scored afterwards changes no report; one that is taken back reads it."""
    month, now = last_month(), timezone.localtime()
    report = write(make_report(team, member, month=month))
    measure = make_local_measure(make_project(team, by=lead), by=lead, name="Kits that come back")
    first = step(month, Frequency.MONTH, -2)
    enter(measure, "nh_black", [(30, 50), (31, 50), (29, 50)], by=lead, first=first, as_of=now)
    client = signed_in(member)
    address = reverse("learning:report", args=[report.pk])
    client.post(reverse("learning:submit_report", args=[report.pk]))

    enter(measure, "nh_black", [(44, 50)], by=lead, first=month, as_of=now)
    day = month + timedelta(days=9)
    moment = timezone.make_aware(datetime(day.year, day.month, day.day, 9))
    make_cycle(team, by=lead, as_of=moment, start_on=day, objective="Reminders on paper")
    make_local_measure(make_project(team, by=lead), by=lead, name="Another measure")
    for reader in (member, coach):
        page = signed_in(reader).get(address).content.decode()
        assert "29 of 50" in page and "Kits that come back" in page
        assert "44 of 50" not in page and "Reminders on paper" not in page
    client.post(reverse("learning:take_report_back", args=[report.pk]))
    page = client.get(address).content.decode()
    assert "44 of 50" in page and "Reminders on paper" in page
    assert "29 of 50" not in page

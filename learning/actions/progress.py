"""Writes about progress: scores and monthly reports."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from learning.enums import ReportState, ScoreBy
from learning.models import SCORES, MonthlyReport, Score
from learning.policies import (
    check_can_be_quoted,
    check_can_score,
    check_report_can,
    report_due_on,
)
from learning.queries.identities import get_name_finder
from learning.queries.progress import list_beginnings
from pdsa.charts.periods import step
from pdsa.enums import Frequency
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Role, Topic
from teams.errors import StateRefused
from teams.models import Team, User
from teams.queries import list_coaches_of, list_people_around, list_people_with, list_staff


@transaction.atomic
def give_score(
    *,
    team: Team,
    month: date,
    by_whom: ScoreBy,
    value: Decimal,
    reason: str,
    suggested: Decimal,
    evidence: list[dict[str, Any]],
    by: User,
    as_of: datetime,
) -> Score:
    """Add a score of a month with its reason; an earlier one stays readable.

    value, suggested: on the scale 0.5 to 5.0 in half steps. evidence: what was shown beside it.
    Raises StateRefused for a month other than this and the last. Effects: the score, an audit event; the other side is told.
    """
    if value not in SCORES:
        raise StateRefused("A score is one of 0.5, 1.0, 1.5 … 5.0.")
    check_can_score(month, timezone.localdate(as_of))
    score = Score.objects.create(
        team=team,
        month=month.replace(day=1),
        by_whom=by_whom,
        value=value,
        reason=reason,
        suggested=suggested,
        evidence=evidence,
        given_by=by,
        given_at=as_of,
    )
    record_event(
        act="give_score",
        target=score,
        by=by,
        team=team,
        details={"month": f"{month:%Y-%m}", "by": by_whom, "value": str(value)},
    )
    if by_whom == ScoreBy.COACH:
        notify(
            users=[u for u in list_people_around(team, on=timezone.localdate(as_of)) if u != by],
            topic=Topic.COACHING,
            title=f"Your coach gave {value} for {month:%B %Y}",
            text=reason,
            path=f"{reverse('learning:progress', args=[team.code])}?month={month:%Y-%m}",
            key=f"score-{score.pk}",
            as_of=as_of,
        )
    return score


@transaction.atomic
def open_monthly_report(*, team: Team, month: date, by: User) -> MonthlyReport:
    """The report of a month, made as a draft when somebody first opens it. Effects: an audit event when made."""
    month = month.replace(day=1)
    report, made = MonthlyReport.objects.get_or_create(
        team=team, month=month, defaults={"due_on": report_due_on(month)}
    )
    if made:
        record_event(act="open_monthly_report", target=report, by=by, team=team)
    return report


@transaction.atomic
def submit_report(
    *,
    report: MonthlyReport,
    facts: dict[str, Any],
    by: User,
    as_of: datetime,
    voice_released: bool = False,
) -> MonthlyReport:
    """Hand a report in, late or not. facts: what the system shows beside the text, kept as it is now.

    voice_released: the programme may quote what patients said, without the group's name.

    Raises StateRefused when all three boxes are empty, or when words to be quoted name a group, a site or a
    person of the programme. Effects: the state, an audit event; coach and sponsor are told.
    """
    report = MonthlyReport.objects.select_for_update().get(pk=report.pk)
    check_report_can("submit", report)
    if not (report.tested_and_learned or report.help_needed or report.next_steps):
        raise StateRefused("Write at least one sentence in one of the three boxes.")
    if voice_released:
        check_can_be_quoted(get_name_finder().said(report.patient_voice))
    report.state, report.facts = ReportState.SUBMITTED, facts
    report.submitted_by, report.submitted_at = by, as_of
    report.voice_released = voice_released
    report.save(update_fields=["state", "facts", "submitted_by", "submitted_at", "voice_released"])
    record_event(act="submit_report", target=report, by=by, team=report.team)
    today = timezone.localdate(as_of)
    sponsors = list_people_with(Role.SENIOR_SPONSOR, report.team, on=today)
    title = f"{report.team} handed in its report of {report.month:%B}"
    _tell(report, title, as_of, by, [*list_coaches_of(report.team, on=today), *sponsors])
    return report


def _tell(
    report: MonthlyReport,
    title: str,
    as_of: datetime,
    by: User,
    users: list[User],
    *,
    text: str = "",
) -> None:
    notify(
        users=[user for user in users if user != by],
        topic=Topic.REPORTS,
        title=title,
        text=text,
        path=reverse("learning:report", args=[report.pk]),
        key=f"report-{report.pk}-{report.state}-{as_of.isoformat()}",
        as_of=as_of,
    )


@transaction.atomic
def take_report_back(*, report: MonthlyReport, by: User) -> None:
    """Make a report a draft again, before the coach has closed it. Effects: the state, an audit event."""
    report = MonthlyReport.objects.select_for_update().get(pk=report.pk)
    check_report_can("take_back", report)
    record_event(
        act="take_report_back",
        target=report,
        by=by,
        team=report.team,
        details={"submitted_at": report.submitted_at.isoformat()},
    )
    report.state, report.facts = ReportState.DRAFT, None
    report.submitted_by = report.submitted_at = None
    report.acknowledged_by = report.acknowledged_at = None
    report.sponsor_comment = ""  # It was about the words that are changed now.
    report.voice_released = False
    report.save()


@transaction.atomic
def acknowledge_report(*, report: MonthlyReport, comment: str, by: User, as_of: datetime) -> None:
    """The senior sponsor has read it. Effects: who and when, an audit event; the team's staff is told."""
    report = MonthlyReport.objects.select_for_update().get(pk=report.pk)
    check_report_can("acknowledge", report)
    report.acknowledged_by, report.acknowledged_at = by, as_of
    report.sponsor_comment = comment
    report.save(update_fields=["acknowledged_by", "acknowledged_at", "sponsor_comment"])
    record_event(act="acknowledge_report", target=report, by=by, team=report.team)
    staff = list(list_staff(report.team, on=timezone.localdate(as_of)))
    title = f"{by} has read your report of {report.month:%B}"
    _tell(report, title, as_of, by, staff, text=comment)


@transaction.atomic
def close_report(*, report: MonthlyReport, feedback: str, by: User, as_of: datetime) -> None:
    """The coach answers and closes the report. Effects: the state, an audit event; the team is told."""
    report = MonthlyReport.objects.select_for_update().get(pk=report.pk)
    check_report_can("close", report)
    report.state, report.feedback = ReportState.CLOSED, feedback
    report.closed_by, report.closed_at = by, as_of
    report.save(update_fields=["state", "feedback", "closed_by", "closed_at"])
    record_event(act="close_report", target=report, by=by, team=report.team)
    people = list_people_around(report.team, on=timezone.localdate(as_of))
    _tell(report, f"Feedback on your report of {report.month:%B}", as_of, by, list(people))


#: A report is brought to mind so many days before it is due, on the day, and once a week while it is late.
REMIND_BEFORE = timedelta(days=3)
#: After this many days a late report is the coach's to talk about, not a machine's to repeat.
REMIND_UNTIL = timedelta(days=28)


@transaction.atomic
def remind_of_reports(*, as_of: datetime) -> int:
    """Tell the people of a team that last month's report is not handed in yet. Returns how many were told.

    The teams for which the programme has begun, and those that have written a report before.
    """
    today = timezone.localdate(as_of)
    month = step(today, Frequency.MONTH, -1)
    due_on = report_due_on(month)
    if not due_on - REMIND_BEFORE <= today <= due_on + REMIND_UNTIL:
        return 0
    # −1 before the day, 0 from the day on, then one more each week: after the day itself comes a week's silence.
    week = (today - due_on).days // 7
    done = MonthlyReport.objects.filter(month=month).exclude(state=ReportState.DRAFT)
    open_teams = list(Team.objects.exclude(pk__in=done.values("team_id")))
    began = list_beginnings(open_teams)
    wrote = set(MonthlyReport.objects.values_list("team_id", flat=True))
    last_day = step(month, Frequency.MONTH) - timedelta(days=1)
    told = 0
    for team in open_teams:
        if team.pk not in wrote and not (team.pk in began and began[team.pk] <= last_day):
            continue
        late = "was due" if today > due_on else "is due"
        told += notify(
            users=list_staff(team, on=today),
            topic=Topic.REPORTS,
            title=f"The report of {month:%B} {late} on {due_on:%-d %B}",
            text="Ten minutes: three boxes and your score. The rest is filled in.",
            path=reverse("learning:reports"),
            key=f"report-due-{team.pk}-{month:%Y-%m}-{week}",
            as_of=as_of,
        )
    return told

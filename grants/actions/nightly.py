"""What the system does by itself once a day, and reminders in between. Running it twice on a day tells nobody twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from grants.actions.call_notices import tell_of_call
from grants.actions.calls import settle_call
from grants.actions.milestones import refresh_condition
from grants.actions.reports import announce_report
from grants.enums import AwardState, CallState, MilestoneState, ReportState
from grants.models import Award, Call, GrantReport, Milestone
from grants.policies.checks import PAYABLE
from grants.queries.checks import list_all_awards, list_chain_problems, list_money_problems
from grants.queries.rules import get_rules, list_users_of_group, list_users_with
from grants.queries.work import list_late_reports
from grants.steps import checked_scope
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.models import User
from teams.permissions import Permission

#: Days before (−) and after the due date of a report on which its group is reminded.
REMINDERS = (-3, 0, 7, 14, 28)


def look_at_conditions(*, as_of: datetime) -> int:
    """Look at every open condition of awards under way; tell the directors what is newly seen as met.

    Returns how many are newly met.
    """
    today = timezone.localdate(as_of)
    open_ones = Milestone.objects.filter(
        state=MilestoneState.OPEN, award__state__in=[*PAYABLE, AwardState.SUSPENDED]
    ).select_related("award__team")
    found = 0
    for milestone in open_ones:
        with transaction.atomic():
            if not refresh_condition(milestone=milestone, as_of=as_of):
                continue
            found += 1
            notify(
                users=list_users_with(Permission.MANAGE_GRANTS, on=today),
                topic=Topic.GRANTS,
                title=f"{milestone.award.team.name}: “{milestone.title}” looks met. Please decide.",
                path=reverse("grants:milestone", args=[milestone.pk]),
                key=f"condition-met-{milestone.pk}",
                as_of=as_of,
            )
    return found


def ask_for_reports(*, as_of: datetime) -> int:
    """Ask for the reports whose time has come, and remind before, on and after their day.

    Returns how many reports were newly asked for.
    """
    today = timezone.localdate(as_of)
    until = today + timedelta(days=get_rules().report_notice_days)
    reports = GrantReport.objects.filter(
        award__state__in=[*PAYABLE, AwardState.SUSPENDED], due_on__lte=until
    ).exclude(state__in=[ReportState.SUBMITTED, ReportState.ACCEPTED])
    asked = 0
    for report in reports.select_related("award__team"):
        with transaction.atomic():
            if report.state == ReportState.SCHEDULED:
                announce_report(report=report, as_of=as_of)
                asked += 1
            days = (today - report.due_on).days
            passed = [day for day in REMINDERS if day <= days]
            _remind(report, f"{passed[-1] if passed else 'asked'}", as_of)
    return asked


def _remind(report: GrantReport, step: str, as_of: datetime) -> int:
    """Remind the group of a report; step: what makes it the same reminder. Returns how many were told."""
    today = timezone.localdate(as_of)
    when = f"{report.due_on:%-d %B}"
    if report.due_on > today:
        title = f"{report} is due on {when}."
    elif report.due_on == today:
        title = f"{report} is due today."
    else:
        title = f"{report} was due on {when} and is late."
    return notify(
        users=list_users_of_group(report.award.team_id, on=today),
        topic=Topic.GRANTS,
        title=title,
        path=reverse("grants:report", args=[report.pk]),
        key=f"grant-report-{report.pk}-{step}",
        as_of=as_of,
    )


@transaction.atomic
def remind_late_reports(*, by: User, as_of: datetime) -> int:
    """Remind every group now of the reports that are late, at most once a day.

    Returns of how many reports somebody was told. Effects: notifications, one audit event.
    """
    scope = checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    today = timezone.localdate(as_of)
    reminded = [
        report.pk
        for report in list_late_reports(scope, on=today)
        if _remind(report, f"by-hand-{today}", as_of)
    ]
    record_event(
        act="remind_late_reports", target="grants:reports", by=by, details={"reports": reminded}
    )
    return len(reminded)


def look_at_calls(*, as_of: datetime) -> None:
    """Tell the groups of calls whose first day has come; settle those that are over and decided."""
    for call in Call.objects.filter(state=CallState.OPEN):
        with transaction.atomic():
            tell_of_call(call=call, as_of=as_of)
            settle_call(call=call, as_of=as_of)


@transaction.atomic
def reconcile_grants(*, as_of: datetime) -> list[str]:
    """Count all money again and follow every chain; tell finance what does not tie.

    Returns the problems. Effects: one audit event with them; a notification where there are any.
    """
    problems = [
        *list_money_problems(),
        *(problem for award in list_all_awards() for problem in list_chain_problems(award)),
    ]
    today = timezone.localdate(as_of)
    record_event(
        act="reconcile_grants",
        target="grants:all",
        by=None,
        details={"awards": Award.objects.count(), "problems": problems[:50]},
    )
    if problems:
        notify(
            users=list_users_with(Permission.PAY_GRANTS, on=today),
            topic=Topic.GRANTS,
            title=f"The nightly check of the grants found {len(problems)} problem(s): {problems[0]}"[
                :200
            ],
            text="\n".join(problems[:50]),
            path=reverse("grants:finance"),
            key=f"reconcile-{today:%Y-%m-%d}",
            as_of=as_of,
        )
    return problems

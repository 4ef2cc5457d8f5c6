"""Whether words of a report or an application may be written now, as the database has them at this moment."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from grants.enums import CallState
from grants.models import Application, Call, GrantReport, ReportVersion
from grants.policies.checks import check_not_closed
from grants.policies.transitions import check_step
from teams.errors import StateRefused


def takes_applications(call: Call, today: date) -> bool:
    """Both its first and its last day count."""
    return call.state == CallState.OPEN and call.opens_on <= today <= call.closes_on


def check_call_open(call: Call, today: date) -> None:
    if not takes_applications(call, today):
        raise StateRefused(
            f"This call takes applications from {call.opens_on:%-d %b %Y} to {call.closes_on:%-d %b %Y}."
        )


def check_can_write_application(application: Application, *, as_of: datetime) -> None:
    """Raises StateRefused when it was handed in, or its call is over."""
    now = Application.objects.select_related("call").get(pk=application.pk)
    check_step("write", now)
    check_call_open(now.call, timezone.localdate(as_of))


def check_can_write_version(version: ReportVersion) -> None:
    """Raises StateRefused unless this is the version that is being written now, of an award that is not closed."""
    report = GrantReport.objects.select_related("award").get(pk=version.report_id)
    check_not_closed(report.award)
    check_step("write", report)
    newest = report.versions.order_by("-number").values_list("pk", flat=True)[0]
    if newest != version.pk:
        raise StateRefused("There is a newer version of this report. Load the page again.")

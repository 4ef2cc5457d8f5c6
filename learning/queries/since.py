"""What happened in a team since a day: what a coach reads before a call, and a report shows beside the text."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from learning.models import ActionItem, HelpRequest, MonthlyReport, Score
from learning.queries.items import KINDS, Item
from learning.queries.standing import list_standing
from pdsa.enums import CycleState
from pdsa.queries.cycles import list_cycles
from pdsa.queries.measures import list_measures
from teams.models import Team
from teams.scoping import Scope

#: How long after its last day a stretch is still described by how things stand today.
STILL_STANDS = timedelta(days=40)


def _day(moment: datetime) -> date:
    return timezone.localdate(moment)


def list_since(scope: Scope, team: Team, *, since: date, until: date) -> list[Item]:
    """What happened from one day to another, both included, by kind and latest first.

    How things stand is added where the last day is not long over: of earlier months nobody can say it any more.
    """
    items = [
        *_tests(scope, team, since, until),
        *_numbers(scope, team, since, until),
        *_asked(team, since, until),
        *_actions(team, since, until),
        *_reports(team, since, until),
    ]
    if timezone.localdate() - until <= STILL_STANDS:
        items += list_standing(scope, team, since=since, on=until)
    order = list(KINDS)
    return sorted(items, key=lambda item: (order.index(item.kind), -item.on.toordinal()))


def _between(since: date, until: date) -> tuple[datetime, datetime]:
    return (
        timezone.make_aware(datetime.combine(since, time.min)),
        timezone.make_aware(datetime.combine(until, time.max)),
    )


def _tests(scope: Scope, team: Team, since: date, until: date) -> list[Item]:
    moments = _between(since, until)
    cycles = (
        list_cycles(scope)
        .filter(idea__project__team=team)
        .filter(Q(started_on__range=(since, until)) | Q(closed_at__range=moments))
    )
    items = []
    for cycle in cycles:
        path = reverse("pdsa:cycle", args=[cycle.pk])
        if cycle.closed_at and moments[0] <= cycle.closed_at <= moments[1]:
            decision = cycle.get_decision_display().lower()
            items.append(Item("test", f"Closed: {cycle} ({decision})", _day(cycle.closed_at), path))
        elif cycle.state != CycleState.CANCELLED and cycle.started_on:
            items.append(Item("test", f"Started: {cycle}", cycle.started_on, path))
    return items


def _numbers(scope: Scope, team: Team, since: date, until: date) -> list[Item]:
    measures = (
        list_measures(scope)
        .filter(project__team=team)
        .annotate(
            entered_at=Max(
                "observations__entered_at",
                filter=Q(observations__entered_at__range=_between(since, until)),
            )
        )
        .filter(entered_at__isnull=False)
    )
    return [
        Item(
            "data",
            f"Numbers entered: {measure}",
            _day(measure.entered_at),
            reverse("local_measures:measure", args=[measure.pk]),
        )
        for measure in measures
    ]


def _asked(team: Team, since: date, until: date) -> list[Item]:
    moments = _between(since, until)
    page = reverse("learning:coaching", args=[team.code])
    # What has no answer yet stays in sight however old it is.
    asked = HelpRequest.objects.filter(team=team).filter(
        Q(asked_at__range=moments) | Q(answered_at=None, asked_at__lte=moments[1])
    )
    return [
        Item(
            "help",
            f"{'Answered' if row.answered_at else 'Waits for an answer'}: {row.text}",
            _day(row.asked_at),
            page,
        )
        for row in asked
    ]


def _actions(team: Team, since: date, until: date) -> list[Item]:
    page = reverse("learning:coaching", args=[team.code])
    rows = ActionItem.objects.filter(team=team).filter(
        Q(closed_on__range=(since, until)) | Q(closed_on=None, due_on__lt=until)
    )
    return [
        Item(
            "action",
            f"{row.get_state_display() if row.closed_on else 'Overdue'}: {row.text}",
            row.closed_on or row.due_on,
            page,
        )
        for row in rows
    ]


def _reports(team: Team, since: date, until: date) -> list[Item]:
    moments = _between(since, until)
    reports = MonthlyReport.objects.filter(team=team, submitted_at__range=moments)
    scores = Score.objects.filter(team=team, given_at__range=moments)
    return [
        *(
            Item(
                "report",
                f"Report of {report.month:%B} handed in",
                _day(report.submitted_at),
                reverse("learning:report", args=[report.pk]),
            )
            for report in reports
        ),
        *(
            Item(
                "report",
                f"{score.get_by_whom_display()} gave {score.value} for {score.month:%B}",
                _day(score.given_at),
                reverse("learning:progress", args=[team.code]),
            )
            for score in scores
        ),
    ]

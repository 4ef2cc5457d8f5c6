"""Scores on the scale of progress and the monthly reports."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.progress import (
    acknowledge_report,
    close_report,
    give_score,
    open_monthly_report,
    submit_report,
    take_report_back,
)
from learning.enums import ReportState, ScoreBy
from learning.forms import AcknowledgeForm, CloseReportForm, ReportForm, ScoreForm, month_of
from learning.models import MonthlyReport
from learning.policies import (
    can_with_report,
    check_report_can,
    months_to_score,
    report_due_on,
)
from learning.queries.charts import list_small_charts
from learning.queries.coaching import get_team_worked_with, list_teams_worked_with, may_coach
from learning.queries.facts import get_facts
from learning.queries.items import KINDS
from learning.queries.progress import (
    get_report,
    get_writable_report,
    list_reports,
    list_score_pairs,
    list_scores,
)
from learning.queries.since import list_since
from learning.scale import LEVEL_OF, LEVELS, TALK_ABOUT_IT, suggest_score
from pdsa.charts.periods import step
from pdsa.enums import Frequency
from teams.autosave import Editable, fields_of, list_boxes
from teams.errors import StateRefused
from teams.models import Team
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page
from teams.views.autosave import autosave_view


@require(Permission.VIEW_COACHING)
@require_http_methods(["GET", "HEAD", "POST"])
def progress_page(request: ScopedRequest, code: str) -> HttpResponse:
    """What the evidence suggests, both scores of each month, and a form for the reader's own view.

    ?month=2026-05 is the month that the score is for: this one or the last; without it, this one.
    """
    scope = request.scope
    team = get_team_worked_with(scope, code)
    today = timezone.localdate()
    month = _month_to_score(request, today)
    suggestion = suggest_score(get_facts(scope, team, today=today))
    side = _side(scope, team)
    form = ScoreForm(request.POST or None, initial={"value": str(suggestion.value)})
    if side and act_from_form(
        request,
        form,
        lambda v: give_score(
            team=team,
            month=month,
            by_whom=side,
            value=v["value"],
            reason=v["reason"],
            suggested=suggestion.value,
            evidence=[
                {"level": str(e.level), "met": e.met, "sentence": e.sentence}
                for e in suggestion.evidence
            ],
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(
            request, f"The score for {month:%B %Y} is kept.", "learning:progress", team.code
        )
    if request.method == "POST" and not side:
        raise Team.DoesNotExist
    pairs = list_score_pairs(scope, [team]).get(team.pk, [])
    return form_page(
        request,
        "learning/progress.html",
        form,
        team=team,
        suggestion=suggestion,
        suggested_level=LEVEL_OF[suggestion.value],
        levels=[
            {
                "level": level,
                "evidence": [e for e in suggestion.evidence if e.level == level.value],
                "reached": level.value <= suggestion.value,
                # What is missing for the next level is what people can do something about.
                "is_next": before is not None and before.value == suggestion.value,
            }
            for before, level in pairwise((None, *LEVELS))
        ],
        pairs=pairs,
        scores=list(list_scores(scope, team)[:24]),
        side=side,
        today=today,
        month=month,
        months=months_to_score(today),
    )


def _month_to_score(request: ScopedRequest, today: date) -> date:
    """Raises Http404 for what is no month. One that cannot be scored is refused by the act, with the text kept."""
    text = request.GET.get("month", "")
    month = month_of(text) if text else today.replace(day=1)
    if month is None or (request.method != "POST" and month not in months_to_score(today)):
        raise Http404("Only this month and the last can be scored.")
    return month


def _side(scope: Scope, team: Team) -> ScoreBy | None:
    """For whom the reader gives scores: the own team, the coach's side, or nobody."""
    if scope.may(Permission.WRITE_REPORTS) and team.pk in scope.staff_team_ids:
        return ScoreBy.TEAM
    return ScoreBy.COACH if may_coach(scope, team.pk) else None


# --- monthly reports -------------------------------------------------------------------------------------------


@require(Permission.VIEW_COACHING)
@require_safe
def reports_page(request: ScopedRequest) -> HttpResponse:
    """The reports of one month over the reader's teams: who wrote what, who has not yet."""
    scope = request.scope
    today = timezone.localdate()
    month = month_of(request.GET.get("month", "")) or step(today, Frequency.MONTH, -1)
    teams = list(list_teams_worked_with(scope))
    reports = {report.team_id: report for report in list_reports(scope).filter(month=month)}
    following = step(month, Frequency.MONTH)
    return render(
        request,
        "learning/reports.html",
        {
            "tab_team": teams[0] if len(teams) == 1 else None,
            "month": month,
            "due_on": report_due_on(month),
            "overdue": report_due_on(month) < today,
            "earlier": step(month, Frequency.MONTH, -1),
            "later": following if following <= today else None,
            "rows": [
                {
                    "team": team,
                    "report": reports.get(team.pk),
                    "may_write": scope.may(Permission.WRITE_REPORTS)
                    and team.pk in scope.staff_team_ids,
                }
                for team in teams
            ],
        },
    )


@require(Permission.WRITE_REPORTS)
@require_POST
def open_report_page(request: ScopedRequest, code: str, month: str) -> HttpResponse:
    scope = request.scope
    team = get_team_worked_with(scope, code)
    day = month_of(month)
    if team.pk not in scope.staff_team_ids:
        raise Team.DoesNotExist
    if day is None or day > timezone.localdate():
        raise Http404("There is no report of that month yet.")
    report = open_monthly_report(team=team, month=day, by=request.user)
    return redirect("learning:report", report.pk)


@require(Permission.VIEW_COACHING)
@require_safe
def report_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    """A report: what the system fills in, the boxes, the score, and what comes next with it."""
    return _report_page(request, get_report(request.scope, report_id))


def _report_page(
    request: ScopedRequest,
    report: MonthlyReport,
    *,
    refusal: str = "",
    voice_released: bool = False,
) -> HttpResponse:
    """refusal: why it was not handed in just now; voice_released: what was ticked then."""
    scope = request.scope
    team = report.team
    is_staff = scope.may(Permission.WRITE_REPORTS) and team.pk in scope.staff_team_ids
    drafts = report.state == ReportState.DRAFT
    facts = _facts(scope, report) if drafts else (report.facts or {})
    return render(
        request,
        "learning/report.html",
        {
            "report": report,
            "team": team,
            "happened": [
                {
                    "title": title,
                    "rows": [row for row in facts.get("items", []) if row["kind"] == kind],
                }
                for kind, title in KINDS.items()
                if any(row["kind"] == kind for row in facts.get("items", []))
            ],
            "charts": facts.get("charts", []),
            "boxes": list_boxes(report, ReportForm),
            "writes": is_staff and drafts,
            "may_submit": is_staff and can_with_report("submit", report),
            "may_take_back": is_staff and can_with_report("take_back", report),
            "may_acknowledge": scope.may(Permission.ACKNOWLEDGE_REPORTS)
            and report.acknowledged_at is None
            and can_with_report("acknowledge", report),
            "may_close": may_coach(scope, team.pk) and can_with_report("close", report),
            "acknowledge_form": AcknowledgeForm(),
            "close_form": CloseReportForm(),
            "scores": _scores(scope, report),
            "may_score": report.month in months_to_score(timezone.localdate()),
            "late": drafts and report.due_on < timezone.localdate(),
            "refusal": refusal,
            "voice_ticked": voice_released,
        },
        status=422 if refusal else 200,
    )


def _scores(scope: Scope, report: MonthlyReport) -> dict[str, Any] | None:
    """Both scores of the report's month. The team's is the one it handed in, the coach's the present one."""
    pairs = list_score_pairs(scope, [report.team]).get(report.team_id, [])
    pair = next((pair for pair in pairs if pair.month == report.month), None)
    if pair is None:
        return None
    kept = (report.facts or {}).get("team_score")
    team = Decimal(kept) if kept else pair.team.value if pair.team else None
    coach = pair.coach.value if pair.coach else None
    apart = team is not None and coach is not None and abs(team - coach) >= TALK_ABOUT_IT
    return {"team": team, "coach": coach, "talk_about_it": apart}


def _facts(scope: Scope, report: MonthlyReport) -> dict[str, Any]:
    last = step(report.month, Frequency.MONTH) - timedelta(days=1)
    until = min(last, timezone.localdate())
    items = list_since(scope, report.team, since=report.month, until=until)
    scores = _scores(scope, report)
    return {
        "team_score": str(scores["team"]) if scores and scores["team"] is not None else None,
        "as_of": until.isoformat(),
        "items": [item.as_json() for item in items],
        "charts": list_small_charts(scope, report.team),
    }


def _editable_report(scope: Scope, pk: int) -> Editable:
    report = get_writable_report(scope, pk)
    return Editable(
        report, report.team, fields_of(ReportForm), check=lambda: check_report_can("edit", report)
    )


save_report = autosave_view(Permission.WRITE_REPORTS, _editable_report)


@require(Permission.WRITE_REPORTS)
@require_POST
def submit_report_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    report = get_writable_report(request.scope, report_id)
    voice_released = request.POST.get("voice_released") == "1"
    try:
        submit_report(
            report=report,
            facts=_facts(request.scope, report),
            voice_released=voice_released,
            by=request.user,
            as_of=timezone.now(),
        )
    except StateRefused as refusal:
        report.refresh_from_db()
        return _report_page(request, report, refusal=str(refusal), voice_released=voice_released)
    return done(request, "The report is handed in. Thank you.", "learning:report", report.pk)


@require(Permission.WRITE_REPORTS)
@require_POST
def take_report_back_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    report = get_writable_report(request.scope, report_id)
    take_report_back(report=report, by=request.user)
    return done(request, "The report is a draft again.", "learning:report", report.pk)


@require(Permission.ACKNOWLEDGE_REPORTS)
@require_POST
def acknowledge_report_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    report = get_report(request.scope, report_id)
    form = AcknowledgeForm(request.POST)
    if act_from_form(
        request,
        form,
        lambda v: acknowledge_report(report=report, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "You have acknowledged the report.", "learning:report", report.pk)
    return form_page(request, "learning/report_form.html", form, report=report, verb="Acknowledge")


@require(Permission.COACH_TEAMS)
@require_POST
def close_report_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    report = get_report(request.scope, report_id)
    if not may_coach(request.scope, report.team_id):
        raise MonthlyReport.DoesNotExist
    form = CloseReportForm(request.POST)
    if act_from_form(
        request,
        form,
        lambda v: close_report(report=report, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "The team has your feedback.", "learning:report", report.pk)
    return form_page(request, "learning/report_form.html", form, report=report, verb="Send it")

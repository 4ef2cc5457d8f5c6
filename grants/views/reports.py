"""Reports of a group: the grid of money, the words, handing in, reading."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from grants.actions.reports import (
    attach_to_report,
    start_report,
    write_financial_report,
    write_narrative_report,
)
from grants.enums import AwardState, ReportKind
from grants.forms.acts import DocumentForm
from grants.forms.reports import FinancialForm, LinesForm, NarrativeForm
from grants.narrative import SECTIONS
from grants.policies.checks import check_not_closed
from grants.policies.transitions import can_step
from grants.queries.awards import (
    get_report,
    list_report_files,
    list_shown_versions,
    may_report,
)
from grants.queries.portfolio import is_overdue
from grants.queries.prefill import narrative_answers
from grants.queries.rules import get_rules
from grants.queries.spending import list_line_spending
from grants.views.acts import acts_of
from grants.views.autosave import show_versions
from teams.autosave import list_versions
from teams.errors import NotAllowed, StateRefused
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    """A report: to write for the group while it is open, to read for everybody else."""
    scope = request.scope
    report = get_report(scope, report_id)
    versions = list_shown_versions(scope, report)
    version = versions.first()
    may_write = may_report(scope, report.award.team_id) and report.award.state != AwardState.CLOSED
    can_write = version is not None and can_step("write", report) and may_write
    lines = (
        list_line_spending(version, get_rules(), award=report.award)
        if version is not None and report.kind == ReportKind.FINANCIAL
        else []
    )
    form: Any = None
    refusal = ""
    if can_write and version is not None:
        data = request.POST if request.method == "POST" else None
        form = (
            FinancialForm(data, lines=lines, comment=version.comment)
            if report.kind == ReportKind.FINANCIAL
            else NarrativeForm(data, answers=version.answers)
        )
        saved = list_versions([version, *version.lines.all()])
        show_versions(form, {k: n for found in saved.values() for k, n in found.items()})
    if request.method == "POST":
        if form is None:
            check_not_closed(report.award)
            raise StateRefused(
                f"This report is “{report.get_state_display().lower()}” and cannot be changed here."
            )
        if form.is_valid():
            try:
                _write(request, report, form)
            except StateRefused as problem:
                refusal = str(problem)
            else:
                messages.success(request, "Saved. Nothing is handed in yet.")
                return redirect("grants:report", report.pk)
    return render(
        request,
        "grants/report.html",
        {
            "report": report,
            "award": report.award,
            "version": version,
            "versions": versions,
            "lines": lines,
            "totals": _totals(lines),
            "form": form,
            "can_start": may_write,
            "refusal": refusal,
            "answers": [
                (question, version.answers.get(name, "")) for name, question in SECTIONS.items()
            ]
            if version is not None
            else [],
            "acts": acts_of(report, scope),
            "is_late": is_overdue(report, timezone.localdate()),
            "files": list_report_files(scope, report),
            "file_form": DocumentForm() if can_write else None,
            "is_financial": report.kind == ReportKind.FINANCIAL,
        },
        status=422 if (form is not None and form.errors) or refusal else 200,
    )


def _write(request: ScopedRequest, report: Any, form: Any) -> None:
    common = {"report": report, "by": request.user, "as_of": timezone.now()}
    if isinstance(form, FinancialForm):
        write_financial_report(lines=form.entries(), comment=form.cleaned_data["comment"], **common)
    else:
        write_narrative_report(answers=form.cleaned_data, **common)


def _totals(lines: Any) -> dict[str, Any]:
    return {
        "amount": sum(s.line.amount for s in lines),
        "before": sum(s.before for s in lines),
        "actual": sum(s.actual for s in lines),
        "committed": sum(s.committed for s in lines),
        "spent": sum(s.spent for s in lines),
        "left": sum(s.left for s in lines),
    }


@require(Permission.REPORT_GRANTS)
@require_POST
def start_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    """Begin a report with what the system can say already."""
    report = get_report(request.scope, report_id)
    start_report(
        report=report,
        answers=narrative_answers(request.scope, report),
        by=request.user,
        as_of=timezone.now(),
    )
    return redirect("grants:report", report.pk)


@require(Permission.REPORT_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def lines_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    """Many lines at once: pasted from a spreadsheet or from a CSV file."""
    report = get_report(request.scope, report_id)
    if not may_report(request.scope, report.award.team_id):
        raise NotAllowed(f"Reports on this award are written by {report.award.team.name}.")
    version = report.versions.order_by("-number").first()
    if version is None or not can_step("write", report):
        raise StateRefused(
            f"This report is “{report.get_state_display().lower()}”: lines are filled in while it is written."
        )
    spending = list_line_spending(version, get_rules(), award=report.award)
    codes = [s.line.line_code for s in spending]
    form = LinesForm(request.POST or None, request.FILES or None, codes=codes)
    if act_from_form(
        request,
        form,
        lambda v: write_financial_report(
            report=report,
            lines=v["entries"],
            comment=version.comment,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        filled = len(form.cleaned_data["entries"])
        return done(request, f"{filled} lines filled in.", "grants:report", report.pk)
    return form_page(request, "grants/lines.html", form, report=report, spending=spending)


@require(Permission.REPORT_GRANTS)
@require_POST
def attach_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    """A receipt or another file of the report."""
    report = get_report(request.scope, report_id)
    form = DocumentForm(request.POST, request.FILES)
    if form.is_valid():
        attach_to_report(
            report=report,
            file=form.cleaned_data["file"],
            name=form.cleaned_data["file"].name,
            by=request.user,
            as_of=timezone.now(),
        )
        messages.success(request, "The file is with the report.")
    else:
        messages.error(request, " ".join(str(e) for errors in form.errors.values() for e in errors))
    return redirect("grants:report", report.pk)

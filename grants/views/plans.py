"""When the grant ends: scenarios of a team side by side, their form, their files."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grants.actions.plans import save_plan, sign_plan
from grants.enums import PlanDecision, PlanSource
from grants.evidence.plans import plans_pdf
from grants.forms.plans import PlanForm
from grants.plan_chart import gaps_svg, plan_sentence, plan_svg
from grants.policies.checks import is_sponsor_of
from grants.queries.awards import get_grant_team, get_reporting_team, may_report
from grants.queries.plans import (
    content_of_plan,
    get_plan,
    get_plan_version,
    list_plan_versions,
    list_plans,
    view_plan,
)
from teams.actions.audit import record_event
from teams.exports import csv_lines
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page
from teams.views.downloads import download


@require(Permission.VIEW_GRANTS)
@require_safe
def plan_page(request: ScopedRequest, code: str) -> HttpResponse:
    """All scenarios of a team, side by side."""
    scope = request.scope
    team = get_grant_team(scope, code)
    views = [view_plan(plan) for plan in list_plans(scope).filter(team=team)]
    return render(
        request,
        "grants/plan.html",
        {
            "team": team,
            "compared": views if len(views) > 1 else [],
            # Made of numbers and escaped words by grants.plan_chart.
            "comparison": mark_safe(
                gaps_svg([(v.plan.name, v.case) for v in views], views[0].years)
            )
            if len(views) > 1
            else "",
            "scenarios": [
                {
                    "view": view,
                    "sentence": plan_sentence(view.case, view.years),
                    # Made of numbers and escaped words by grants.plan_chart.
                    "chart": mark_safe(plan_svg(view.case, view.years)),
                    "rows": _grid(view),
                    "older": list_plan_versions(view.plan),
                }
                for view in views
            ],
            "can_write": may_report(scope, team.pk),
            "can_sign": is_sponsor_of(request.user, team.pk, on=timezone.localdate()),
        },
    )


def _grid(view: Any) -> list[dict[str, Any]]:
    """Rows of the table: costs, sources, then what is missing."""
    rows = [
        {"kind": "Cost", "row": row.description, "years": row.years, "total": row.total}
        for row in view.costs
    ]
    rows.append(
        {
            "kind": "",
            "row": "All costs",
            "years": view.case.need,
            "total": view.case.total_need,
            "is_sum": True,
        }
    )
    rows += [
        {"kind": "Source", "row": row.description, "years": row.years, "total": row.total}
        for row in view.sources
    ]
    rows.append(
        {
            "kind": "",
            "row": "All sources",
            "years": view.case.sources,
            "total": view.case.total_sources,
            "is_sum": True,
        }
    )
    rows.append(
        {
            "kind": "",
            "row": "Missing",
            "years": view.case.gap,
            "total": view.case.total_gap,
            "is_sum": True,
        }
    )
    return rows  # fmt: skip


@require(Permission.REPORT_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_plan_page(request: ScopedRequest, code: str) -> HttpResponse:
    team = get_reporting_team(request.scope, code)
    return _form(request, team, None)


@require(Permission.REPORT_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_plan_page(request: ScopedRequest, plan_id: int) -> HttpResponse:
    plan = get_plan(request.scope, plan_id)
    return _form(request, plan.team, plan)


def _form(request: ScopedRequest, team: Any, plan: Any) -> HttpResponse:
    content: Any = content_of_plan(plan) if plan else None
    form = PlanForm(request.POST or None, content=content, version=plan.version if plan else 0)
    like = request.GET.get("like", "")
    if plan is None and like.isdigit() and request.method != "POST":
        # A scenario begins as another one of the same group: then little has to be typed.
        other = list_plans(request.scope).filter(team=team, pk=int(like)).first()
        if other is not None:
            form = PlanForm(content={**content_of_plan(other), "name": f"{other.name}, copy"})
    if plan is None:
        form.fields["first_year"].initial = timezone.localdate().year
    if act_from_form(
        request,
        form,
        lambda _: save_plan(
            team=team,
            plan=plan,
            content=form.content(),
            by=request.user,
            as_of=timezone.now(),
            read_version=form.cleaned_data["read_version"] or 0,
        ),
    ):
        return done(request, "The plan is saved as a new version.", "grants:plan", team.code)
    if plan is not None and form.non_field_errors():
        form.read_again(plan.version)
    return form_page(request, "grants/plan_form.html", form, team=team, plan=plan)


@require(Permission.VIEW_GRANTS)
@require_safe
def plan_version_page(request: ScopedRequest, plan_id: int, number: int) -> HttpResponse:
    """What a plan said when it was saved, to read."""
    plan = get_plan(request.scope, plan_id)
    version = get_plan_version(plan, number)
    said = version.content
    years = [int(said["first_year"]) + n for n in range(5)]
    return render(
        request,
        "grants/plan_version.html",
        {
            "plan": plan,
            "version": version,
            "said": said,
            "years": years,
            "last_grant_year": years[int(said["grant_ends_in"]) - 1],
            "rows": [
                {
                    "what": line["description"],
                    "source": PlanSource(line["source"]).label if line.get("source") else "Cost",
                    "years": [line.get(f"year_{n}") or "0" for n in range(1, 6)],
                }
                for line in said["lines"]
            ],
            "changes": [
                {**change, "decision": PlanDecision(change["decision"]).label}
                for change in said["changes"]
            ],
        },
    )


@require(Permission.VIEW_GRANTS)
@require_POST
def sign_plan_page(request: ScopedRequest, plan_id: int) -> HttpResponse:
    plan = get_plan(request.scope, plan_id)
    sign_plan(plan=plan, by=request.user, as_of=timezone.now())
    messages.success(request, "You have signed the plan.")
    return redirect("grants:plan", plan.team.code)


@require(Permission.VIEW_GRANTS)
@require_safe
def plans_document(request: ScopedRequest, code: str) -> HttpResponse:
    """All scenarios of a team as one PDF, side by side and then each."""
    scope = request.scope
    team = get_grant_team(scope, code)
    views = [view_plan(plan) for plan in list_plans(scope).filter(team=team)]
    record_event(act="download_plan", target=team, by=request.user, team=team)
    return download(plans_pdf(team.name, views, as_of=timezone.now()), f"plans-{team.code}.pdf")


@require(Permission.VIEW_GRANTS)
@require_safe
def plan_file(request: ScopedRequest, plan_id: int, form: str) -> HttpResponse:
    """The grid as csv or xlsx."""
    plan = get_plan(request.scope, plan_id)
    view = view_plan(plan)
    record_event(act="download_plan", target=plan, by=request.user, team=plan.team)
    header = ["kind", "what", *[str(year) for year in view.years], "total"]
    rows = [[r["kind"], r["row"], *r["years"], r["total"]] for r in _grid(view)]
    rows += [
        ["Outlook", f"Missing, {name}", *case.gap, case.total_gap] for name, case in view.outlooks
    ]
    name = f"plan-{plan.team.code}-{plan.pk}"
    if form == "xlsx":
        buffer = BytesIO()
        book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
        sheet = book.add_worksheet("Five years")
        money = book.add_format({"num_format": "$#,##0.00"})
        sheet.set_column(1, 1, 40)
        sheet.set_column(2, 7, 16, money)
        for y, row in enumerate([header, *rows]):
            for x, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(y, x, value)
                else:
                    sheet.write_number(y, x, float(value), money)
        book.close()
        return download(buffer.getvalue(), f"{name}.xlsx")
    return download("".join(csv_lines(header, rows)), f"{name}.csv")

"""Drafting an award, moving its budget, asking for amendments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from grants.actions.amendments import reallocate_budget, request_amendment
from grants.actions.drafts import change_award, draft_award
from grants.actions.reports import add_report
from grants.enums import AmendmentKind, AwardKind, ReportKind
from grants.forms.awards import AmendmentForm, AwardForm, BudgetForm
from grants.forms.money import ReportRequestForm, ScheduleForm
from grants.models import Award
from grants.policies.checks import check_amendable, check_not_closed
from grants.policies.transitions import can_step
from grants.queries.awards import get_amendment, get_award
from grants.queries.money import list_funds
from grants.queries.rules import get_rules, list_categories
from grants.terms import list_differences, newest_budget
from grants.views.acts import acts_of
from teams.errors import StateRefused
from teams.permissions import Permission, require
from teams.queries import list_teams
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page

_ASKED_FOR = "The change is asked for. Somebody else decides."


@require(Permission.MANAGE_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_award_page(request: ScopedRequest) -> HttpResponse:
    form = AwardForm(
        request.POST or None,
        funds=list_funds(),
        teams=list_teams(request.scope),
        categories=list_categories(),
    )
    acted = act_from_form(
        request,
        form,
        lambda v: draft_award(
            fund=v["fund"],
            team=v["team"],
            kind=AwardKind(v["kind"]),
            number=v["number"],
            terms=form.terms(),
            by=request.user,
            as_of=timezone.now(),
        ),
    )
    if acted:
        return done(
            request,
            "The draft is there. Read it, then submit it.",
            "grants:award",
            acted.made.pk,
        )
    return form_page(request, "grants/award_form.html", form, title="Draft an award")


@require(Permission.MANAGE_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_award_page(request: ScopedRequest, award_id: int) -> HttpResponse:
    award = get_award(request.scope, award_id)
    if not can_step("change", award):
        raise StateRefused(
            f"This award is “{award.get_state_display().lower()}”: what it says is changed by an amendment."
        )
    form = AwardForm(
        request.POST or None,
        funds=list_funds(),
        teams=list_teams(request.scope),
        categories=list_categories(),
        award=award,
    )
    if act_from_form(
        request,
        form,
        lambda _: change_award(
            award=award,
            terms=form.terms(),
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "The draft is changed.", "grants:award", award.pk)
    return form_page(
        request, "grants/award_form.html", form, title=f"Change {award.number}", award=award
    )


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def amend_page(request: ScopedRequest, award_id: int) -> HttpResponse:
    """Ask for more time, another scope or another key person."""
    award = get_award(request.scope, award_id)
    check_amendable(award)
    form = AmendmentForm(request.POST or None)
    return _ask_for(request, award, form, "grants/amend.html", lambda: AmendmentKind(form.kind()))


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def schedule_page(request: ScopedRequest, award_id: int) -> HttpResponse:
    """Ask for another amount, other budget lines, other payments or days."""
    award = get_award(request.scope, award_id)
    check_amendable(award)
    budget = newest_budget(award)
    form = ScheduleForm(
        request.POST or None,
        award=award,
        lines=list(budget.lines.select_related("category")) if budget else [],
        tranches=award.tranches.order_by("number"),
        milestones=award.milestones.order_by("due_on", "id"),
        categories=list_categories(),
    )
    return _ask_for(
        request,
        award,
        form,
        "grants/schedule.html",
        lambda: AmendmentKind.AMOUNT if form.is_about_the_amount else AmendmentKind.SCHEDULE,
    )


def _ask_for(
    request: ScopedRequest,
    award: Award,
    form: AmendmentForm | ScheduleForm,
    template: str,
    kind: Callable[[], AmendmentKind],
) -> HttpResponse:
    """kind: what the change is, once the form is known to be right."""
    acted = act_from_form(
        request,
        form,
        lambda v: request_amendment(
            award=award,
            kind=kind(),
            reason=v["reason"],
            changes=form.changes(),
            by=request.user,
            as_of=timezone.now(),
        ),
    )
    if acted:
        return done(request, _ASKED_FOR, "grants:amendment", acted.made.pk)
    return form_page(request, template, form, award=award)


@require(Permission.MANAGE_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_report_page(request: ScopedRequest, award_id: int) -> HttpResponse:
    """Ask for one more report."""
    award = get_award(request.scope, award_id)
    check_not_closed(award)
    form = ReportRequestForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: add_report(
            award=award,
            **{**v, "kind": ReportKind(v["kind"])},
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(
            request,
            "The report is asked for. The group is reminded of it.",
            "grants:award",
            award.pk,
        )
    return form_page(
        request,
        "grants/form.html",
        form,
        title=f"Ask for a report on {award.title}",
        verb="Ask for it",
        back="grants:award",
        back_pk=award.pk,
    )


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def budget_page(request: ScopedRequest, award_id: int) -> HttpResponse:
    """Move money between lines: by notice within the limits, else as an amendment."""
    award = get_award(request.scope, award_id)
    check_amendable(award)
    budget = newest_budget(award)
    lines = list(budget.lines.select_related("category")) if budget else []
    form = BudgetForm(request.POST or None, lines=lines)
    if request.method == "POST" and form.is_valid():
        common: dict[str, Any] = {
            "award": award,
            "reason": form.cleaned_data["reason"],
            "by": request.user,
            "as_of": timezone.now(),
        }
        try:
            if request.POST.get("as") == "amendment":
                amendment = request_amendment(
                    kind=AmendmentKind.BUDGET,
                    changes={"lines": [_as_change(line) for line in form.terms()]},
                    **common,
                )
                return done(request, _ASKED_FOR, "grants:amendment", amendment.pk)
            reallocate_budget(lines=form.terms(), **common)
        except StateRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return done(
                request,
                "The budget has a new version. Nobody has to approve it.",
                "grants:award",
                award.pk,
            )
    return render(
        request,
        "grants/budget.html",
        {"form": form, "award": award, "rules": get_rules(), "needs_amendment": bool(form.errors)},
        status=422 if form.errors else 200,
    )


def _as_change(line: Any) -> dict[str, str]:
    return {
        "line_code": line.line_code,
        "category": line.category,
        "description": line.description,
        "amount": str(line.amount),
        "full_time_equivalent": line.full_time_equivalent,
    }


@require(Permission.VIEW_GRANTS)
@require_safe
def amendment_page(request: ScopedRequest, amendment_id: int) -> HttpResponse:
    """What is asked for, beside what the award says."""
    scope = request.scope
    amendment = get_amendment(scope, amendment_id)
    before = amendment.before
    return render(
        request,
        "grants/amendment.html",
        {
            "amendment": amendment,
            "award": amendment.award,
            "differences": list_differences(*_compared(before, amendment.after)),
            "acts": acts_of(amendment, scope),
        },
    )


def _compared(
    before: dict[str, Any], after: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both sides with the same keys: what is not asked for stays out."""
    wanted: dict[str, Any] = {k: v for k, v in after.items() if k not in ("lines", "milestones")}
    present: dict[str, Any] = {k: before.get(k) for k in wanted if k != "payments"}
    if "lines" in after:
        wanted["budget"] = {
            line["line_code"]: {
                name: line[name] for name in ("amount", "full_time_equivalent") if name in line
            }
            for line in after["lines"]
        }
        present["budget"] = {
            code: {name: before.get("budget", {}).get(code, {}).get(name) for name in said}
            for code, said in wanted["budget"].items()
        }
    conditions = before.get("milestones", {})
    titles = {
        key: said["title"]
        for key, said in {**after.get("milestones", {}), **conditions}.items()
        if "title" in said
    }
    if "payments" in after:
        wanted["payments"] = {
            number: {
                name: [titles.get(key, key) for key in value] if name == "conditions" else value
                for name, value in said.items()
            }
            for number, said in after["payments"].items()
        }
        present["payments"] = {
            number: {k: before.get("payments", {}).get(number, {}).get(k) for k in said}
            for number, said in after["payments"].items()
        }
    if "milestones" in after:
        wanted["milestones"] = {
            titles.get(key, key): {"due_on": said["due_on"]}
            for key, said in after["milestones"].items()
        }
        present["milestones"] = {
            titles.get(key, key): {"due_on": conditions.get(key, {}).get("due_on")}
            for key in after["milestones"]
        }
    return present, wanted

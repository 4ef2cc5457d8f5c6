"""Pages to read: home, the team's, the award's, the payment's and the condition's."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_http_methods, require_safe

from grants.actions.milestones import attach_evidence
from grants.actions.reports import REPORTING
from grants.evidence.packet import evidence_pdf
from grants.forms.acts import DocumentForm
from grants.models import Award
from grants.policies.checks import check_not_closed, is_amendable, needs_second_approval
from grants.queries.awards import (
    get_award,
    get_grant_team,
    get_milestone,
    get_tranche,
    list_amendments,
    list_awards,
    list_events,
    list_reports,
    may_report,
)
from grants.queries.conditions import look_at
from grants.queries.money import list_fund_totals, paid_amount, returned_amount
from grants.queries.portfolio import is_overdue
from grants.queries.rules import get_rules
from grants.queries.spending import list_budget_spending, time_share
from grants.queries.work import (
    WorkItem,
    list_conditions,
    list_next_payments,
    list_report_tasks,
    list_waiting,
    tests_beside,
)
from grants.views.acts import acts_of
from grants.views.history import said_events
from teams.actions.audit import record_event
from teams.attachments import list_attachments
from teams.errors import StateRefused
from teams.permissions import Permission, require
from teams.queries import list_teams
from teams.requests import ScopedRequest
from teams.views.downloads import download

#: Kind of a thing that waits → the address name of its page.
PAGE_OF = {
    "award": "grants:award",
    "tranche": "grants:tranche",
    "milestone": "grants:milestone",
    "report": "grants:report",
    "amendment": "grants:amendment",
    "application": "grants:application",
}


def _url_of(item: WorkItem) -> str:
    """Where a thing that waits is done. A plan is signed among the plans of its team."""
    if item.kind == "plan":
        return f"{reverse('grants:plan', args=[item.team_code])}#plan-{item.pk}"
    return reverse(PAGE_OF[item.kind], args=[item.pk])


@require(Permission.VIEW_GRANTS)
@require_safe
def home_page(request: ScopedRequest) -> HttpResponse:
    """A group's people see their group; everybody else what waits for them."""
    scope = request.scope
    if not scope.may(Permission.VIEW_ALL_GRANTS) and len(scope.own_team_ids) == 1:
        team = list_teams(scope)[0]
        return redirect("grants:team", team.code)
    now = timezone.now()
    items: list[dict[str, Any]] = [
        {"item": item, "url": _url_of(item)} for item in list_waiting(scope, as_of=now)
    ]
    return render(
        request,
        "grants/home.html",
        {
            "items": items,
            "late_count": sum(
                row["item"].kind == "report" and row["item"].is_late for row in items
            ),
            "totals": list_fund_totals() if scope.may(Permission.VIEW_GRANT_TOTALS) else [],
            "teams": list_teams(scope) if not scope.may(Permission.VIEW_ALL_GRANTS) else [],
            "section": "work",
        },
    )


@require(Permission.VIEW_GRANTS)
@require_safe
def team_page(request: ScopedRequest, code: str) -> HttpResponse:
    """What must we do for the next payment, by when; then the time line, the money, the reports."""
    scope = request.scope
    now, today = timezone.now(), timezone.localdate()
    team = get_grant_team(scope, code)
    awards: list[Any] = list(
        list_awards(scope)
        .filter(team=team)
        .annotate(paid=paid_amount(), returned=returned_amount())
        .prefetch_related("tranches")
    )
    payments = list_next_payments(scope, team_id=team.pk, as_of=now)
    for payment in payments:
        payment.tranche.acts = acts_of(payment.award, scope)  # type: ignore[attr-defined]
    return render(
        request,
        "grants/team.html",
        {
            "team": team,
            "next": payments[0] if payments else None,
            "later": payments[1:],
            "awards": _spending_of([a for a in awards if a.state not in ("declined", "withdrawn")]),
            "steps": _time_line(awards),
            "tasks": list_report_tasks(scope, team_id=team.pk, on=today),
            "plans_to_sign": [
                {"item": item, "url": _url_of(item)}
                for item in list_waiting(scope, as_of=now)
                if item.kind == "plan" and item.team_code == team.code
            ]
            if "senior_sponsor" in scope.roles
            else [],
            "tests": tests_beside(awards, on=today),
            "today": today,
            "can_report": may_report(scope, team.pk),
        },
    )


def _spending_of(awards: list[Award]) -> list[dict[str, Any]]:
    """Each award with the lines of its budget and what was spent on them."""
    lines = list_budget_spending([a.pk for a in awards])
    return [
        {"award": a, "lines": lines[a.pk], "spent": sum(spent for _, spent in lines[a.pk])}
        for a in awards
    ]


def _time_line(awards: list[Award]) -> list[dict[str, Any]]:
    """Every payment of a group by its day: {title, at, text, icon}."""
    icons = {"paid": "check", "returned": "minus", "cancelled": "close", "on_hold": "stop"}
    steps = [
        {
            "title": f"Payment {t.number}: {award.title}",
            "at": t.planned_on,
            "amount": t.amount,
            "state": t.get_state_display(),
            "icon": icons.get(t.state, "clock"),
            "url": reverse("grants:tranche", args=[t.pk]),
        }
        for award in awards
        for t in award.tranches.all()
        if award.state not in ("declined", "withdrawn")
    ]
    return sorted(steps, key=lambda step: (step["at"], step["title"]))


@require(Permission.VIEW_GRANTS)
@require_safe
def award_page(request: ScopedRequest, award_id: int) -> HttpResponse:
    scope = request.scope
    award = get_award(scope, award_id)
    today = timezone.localdate()
    tranches = list(award.tranches.prefetch_related("conditions").order_by("number"))
    lines = list_budget_spending([award.pk])[award.pk]
    reports = list(list_reports(scope).filter(award=award))
    versions = list(award.versions.order_by("-number"))
    return render(
        request,
        "grants/award.html",
        {
            "award": award,
            "acts": acts_of(award, scope),
            "tranches": tranches,
            "milestones": award.milestones.order_by("due_on", "id"),
            "lines": lines,
            "budget_total": sum(line.amount for line, _ in lines),
            "spent_total": sum(spent for _, spent in lines),
            "time_gone": time_share(award, today),
            "reports": [{"report": r, "is_late": is_overdue(r, today)} for r in reports],
            "amendments": list_amendments(scope).filter(award=award).order_by("-number"),
            "versions": versions,
            "files": list_attachments(award),
            "events": said_events(scope, award, list_events(award)[:12]),
            "event_count": list_events(award).count(),
            "tests": tests_beside([award], on=today),
            "can_amend": is_amendable(award)
            and (may_report(scope, award.team_id) or scope.may(Permission.MANAGE_GRANTS)),
            "can_ask": scope.may(Permission.MANAGE_GRANTS) and award.state in REPORTING,
            "can_change": scope.may(Permission.MANAGE_GRANTS)
            and award.state in ("draft", "changes_requested"),
        },
    )


@require(Permission.VIEW_GRANTS)
@require_safe
def tranche_page(request: ScopedRequest, tranche_id: int) -> HttpResponse:
    scope = request.scope
    tranche = get_tranche(scope, tranche_id)
    return render(
        request,
        "grants/tranche.html",
        {
            "tranche": tranche,
            "title": f"Payment {tranche.number}",
            "award": tranche.award,
            "acts": acts_of(tranche, scope),
            "conditions": list_conditions(tranche, as_of=timezone.now()),
            "approvals": [a for a in tranche.approvals.all() if a.round == tranche.round],
            "earlier": [a for a in tranche.approvals.all() if a.round != tranche.round],
            "postings": tranche.postings.select_related("posted_by").order_by("on", "id"),
            "needs_second": needs_second_approval(tranche, get_rules()),
            "can_take": scope.may(Permission.VIEW_ALL_GRANTS),
        },
    )


@require(Permission.VIEW_ALL_GRANTS)
@require_safe
def evidence_file(request: ScopedRequest, tranche_id: int) -> HttpResponse:
    """The evidence packet of a payment: conditions, who decided what and when, what the bank said."""
    tranche = get_tranche(request.scope, tranche_id)
    record_event(
        act="download_evidence_packet",
        target=tranche,
        by=request.user,
        team=tranche.award.team,
    )
    return download(
        evidence_pdf(tranche, as_of=timezone.now()),
        get_valid_filename(f"evidence-{tranche.award.number}-{tranche.number}.pdf"),
    )


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def milestone_page(request: ScopedRequest, milestone_id: int) -> HttpResponse:
    """A condition: what the system sees, the documents that show it, the decision."""
    scope = request.scope
    milestone = get_milestone(scope, milestone_id)
    is_open = milestone.state == "open" and milestone.award.state != "closed"
    can_attach = is_open and (
        may_report(scope, milestone.award.team_id) or scope.may(Permission.MANAGE_GRANTS)
    )
    form = DocumentForm(request.POST or None, request.FILES or None) if can_attach else None
    if request.method == "POST":
        if form is None:
            check_not_closed(milestone.award)
            raise StateRefused("This condition is decided; documents are put on file before that.")
        if form.is_valid():
            try:
                attach_evidence(
                    milestone=milestone,
                    file=form.cleaned_data["file"],
                    name=form.cleaned_data["file"].name,
                    by=request.user,
                    as_of=timezone.now(),
                )
            except StateRefused as refusal:
                form.add_error("file", str(refusal))
            else:
                messages.success(request, "The document is on file.")
                return redirect("grants:milestone", milestone.pk)
    return render(
        request,
        "grants/milestone.html",
        {
            "milestone": milestone,
            "award": milestone.award,
            "finding": look_at(milestone, as_of=timezone.now()),
            "files": list_attachments(milestone),
            "form": form,
            "acts": acts_of(milestone, scope),
            "tranches": milestone.tranches.order_by("number"),
        },
        status=422 if form is not None and form.errors else 200,
    )

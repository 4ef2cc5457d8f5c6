"""Pages of those who run and pay grants: portfolio, conditions of all groups, finance queue, funds, rules."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grants.actions.funds import (
    add_fund,
    change_fund,
    change_rules,
    record_receipt,
    save_category,
)
from grants.actions.nightly import remind_late_reports
from grants.enums import AwardKind, AwardState, TrancheState
from grants.evidence.portfolio import portfolio_pdf, portfolio_slides
from grants.forms.acts import ReceiptForm
from grants.forms.awards import FundForm, RulesForm
from grants.forms.money import CategoryForm, FundChangeForm
from grants.outcomes import COST_BASIS, NO_CAUSE
from grants.queries.money import (
    get_fund,
    get_fund_totals,
    list_fund_totals,
    list_funds,
    list_postings,
)
from grants.queries.portfolio import (
    WORK_SPAN,
    PortfolioRow,
    get_portfolio,
    list_expected_payments,
    list_matrix,
    list_payment_queue,
    list_quarters,
)
from grants.queries.rules import get_category, get_rules, list_categories
from grants.queries.work import list_late_reports
from teams.actions.audit import record_event
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page
from teams.views.downloads import download, stream_csv

_QUEUE = (
    TrancheState.APPROVED_PROGRAMME,
    TrancheState.APPROVED_FINANCE,
    TrancheState.PAYMENT_FAILED,
)
#: Columns of the file with which finance compares its own ledger.
RECONCILE_COLUMNS = (
    "fund", "general_ledger_code", "award_number", "group_code", "group", "payment", "movement", "amount",
    "day", "reference", "reverses_reference", "recorded_by", "recorded_at",
)  # fmt: skip
PORTFOLIO_COLUMNS = (
    "group", "award_number", "kind", "title", "state", "committed", "paid", "returned", "spent", "unspent",
    "time_gone_percent", "next_payment", "next_payment_on", "next_payment_state", "blocking_condition",
    "overdue_reports", "payments_without_conditions",
    "days_since_award", "tests_started", "last_test_on", "patients_reached",
    "points_closer", "points_closer_lower", "points_closer_upper", "cost_per_patient", "cost_per_patient_low",
    "cost_per_patient_high", "outcome_note",
)  # fmt: skip


@require(Permission.VIEW_GRANT_TOTALS)
@require_safe
def portfolio_page(request: ScopedRequest) -> HttpResponse:
    """All awards by group; who sees totals only sees the funds."""
    scope = request.scope
    quarters = list_quarters(scope)
    chosen = _chosen(request, quarters)
    portfolio = get_portfolio(scope, on=timezone.localdate(), **chosen)
    return render(
        request,
        "grants/portfolio.html",
        {
            "portfolio": portfolio,
            "totals": list_fund_totals(),
            "kinds": AwardKind.choices,
            "states": AwardState.choices,
            "quarters": quarters,
            **chosen,
            "chosen": urlencode(chosen),
            "work_span": WORK_SPAN,
            "cost_basis": COST_BASIS,
            "late_count": sum(row.overdue_count for row in portfolio.rows),
            "is_whole": not any(chosen.values()),
            "section": "portfolio",
        },
    )


def _chosen(request: ScopedRequest, quarters: list[str]) -> dict[str, str]:
    """What the rows are narrowed to; a value that does not exist narrows nothing."""
    known = {"kind": AwardKind.values, "state": AwardState.values, "quarter": quarters}
    asked = {name: request.GET.get(name, "") for name in known}
    return {name: value if value in known[name] else "" for name, value in asked.items()}


@require(Permission.VIEW_ALL_GRANTS)
@require_safe
def portfolio_file(request: ScopedRequest) -> StreamingHttpResponse:
    """The rows of the page, with their totals in the last line."""
    chosen = _chosen(request, list_quarters(request.scope))
    today = timezone.localdate()
    portfolio = get_portfolio(request.scope, on=today, **chosen)
    record_event(
        act="download_grant_portfolio",
        target="grants:portfolio",
        by=request.user,
        details=chosen,
    )
    rows: list[tuple[Any, ...]] = [
        (
            row.award.team.name, row.award.number, row.award.kind, row.award.title, row.award.state,
            row.committed, row.paid, row.returned, row.spent, row.unspent, round(100 * row.time_gone),
            row.next_tranche.amount if row.next_tranche else "",
            row.next_tranche.planned_on.isoformat() if row.next_tranche else "",
            row.next_tranche.state if row.next_tranche else "",
            row.blocking.title if row.blocking else "",
            row.overdue_count, row.override_count,
            "" if row.days_since_award is None else row.days_since_award,
            row.work.tests_started if row.work else "",
            row.work.last_test_on.isoformat() if row.work and row.work.last_test_on else "",
            *_outcome_cells(row),
        )
        for row in portfolio.rows
    ]  # fmt: skip
    total = (
        "All",
        "",
        "",
        "",
        "",
        portfolio.committed,
        portfolio.paid,
        portfolio.returned,
        portfolio.spent,
    )
    rows.append((*total, *[""] * (len(PORTFOLIO_COLUMNS) - len(total))))
    return stream_csv(PORTFOLIO_COLUMNS, rows, f"grants-{today:%Y-%m-%d}.csv")


def _outcome_cells(row: PortfolioRow) -> tuple[Any, ...]:
    outcome = row.outcome
    reached = outcome.work.patients_reached if outcome.work else None
    patients = "" if reached is None else reached
    first = outcome.first
    if first is None or first.moved is None:
        return (patients, *[""] * 6, first.why_not if first else outcome.hidden_why)
    moved, cost = first.moved, first.cost
    return (
        patients, round(moved.closed_points, 1), round(moved.closed_lower, 1), round(moved.closed_upper, 1),
        cost.middle if cost else "", cost.low if cost else "", cost.high if cost else "",
        f"{first.measure_name}, {first.stratum}. {outcome.cost_text(first)} {NO_CAUSE}",
    )  # fmt: skip


@require(Permission.VIEW_ALL_GRANTS)
@require_safe
def portfolio_document(request: ScopedRequest, form: str) -> HttpResponse:
    """The same rows as pdf or pptx, for those who decide."""
    chosen = _chosen(request, list_quarters(request.scope))
    now = timezone.now()
    portfolio = get_portfolio(request.scope, on=timezone.localdate(now), **chosen)
    record_event(
        act="download_grant_portfolio",
        target="grants:portfolio",
        by=request.user,
        details={**chosen, "form": form},
    )
    if form == "pptx":
        body = portfolio_slides(portfolio, list_fund_totals(), as_of=now)
    else:
        form = "pdf"
        body = portfolio_pdf(portfolio, list_fund_totals(), as_of=now)
    return download(body, f"grants-{timezone.localdate(now):%Y-%m-%d}.{form}")


@require(Permission.VIEW_ALL_GRANTS)
@require_safe
def matrix_page(request: ScopedRequest) -> HttpResponse:
    """Groups by payments: where each stands."""
    rows, width = list_matrix(request.scope)
    return render(
        request,
        "grants/matrix.html",
        {
            "rows": rows,
            "numbers": range(1, width + 1),
            "late_count": len(list_late_reports(request.scope, on=timezone.localdate())),
            "section": "matrix",
        },
    )


@require(Permission.MANAGE_GRANTS)
@require_POST
def remind_page(request: ScopedRequest) -> HttpResponse:
    """Remind every group of its late reports."""
    count = remind_late_reports(by=request.user, as_of=timezone.now())
    if count:
        messages.success(request, f"The groups are reminded of {count} late reports.")
    else:
        messages.info(request, "The groups were reminded today already.")
    return redirect("grants:home")


@require(Permission.PAY_GRANTS)
@require_safe
def finance_page(request: ScopedRequest) -> HttpResponse:
    """What finance decides and pays, with the money that is there."""
    scope = request.scope
    today = timezone.localdate()
    portfolio = get_portfolio(scope, on=today)
    return render(
        request,
        "grants/finance.html",
        {
            "queue": list_payment_queue(scope, _QUEUE),
            "totals": list_fund_totals(),
            "expected": [
                (fund, months) for fund, months in list_expected_payments(scope, on=today).items()
            ],
            "exceptions": [row for row in portfolio.rows if row.exceptions],
            "rules": get_rules(),
            "section": "finance",
        },
    )


@require(Permission.PAY_GRANTS)
@require_safe
def reconcile_file(request: ScopedRequest, fund_id: int) -> StreamingHttpResponse:
    """Every movement of a fund, with reference and general ledger code."""
    fund = get_fund(fund_id)
    record_event(act="download_reconciliation", target=fund, by=request.user)
    postings = list_postings(fund).select_related("award__team", "reverses", "tranche", "posted_by")
    rows = (
        (
            fund.name, fund.general_ledger_code,
            p.award.number if p.award else "", p.award.team.code if p.award else "",
            p.award.team.name if p.award else "", p.tranche.number if p.tranche else "", p.kind,
            -p.amount if p.kind in ("failure", "return") else p.amount,
            p.on.isoformat(), p.reference, p.reverses.reference if p.reverses else "",
            p.posted_by.email, p.posted_at.isoformat(),
        )
        for p in postings
    )  # fmt: skip
    name = f"reconcile-{fund.pk}-{timezone.localdate():%Y-%m-%d}.csv"
    return stream_csv(RECONCILE_COLUMNS, rows, name)


@require(Permission.VIEW_ALL_GRANTS)
@require_safe
def fund_page(request: ScopedRequest, fund_id: int) -> HttpResponse:
    """A fund: its totals and every movement on both ledgers."""
    fund = get_fund(fund_id)
    return render(
        request,
        "grants/fund.html",
        {
            "total": get_fund_totals(fund),
            "postings": list_postings(fund),
            "versions": fund.versions.select_related("made_by"),
            "can_pay": request.scope.may(Permission.PAY_GRANTS),
            "section": "portfolio",
        },
    )


@require(Permission.PAY_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_fund_page(request: ScopedRequest) -> HttpResponse:
    form = FundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fund = add_fund(**form.cleaned_data, by=request.user, as_of=timezone.now())
        messages.success(request, f"{fund.name} is there. Record what the payer transferred.")
        return redirect("grants:fund", fund.pk)
    return render(
        request,
        "grants/form.html",
        {"form": form, "title": "Add a fund", "verb": "Add the fund", "back": "grants:finance"},
        status=422 if form.errors else 200,
    )


@require(Permission.PAY_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_fund_page(request: ScopedRequest, fund_id: int) -> HttpResponse:
    """Another amount or other days of a fund, with the reason; what it said stays as a version."""
    fund = get_fund(fund_id)
    form = FundChangeForm(request.POST or None, fund=fund)
    if act_from_form(
        request,
        form,
        lambda v: change_fund(
            fund=fund,
            changes={name: value for name, value in v.items() if name != "reason"},
            reason=v["reason"],
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "The fund has a new version.", "grants:fund", fund.pk)
    return form_page(
        request,
        "grants/form.html",
        form,
        title=f"Change {fund.name}",
        verb="Save as a new version",
        back="grants:fund",
        back_pk=fund.pk,
    )


@require(Permission.PAY_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def category_page(request: ScopedRequest, category_id: int = 0) -> HttpResponse:
    """A new budget category (no id), or a change of one."""
    category = get_category(category_id) if category_id else None
    form = CategoryForm(request.POST or None, category=category)
    if act_from_form(
        request,
        form,
        lambda v: save_category(
            category=category,
            **v,
            by=request.user,
            as_of=timezone.now(),
        ),
        refused_at="name",
    ):
        return done(request, "Saved. It holds for budgets from now on.", "grants:rules")
    return form_page(
        request,
        "grants/form.html",
        form,
        title=f"Change {category.name}" if category else "Add a budget category",
        verb="Save",
        back="grants:rules",
    )


@require(Permission.PAY_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_page(request: ScopedRequest, fund_id: int) -> HttpResponse:
    """What the payer transferred to the institute."""
    fund = get_fund(fund_id)
    form = ReceiptForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: record_receipt(
            fund=fund,
            **v,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "The transfer is on the ledger.", "grants:fund", fund.pk)
    return form_page(
        request,
        "grants/form.html",
        form,
        title=f"Record a transfer to {fund.name}",
        verb="Record",
        back="grants:fund",
        back_pk=fund.pk,
    )


@require(Permission.PAY_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def rules_page(request: ScopedRequest) -> HttpResponse:
    """Limits and budget categories."""
    rules = get_rules()
    form = RulesForm(request.POST or None, instance=rules)
    if request.method == "POST" and form.is_valid():
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        change_rules(changes=changes, by=request.user, as_of=timezone.now())
        messages.success(request, "The limits hold from now on.")
        return redirect("grants:rules")
    return render(
        request,
        "grants/rules.html",
        {
            "form": form,
            "categories": list_categories(only_active=False),
            "funds": list_funds(),
            "section": "finance",
        },
        status=422 if form.errors else 200,
    )

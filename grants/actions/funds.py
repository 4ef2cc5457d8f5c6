"""Writes about funds, what the payer transferred, limits and budget categories."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from grants.chain import plain_json
from grants.enums import Account, Book, PostingKind
from grants.models import BudgetCategory, Fund, FundVersion, GrantRules, Posting
from grants.policies.checks import check_reason
from grants.queries.money import get_fund_totals
from grants.queries.rules import get_rules
from grants.steps import checked_scope, write_entries
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.formats import format_money
from teams.models import User
from teams.permissions import Permission


@transaction.atomic
def add_fund(
    *,
    name: str,
    amount: Decimal,
    starts_on: date,
    ends_on: date,
    by: User,
    as_of: datetime,
    general_ledger_code: str = "",
) -> Fund:
    """What the payer committed, between two days."""
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    fund = Fund.objects.create(
        name=name.strip(),
        amount=amount,
        starts_on=starts_on,
        ends_on=ends_on,
        general_ledger_code=general_ledger_code,
    )
    record_event(
        act="add_fund",
        target=fund,
        by=by,
        details={"after": plain_json({"name": fund.name, "amount": amount})},
    )
    return fund


@transaction.atomic
def change_fund(
    *, fund: Fund, changes: dict[str, Any], reason: str, by: User, as_of: datetime
) -> Fund:
    """Another amount, other days or another ledger code. changes: field of Fund → value.

    Raises StateRefused when the new amount is less than what is committed or was received.
    Effects: a version; what the fund said before stays readable.
    """
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    check_reason(reason, "why the fund changes")
    fund = Fund.objects.select_for_update().get(pk=fund.pk)
    before = {name: getattr(fund, name) for name in _FUND_FIELDS}
    after = {**before, **{name: changes[name] for name in _FUND_FIELDS if name in changes}}
    if after == before:
        raise StateRefused("Nothing of the fund changes. Write what shall be different.")
    if after["ends_on"] <= after["starts_on"]:
        raise StateRefused("The last day has to be after the first one.")
    totals = get_fund_totals(fund)
    for bound, what in ((totals.committed, "committed to awards"), (totals.received, "received")):
        if after["amount"] < bound:
            raise StateRefused(
                f"{format_money(bound)} of {fund.name} are {what}; the fund cannot be less than that."
            )
    last = fund.versions.first()
    if last is None:
        last = _fund_version(fund, 1, "What it said first", by, as_of)
    for name, value in after.items():
        setattr(fund, name, value)
    fund.save(update_fields=list(_FUND_FIELDS))
    _fund_version(fund, last.number + 1, reason, by, as_of)
    record_event(
        act="change_fund",
        target=fund,
        by=by,
        details={**plain_json({"before": before, "after": after}), "reason": reason.strip()},
    )
    return fund


_FUND_FIELDS = ("amount", "starts_on", "ends_on", "general_ledger_code")


def _fund_version(fund: Fund, number: int, reason: str, by: User, as_of: datetime) -> FundVersion:
    return FundVersion.objects.create(
        fund=fund,
        number=number,
        reason=reason.strip(),
        made_by=by,
        made_at=as_of,
        **{name: getattr(fund, name) for name in _FUND_FIELDS},
    )


@transaction.atomic
def save_category(
    *,
    category: BudgetCategory | None,
    name: str,
    accounting_code: str,
    is_active: bool,
    by: User,
    as_of: datetime,
) -> BudgetCategory:
    """A new budget category, or another name or use of one. None is ever deleted: old budgets keep theirs."""
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    name = name.strip()
    same = BudgetCategory.objects.filter(name__iexact=name)
    if category is not None:
        same = same.exclude(pk=category.pk)
    if same.exists():
        raise StateRefused(f"There is a category “{name}” already. Use it, or choose another name.")
    before: dict[str, Any] = {}
    if category is None:
        code = slugify(name).replace("-", "_")[:26] or "category"
        taken = BudgetCategory.objects.filter(code__startswith=code).count()
        category = BudgetCategory(
            code=f"{code}_{taken + 1}" if taken else code, position=BudgetCategory.objects.count()
        )
    else:
        category = BudgetCategory.objects.select_for_update().get(pk=category.pk)
        before = {
            "name": category.name,
            "accounting_code": category.accounting_code,
            "is_active": category.is_active,
        }
    category.name, category.accounting_code = name, accounting_code.strip()
    category.is_active = is_active
    category.save()
    record_event(
        act="save_budget_category",
        target=category,
        by=by,
        details={
            "before": before,
            "after": {"name": name, "accounting_code": accounting_code, "is_active": is_active},
        },
    )
    return category


@transaction.atomic
def record_receipt(
    *, fund: Fund, amount: Decimal, on: date, reference: str, by: User, as_of: datetime
) -> Posting:
    """The payer transferred money to the institute.

    Raises StateRefused when that is more than the fund, or the reference was used already.
    Effects: one posting with two entries, one audit event.
    """
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    fund = Fund.objects.select_for_update().get(pk=fund.pk)
    received = get_fund_totals(fund).received
    if received + amount > fund.amount:
        raise StateRefused(
            f"{format_money(received)} of {fund.name} were received; with {format_money(amount)} it would be more "
            f"than the fund of {format_money(fund.amount)}."
        )
    if Posting.objects.filter(kind=PostingKind.RECEIPT, reference=reference.strip()).exists():
        raise StateRefused(f"A transfer with the reference {reference} is on the ledger already.")
    posting = Posting.objects.create(
        book=Book.RECEIPTS,
        kind=PostingKind.RECEIPT,
        fund=fund,
        amount=amount,
        on=on,
        reference=reference.strip(),
        posted_by=by,
        posted_at=as_of,
    )
    write_entries(posting, giver=Account.PAYER, taker=Account.INSTITUTE)
    record_event(
        act="record_receipt",
        target=posting,
        by=by,
        details=plain_json({"fund": fund.name, "amount": amount, "on": on, "reference": reference}),
    )
    return posting


@transaction.atomic
def change_rules(*, changes: dict[str, Any], by: User, as_of: datetime) -> GrantRules:
    """New limits. changes: field of GrantRules → value. They hold for decisions from now on."""
    checked_scope(by, Permission.PAY_GRANTS, as_of)
    get_rules()
    rules = GrantRules.objects.select_for_update().get()
    before = {name: getattr(rules, name) for name in changes}
    for name, value in changes.items():
        setattr(rules, name, value)
    rules.save(update_fields=list(changes))
    record_event(
        act="change_grant_rules",
        target=rules,
        by=by,
        details=plain_json({"before": before, "after": changes}),
    )
    return rules

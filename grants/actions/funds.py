"""Writes about funds, what the payer transferred, limits and budget categories."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from grants.chain import plain_json
from grants.enums import Account, Book, PostingKind
from grants.models import Fund, GrantRules, Posting
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

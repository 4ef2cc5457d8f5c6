"""What changes later: funds as versions, budget categories, one more report, amount and payments of an award."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from grants.actions.amendments import approve_amendment
from grants.actions.awards import begin_award_closing, withdraw_award
from grants.actions.drafts import change_award
from grants.actions.funds import change_fund, save_category
from grants.actions.reports import add_report
from grants.enums import ReportKind
from grants.models import Amendment, Award, BudgetCategory, FundVersion
from grants.queries.checks import list_money_problems
from teams.errors import NotAllowed, StateRefused
from teams.models import AuditEvent
from tests.factories.grants import (
    NOW,
    Grants,
    approved,
    draft,
    make_award,
    make_grants,
    make_terms,
)
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db


def fund_to(world: Grants, by: Any, amount: str, reason: str = "The board added money") -> Any:
    return change_fund(
        fund=world.fund, changes={"amount": Decimal(amount)}, reason=reason, by=by, as_of=NOW
    )


def test_fund_changes_as_a_version_and_keeps_what_it_said(world: Grants) -> None:
    fund = fund_to(world, world.finance, "1500000")
    assert fund.amount == 1500000
    said = fund.versions.order_by("number").values_list("number", "amount", "reason")
    assert list(said) == [
        (1, Decimal(1000000), "What it said first"),
        (2, Decimal(1500000), "The board added money"),
    ]
    event = AuditEvent.objects.get(act="change_fund")
    assert event.details["before"]["amount"] == "1000000.00"
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        FundVersion.objects.update(amount=1)


def test_fund_is_never_less_than_what_is_bound_or_received(world: Grants) -> None:
    make_award(world)
    with pytest.raises(StateRefused, match=r"\$1,000,000.00 of .* are received"):
        fund_to(world, world.finance, "999999.99")
    with pytest.raises(StateRefused, match="Write the reason"):
        fund_to(world, world.finance, "2000000", " ")
    with pytest.raises(StateRefused, match="Nothing of the fund changes"):
        fund_to(world, world.finance, "1000000")
    with pytest.raises(NotAllowed, match="finance"):
        fund_to(world, world.director, "2000000")
    poor = make_grants(amount="150000", received="0")
    make_award(poor)
    with pytest.raises(StateRefused, match=r"\$100,000.00 of .* are committed"):
        fund_to(poor, poor.finance, "99999.99")


def test_category_is_taken_out_of_use_and_never_lost(world: Grants) -> None:
    award = draft(world)
    cuffs = BudgetCategory.objects.get(code="patient_support")
    common: dict[str, Any] = {"by": world.finance, "as_of": NOW}
    save_category(
        category=cuffs, name="Patient support", accounting_code="62", is_active=False, **common
    )
    change_award(award=award, terms=make_terms(), by=world.director, as_of=NOW)  # it had it before
    with pytest.raises(StateRefused, match="Patient support is no longer used"):
        draft(world)
    made = save_category(
        category=None, name="Interpreters", accounting_code="", is_active=True, **common
    )
    assert made.code == "interpreters"
    with pytest.raises(StateRefused, match="already"):
        save_category(
            category=None, name="INTERPRETERS", accounting_code="", is_active=True, **common
        )
    with pytest.raises(NotAllowed):
        save_category(
            category=made,
            name="X",
            accounting_code="",
            is_active=True,
            by=world.director,
            as_of=NOW,
        )


def ask(award: Award, by: Any, start: str, end: str, due: str, kind: str = "financial") -> Any:
    return add_report(
        award=award,
        kind=ReportKind(kind),
        starts_on=date.fromisoformat(start),
        ends_on=date.fromisoformat(end),
        due_on=date.fromisoformat(due),
        by=by,
        as_of=NOW,
    )


def test_one_more_report_is_asked_for_within_the_award(world: Grants) -> None:
    award = make_award(world)
    report = ask(award, world.director, "2026-02-01", "2026-03-31", "2026-04-15", "narrative")
    assert (report.state, award.events.last().act) == ("scheduled", "add_report")
    for start, end, due, says in (
        ("2025-02-01", "2026-03-31", "2026-04-15", "within the award"),
        ("2026-02-01", "2026-03-31", "2026-03-31", "due after the time"),
        ("2026-02-01", "2026-04-30", "2026-05-15", "Money of one day is reported once"),
    ):
        with pytest.raises(StateRefused, match=says):
            ask(award, world.director, start, end, due)
    with pytest.raises(StateRefused, match="exactly this time"):
        ask(award, world.director, "2026-02-01", "2026-03-31", "2026-04-15", "narrative")
    with pytest.raises(NotAllowed):
        ask(award, world.lead, "2026-02-01", "2026-03-31", "2026-04-15", "narrative")
    begin_award_closing(award=award, by=world.director, as_of=NOW)
    ask(award, world.director, "2026-02-01", "2026-02-28", "2026-04-15", "narrative")
    early = approved(world)
    with pytest.raises(StateRefused, match="once it is active"):
        ask(early, world.director, "2026-02-01", "2026-03-31", "2026-04-15")
    withdraw_award(award=early, reason="x", by=world.director, as_of=NOW)


def typed_of(client: Any, path: str, **changes: str) -> dict[str, str]:
    """The form's own values, some of them changed, as a browser would send them."""
    form = client.get(path).context["form"]
    typed = {b.name: b.value() for b in form if b.value() not in (None, False)}
    return {name: str(value) for name, value in {**typed, **changes}.items()}


def test_amount_and_payments_are_asked_for_on_a_page_and_decided_by_finance(world: Grants) -> None:
    award = make_award(world)
    path = f"/grants/awards/{award.pk}/schedule/"
    client = signed_in(world.lead)
    same = client.post(path, typed_of(client, path, reason="More sites"))
    assert same.status_code == 422 and "Nothing changes yet" in same.content.decode()
    half = typed_of(client, path, reason="More sites", **{"newpayment-1-amount": "20,000"})
    assert "Say when it is planned" in client.post(path, half).content.decode()
    typed = typed_of(
        client, path, reason="More sites", amount="120000",
        **{"newline-1-category": "training", "newline-1-amount": "$20,000",
           "newpayment-1-amount": "20000", "newpayment-1-day": "2026-11-01",
           "payment-2-day": "2026-08-01"},
    )  # fmt: skip
    sent = client.post(path, typed)
    assert sent.status_code == 302
    amendment = Amendment.objects.get()
    assert amendment.kind == "amount"
    page = client.get(sent["Location"]).content.decode()
    assert "120000" in page.replace(",", "") and "More sites" in page
    with pytest.raises(NotAllowed):
        approve_amendment(amendment=amendment, note="", by=world.director, as_of=NOW)
    approve_amendment(amendment=amendment, note="", by=world.finance, as_of=NOW)
    award.refresh_from_db()
    assert award.amount == 120000
    assert [(t.number, t.amount, t.planned_on) for t in award.tranches.order_by("number")][1:] == [
        (2, Decimal(60000), date(2026, 8, 1)),
        (3, Decimal(20000), date(2026, 11, 1)),
    ]
    assert list_money_problems() == []


def test_schedule_alone_is_the_programmes(world: Grants) -> None:
    award = make_award(world)
    milestone = award.milestones.get()
    path = f"/grants/awards/{award.pk}/schedule/"
    client = signed_in(world.lead)
    client.post(
        path,
        typed_of(client, path, reason="Late start", **{f"condition-{milestone.pk}": "2026-08-31"}),
    )
    amendment = Amendment.objects.get()
    assert amendment.kind == "schedule"
    approve_amendment(amendment=amendment, note="", by=world.director, as_of=NOW)
    milestone.refresh_from_db()
    assert milestone.due_on == date(2026, 8, 31)


def test_pages_of_funds_categories_and_reports_say_what_is_wrong(world: Grants) -> None:
    finance, director = signed_in(world.finance), signed_in(world.director)
    path = f"/grants/funds/{world.fund.pk}/change/"
    less = finance.post(path, typed_of(finance, path, amount="5", reason="x"))
    assert less.status_code == 422 and "are received" in less.content.decode()
    more = finance.post(path, typed_of(finance, path, amount="2000000", reason="More money"))
    assert more.status_code == 302
    assert "More money" in finance.get(more["Location"]).content.decode()
    assert director.get(path).status_code == 403
    typed = {"name": "Interpreters", "is_active": "on"}
    assert finance.post("/grants/rules/categories/add/", typed).status_code == 302
    assert "already" in finance.post("/grants/rules/categories/add/", typed).content.decode()
    award = make_award(world)
    typed = {
        "kind": "narrative", "starts_on": "2026-01-01", "ends_on": "2026-01-31", "due_on": "2026-02-15",
    }  # fmt: skip
    address = f"/grants/awards/{award.pk}/reports/add/"
    assert director.post(address, typed).status_code == 302
    assert "exactly this time" in director.post(address, typed).content.decode()

"""What changes later: funds as versions, budget categories, one more report, amount and payments of an award."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from grants.actions.amendments import approve_amendment, request_amendment
from grants.actions.awards import (
    approve_award,
    begin_award_closing,
    begin_award_review,
    submit_award,
    withdraw_award,
)
from grants.actions.drafts import change_award
from grants.actions.funds import change_fund, save_category
from grants.actions.milestones import accept_condition
from grants.actions.payments import recommend_payment
from grants.actions.reports import add_report
from grants.enums import AmendmentKind, ReportKind
from grants.models import Amendment, Award, BudgetCategory, FundVersion
from grants.queries.checks import list_chain_problems, list_money_problems
from grants.terms import LineTerms, newest_budget
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
    assert (report.state, award.events.order_by("number").reverse()[0].act) == (
        "scheduled",
        "add_report",
    )
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


def typed_of(client: Any, path: str, **changes: Any) -> dict[str, Any]:
    """The form's own values, some of them changed, as a browser would send them."""
    form = client.get(path).context["form"]
    typed = {b.name: b.value() for b in form if b.value() not in (None, False)}
    return {
        name: value if isinstance(value, list) else str(value)
        for name, value in {**typed, **changes}.items()
    }


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


# --- conditions of payments that a change adds ---------------------------------------------------------------


def ask_for_a_payment(world: Grants, award: Award, **typed: Any) -> Any:
    path = f"/grants/awards/{award.pk}/schedule/"
    client = signed_in(world.lead)
    return client.post(
        path,
        typed_of(
            client, path, reason="A second site", amount="120000",
            **{"line-02": "60000", "newpayment-1-amount": "20000", "newpayment-1-day": "2026-11-01"},
            **typed,
        ),
    )  # fmt: skip


def test_payment_that_a_change_adds_waits_for_its_conditions(world: Grants) -> None:
    award = make_award(world)
    old = award.milestones.get()
    sent = ask_for_a_payment(
        world, award,
        **{"newpayment-1-conditions": [f"{old.pk}", "new-1"], "newcondition-1-title": "Second site open",
           "newcondition-1-due": "2026-10-15", "newcondition-1-fact": "tests_closed",
           "newcondition-1-number": "4"},
    )  # fmt: skip
    assert sent.status_code == 302
    page = signed_in(world.finance).get(sent["Location"]).content.decode()
    assert "Data plan accepted; Second site open" in page
    assert "<ins>15 Oct 2026</ins>" in page and "<ins>$20,000.00</ins>" in page
    approve_amendment(amendment=Amendment.objects.get(), note="", by=world.finance, as_of=NOW)
    new = award.tranches.get(number=3)
    assert new.state == "conditions_open"
    assert sorted(m.title for m in new.conditions.all()) == [
        "Data plan accepted",
        "Second site open",
    ]
    made = award.milestones.get(title="Second site open")
    assert (made.due_on, made.fact, made.parameters) == (
        date(2026, 10, 15),
        "tests_closed",
        {"tests": 4},
    )
    with pytest.raises(StateRefused, match="“conditions open”|Second site open"):
        recommend_payment(tranche=new, note="", by=world.coach, as_of=NOW)
    for milestone in (old, made):
        accept_condition(milestone=milestone, note="Seen", by=world.director, as_of=NOW)
    new.refresh_from_db()
    assert new.state == "ready"
    assert recommend_payment(tranche=new, note="", by=world.coach, as_of=NOW).state == "recommended"
    said = award.versions.order_by("-number")[0].terms["payments"]["3"]["conditions"]
    assert said == ["Data plan accepted", "Second site open"]
    assert list_money_problems() == [] and list_chain_problems(award) == []


def test_payment_that_a_change_adds_without_conditions_is_ready(world: Grants) -> None:
    award = make_award(world)
    assert ask_for_a_payment(world, award).status_code == 302
    approve_amendment(amendment=Amendment.objects.get(), note="", by=world.finance, as_of=NOW)
    assert award.tranches.get(number=3).state == "ready"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"newpayment-1-conditions": ["new-1"]}, "New condition 1 has no title"),
        ({"newpayment-1-conditions": ["new-1"], "newcondition-1-title": "Open"}, "Say by when"),
        ({"newcondition-1-title": "Open", "newcondition-1-due": "2026-10-15"}, "Choose it above for a new payment"),
        ({"newpayment-2-conditions": ["new-1"], "newcondition-1-title": "Open", "newcondition-1-due": "2026-10-15"}, "Choose it above for a new payment"),
        ({"newpayment-1-conditions": ["999999"]}, "999999"),
    ],
)  # fmt: skip
def test_condition_without_its_payment_day_or_title_is_asked_about(
    world: Grants, typed: dict[str, Any], says: str
) -> None:
    sent = ask_for_a_payment(world, make_award(world), **typed)
    assert sent.status_code == 422 and says in sent.content.decode()
    assert not Amendment.objects.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"payments": {"3": {"amount": "1", "planned_on": "2026-11-01", "conditions": ["{strange}"]}}}, "a condition that this award does not have"),
        ({"milestones": {"new-1": {"title": " ", "due_on": "2026-11-01"}}}, "needs a title and the day"),
        ({"milestones": {"{strange}": {"due_on": "2026-11-01"}}}, "needs a title and the day"),
    ],
)  # fmt: skip
def test_change_touches_no_condition_of_another_award(
    world: Grants, changes: dict[str, Any], says: str
) -> None:
    award = make_award(world)
    other = make_award(make_grants()).milestones.get()
    asked = request_amendment(
        award=award, kind=AmendmentKind.SCHEDULE, reason="x", by=world.lead, as_of=NOW,
        changes=json.loads(json.dumps(changes).replace("{strange}", f"{other.pk}")),
    )  # fmt: skip
    with pytest.raises(StateRefused, match=says):
        approve_amendment(amendment=asked, note="", by=world.director, as_of=NOW)
    other.refresh_from_db()
    assert other.due_on == date(2026, 6, 30) and not other.tranches.filter(award=award).exists()


# --- posts of lines that pay for people ----------------------------------------------------------------------


def posts_of(award: Award) -> dict[str, Decimal | None]:
    budget = newest_budget(award)
    assert budget is not None
    return dict(budget.lines.values_list("line_code", "full_time_equivalent"))


def test_posts_are_written_with_the_draft_and_stay_when_money_moves(world: Grants) -> None:
    award = draft(world)
    path = f"/grants/awards/{award.pk}/change/"
    director = signed_in(world.director)
    wrong = director.post(path, typed_of(director, path, **{"line-2-posts": "1"}))
    assert wrong.status_code == 422 and "personnel has posts" in wrong.content.decode()
    assert (
        director.post(path, typed_of(director, path, **{"line-1-posts": "0.5"})).status_code == 302
    )
    assert posts_of(award) == {"01": Decimal("0.50"), "02": None}
    assert director.get(path).context["form"]["line-1-posts"].value() == Decimal("0.50")
    page = director.get(f"/grants/awards/{award.pk}/").content.decode()
    assert "0.50 full-time posts" in page
    submit_award(award=award, by=world.director, as_of=NOW)
    begin_award_review(award=award, by=world.finance, as_of=NOW)
    approve_award(award=award, by=world.finance, as_of=NOW)
    assert award.versions.get().terms["budget"]["01"]["full_time_equivalent"] == "0.50"
    path = f"/grants/awards/{award.pk}/budget/"
    lead = signed_in(world.lead)
    typed = {"reason": "x", "amount-01": "59000", "amount-02": "41000"}
    assert lead.post(path, {**typed, "as": "notice"}).status_code == 302
    assert posts_of(award) == {"01": Decimal("0.50"), "02": None}
    assert (
        lead.post(
            path, {**typed, "amount-01": "30000", "amount-02": "70000", "as": "amendment"}
        ).status_code
        == 302
    )
    approve_amendment(amendment=Amendment.objects.get(), note="", by=world.director, as_of=NOW)
    assert posts_of(award) == {"01": Decimal("0.50"), "02": None}


def test_other_posts_are_asked_for_as_a_change(world: Grants) -> None:
    award = make_award(world)
    path = f"/grants/awards/{award.pk}/schedule/"
    lead = signed_in(world.lead)
    assert "posts-01" in typed_of(lead, path) | {"posts-01": ""}
    assert "posts-02" not in lead.get(path).context["form"].fields
    wrong = typed_of(
        lead, path, reason="x",
        **{"newline-1-category": "training", "newline-1-amount": "0", "newline-1-posts": "1"},
    )  # fmt: skip
    assert "personnel has posts" in lead.post(path, wrong).content.decode()
    sent = lead.post(path, typed_of(lead, path, reason="A whole nurse", **{"posts-01": "1"}))
    assert sent.status_code == 302
    amendment = Amendment.objects.get()
    assert amendment.kind == "schedule"
    page = lead.get(sent["Location"]).content.decode()
    assert "full-time posts" in page and "<ins>1</ins>" in page and "Nothing that can" not in page
    approve_amendment(amendment=amendment, note="", by=world.director, as_of=NOW)
    assert posts_of(award) == {"01": Decimal("1.00"), "02": None}


def test_change_that_names_no_posts_leaves_them(world: Grants) -> None:
    award = make_award(world, make_terms(lines=[
        LineTerms("01", "personnel", "Nurse", Decimal(60000), Decimal("0.5")),
        LineTerms("02", "patient_support", "Cuffs", Decimal(40000)),
    ]))  # fmt: skip
    lines = [
        {"line_code": code, "category": category, "description": "x", "amount": amount}
        for code, category, amount in (
            ("01", "personnel", "30000"),
            ("02", "patient_support", "70000"),
        )
    ]
    asked = request_amendment(
        award=award, kind=AmendmentKind.BUDGET, reason="x", changes={"lines": lines}, by=world.lead, as_of=NOW
    )  # fmt: skip
    page = signed_in(world.director).get(f"/grants/amendments/{asked.pk}/").content.decode()
    assert "$30,000.00" in page and "full-time posts" not in page
    approve_amendment(amendment=asked, note="", by=world.director, as_of=NOW)
    assert posts_of(award) == {"01": Decimal("0.50"), "02": None}

"""What the database refuses, also to whoever goes around the actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from grants.actions import awards
from grants.actions.awards import close_award
from grants.enums import Account, Book, PostingKind
from grants.models import (
    Award,
    AwardEvent,
    BudgetCategory,
    BudgetLine,
    BudgetVersion,
    LedgerEntry,
    Posting,
    Tranche,
    TrancheApproval,
)
from grants.periods import report_periods
from grants.queries.checks import list_chain_problems, list_money_problems
from teams.errors import StateRefused
from tests.factories.grants import (
    NOW,
    TODAY,
    Grants,
    approve_all,
    approved,
    make_award,
    make_grants,
    make_terms,
    pay,
    tranche_of,
)

pytestmark = pytest.mark.django_db


def refused(act: Callable[[], object], says: str) -> None:
    """The act fails at the latest when the transaction would be committed."""
    with pytest.raises(DatabaseError, match=says), transaction.atomic():
        act()
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
    with connection.cursor() as cursor:
        cursor.execute("set constraints all deferred")


def post(
    world: Grants, tranche: Tranche, *, amount: str = "40000", sides: tuple[str, str] | None = None
) -> None:
    posting = Posting.objects.create(
        book=Book.DISBURSEMENTS,
        kind=PostingKind.PAYMENT,
        fund=world.fund,
        award=tranche.award,
        tranche=tranche,
        amount=Decimal(amount),
        on=TODAY,
        reference=f"BY-HAND-{Posting.objects.count()}",
        posted_by=world.finance,
        posted_at=NOW,
    )
    give, take = sides or (f"-{amount}", amount)
    LedgerEntry.objects.create(posting=posting, account=Account.INSTITUTE, amount=Decimal(give))
    LedgerEntry.objects.create(posting=posting, account=Account.GROUP, amount=Decimal(take))


def test_history_cannot_be_changed_or_deleted(world: Grants) -> None:
    award = make_award(world)
    pay(world, approve_all(world, tranche_of(award)))
    for model in (
        AwardEvent,
        Posting,
        LedgerEntry,
        BudgetVersion,
        BudgetLine,
        TrancheApproval,
    ):
        row = model.objects.order_by("pk")[0]
        refused(lambda m=model, r=row: m.objects.filter(pk=r.pk).update(id=r.pk), "append-only")
        refused(
            lambda m=model, r=row: m.objects.filter(pk=r.pk)._raw_delete("default"), "append-only"
        )
    version = award.versions.get()
    refused(lambda: type(version).objects.filter(pk=version.pk).update(reason="x"), "append-only")


def test_awards_and_categories_cannot_be_deleted(world: Grants) -> None:
    award = make_award(world)
    refused(lambda: Award.objects.filter(pk=award.pk)._raw_delete("default"), "delete is refused")
    refused(lambda: BudgetCategory.objects.all()._raw_delete("default"), "delete is refused")
    refused(lambda: award.tranches.all()._raw_delete("default"), "Only a draft")


def test_payments_make_up_the_award(world: Grants) -> None:
    award = make_award(world)
    tranche = tranche_of(award)
    refused(
        lambda: Tranche.objects.filter(pk=tranche.pk).update(amount=Decimal("40000.01")),
        "payments add up to",
    )
    refused(lambda: Award.objects.filter(pk=award.pk).update(amount=Decimal(99999)), "add up to")


def test_budget_makes_up_the_award(world: Grants) -> None:
    award = make_award(world)

    def new_budget() -> None:
        budget = BudgetVersion.objects.create(
            award=award, number=9, reason="x", made_by=world.director, made_at=NOW
        )
        BudgetLine.objects.create(
            budget=budget,
            line_code="01",
            category=BudgetCategory.objects.all()[0],
            description="x",
            amount=Decimal("100000.01"),
        )

    refused(new_budget, "budget adds up to")


def test_committed_never_exceeds_the_fund(world: Grants) -> None:
    make_award(world)
    refused(
        lambda: (
            type(world.fund).objects.filter(pk=world.fund.pk).update(amount=Decimal("99999.99"))
        ),
        "more than its",
    )


def test_payment_without_its_decision_is_refused(world: Grants) -> None:
    tranche = tranche_of(make_award(world))
    refused(lambda: post(world, tranche), "is ready, but 40000.00 dollars")

    def paid_at_once() -> None:
        Tranche.objects.filter(pk=tranche.pk).update(state="paid")
        post(world, tranche)

    refused(paid_at_once, "not recommended and approved by three people")


def test_second_payment_is_refused(world: Grants) -> None:
    tranche = approve_all(world, tranche_of(make_award(world)))
    pay(world, tranche)
    refused(lambda: post(world, tranche), "80000.00 dollars are on the ledger")


@pytest.mark.parametrize("sides", [("-40000", "39999.99"), ("-1", "1"), ("40000", "-40000.01")])
def test_entries_balance_and_carry_the_amount(world: Grants, sides: tuple[str, str]) -> None:
    tranche = approve_all(world, tranche_of(make_award(world)))
    Tranche.objects.filter(pk=tranche.pk).update(state="approved_finance")
    refused(lambda: post(world, tranche, sides=sides), "add up to zero|carry its amount|dollars")


def test_posting_without_entries_is_refused(world: Grants) -> None:
    refused(
        lambda: Posting.objects.create(
            book=Book.RECEIPTS,
            kind=PostingKind.RECEIPT,
            fund=world.fund,
            amount=Decimal(1),
            on=TODAY,
            reference="NAKED",
            posted_by=world.finance,
            posted_at=NOW,
        ),
        "one entry for each",
    )


def test_more_than_was_received_is_not_paid() -> None:
    world = make_grants(received="30000")
    tranche = approve_all(world, tranche_of(make_award(world)))

    def paid_by_hand() -> None:
        Tranche.objects.filter(pk=tranche.pk).update(state="paid")
        post(world, tranche)

    refused(paid_by_hand, "more of the fund than it received")


def test_same_person_twice_in_a_round_is_refused(world: Grants) -> None:
    tranche = tranche_of(make_award(world))
    for step in ("recommendation", "programme"):
        row = TrancheApproval(tranche=tranche, round=1, step=step, by=world.coach, at=NOW)
        if step == "recommendation":
            row.save()
        else:
            refused(row.save, "approval_person_once_a_round")


def test_award_approved_by_its_drafter_is_refused(world: Grants) -> None:
    award = approved(world)
    refused(
        lambda: Award.objects.filter(pk=award.pk).update(approved_by=world.director),
        "award_approved_by_another",
    )


def test_closed_award_is_read_only(world: Grants) -> None:
    award = make_award(
        world,
        make_terms(
            milestones=(), tranches=(make_terms().tranches[0].__class__(1, Decimal(100000), TODAY),)
        ),
    )
    pay(world, approve_all(world, tranche_of(award)))
    award.reports.all().update(state="accepted", decided_by=world.director, decided_at=NOW)
    awards.begin_award_closing(award=award, by=world.director, as_of=NOW)
    award = close_award(award=award, by=world.finance, as_of=NOW)
    rows = Award.objects.filter(pk=award.pk)
    refused(lambda: rows.update(title="x"), "closed award is read-only")
    refused(lambda: rows.update(state="active"), "closed award is read-only")
    refused(lambda: award.tranches.update(amount=1), "read-only")
    refused(lambda: award.reports.update(state="draft"), "read-only")
    refused(
        lambda: award.milestones.create(title="x", due_on=TODAY),
        "read-only",
    )
    with pytest.raises(StateRefused, match="closed and read-only"):
        awards.terminate_award(award=award, reason="x", by=world.director, as_of=NOW)


def test_close_names_what_is_missing(world: Grants) -> None:
    award = make_award(world)
    awards.begin_award_closing(award=award, by=world.director, as_of=NOW)
    with pytest.raises(StateRefused) as problem:
        close_award(award=award, by=world.finance, as_of=NOW)
    said = str(problem.value)
    assert "payment 1 (ready)" in said and "payment 2 (conditions open)" in said
    assert "Financial report Jan 2026 to Mar 2026 (scheduled)" in said


# --- the chain ---------------------------------------------------------------------------------------------


def without_guards(statement: str, params: list[Any]) -> None:
    """What somebody with the database in their hands could do."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table grants_awardevent disable trigger user")
        cursor.execute(statement, params)
        cursor.execute("alter table grants_awardevent enable trigger user")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "update grants_awardevent set reason = 'other' where number = 2 and award_id = %s",
            "changed",
        ),
        (
            "update grants_awardevent set actor_id = null where number = 3 and award_id = %s",
            "changed",
        ),
        ("delete from grants_awardevent where number = 2 and award_id = %s", "link 2 is missing"),
        (
            (
                "delete from grants_awardevent where award_id = %s and number ="
                " (select max(number) from grants_awardevent)"
            ),
            "ends before what the audit trail says",
        ),
    ],
)
def test_chain_shows_every_hand_on_it(world: Grants, statement: str, says: str) -> None:
    award = make_award(world)
    assert list_chain_problems(award) == []
    call_command("verify_award_chain")
    without_guards(statement, [award.pk])
    assert any(says in problem for problem in list_chain_problems(award))
    with pytest.raises(CommandError, match="problems in the chains"):
        call_command("verify_award_chain", award.number)


def test_chain_of_an_unknown_award_says_so(world: Grants) -> None:
    with pytest.raises(CommandError, match="no award"):
        call_command("verify_award_chain", "NONE")


def test_count_again_finds_what_the_guards_would_have_refused(world: Grants) -> None:
    award = make_award(world)
    tranche = approve_all(world, tranche_of(award))
    pay(world, tranche)
    assert list_money_problems() == []
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        for table in ("tranche", "award", "ledgerentry", "fund"):
            cursor.execute(f"alter table grants_{table} disable trigger user")
        cursor.execute("update grants_tranche set amount = amount + 1 where id = %s", [tranche.pk])
        cursor.execute("update grants_fund set amount = 50000 where id = %s", [world.fund.pk])
        cursor.execute("update grants_ledgerentry set amount = amount + 1 where amount > 0")
        for table in ("tranche", "award", "ledgerentry", "fund"):
            cursor.execute(f"alter table grants_{table} enable trigger user")
    found = " ".join(list_money_problems())
    assert "does not balance" in found
    assert "on the ledger, but it is paid" in found
    assert "payments add up to 100001.00" in found
    assert "committed, the fund is 50000.00" in found


def test_report_periods_cover_the_award_without_gaps() -> None:
    periods = report_periods(date(2026, 1, 15), date(2027, 2, 20), months=3)
    assert periods[0][0] == date(2026, 1, 15) and periods[-1][1] == date(2027, 2, 20)
    for (_, end), (start, _) in pairwise(periods):
        assert (start - end).days == 1

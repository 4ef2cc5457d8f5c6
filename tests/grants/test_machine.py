"""Random people do random things in random order: whatever they try, the promises of the app hold."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from grants.actions import amendments, awards, funds, milestones, payments, sheets
from grants.enums import AmendmentKind, ApprovalStep, PostingKind, TrancheState
from grants.models import (
    Amendment,
    Award,
    AwardEvent,
    AwardSheet,
    LedgerEntry,
    Milestone,
    Posting,
    Tranche,
    TrancheApproval,
)
from grants.queries.checks import list_chain_problems, list_money_problems
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import User
from tests.factories.grants import NOW, TODAY, make_award, make_grants
from tests.factories.people import add_role, make_user

PEOPLE = (
    "lead",
    "coach",
    "director",
    "second_director",
    "finance",
    "second_finance",
    "both",
    "insider",
    "stranger",
)
#: Acts on a payment that need nothing but a person and a reason.
ON_TRANCHE: tuple[Callable[..., Any], ...] = (
    payments.override_conditions,
    payments.recommend_payment,
    payments.approve_payment_programme,
    payments.approve_payment_finance,
    payments.send_back_payment,
    payments.retry_payment,
    payments.hold_payment,
    payments.release_payment,
    payments.cancel_payment,
)
ON_AWARD = (
    awards.suspend_award,
    awards.resume_award,
    awards.begin_award_closing,
    awards.close_award,
    awards.terminate_award,
)
#: What a sequence reached, over all sequences: the machine is worth nothing if it never pays.
REACHED: set[str] = set()


class GrantsMachine(RuleBasedStateMachine):
    """Two awards of one fund that covers both and hardly more, and less money received than promised."""

    @initialize(threshold=st.sampled_from(["0", "50000", "500000"]))
    def begin(self, threshold: str) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        world = make_grants(amount="200100", received="120000")
        self.world = world
        self.people: dict[str, User] = {
            name: getattr(world, name)
            for name in PEOPLE
            if name not in ("both", "insider", "stranger")
        }
        # One person with three hats, one who pays and belongs to the group, one with no part at all.
        both = make_user(Role.PROGRAMME_DIRECTOR)
        add_role(both, Role.PAYER_FINANCE)
        add_role(both, Role.COACH, team=world.team)
        insider = make_user(Role.PAYER_FINANCE)
        add_role(insider, Role.GROUP_MEMBER, team=world.team)
        self.people |= {"both": both, "insider": insider, "stranger": make_user(Role.EVALUATOR)}
        funds.change_rules(
            changes={"second_approval_over": Decimal(threshold)}, by=world.finance, as_of=NOW
        )
        self.awards = [make_award(world), make_award(world)]
        self.threshold = Decimal(threshold)
        self.history: dict[int, str] = {}
        self.references = 0
        self.insiders = {world.lead.pk, insider.pk}

    def attempt(self, function: Callable[..., Any], **arguments: Any) -> None:
        """One act in a transaction of its own, with the database's checks at its end."""
        for person in self.people.values():
            person.__dict__.pop("_memberships_on", None)
        try:
            with transaction.atomic():
                function(as_of=NOW, **arguments)
                with connection.cursor() as cursor:
                    cursor.execute("set constraints all immediate")
                    cursor.execute("set constraints all deferred")
            REACHED.add(function.__name__)
        except (StateRefused, NotAllowed) as refusal:
            assert len(str(refusal)) > 20 and str(refusal)[-1] in ".:"

    def tranches(self) -> list[Tranche]:
        return list(Tranche.objects.filter(award__in=self.awards).order_by("award_id", "number"))

    def reference(self) -> str:
        self.references += 1
        return f"REF-{self.references}"

    # Most often a payment is pushed on by whoever may, so that sequences get somewhere.
    @rule(which=st.integers(0, 5), steps=st.integers(3, 7), second=st.booleans())
    def push(self, which: int, steps: int, second: bool) -> None:
        for _ in range(steps):
            self.push_once(which, second)

    def push_once(self, which: int, second: bool) -> None:
        tranche = self.pick(which)
        world = self.world
        match tranche.state:
            case TrancheState.CONDITIONS_OPEN:
                self.attempt(
                    payments.override_conditions,
                    tranche=tranche, by=world.second_director, reason="pushed",
                )  # fmt: skip
            case TrancheState.READY:
                self.attempt(payments.recommend_payment, tranche=tranche, by=world.coach, note="")
            case TrancheState.RECOMMENDED:
                self.attempt(
                    payments.approve_payment_programme, tranche=tranche, by=world.director, note=""
                )
            case TrancheState.APPROVED_PROGRAMME:
                by = world.second_finance if second else world.finance
                self.attempt(payments.approve_payment_finance, tranche=tranche, by=by, note="")
            case TrancheState.PAID if second:
                self.attempt(
                    payments.fail_payment,
                    tranche=tranche, by=world.finance, reason="bounced", on=TODAY,
                )  # fmt: skip
            case TrancheState.PAYMENT_FAILED:
                self.attempt(
                    payments.retry_payment, tranche=tranche, by=world.finance, note="mended"
                )
            case _:
                self.attempt(
                    payments.pay_tranche,
                    tranche=tranche, by=world.finance, reference=self.reference(), on=TODAY,
                )  # fmt: skip

    def pick(self, which: int) -> Tranche:
        tranches = self.tranches()
        return tranches[which % len(tranches)]

    @rule(
        function=st.sampled_from(ON_TRANCHE), which=st.integers(0, 5), who=st.sampled_from(PEOPLE)
    )
    def on_tranche(self, function: Callable[..., Any], which: int, who: str) -> None:
        word = "note" if "note" in function.__wrapped__.__annotations__ else "reason"  # type: ignore[attr-defined]
        self.attempt(function, tranche=self.pick(which), by=self.people[who], **{word: "random"})

    @rule(which=st.integers(0, 5), who=st.sampled_from(PEOPLE), same=st.booleans())
    def pay(self, which: int, who: str, same: bool) -> None:
        reference = "SAME" if same else self.reference()
        self.attempt(
            payments.pay_tranche,
            tranche=self.pick(which), by=self.people[who], reference=reference, on=TODAY,
        )  # fmt: skip

    @rule(which=st.integers(0, 5), who=st.sampled_from(PEOPLE))
    def fail(self, which: int, who: str) -> None:
        self.attempt(
            payments.fail_payment,
            tranche=self.pick(which), by=self.people[who], reason="bounced", on=TODAY,
        )  # fmt: skip

    @rule(
        which=st.integers(0, 5),
        who=st.sampled_from(PEOPLE),
        amount=st.sampled_from(["0.01", "20000", "40000", "60000", "60000.01"]),
    )
    def give_back(self, which: int, who: str, amount: str) -> None:
        self.attempt(
            payments.record_return,
            tranche=self.pick(which), by=self.people[who], amount=Decimal(amount), reason="unspent",
            reference=self.reference(), on=TODAY,
        )  # fmt: skip

    @rule(
        function=st.sampled_from(ON_AWARD), which=st.integers(0, 1), who=st.sampled_from(PEOPLE),
        rarely=st.integers(0, 3),
    )  # fmt: skip
    def on_award(self, function: Callable[..., Any], which: int, who: str, rarely: int) -> None:
        if rarely:
            return
        more = (
            {"reason": "random"}
            if "reason" in function.__wrapped__.__annotations__  # type: ignore[attr-defined]
            else {}
        )
        self.attempt(function, award=self.awards[which], by=self.people[who], **more)

    @rule(
        which=st.integers(0, 1), who=st.sampled_from(PEOPLE),
        function=st.sampled_from(
            (milestones.accept_condition, milestones.waive_condition, milestones.reopen_condition)
        ),
    )  # fmt: skip
    def decide(self, which: int, who: str, function: Callable[..., Any]) -> None:
        milestone = Milestone.objects.filter(award=self.awards[which])[0]
        self.attempt(function, milestone=milestone, by=self.people[who], note="random")

    @rule(
        which=st.integers(0, 1),
        asks=st.sampled_from(PEOPLE),
        decides=st.sampled_from(PEOPLE),
        first=st.sampled_from(["10000", "30000", "40000", "90000"]),
        more=st.sampled_from(["0", "20000", "100000"]),
    )
    def amend(self, which: int, asks: str, decides: str, first: str, more: str) -> None:
        award = self.awards[which]
        rest = Decimal(100000) + Decimal(more) - Decimal(first)
        total = Decimal(100000) + Decimal(more)
        self.attempt(
            amendments.request_amendment,
            award=award, by=self.people[asks], kind=AmendmentKind.AMOUNT, reason="random",
            changes={
                "amount": total,
                "lines": [
                    {"line_code": "01", "category": "personnel", "description": "x", "amount": total}
                ],
                "payments": {"1": {"amount": first}, "2": {"amount": rest}},
            },
        )  # fmt: skip
        for amendment in Amendment.objects.filter(award=award, state="submitted"):
            self.attempt(
                amendments.approve_amendment,
                amendment=amendment, by=self.people[decides], note="random",
            )  # fmt: skip

    @rule(
        who=st.sampled_from(PEOPLE),
        amount=st.sampled_from(["150000", "200000", "260000", "119999.99"]),
    )
    def change_the_fund(self, who: str, amount: str) -> None:
        self.attempt(
            funds.change_fund,
            fund=self.world.fund, by=self.people[who], changes={"amount": Decimal(amount)}, reason="random",
        )  # fmt: skip

    @rule(who=st.sampled_from(PEOPLE), number=st.integers(1, 3), amount=st.sampled_from([5, 90000]))
    def import_a_sheet(self, who: str, number: int, amount: int) -> None:
        row = f"S-{number},{self.world.team.code},x,pilot,2026-01-01,2026-12-31,{amount},2026-03-01"
        names = "number,group,title,kind,first day,last day,amount,payment date"
        data = io.BytesIO(f"{names}\n{row}".encode())
        self.attempt(
            sheets.receive_sheet,
            fund=self.world.fund, file=data, name="x.csv", by=self.people[who],
        )  # fmt: skip
        for sheet in AwardSheet.objects.filter(state="open"):
            self.attempt(sheets.import_sheet, sheet=sheet, by=self.people[who])

    # --- what holds after every act ------------------------------------------------------------------------

    @invariant()
    def sums_tie(self) -> None:
        assert list_money_problems() == []
        for award in Award.objects.filter(pk__in=[a.pk for a in self.awards]):
            assert list_chain_problems(award) == []
        outside = sum((e.amount for e in LedgerEntry.objects.filter(account="group")), Decimal(0))
        assert 0 <= outside <= 120000  # never more than the payer had transferred
        assert sum(e.amount for e in LedgerEntry.objects.all()) == 0

    @invariant()
    def nothing_is_paid_without_three_people_outside_the_group(self) -> None:
        for tranche in self.tranches():
            if tranche.state not in (TrancheState.PAID, TrancheState.RETURNED):
                continue
            REACHED.add("paid")
            approvals = TrancheApproval.objects.filter(tranche=tranche, round=tranche.round)
            by = {a.step: a.by_id for a in approvals}
            needed = {ApprovalStep.RECOMMENDATION, ApprovalStep.PROGRAMME, ApprovalStep.FINANCE}
            assert needed <= set(by)
            if tranche.amount > self.threshold:
                assert ApprovalStep.FINANCE_SECOND in by
            people = [p for step, p in by.items() if step != ApprovalStep.OVERRIDE]
            assert len(people) == len(set(people))
            assert tranche.override_by_id not in people
            assert not self.insiders & set(people)
            paid = Posting.objects.filter(
                tranche=tranche, kind=PostingKind.PAYMENT, reversed_by__isnull=True
            )
            assert [p.amount for p in paid] == [tranche.amount]
            assert paid[0].posted_by_id not in self.insiders

    @invariant()
    def history_only_grows(self) -> None:
        now = dict(AwardEvent.objects.values_list("pk", "hash"))
        assert self.history.items() <= now.items()
        self.history = now

    def teardown(self) -> None:
        if hasattr(self, "block"):
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)


def run(examples: int, steps: int) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    REACHED.clear()
    run_state_machine_as_test(
        GrantsMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_no_sequence_of_acts_breaks_a_promise() -> None:
    run(3, 20)


@pytest.mark.heavy
@pytest.mark.django_db
def test_no_long_sequence_of_acts_breaks_a_promise() -> None:
    run(40, 30)
    missing = {
        "paid",
        "approve_payment_finance",
        "fail_payment",
        "record_return",
        "change_fund",
        "import_sheet",
        "approve_amendment",
    } - REACHED
    assert missing == set(), "the sequences never came to this"

"""Two people at the same moment, on two connections, in real transactions: one of them does it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from grants.actions import payments
from grants.models import Award, Posting, TrancheApproval
from grants.queries.checks import list_chain_problems, list_money_problems
from teams.errors import StateRefused
from tests.factories.grants import (
    NOW,
    TODAY,
    approve_all,
    approved,
    draft,
    make_award,
    make_grants,
    make_terms,
    tranche_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act gave: its result, or the refusal that it met."""
    found: list[Any] = [None] * len(acts)
    start = Barrier(len(acts))

    def run(position: int) -> None:
        try:
            start.wait(timeout=20)
            found[position] = acts[position]()
        except Exception as problem:  # noqa: BLE001 - the test looks at it
            found[position] = problem
        finally:
            connection.close()

    threads = [Thread(target=run, args=(position,)) for position in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found


def refusals(found: list[Any]) -> list[StateRefused]:
    assert all(not isinstance(f, Exception) or isinstance(f, StateRefused) for f in found), found
    return [f for f in found if isinstance(f, StateRefused)]


def test_two_people_pay_at_once_and_it_is_paid_once() -> None:
    world = make_grants()
    tranche = approve_all(world, tranche_of(make_award(world)))

    def pay(by: Any, reference: str) -> Callable[[], Any]:
        return lambda: payments.pay_tranche(
            tranche=tranche, reference=reference, on=TODAY, by=by, as_of=NOW
        )

    found = at_once(pay(world.finance, "A"), pay(world.second_finance, "B"))
    assert len(refusals(found)) == 1 and "“paid”" in str(refusals(found)[0])
    assert Posting.objects.filter(tranche=tranche).count() == 1
    assert list_money_problems() == [] and list_chain_problems(tranche.award) == []


def test_two_people_approve_at_once_and_one_approval_counts() -> None:
    world = make_grants()
    tranche = tranche_of(make_award(world))
    payments.recommend_payment(tranche=tranche, note="", by=world.coach, as_of=NOW)
    found = at_once(
        *(
            lambda by=by: payments.approve_payment_programme(
                tranche=tranche, note="", by=by, as_of=NOW
            )
            for by in (world.director, world.second_director)
        )
    )
    assert len(refusals(found)) == 1
    assert TrancheApproval.objects.filter(tranche=tranche, step="programme").count() == 1
    assert list_chain_problems(tranche.award) == []


def test_two_awards_approved_at_once_stay_within_the_fund() -> None:
    from grants.actions.awards import approve_award, begin_award_review, submit_award

    world = make_grants(amount="150000")
    drafts: list[Award] = []
    for _ in range(2):
        award = draft(world)
        submit_award(award=award, by=world.director, as_of=NOW)
        begin_award_review(award=award, by=world.finance, as_of=NOW)
        drafts.append(award)
    found = at_once(
        lambda: approve_award(award=drafts[0], by=world.finance, as_of=NOW),
        lambda: approve_award(award=drafts[1], by=world.second_finance, as_of=NOW),
    )
    assert len(refusals(found)) == 1 and "has $50,000.00 left" in str(refusals(found)[0])
    assert list_money_problems() == []


def test_database_alone_keeps_two_awards_within_the_fund() -> None:
    """Without the action's own lock: both transactions write first and are checked at their end."""
    world = make_grants(amount="150000")
    first, second = draft(world), draft(world)
    ready = Barrier(2)

    def write(award: Award) -> Callable[[], Any]:
        def run() -> Any:
            from django.db import transaction

            with transaction.atomic():
                Award.objects.filter(pk=award.pk).update(state="active")
                ready.wait(timeout=20)

        return run

    found = at_once(write(first), write(second))
    problems = [f for f in found if isinstance(f, Exception)]
    assert len(problems) == 1 and "more than its" in str(problems[0])
    assert Award.objects.filter(state="active").count() == 1


def test_chain_has_no_gap_after_many_acts_at_once() -> None:
    world = make_grants()
    award = approved(world, make_terms())
    from grants.actions.amendments import request_amendment
    from grants.enums import AmendmentKind

    found = at_once(
        *(
            lambda number=number: request_amendment(
                award=award,
                kind=AmendmentKind.SCOPE,
                reason=f"Change {number}",
                changes={"scope_text": f"{number}"},
                by=world.director,
                as_of=NOW,
            )
            for number in range(4)
        )
    )
    assert refusals(found) == []
    assert sorted(award.amendments.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert list_chain_problems(award) == []

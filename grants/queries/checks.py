"""Checks over everything that is stored: the chain of each award, and sums counted again another way.

The database refuses wrong sums when they are written; this counts them anew from single rows, so that a
mistake in a guard, or a hand that reached past it, is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from grants.chain import START, link_hash
from grants.enums import Account, ApprovalStep, PostingKind, ReportState, TrancheState
from grants.models import (
    Award,
    AwardEvent,
    Fund,
    LedgerEntry,
    Posting,
    ReportVersion,
    Tranche,
    TrancheApproval,
)
from grants.queries.money import BINDING, ENDING
from teams.models import AuditEvent

_ZERO = Decimal("0.00")


def list_chain_problems(award: Award) -> list[str]:
    """What is wrong with an award's chain, as sentences; empty when every link holds.

    The last link is compared with the audit trail too, so that a chain cut off at its end is found.
    """
    previous, expected, problems = START, 1, []
    last: AwardEvent | None = None
    for event in award.events.order_by("number").iterator():
        if event.number != expected:
            problems.append(f"{award.number}: link {expected} is missing.")
            expected = event.number
        if event.previous_hash != previous:
            problems.append(f"{award.number}: link {event.number} does not join the one before it.")
        if event.hash != hash_of(event):
            problems.append(f"{award.number}: link {event.number} was changed.")
        previous, expected, last = event.hash, expected + 1, event
    written = (
        AuditEvent.objects.filter(details__award=award.number, details__has_key="hash")
        .order_by("-details__link")
        .first()
    )
    if written is not None and (last is None or written.details["hash"] != last.hash):
        problems.append(f"{award.number}: the chain ends before what the audit trail says.")
    return problems


def hash_of(event: AwardEvent) -> str:
    return link_hash(
        award_id=event.award_id,
        number=event.number,
        at=event.at,
        actor_id=event.actor_id,
        roles=event.roles,
        act=event.act,
        object_type=event.object_type,
        object_id=event.object_id,
        before=event.before,
        after=event.after,
        reason=event.reason,
        previous_hash=event.previous_hash,
    )


def list_money_problems() -> list[str]:
    """What does not add up, as sentences: postings, payments, awards, funds; counted row by row."""
    return [*_postings(), *_tranches(), *_funds(), *_reports()]


def _postings() -> Iterator[str]:
    sides: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    for posting_id, account, amount in LedgerEntry.objects.values_list(
        "posting_id", "account", "amount"
    ):
        sides[posting_id].append((account, amount))
    for posting in Posting.objects.all():
        entries = sides[posting.pk]
        if len(entries) != 2 or sum(a for _, a in entries) != 0:
            yield f"Posting {posting.pk} ({posting.reference}) does not balance."


def _tranches() -> Iterator[str]:
    paid: dict[int, Decimal] = defaultdict(lambda: _ZERO)
    returned: dict[int, Decimal] = defaultdict(lambda: _ZERO)
    for posting in Posting.objects.exclude(tranche=None):
        assert posting.tranche_id is not None
        if posting.kind == PostingKind.PAYMENT:
            paid[posting.tranche_id] += posting.amount
        elif posting.kind == PostingKind.FAILURE:
            paid[posting.tranche_id] -= posting.amount
        else:
            returned[posting.tranche_id] += posting.amount
    people: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    for approval in TrancheApproval.objects.all():
        people[approval.tranche_id, approval.round][approval.step] = approval.by_id
    for tranche in Tranche.objects.select_related("award"):
        where = f"{tranche.award.number}, payment {tranche.number}"
        is_out = tranche.state in (TrancheState.PAID, TrancheState.RETURNED)
        if paid[tranche.pk] != (tranche.amount if is_out else _ZERO):
            yield f"{where}: {paid[tranche.pk]} on the ledger, but it is {tranche.state}."
        if returned[tranche.pk] > paid[tranche.pk]:
            yield f"{where}: more came back than was paid."
        steps = people[tranche.pk, tranche.round]
        needed = (ApprovalStep.RECOMMENDATION, ApprovalStep.PROGRAMME, ApprovalStep.FINANCE)
        if is_out and (
            any(step not in steps for step in needed) or len(set(steps.values())) < len(steps)
        ):
            yield f"{where}: paid without three people."


def _funds() -> Iterator[str]:
    for fund in Fund.objects.all():
        committed, paid = _ZERO, _ZERO
        for award in fund.awards.prefetch_related("tranches"):
            live = [t for t in award.tranches.all() if t.state != TrancheState.CANCELLED]
            planned = sum((t.amount for t in live), _ZERO)
            if award.state in BINDING:
                committed += award.amount
                if planned != award.amount:
                    yield f"{award.number}: payments add up to {planned}, the award is {award.amount}."
            elif award.state in ENDING:
                committed += sum(
                    (t.amount for t in live if t.state != TrancheState.RETURNED), _ZERO
                )
        if committed > fund.amount:
            yield f"{fund.name}: {committed} committed, the fund is {fund.amount}."
        held = _ZERO
        for posting in fund.postings.prefetch_related("entries"):
            held += sum(
                (e.amount for e in posting.entries.all() if e.account == Account.INSTITUTE), _ZERO
            )
            paid += sum(
                (e.amount for e in posting.entries.all() if e.account == Account.GROUP), _ZERO
            )
        if held < 0:
            yield f"{fund.name}: the institute paid {-held} more than it received."
        if paid > committed:
            yield f"{fund.name}: {paid} is with the groups, {committed} was committed."


def _reports() -> Iterator[str]:
    open_states = [ReportState.SUBMITTED, ReportState.ACCEPTED]
    for version in ReportVersion.objects.filter(
        report__state__in=open_states, submitted_at=None
    ).select_related("report"):
        newer = version.report.versions.filter(number__gt=version.number).exists()
        if not newer:
            yield f"{version.report}: handed in, but its newest version is not."


def list_all_awards() -> list[Award]:
    """For checks that look at every award; nothing of it is shown to a reader without scope."""
    return list(Award.objects.select_related("team", "fund").order_by("number"))

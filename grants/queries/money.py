"""Reads of the two ledgers: what came in, what went out, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import (
    Case,
    DecimalField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from grants.enums import Account, AwardState, PostingKind, TrancheState
from grants.models import Award, Fund, LedgerEntry, Posting, Tranche
from grants.queries.awards import visible_awards
from teams.permissions import Permission
from teams.scoping import Scope

_MONEY: DecimalField = DecimalField(max_digits=14, decimal_places=2)
ZERO = Value(Decimal("0.00"), output_field=_MONEY)

#: Award states that bind their whole amount, and those that bind only what is still to be paid or was paid.
BINDING = (AwardState.APPROVED, AwardState.AGREEMENT_OUT, AwardState.ACTIVE, AwardState.SUSPENDED)
ENDING = (AwardState.CLOSING, AwardState.CLOSED, AwardState.TERMINATED)


@dataclass(frozen=True)
class FundTotals:
    """Dollars of one fund. left: not committed to any award; held: with the institute, not paid out."""

    fund: Fund
    received: Decimal
    committed: Decimal
    paid: Decimal
    returned: Decimal

    @property
    def left(self) -> Decimal:
        return self.fund.amount - self.committed

    @property
    def held(self) -> Decimal:
        return self.received - self.paid + self.returned


def _total(rows: QuerySet[Posting]) -> Decimal:
    return rows.aggregate(total=Coalesce(Sum("amount"), ZERO))["total"]


def committed_amount() -> Case:
    """What an award binds of its fund, as an expression on awards."""
    of_tranches = (
        Tranche.objects.filter(award=OuterRef("pk"))
        .exclude(state__in=[TrancheState.CANCELLED, TrancheState.RETURNED])
        .order_by()
        .values("award")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    return Case(
        When(state__in=BINDING, then=F("amount")),
        When(state__in=ENDING, then=Coalesce(Subquery(of_tranches, output_field=_MONEY), ZERO)),
        default=ZERO,
        output_field=_MONEY,
    )


def paid_amount() -> Coalesce:
    """What was paid and did not come back because the bank refused it, as an expression on awards."""
    signed = Case(
        When(kind=PostingKind.PAYMENT, then=F("amount")),
        When(kind=PostingKind.FAILURE, then=-F("amount")),
        default=ZERO,
        output_field=_MONEY,
    )
    rows = (
        Posting.objects.filter(award=OuterRef("pk"))
        .order_by()
        .values("award")
        .annotate(total=Sum(signed))
        .values("total")
    )
    return Coalesce(Subquery(rows, output_field=_MONEY), ZERO)


def returned_amount() -> Coalesce:
    rows = (
        Posting.objects.filter(award=OuterRef("pk"), kind=PostingKind.RETURN)
        .order_by()
        .values("award")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    return Coalesce(Subquery(rows, output_field=_MONEY), ZERO)


def get_fund_totals(fund: Fund) -> FundTotals:
    return _totals_of([fund])[0]


def list_fund_totals() -> list[FundTotals]:
    """Totals of every fund, by name. They name no group."""
    return _totals_of(list(Fund.objects.all()))


def _totals_of(funds: Sequence[Fund]) -> list[FundTotals]:
    nothing = Decimal("0.00")
    committed = dict(
        Award.objects.filter(fund__in=funds)
        .order_by()
        .values_list("fund_id")
        .annotate(total=Sum(committed_amount()))
    )
    moved = {
        (fund_id, kind): total
        for fund_id, kind, total in Posting.objects.filter(fund__in=funds)
        .order_by()
        .values_list("fund_id", "kind")
        .annotate(total=Sum("amount"))
    }

    def total(fund: Fund, kind: PostingKind) -> Decimal:
        return moved.get((fund.pk, kind.value), nothing)

    return [
        FundTotals(
            fund=fund,
            received=total(fund, PostingKind.RECEIPT),
            committed=committed.get(fund.pk, nothing),
            paid=total(fund, PostingKind.PAYMENT) - total(fund, PostingKind.FAILURE),
            returned=total(fund, PostingKind.RETURN),
        )
        for fund in funds
    ]


def list_funds() -> QuerySet[Fund]:
    return Fund.objects.all()


def get_fund(fund_id: int) -> Fund:
    return Fund.objects.get(pk=fund_id)


def institute_holds(fund: Fund) -> Decimal:
    """Dollars of the fund on the institute's account, from the entries of both ledgers."""
    return LedgerEntry.objects.filter(posting__fund=fund, account=Account.INSTITUTE).aggregate(
        total=Coalesce(Sum("amount"), ZERO)
    )["total"]


def returned_of_tranche(tranche: Tranche) -> Decimal:
    return _total(Posting.objects.filter(tranche=tranche, kind=PostingKind.RETURN))


def get_standing_payment(tranche: Tranche) -> Posting | None:
    """The payment that was made and did not fail."""
    return tranche.postings.filter(
        Q(kind=PostingKind.PAYMENT) & Q(reversed_by__isnull=True)
    ).first()


def list_movements(scope: Scope) -> QuerySet[Posting]:
    """Movements of the awards that exist for a reader, oldest first; who sees all grants sees what the payer
    transferred too."""
    awards = Award.objects.filter(visible_awards(scope)).order_by()
    seen = Q(award__in=awards)
    if scope.may(Permission.VIEW_ALL_GRANTS):
        seen |= Q(award__isnull=True)
    return Posting.objects.filter(seen).select_related("award", "tranche").order_by("on", "id")


def list_postings(fund: Fund, *, award_ids: Iterable[int] | None = None) -> QuerySet[Posting]:
    """Movements of a fund, oldest first; with award_ids only those of these awards."""
    postings = Posting.objects.filter(fund=fund)
    if award_ids is not None:
        postings = postings.filter(award_id__in=list(award_ids))
    return postings.select_related("award", "award__team", "tranche", "posted_by").order_by(
        "on", "id"
    )

"""All awards at a glance: totals that tie to the fund, what blocks, what is late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from grants.enums import AwardState, MilestoneState, ReportKind, ReportState, TrancheState
from grants.facts import WorkSummary
from grants.models import Award, Fund, Milestone, Tranche
from grants.queries.awards import list_awards
from grants.queries.money import committed_amount, paid_amount, returned_amount
from grants.queries.outcomes import AwardOutcome, list_outcomes
from grants.queries.spending import explained_lines, time_share
from teams.models import Team
from teams.scoping import Scope

_SETTLED = (TrancheState.PAID, TrancheState.CANCELLED, TrancheState.RETURNED)
_ZERO = Decimal("0.00")
#: Spending below this share when this share of the time is gone is an exception that finance looks at.
SLOW_SPENDING, SLOW_AFTER = Decimal("0.5"), Decimal("0.75")


#: Which tests stand beside an award.
WORK_SPAN = "Tests, patients and the last test are of the group, in the time of the award."


@dataclass
class PortfolioRow:
    """One award. Money in dollars, shares 0 to 1; time_reported: up to the last report handed in;
    explained_count: lines of the last report with a note on why they differ from the plan;
    days_since_award: since it was approved, None before that; work: of the group in the time of the award."""

    award: Award
    committed: Decimal
    paid: Decimal
    returned: Decimal
    spent: Decimal
    time_gone: Decimal
    time_reported: Decimal
    next_tranche: Tranche | None
    blocking: Milestone | None
    overdue_count: int
    override_count: int
    explained_count: int
    days_since_award: int | None
    outcome: AwardOutcome

    @property
    def work(self) -> WorkSummary | None:
        return self.outcome.work

    @property
    def with_group(self) -> Decimal:
        return self.paid - self.returned

    @property
    def unspent(self) -> Decimal:
        return self.with_group - self.spent

    @property
    def exceptions(self) -> list[str]:
        found = []
        if self.overdue_count:
            found.append(f"{self.overdue_count} overdue")
        if self.override_count:
            found.append("paid without conditions")
        if self.explained_count:
            lines = "line" if self.explained_count == 1 else "lines"
            found.append(f"{self.explained_count} {lines} off plan")
        if (
            self.time_reported >= SLOW_AFTER
            and self.award.amount
            and self.spent / self.award.amount < SLOW_SPENDING
            and self.award.state == AwardState.ACTIVE
        ):
            found.append("slow spending")
        return found


@dataclass
class Portfolio:
    """Rows of the awards that a reader sees, with the totals of exactly these rows."""

    rows: list[PortfolioRow]
    committed: Decimal = _ZERO
    paid: Decimal = _ZERO
    returned: Decimal = _ZERO
    spent: Decimal = _ZERO
    funds: list[Fund] = field(default_factory=list)

    @property
    def fund_amount(self) -> Decimal:
        return sum((fund.amount for fund in self.funds), _ZERO)

    @property
    def left(self) -> Decimal:
        """What the funds have not committed: with `committed` it makes up their amount."""
        return self.fund_amount - self.committed


def quarter_of(day: date) -> str:
    """The calendar quarter of a day, such as 2026-Q1."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def list_quarters(scope: Scope) -> list[str]:
    """Quarters in which a payment of an award in scope is planned, the earliest first."""
    days = Tranche.objects.filter(award__in=list_awards(scope).order_by()).exclude(
        state=TrancheState.CANCELLED
    )
    return sorted({quarter_of(day) for day in days.values_list("planned_on", flat=True).distinct()})


def get_portfolio(
    scope: Scope, *, on: date, kind: str = "", state: str = "", quarter: str = ""
) -> Portfolio:
    """Awards in scope by group, never by result. kind, state, quarter: narrow the rows; totals are of the rows.

    quarter: such as 2026-Q1, awards with a payment planned in it.
    """
    awards = list_awards(scope)
    if kind:
        awards = awards.filter(kind=kind)
    if state:
        awards = awards.filter(state=state)
    if quarter:
        year, number = int(quarter[:4]), int(quarter[-1])
        awards = awards.filter(
            pk__in=Tranche.objects.filter(planned_on__year=year, planned_on__quarter=number)
            .exclude(state=TrancheState.CANCELLED)
            .values("award")
        )
    found = list(
        awards.annotate(
            committed=committed_amount(), paid=paid_amount(), returned=returned_amount()
        ).prefetch_related(
            # Into plain lists: a related manager for each award and payment costs more than reading them.
            Prefetch(
                "tranches",
                Tranche.objects.prefetch_related(
                    Prefetch("conditions", to_attr="listed_conditions")
                ).order_by("number"),
                to_attr="listed_tranches",
            ),
            Prefetch("reports", to_attr="listed_reports"),
        )
    )
    outcomes = list_outcomes(scope, found, on=on)
    explained = explained_lines([award.pk for award in found])
    rows = [_row(a, explained.get(a.pk, 0), outcomes[a.pk], on) for a in found]
    portfolio = Portfolio(rows)
    for row in rows:
        portfolio.committed += row.committed
        portfolio.paid += row.paid
        portfolio.returned += row.returned
        portfolio.spent += row.spent
    portfolio.funds = list(Fund.objects.filter(pk__in={a.fund_id for a in found}))
    return portfolio


def _row(award: Any, explained: int, outcome: AwardOutcome, on: date) -> PortfolioRow:
    """award: with the amounts and lists that `get_portfolio` reads beside it."""
    tranches = award.listed_tranches
    waiting = [t for t in tranches if t.state not in _SETTLED]
    following = waiting[0] if waiting else None
    open_conditions = (
        sorted(
            (m for m in following.listed_conditions if m.state == MilestoneState.OPEN),
            key=lambda m: m.due_on,
        )
        if following
        else []
    )
    reported = [
        r.ends_on
        for r in award.listed_reports
        if r.kind == ReportKind.FINANCIAL
        and r.state in (ReportState.SUBMITTED, ReportState.ACCEPTED)
    ]
    return PortfolioRow(
        award=award,
        committed=award.committed,
        paid=award.paid,
        returned=award.returned,
        spent=outcome.spent,
        time_gone=time_share(award, on),
        time_reported=time_share(award, max(reported)) if reported else _ZERO,
        next_tranche=following,
        blocking=open_conditions[0] if open_conditions else None,
        overdue_count=sum(is_overdue(r, on) for r in award.listed_reports)
        if award.state in (AwardState.ACTIVE, AwardState.SUSPENDED, AwardState.CLOSING)
        else 0,
        override_count=sum(t.override_by_id is not None for t in tranches),
        explained_count=explained,
        days_since_award=(on - timezone.localdate(award.approved_at)).days
        if award.approved_at
        else None,
        outcome=outcome,
    )


def is_overdue(report: object, on: date) -> bool:
    """The day of a report is over and it was not handed in."""
    return report.due_on < on and report.state not in (  # type: ignore[attr-defined]
        ReportState.SUBMITTED,
        ReportState.ACCEPTED,
    )


@dataclass
class MatrixRow:
    """A group's payments, by number; awards of one group stand below each other."""

    team: Team
    award: Award
    tranches: list[Tranche]


def list_matrix(scope: Scope) -> tuple[list[MatrixRow], int]:
    """Groups by payments, for awards under way, and the largest number of payments."""
    awards = (
        list_awards(scope)
        .filter(state__in=[AwardState.ACTIVE, AwardState.SUSPENDED, AwardState.CLOSING])
        .prefetch_related(
            Prefetch("tranches", Tranche.objects.prefetch_related("conditions").order_by("number"))
        )
    )
    rows = [MatrixRow(a.team, a, list(a.tranches.all())) for a in awards]
    return rows, max((len(row.tranches) for row in rows), default=0)


def list_expected_payments(
    scope: Scope, *, on: date, days: int = 92
) -> dict[Fund, list[tuple[str, Decimal]]]:
    """Payments planned within the next days, added up by fund and month: for the payer's cash."""
    tranches = (
        Tranche.objects.filter(
            award__in=list_awards(scope).filter(
                state__in=[AwardState.ACTIVE, AwardState.AGREEMENT_OUT, AwardState.APPROVED]
            ),
            planned_on__lte=on + timedelta(days=days),
        )
        .exclude(state__in=_SETTLED)
        .select_related("award__fund")
        .order_by("planned_on")
    )
    sums: dict[Fund, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: _ZERO))
    for tranche in tranches:
        month = max(tranche.planned_on, on).strftime("%B %Y")
        sums[tranche.award.fund][month] += tranche.amount
    return {fund: list(months.items()) for fund, months in sums.items()}


def list_payment_queue(scope: Scope, states: Iterable[TrancheState]) -> list[Tranche]:
    """Payments in these states, the longest waiting first."""
    return list(
        Tranche.objects.filter(award__in=list_awards(scope), state__in=list(states))
        .select_related("award__team", "award__fund")
        .prefetch_related("approvals__by", "conditions")
        .order_by("state_changed_at")
    )

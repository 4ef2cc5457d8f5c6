"""What was spent on each budget line, against what was planned."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from grants.enums import ReportKind
from grants.models import (
    ActualLine,
    Award,
    BudgetLine,
    BudgetVersion,
    GrantReport,
    GrantRules,
    ReportVersion,
)
from grants.policies.checks import needs_variance_note
from grants.terms import newest_budget

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class LineSpending:
    """One line in dollars. before: spent in earlier periods; expected: the line's part for the time gone;
    actual_id: of the row in the report, where there is one."""

    line: BudgetLine
    before: Decimal
    actual: Decimal
    committed: Decimal
    expected: Decimal
    note: str
    needs_note: bool
    actual_id: int | None = None

    @property
    def spent(self) -> Decimal:
        return self.before + self.actual

    @property
    def left(self) -> Decimal:
        return self.line.amount - self.spent - self.committed

    @property
    def is_over(self) -> bool:
        return self.spent > self.line.amount


def time_share(award: Award, on: date) -> Decimal:
    """Part of the award's time that has gone, 0 to 1."""
    total = (award.ends_on - award.starts_on).days + 1
    gone = (min(on, award.ends_on) - award.starts_on).days + 1
    return max(Decimal(0), Decimal(gone) / Decimal(total))


def newest_submitted() -> QuerySet[ReportVersion]:
    """Per report the newest version that was handed in."""
    newest = (
        ReportVersion.objects.filter(report=OuterRef("report"), submitted_at__isnull=False)
        .order_by("-number")
        .values("pk")[:1]
    )
    return ReportVersion.objects.filter(pk=Subquery(newest))


def spent_by_line(award: Award, *, before: date | None = None) -> dict[str, Decimal]:
    """Dollars by line code, from the newest submitted version of every financial report (that began earlier)."""
    reports = GrantReport.objects.filter(award=award, kind=ReportKind.FINANCIAL)
    if before is not None:
        reports = reports.filter(starts_on__lt=before)
    rows = (
        ActualLine.objects.filter(version__in=newest_submitted(), version__report__in=reports)
        .order_by()
        .values("line_code")
        .annotate(total=Sum("actual"))
    )
    return {row["line_code"]: row["total"] for row in rows}


def spent_by_award(award_ids: Iterable[int]) -> dict[int, Decimal]:
    rows = (
        ActualLine.objects.filter(
            version__in=newest_submitted(), version__report__award_id__in=list(award_ids)
        )
        .order_by()
        .values("version__report__award_id")
        .annotate(total=Sum("actual"))
    )
    return {row["version__report__award_id"]: row["total"] for row in rows}


def explained_lines(award_ids: Iterable[int]) -> dict[int, int]:
    """By award: lines of its last financial report that was handed in whose spending the group explains."""
    newest = (
        newest_submitted()
        .filter(report__award_id__in=list(award_ids), report__kind=ReportKind.FINANCIAL)
        .annotate(explained=Count("lines", filter=~Q(lines__variance_note="")))
        .order_by("report__ends_on")
        .values_list("report__award_id", "explained")
    )
    return dict(newest)  # the last one of each award stays


def spent_beside(awards: Collection[Award]) -> dict[int, Decimal]:
    """By award: dollars that all awards of its group spent, from the reports of time since it began."""
    reported: dict[int, list[tuple[date, Decimal]]] = {award.team_id: [] for award in awards}
    for team_id, ends_on, total in (
        ActualLine.objects.filter(
            version__in=newest_submitted(), version__report__award__team__in=reported
        )
        .order_by()
        .values_list("version__report__award__team_id", "version__report__ends_on")
        .annotate(total=Sum("actual"))
    ):
        reported[team_id].append((ends_on, total))
    return {
        award.pk: sum(
            (total for ends_on, total in reported[award.team_id] if ends_on >= award.starts_on),
            Decimal("0.00"),
        )
        for award in awards
    }


def list_line_spending(
    version: ReportVersion, rules: GrantRules, *, award: Award
) -> list[LineSpending]:
    """Every line of the newest budget with what this version says; lines that left the budget and were
    spent on stay listed."""
    budget = newest_budget(award)
    lines = list(budget.lines.select_related("category")) if budget else []
    before = spent_by_line(award, before=version.report.starts_on)
    said = {line.line_code: line for line in version.lines.all()}
    share = time_share(award, version.report.ends_on)
    found = []
    for line in lines:
        mine = said.get(line.line_code)
        actual = mine.actual if mine else Decimal("0.00")
        earlier = before.get(line.line_code, Decimal("0.00"))
        expected = (line.amount * share).quantize(_CENT, ROUND_HALF_UP)
        found.append(
            LineSpending(
                line=line,
                before=earlier,
                actual=actual,
                committed=mine.committed if mine else Decimal("0.00"),
                expected=expected,
                note=mine.variance_note if mine else "",
                needs_note=needs_variance_note(line.amount, expected, earlier + actual, rules),
                actual_id=mine.pk if mine else None,
            )
        )
    return found


def list_budget_spending(
    award_ids: Collection[int],
) -> dict[int, list[tuple[BudgetLine, Decimal]]]:
    """By award: every line of the newest budget with what was spent on it so far."""
    newest = (
        BudgetVersion.objects.filter(award=OuterRef("budget__award"))
        .order_by("-number")
        .values("pk")[:1]
    )
    lines = (
        BudgetLine.objects.filter(budget__award__in=award_ids, budget=Subquery(newest))
        .select_related("category", "budget")
        .order_by("line_code")
    )
    spent = {
        (award_id, line_code): total
        for award_id, line_code, total in ActualLine.objects.filter(
            version__in=newest_submitted(),
            version__report__award__in=award_ids,
            version__report__kind=ReportKind.FINANCIAL,
        )
        .order_by()
        .values_list("version__report__award_id", "line_code")
        .annotate(total=Sum("actual"))
    }
    found: dict[int, list[tuple[BudgetLine, Decimal]]] = {pk: [] for pk in award_ids}
    for line in lines:
        key = line.budget.award_id, line.line_code
        found[line.budget.award_id].append((line, spent.get(key, Decimal("0.00"))))
    return found

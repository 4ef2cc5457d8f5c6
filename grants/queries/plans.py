"""Reads of sustainability plans."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from grants.business_case import Case, Row, list_warnings, make_case
from grants.enums import PlanDecision, PlanSide
from grants.models import SustainabilityPlan
from teams.permissions import Permission
from teams.scoping import Scope


@dataclass(frozen=True)
class PlanView:
    """A scenario with its sums. avoided: dollars a year that less use would save: low, middle, high."""

    plan: SustainabilityPlan
    costs: list[Row]
    sources: list[Row]
    case: Case
    avoided: tuple[Decimal, Decimal, Decimal] | None
    warnings: list[str]

    @property
    def years(self) -> list[int]:
        return [self.plan.first_year + n for n in range(5)]


def list_plans(scope: Scope) -> QuerySet[SustainabilityPlan]:
    """Plans of the own group, its coach and the programme; the payer sees those of groups with grants too."""
    plans = SustainabilityPlan.objects.select_related("team", "changed_by", "signed_by")
    if scope.may(Permission.VIEW_ALL_GRANTS):
        return plans
    if not scope.may(Permission.VIEW_GRANTS):
        return plans.none()
    return plans.filter(team__in=scope.own_team_ids)


def get_plan(scope: Scope, plan_id: int) -> SustainabilityPlan:
    return list_plans(scope).get(pk=plan_id)


def view_plan(plan: SustainabilityPlan) -> PlanView:
    rows = [
        Row(
            line.description,
            line.source,
            (line.year_1, line.year_2, line.year_3, line.year_4, line.year_5),
        )
        for line in plan.lines.all()
    ]
    costs = [row for row in rows if not row.source]
    avoided = None
    priced = [a for a in plan.assumptions.all() if a.unit_cost is not None]
    if priced:
        avoided = (
            sum((a.low * a.unit_cost for a in priced if a.unit_cost), Decimal(0)),
            sum((a.middle * a.unit_cost for a in priced if a.unit_cost), Decimal(0)),
            sum((a.high * a.unit_cost for a in priced if a.unit_cost), Decimal(0)),
        )
    first_use = next((y + 1 for y in range(5) if any(row.years[y] for row in costs)), 1)
    return PlanView(
        plan,
        costs,
        [row for row in rows if row.source],
        make_case(rows, grant_ends_in=plan.grant_ends_in),
        avoided,
        list_warnings(
            rows,
            first_use=first_use,
            has_decisions=any(c.decision != PlanDecision.UNDECIDED for c in plan.changes.all()),
            savings_ceiling=avoided[2] if avoided else None,
        ),
    )


def content_of_plan(plan: SustainabilityPlan) -> dict[str, object]:
    """The plan as `save_plan` takes it."""
    return {
        "name": plan.name,
        "first_year": plan.first_year,
        "grant_ends_in": plan.grant_ends_in,
        "staffing": plan.staffing,
        "lines": [
            {
                "side": PlanSide(line.side),
                "source": line.source,
                "description": line.description,
                **{f"year_{n}": getattr(line, f"year_{n}") for n in range(1, 6)},
            }
            for line in plan.lines.all()
        ],
        "assumptions": list(
            plan.assumptions.values("name", "unit", "low", "middle", "high", "unit_cost", "origin")
        ),
        "changes": list(
            plan.changes.values("title", "decision", "replaces_step", "owner", "budget_line")
        ),
    }

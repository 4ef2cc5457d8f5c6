"""Reads of sustainability plans."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from grants.business_case import OUTLOOKS, Assumed, Case, Row, list_warnings, make_case, rows_at
from grants.enums import PlanDecision, PlanDriver, PlanSide
from grants.models import PlanAssumption, PlanChange, PlanVersion, SustainabilityPlan
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope


@dataclass(frozen=True)
class PlanView:
    """A scenario with its sums. avoided: dollars a year that less use would save: low, middle, high;
    at_stake: the equity part of the contract's incentive, dollars a year; outlooks: the sums with every
    assumption at its unfavourable, middle and favourable end."""

    plan: SustainabilityPlan
    costs: list[Row]
    sources: list[Row]
    case: Case
    avoided: tuple[Decimal, Decimal, Decimal] | None
    at_stake: tuple[Decimal, Decimal, Decimal] | None
    outlooks: list[tuple[str, Case]]
    warnings: list[str]

    @property
    def years(self) -> list[int]:
        return [self.plan.first_year + n for n in range(5)]

    @property
    def cliff_year(self) -> int | None:
        """The first year without the grant that is not covered."""
        return self.years[self.case.cliff - 1] if self.case.cliff else None

    @property
    def break_even_year(self) -> int | None:
        """From then on money other than grants covers the need."""
        return self.years[self.case.break_even - 1] if self.case.break_even else None


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


def count_funded_changes(scope: Scope, team: Team) -> int:
    """Changes that a team's plans embed or scale, each with its owner and its budget line after the grant; one query."""
    return (
        PlanChange.objects.filter(
            plan__in=list_plans(scope).filter(team=team),
            decision__in=[PlanDecision.EMBED, PlanDecision.SCALE],
        )
        .exclude(owner="")
        .exclude(budget_line="")
        .values("title")
        .distinct()
        .count()
    )


def list_plan_versions(plan: SustainabilityPlan) -> QuerySet[PlanVersion]:
    """What the plan said before, the newest first; the one that stands is not among them."""
    return plan.versions.exclude(number=plan.version).select_related("saved_by").order_by("-number")


def get_plan_version(plan: SustainabilityPlan, number: int) -> PlanVersion:
    """One saved version, also the one that stands. Raises PlanVersion.DoesNotExist."""
    return plan.versions.select_related("saved_by").get(number=number)


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
    assumptions = list(plan.assumptions.all())
    priced = [
        a for a in assumptions if a.unit_cost is not None and a.drives != PlanDriver.INCENTIVE
    ]
    stakes = [a for a in assumptions if a.drives == PlanDriver.INCENTIVE]
    avoided = _dollars(priced)
    assumed = [Assumed(a.drives, *_range(a)) for a in assumptions]
    first_use = next((y + 1 for y in range(5) if any(row.years[y] for row in costs)), 1)
    return PlanView(
        plan,
        costs,
        [row for row in rows if row.source],
        make_case(rows, grant_ends_in=plan.grant_ends_in),
        avoided,
        _dollars(stakes),
        [
            (name, make_case(rows_at(rows, assumed, name), grant_ends_in=plan.grant_ends_in))
            for name in OUTLOOKS
        ],
        list_warnings(
            rows,
            first_use=first_use,
            has_decisions=any(c.decision != PlanDecision.UNDECIDED for c in plan.changes.all()),
            savings_ceiling=avoided[2] if avoided else None,
        ),
    )


def _range(assumption: PlanAssumption) -> tuple[Decimal, Decimal, Decimal]:
    """Low, middle and high: in dollars where each has a price, else as they are."""
    price = assumption.unit_cost if assumption.unit_cost is not None else Decimal(1)
    return (assumption.low * price, assumption.middle * price, assumption.high * price)


def _dollars(assumptions: list[PlanAssumption]) -> tuple[Decimal, Decimal, Decimal] | None:
    if not assumptions:
        return None
    low, middle, high = zip(*(_range(a) for a in assumptions), strict=True)
    return sum(low, Decimal(0)), sum(middle, Decimal(0)), sum(high, Decimal(0))


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
            plan.assumptions.values(
                "name", "unit", "low", "middle", "high", "unit_cost", "drives", "origin"
            )
        ),
        "changes": list(
            plan.changes.values("title", "decision", "replaces_step", "owner", "budget_line")
        ),
    }

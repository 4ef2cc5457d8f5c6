"""What stays when the grant ends: need against sources over five years, and a decision for every change."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from grants.enums import PlanDecision, PlanDriver, PlanSide, PlanSource
from grants.models.money import MoneyField

YEARS = (1, 2, 3, 4, 5)


class SustainabilityPlan(models.Model):
    """One scenario of a team. Others stand beside it; what it said before stands in its versions."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="sustainability_plans")
    name = models.CharField(max_length=80, help_text="Such as: with the contract's incentive.")
    first_year = models.PositiveSmallIntegerField(help_text="Calendar year of year 1.")
    grant_ends_in = models.PositiveSmallIntegerField(
        help_text="Year 1 to 5, the last with a grant."
    )
    staffing = models.TextField(
        blank=True, help_text="Who does the work, and who does it afterwards."
    )
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["team", "name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="plan_name_once_a_team"),
            models.CheckConstraint(
                condition=Q(grant_ends_in__gte=1, grant_ends_in__lte=5), name="plan_grant_in_years"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlanLine(models.Model):
    """One row of the grid: a cost, or a source of money; dollars in each of five years."""

    plan = models.ForeignKey(SustainabilityPlan, models.CASCADE, related_name="lines")
    side = models.CharField(max_length=10, choices=PlanSide)
    source = models.CharField(max_length=20, choices=PlanSource, blank=True)
    description = models.CharField(max_length=150)
    year_1 = MoneyField(default=Decimal(0))
    year_2 = MoneyField(default=Decimal(0))
    year_3 = MoneyField(default=Decimal(0))
    year_4 = MoneyField(default=Decimal(0))
    year_5 = MoneyField(default=Decimal(0))

    class Meta:
        ordering = ["plan", "side", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(side=PlanSide.NEED, source="")
                | Q(side=PlanSide.SOURCE) & ~Q(source=""),
                name="planline_source_named",
            ),
            models.CheckConstraint(
                condition=Q(
                    year_1__gte=0, year_2__gte=0, year_3__gte=0, year_4__gte=0, year_5__gte=0
                ),
                name="planline_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class PlanAssumption(models.Model):
    """What the numbers rest on: low, middle and high, and where it comes from.

    With a unit cost it is avoided use: how many a year, times what one costs.
    """

    plan = models.ForeignKey(SustainabilityPlan, models.CASCADE, related_name="assumptions")
    name = models.CharField(max_length=150)
    unit = models.CharField(max_length=60)
    low = models.DecimalField(max_digits=14, decimal_places=2)
    middle = models.DecimalField(max_digits=14, decimal_places=2)
    high = models.DecimalField(max_digits=14, decimal_places=2)
    unit_cost = MoneyField(null=True, blank=True)
    drives = models.CharField(
        max_length=12,
        choices=PlanDriver,
        blank=True,
        help_text="Rows that are smaller at its low and larger at its high.",
    )
    origin = models.CharField(max_length=200, help_text="Where the numbers come from.")

    class Meta:
        ordering = ["plan", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(low__lte=models.F("middle")) & Q(middle__lte=models.F("high")),
                name="assumption_in_order",
            ),
            models.CheckConstraint(condition=~Q(origin=""), name="assumption_says_origin"),
        ]

    def __str__(self) -> str:
        return self.name


class PlanChange(models.Model):
    """What becomes of one change that was tested: embed, scale or stop, and which step it replaces."""

    plan = models.ForeignKey(SustainabilityPlan, models.CASCADE, related_name="changes")
    title = models.CharField(max_length=150)
    decision = models.CharField(max_length=10, choices=PlanDecision, default=PlanDecision.UNDECIDED)
    replaces_step = models.CharField(
        max_length=200, blank=True, help_text="Which step of today's work falls away?"
    )
    owner = models.CharField(max_length=150, blank=True)
    budget_line = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["plan", "id"]

    def __str__(self) -> str:
        return self.title


class PlanVersion(models.Model):
    """What a plan said when it was saved. Never changed."""

    plan = models.ForeignKey(SustainabilityPlan, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["plan", "number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="planversion_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.plan}, version {self.number}"

"""Where the money comes from, what it may be spent on, and the rules that people set."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from grants.models.money import MoneyField


class Fund(models.Model):
    """What the payer committed. Awards of a fund never exceed it: the database adds them up."""

    name = models.CharField(max_length=120, unique=True)
    amount = MoneyField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    general_ledger_code = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="fund_amount_positive"),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="fund_dates_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FundVersion(models.Model):
    """What a fund said from a day on, and why. Never changed; the newest one says what the fund says."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    amount = MoneyField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    general_ledger_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["fund", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["fund", "number"], name="fundversion_number_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="fundversion_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.fund}, version {self.number}"


class BudgetCategory(models.Model):
    """What money may be spent on. A category that is no longer wanted is deactivated, never deleted."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=80, unique=True)
    accounting_code = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class GrantRules(models.Model):
    """Limits that the programme sets. There is exactly one row."""

    second_approval_over = MoneyField(
        default=Decimal("500000.00"),
        help_text="Payments above this amount need two people of finance.",
    )
    variance_percent = models.PositiveSmallIntegerField(
        default=10, help_text="A line that differs from its budget by more needs a note."
    )
    variance_amount = MoneyField(
        default=Decimal("1000.00"), help_text="Smaller differences in dollars never need a note."
    )
    reallocation_percent = models.PositiveSmallIntegerField(
        default=10, help_text="Moving up to this share of a line needs a notice only."
    )
    reallocation_amount = MoneyField(
        default=Decimal("1000.00"), help_text="… or up to this amount, whichever is greater."
    )
    report_notice_days = models.PositiveSmallIntegerField(
        default=14, help_text="Days before its due date that a report is asked for."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="grantrules_is_one"),
            models.CheckConstraint(
                condition=Q(variance_percent__lte=100, reallocation_percent__lte=100),
                name="grantrules_shares_are_percent",
            ),
            models.CheckConstraint(
                condition=Q(
                    second_approval_over__gte=0,
                    variance_amount__gte=0,
                    reallocation_amount__gte=0,
                ),
                name="grantrules_amounts_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return "Rules of the grants"

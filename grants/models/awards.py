"""Awards with their versions, budgets, milestones and tranches."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from grants.enums import (
    AmendmentKind,
    AmendmentState,
    ApprovalStep,
    AwardKind,
    AwardState,
    MilestoneState,
    TrancheState,
)
from grants.models.funds import BudgetCategory, Fund
from grants.models.money import MoneyField


class Award(models.Model):
    """Money promised to one group. What it says at present; what it said before stands in its versions."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="awards")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="awards")
    kind = models.CharField(max_length=20, choices=AwardKind)
    number = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=150)
    scope_text = models.TextField(blank=True, help_text="What the money is for.")
    key_person = models.CharField(max_length=150, blank=True)
    amount = MoneyField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=20, choices=AwardState, default=AwardState.DRAFT)
    state_reason = models.TextField(blank=True)
    state_changed_at = models.DateTimeField(db_default=Now())
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    agreement_signed_on = models.DateField(null=True, blank=True)
    agreement_signed_by = models.CharField(max_length=150, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["team__name", "number"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="award_amount_positive"),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="award_dates_in_order"
            ),
            models.CheckConstraint(
                condition=Q(state__in=AwardState.values), name="award_state_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=AwardKind.values), name="award_kind_known"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | Q(approved_by__isnull=False) & ~Q(approved_by=F("drafted_by")),
                name="award_approved_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[AwardState.SUSPENDED, AwardState.TERMINATED])
                | ~Q(state_reason=""),
                name="award_stop_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Amendment(models.Model):
    """A change of an award that somebody has to approve: what it said, what it shall say, and why."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="amendments")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=AmendmentKind)
    state = models.CharField(
        max_length=20, choices=AmendmentState, default=AmendmentState.SUBMITTED
    )
    reason = models.TextField()
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.TextField(blank=True)

    class Meta:
        ordering = ["award", "number"]
        constraints = [
            models.UniqueConstraint(fields=["award", "number"], name="amendment_number_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="amendment_says_why"),
            models.CheckConstraint(
                condition=~Q(state__in=[AmendmentState.APPROVED, AmendmentState.DECLINED])
                | Q(decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by=F("requested_by")),
                name="amendment_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"Amendment {self.number} of {self.award}"


class AwardVersion(models.Model):
    """What an award said from a day on: its terms with every tranche and milestone. Never changed."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    amount = MoneyField()
    terms = models.JSONField(encoder=DjangoJSONEncoder)
    reason = models.TextField()
    amendment = models.ForeignKey(
        Amendment, models.PROTECT, null=True, blank=True, related_name="award_versions"
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["award", "number"]
        constraints = [
            models.UniqueConstraint(fields=["award", "number"], name="awardversion_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.award} version {self.number}"


class BudgetVersion(models.Model):
    """A budget from a day on. The newest one holds; earlier ones stay readable."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="budgets")
    number = models.PositiveSmallIntegerField()
    reason = models.TextField()
    is_notice = models.BooleanField(
        default=False, help_text="A small move that the group told and nobody had to approve."
    )
    amendment = models.ForeignKey(
        Amendment, models.PROTECT, null=True, blank=True, related_name="budgets"
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["award", "number"]
        constraints = [
            models.UniqueConstraint(fields=["award", "number"], name="budgetversion_number_once")
        ]

    def __str__(self) -> str:
        return f"Budget {self.number} of {self.award}"


class BudgetLine(models.Model):
    """One line of a budget. `line_code` stays the same over versions, so that reports can follow a line."""

    budget = models.ForeignKey(BudgetVersion, models.PROTECT, related_name="lines")
    line_code = models.CharField(max_length=20)
    category = models.ForeignKey(BudgetCategory, models.PROTECT, related_name="lines")
    description = models.CharField(max_length=150)
    amount = MoneyField()
    full_time_equivalent = models.DecimalField(
        max_digits=5, decimal_places=2, null=True, blank=True
    )

    class Meta:
        ordering = ["budget", "line_code"]
        constraints = [
            models.UniqueConstraint(fields=["budget", "line_code"], name="budgetline_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="budgetline_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.line_code} {self.description}"


class Milestone(models.Model):
    """Something that has to be true before money is paid. The system says what it sees; a person accepts.

    fact: name of the fact in `grants.facts` that can show it, empty when only a document can;
    parameters: what the fact needs, such as {"points": 5}.
    """

    award = models.ForeignKey(Award, models.PROTECT, related_name="milestones")
    title = models.CharField(max_length=150)
    due_on = models.DateField()
    fact = models.CharField(max_length=40, blank=True)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=MilestoneState, default=MilestoneState.OPEN)
    seen_met = models.BooleanField(null=True, help_text="What the system saw last; empty: nothing.")
    seen_text = models.CharField(max_length=300, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.TextField(blank=True)

    class Meta:
        ordering = ["award", "due_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state=MilestoneState.OPEN, decided_by__isnull=True, decided_at__isnull=True
                )
                | ~Q(state=MilestoneState.OPEN)
                & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="milestone_decision_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state=MilestoneState.WAIVED) | ~Q(decision_note=""),
                name="milestone_waived_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Tranche(models.Model):
    """One payment of an award: planned, then decided step by step, then paid."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="tranches")
    number = models.PositiveSmallIntegerField()
    amount = MoneyField()
    planned_on = models.DateField()
    conditions = models.ManyToManyField(Milestone, related_name="tranches", blank=True)
    state = models.CharField(max_length=20, choices=TrancheState, default=TrancheState.SCHEDULED)
    state_changed_at = models.DateTimeField(db_default=Now())
    state_reason = models.TextField(blank=True)
    held_from = models.CharField(max_length=20, choices=TrancheState, blank=True)
    round = models.PositiveSmallIntegerField(
        default=1, help_text="Counts how often the decision began anew."
    )
    override_reason = models.TextField(blank=True)
    override_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["award", "number"]
        constraints = [
            models.UniqueConstraint(fields=["award", "number"], name="tranche_number_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="tranche_amount_positive"),
            models.CheckConstraint(
                condition=Q(state__in=TrancheState.values), name="tranche_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=TrancheState.ON_HOLD) & ~Q(held_from="") & ~Q(state_reason="")
                | ~Q(state=TrancheState.ON_HOLD) & Q(held_from=""),
                name="tranche_hold_whole",
            ),
            models.CheckConstraint(
                condition=Q(override_by__isnull=True, override_reason="")
                | Q(override_by__isnull=False) & ~Q(override_reason=""),
                name="tranche_override_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"Payment {self.number} of {self.award}"


class TrancheApproval(models.Model):
    """One person's part in the decision on a payment. The same person never has two parts in one round."""

    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="approvals")
    round = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=20, choices=ApprovalStep)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["tranche", "at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tranche", "round", "step"], name="approval_step_once_a_round"
            ),
            models.UniqueConstraint(
                fields=["tranche", "round", "by"], name="approval_person_once_a_round"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()}: {self.by}"


class AwardEvent(models.Model):
    """One link of an award's chain: what was done, by whom, with what was there before and after.

    hash: over all fields and the hash of the link before, so that a change anywhere shows.
    """

    award = models.ForeignKey(Award, models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    roles = models.CharField(max_length=200, blank=True)
    act = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    reason = models.TextField(blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["award", "number"]
        constraints = [
            models.UniqueConstraint(fields=["award", "number"], name="awardevent_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.award_id} {self.number}: {self.act}"

"""Holding the gains: what watches over a measure after the work, and what is done when it slips."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from grants.enums import PlanDecision
from learning.enums import Trigger


class ControlPlan(models.Model):
    """Who looks at a measure, how often, at which trigger somebody acts, and how."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="control_plans")
    measure = models.ForeignKey("pdsa.LocalMeasure", models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    check_every_days = models.PositiveSmallIntegerField(default=30)
    trigger = models.CharField(max_length=10, choices=Trigger, default=Trigger.SIGNAL)
    threshold = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="In the unit of the measure; percent for a share.",
    )
    response = models.TextField(help_text="What is done when the trigger fires.")
    standard_work = models.URLField(max_length=300, blank=True)
    fired_at = models.DateTimeField(null=True, blank=True)
    fired_because = models.CharField(max_length=300, blank=True)
    fired_period = models.DateField(
        null=True,
        blank=True,
        help_text="First day of the latest period for which the plan fired; only later ones fire again.",
    )
    checked_on = models.DateField(null=True, blank=True)
    check_note = models.CharField(max_length=300, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["team", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure"],
                condition=Q(ended_on__isnull=True),
                name="controlplan_once_a_measure",
            ),
            models.CheckConstraint(
                condition=Q(trigger__in=Trigger.values), name="controlplan_trigger_known"
            ),
            models.CheckConstraint(
                condition=Q(trigger=Trigger.SIGNAL, threshold__isnull=True)
                | ~Q(trigger=Trigger.SIGNAL) & Q(threshold__isnull=False),
                name="controlplan_threshold_fits",
            ),
            models.CheckConstraint(condition=~Q(response=""), name="controlplan_has_response"),
            models.CheckConstraint(
                condition=Q(check_every_days__range=(1, 366)),
                name="controlplan_checked_within_a_year",
            ),
            models.CheckConstraint(
                condition=Q(fired_at__isnull=True, fired_because="")
                | Q(fired_at__isnull=False) & ~Q(fired_because=""),
                name="controlplan_firing_whole",
            ),
            models.CheckConstraint(
                condition=Q(fired_at__isnull=True) | Q(fired_period__isnull=False),
                name="controlplan_firing_has_period",
            ),
        ]

    def __str__(self) -> str:
        return f"Control plan of {self.measure}"

    @property
    def check_due_on(self) -> date:
        """The day by which somebody looks at the measure again."""
        last = self.checked_on or timezone.localdate(self.created_at)
        return last + timedelta(days=self.check_every_days)


class ControlCheck(models.Model):
    """Somebody looked at a watched measure: what was found, and the response where the trigger had fired."""

    plan = models.ForeignKey(ControlPlan, models.PROTECT, related_name="checks")
    checked_on = models.DateField()
    fired_because = models.CharField(max_length=300, blank=True)
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-checked_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fired_because="") | ~Q(note=""), name="controlcheck_response_said"
            )
        ]

    def __str__(self) -> str:
        return f"Check of {self.plan}"


class ChangeFuture(models.Model):
    """What becomes of one change when the project ends: embed, scale or stop, and which step it replaces.

    The plan of a grant has the same decisions with their money; this one hangs on the tested change itself.
    """

    idea = models.OneToOneField("pdsa.ChangeIdea", models.PROTECT, related_name="future")
    decision = models.CharField(max_length=10, choices=PlanDecision)
    replaces_step = models.CharField(
        max_length=200, blank=True, help_text="Which step of today's work falls away."
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.TextField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_on = models.DateField()

    class Meta:
        ordering = ["idea"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=PlanDecision.values), name="changefuture_decision_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="changefuture_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.idea}: {self.get_decision_display()}"

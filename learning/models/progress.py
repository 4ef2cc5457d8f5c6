"""How far a team has come: scores on the 0.5 to 5.0 scale and the monthly report."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from learning.enums import ReportState, ScoreBy

#: The scale of the Assessment Scale for Collaboratives (Institute for Healthcare Improvement), in half steps.
SCORES = [Decimal(half * 5).scaleb(-1) for half in range(1, 11)]


class Score(models.Model):
    """One view of a team's progress in one month. Rows are added, never changed: the latest counts."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="scores")
    month = models.DateField(help_text="First day of the month.")
    by_whom = models.CharField(max_length=5, choices=ScoreBy)
    value = models.DecimalField(max_digits=2, decimal_places=1)
    reason = models.TextField()
    suggested = models.DecimalField(
        max_digits=2, decimal_places=1, help_text="What the evidence suggested at that moment."
    )
    evidence = models.JSONField(
        default=list,
        help_text="The pieces of evidence as they were shown: [{level, met, sentence}].",
    )
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    given_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["team", "-month", "-given_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(value__in=SCORES), name="score_on_the_scale"),
            models.CheckConstraint(
                condition=Q(suggested__in=SCORES), name="score_suggestion_on_the_scale"
            ),
            models.CheckConstraint(condition=Q(by_whom__in=ScoreBy.values), name="score_by_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="score_has_reason"),
            models.CheckConstraint(condition=Q(month__day=1), name="score_month_first_day"),
        ]
        indexes = [
            models.Index(fields=["team", "by_whom", "-month", "-given_at"], name="score_latest")
        ]

    def __str__(self) -> str:
        return f"{self.value} for {self.team}"


class MonthlyReport(models.Model):
    """A team's report of one month: three boxes and what the system fills in.

    `facts` is what the system showed when the report was handed in; until then it is worked out afresh.
    """

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="monthly_reports")
    month = models.DateField(help_text="First day of the month that it is about.")
    due_on = models.DateField()
    state = models.CharField(max_length=10, choices=ReportState, default=ReportState.DRAFT)
    tested_and_learned = models.TextField(blank=True)
    help_needed = models.TextField(blank=True)
    next_steps = models.TextField(blank=True, help_text="By next Tuesday.")
    patient_voice = models.TextField(blank=True)
    voice_released = models.BooleanField(
        default=False,
        help_text="The programme may quote the patient's voice, without the group's name.",
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    sponsor_comment = models.TextField(blank=True)
    feedback = models.TextField(blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-month", "team"]
        constraints = [
            models.UniqueConstraint(fields=["team", "month"], name="monthlyreport_once_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="monthlyreport_month_first_day"),
            models.CheckConstraint(
                condition=Q(state__in=ReportState.values), name="monthlyreport_state_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=ReportState.DRAFT,
                    submitted_at__isnull=True,
                    submitted_by__isnull=True,
                    facts__isnull=True,
                )
                | ~Q(state=ReportState.DRAFT)
                & Q(submitted_at__isnull=False, submitted_by__isnull=False, facts__isnull=False),
                name="monthlyreport_submitted_whole",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=ReportState.CLOSED, closed_at__isnull=False, closed_by__isnull=False
                )
                | ~Q(state=ReportState.CLOSED) & Q(closed_at__isnull=True, closed_by__isnull=True),
                name="monthlyreport_closed_whole",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False)
                & ~Q(state=ReportState.DRAFT),
                name="monthlyreport_acknowledged_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team}, {self.month:%B %Y}"

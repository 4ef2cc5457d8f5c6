"""What a group reports about an award: the money line by line, and the work in words."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from grants.enums import ReportKind, ReportState
from grants.models.awards import Award
from grants.models.money import MoneyField


class GrantReport(models.Model):
    """One report that is due. What was written stands in its versions; the newest one holds."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=20, choices=ReportKind)
    starts_on = models.DateField()
    ends_on = models.DateField()
    due_on = models.DateField()
    state = models.CharField(max_length=20, choices=ReportState, default=ReportState.SCHEDULED)
    state_changed_at = models.DateTimeField(db_default=Now())
    state_reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["award", "due_on", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["award", "kind", "starts_on", "ends_on"], name="grantreport_once_a_period"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="grantreport_dates_in_order"
            ),
            models.CheckConstraint(
                condition=~Q(state=ReportState.ACCEPTED)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="grantreport_accepted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_on:%b %Y} to {self.ends_on:%b %Y}"


class ReportVersion(models.Model):
    """What was written. Once submitted it stays as it was handed in: the database refuses changes."""

    report = models.ForeignKey(GrantReport, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    reason = models.TextField(blank=True, help_text="Why there is a version after the first one.")
    answers = models.JSONField(default=dict, help_text="Section of a narrative → text.")
    comment = models.TextField(blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    content_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["report", "number"]
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="reportversion_number_once"),
            models.CheckConstraint(
                condition=Q(submitted_by__isnull=True, submitted_at__isnull=True, content_sha256="")
                | Q(submitted_by__isnull=False, submitted_at__isnull=False) & ~Q(content_sha256=""),
                name="reportversion_submission_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report}, version {self.number}"


class ActualLine(models.Model):
    """What was spent on a budget line in the period of a report, and what is ordered and not yet paid."""

    version = models.ForeignKey(ReportVersion, models.PROTECT, related_name="lines")
    line_code = models.CharField(max_length=20)
    actual = MoneyField(default=0)
    committed = MoneyField(default=0)
    variance_note = models.TextField(blank=True)

    class Meta:
        ordering = ["version", "line_code"]
        constraints = [
            models.UniqueConstraint(fields=["version", "line_code"], name="actualline_once"),
            models.CheckConstraint(
                condition=Q(committed__gte=0), name="actualline_committed_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_code}: {self.actual}"

"""Calls for applications, what groups apply with, and what reviewers say."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from grants.enums import ApplicationState, AwardKind, CallState
from grants.models.awards import Award
from grants.models.funds import Fund
from grants.models.money import MoneyField


class Call(models.Model):
    """An invitation to apply: what for, who may, until when, what is asked and how it is judged.

    questions, criteria: lists of texts; answers and scores are kept by their position.
    """

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="calls")
    kind = models.CharField(max_length=20, choices=AwardKind)
    title = models.CharField(max_length=150)
    text = models.TextField()
    eligibility = models.TextField()
    largest_amount = MoneyField()
    questions = models.JSONField()
    criteria = models.JSONField()
    opens_on = models.DateField()
    closes_on = models.DateField(help_text="Last day, included.")
    state = models.CharField(max_length=10, choices=CallState, default=CallState.DRAFT)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-closes_on", "title"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes_on__gte=F("opens_on")), name="call_dates_in_order"
            ),
            models.CheckConstraint(condition=Q(largest_amount__gt=0), name="call_amount_positive"),
        ]

    def __str__(self) -> str:
        return self.title


class Application(models.Model):
    """What one group applies with. After it was handed in the database refuses changes of its words."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="applications")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="grant_applications")
    state = models.CharField(
        max_length=10, choices=ApplicationState, default=ApplicationState.DRAFT
    )
    title = models.CharField(max_length=150, blank=True)
    amount = MoneyField(null=True, blank=True)
    answers = models.JSONField(default=list)
    changed_at = models.DateTimeField(db_default=Now())
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    award = models.OneToOneField(
        Award, models.PROTECT, null=True, blank=True, related_name="application"
    )

    class Meta:
        ordering = ["call", "team__name"]
        constraints = [
            models.UniqueConstraint(fields=["call", "team"], name="application_once_a_call"),
            models.CheckConstraint(
                condition=~Q(state__in=[ApplicationState.AWARDED, ApplicationState.DECLINED])
                | Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decision_reason=""),
                name="application_decision_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"Application of {self.team}"


class Review(models.Model):
    """One reviewer's scores (1 to 5) with reasons, by criterion. Blind to the others until all are in."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    scores = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["application", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "reviewer"], name="review_once_a_reviewer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.application}"

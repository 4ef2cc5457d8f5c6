"""The programme's synthesis of a month: what all reports together say."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from learning.enums import SynthesisState


class Synthesis(models.Model):
    """Written by whoever directs the programme, read by the programme once it is published.

    facts: the counts and quotes as they were when it was published; until then they are worked out afresh.
    """

    month = models.DateField(unique=True, help_text="First day of the month that it is about.")
    summary = models.TextField(blank=True)
    themes = models.TextField(blank=True)
    answers = models.TextField(blank=True, help_text="To what the teams asked help with.")
    next_month = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=SynthesisState, default=SynthesisState.DRAFT)
    facts = models.JSONField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-month"]
        verbose_name_plural = "syntheses"
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="synthesis_month_first_day"),
            models.CheckConstraint(
                condition=Q(
                    state=SynthesisState.DRAFT,
                    published_at__isnull=True,
                    published_by__isnull=True,
                    facts__isnull=True,
                )
                | Q(
                    state=SynthesisState.PUBLISHED,
                    published_at__isnull=False,
                    published_by__isnull=False,
                    facts__isnull=False,
                ),
                name="synthesis_published_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"Synthesis of {self.month:%B %Y}"

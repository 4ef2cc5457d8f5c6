"""What is asked in writing and answered in writing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Question(models.Model):
    """Somebody's words, and the answer with whoever gave it once it is there."""

    text = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="%(class)s_has_text"),
            models.CheckConstraint(
                condition=Q(answer="", answered_by__isnull=True, answered_at__isnull=True)
                | ~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False),
                name="%(class)s_answer_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

"""What the team and its coach say to each other about a cycle."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from pdsa.models.cycles import Cycle


class Comment(models.Model):
    """A comment stays as it was written; its author can take it back, which empties it."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    mentions = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="mentioned_in", blank=True
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["cycle", "created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_back_at__isnull=True) & ~Q(text="")
                | Q(taken_back_at__isnull=False, text=""),
                name="comment_has_text_until_taken_back",
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]

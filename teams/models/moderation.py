"""Posts that somebody reported because they hold details of a patient."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from teams.enums import HoldState
from teams.models.organisations import Team
from teams.models.people import User


class HeldPost(models.Model):
    """One report of one post. While it waits, and after it was removed, nobody but moderators reads the post."""

    post_type = models.CharField(max_length=60, help_text="The model, as in the audit trail.")
    post_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField(help_text="What the person who reported it saw. No details again.")
    reported_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reported_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=HoldState, default=HoldState.HIDDEN)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.TextField(blank=True, help_text="Why it was restored or removed.")

    class Meta:
        ordering = ["-reported_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["post_type", "post_id"],
                condition=~Q(state=HoldState.RESTORED),
                name="heldpost_once_a_post",
            ),
            models.CheckConstraint(
                condition=Q(state__in=HoldState.values), name="heldpost_state_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="heldpost_has_reason"),
            models.CheckConstraint(
                condition=Q(
                    state=HoldState.HIDDEN,
                    decided_by__isnull=True,
                    decided_at__isnull=True,
                    decision="",
                )
                | ~Q(state=HoldState.HIDDEN)
                & Q(decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(decision=""),
                name="heldpost_decision_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.title

"""What groups say to each other about a shared test: nominations, "we tried this too", questions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from grants.enums import PlanDecision
from learning.enums import NominationState, TriedOutcome
from learning.models.questions import Question
from pdsa.enums import Decision

_ALIVE = [NominationState.WAITING, NominationState.ACCEPTED]


class Nomination(models.Model):
    """A shared test that somebody proposes for the change package."""

    cycle = models.ForeignKey("pdsa.Cycle", models.PROTECT, related_name="nominations")
    reason = models.TextField(help_text="Why others should know it.")
    afterwards = models.CharField(
        max_length=10,
        choices=PlanDecision,
        default=PlanDecision.UNDECIDED,
        help_text="What becomes of the change in its group.",
    )
    effects = models.JSONField(
        default=list,
        blank=True,
        help_text="What the group lets others read of its measures; empty unless it said so.",
    )
    state = models.CharField(
        max_length=10, choices=NominationState, default=NominationState.WAITING
    )
    nominated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    nominated_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, help_text="What the faculty says to the group.")

    class Meta:
        ordering = ["-nominated_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle"],
                condition=Q(state__in=_ALIVE),
                name="nomination_once_a_test",
            ),
            models.CheckConstraint(
                condition=Q(state__in=NominationState.values), name="nomination_state_known"
            ),
            models.CheckConstraint(
                condition=Q(afterwards__in=PlanDecision.values), name="nomination_afterwards_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="nomination_has_reason"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True, decided_at__isnull=True)
                & ~Q(state__in=[NominationState.ACCEPTED, NominationState.DECLINED])
                | Q(decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(state=NominationState.WAITING),
                name="nomination_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Nomination of {self.cycle}"


class TriedToo(models.Model):
    """A group's short report that it tried what another group shared."""

    cycle = models.ForeignKey("pdsa.Cycle", models.PROTECT, related_name="tried_too")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=TriedOutcome)
    decision = models.CharField(max_length=10, choices=Decision)
    text = models.TextField(help_text="What was different, what was learned.")
    own_cycle = models.ForeignKey(
        "pdsa.Cycle", models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_named = models.BooleanField(default=False, help_text="The group's name stands beside it.")
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reported_at = models.DateTimeField()

    class Meta:
        ordering = ["-reported_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "team"], name="triedtoo_once_a_group"),
            models.CheckConstraint(
                condition=Q(outcome__in=TriedOutcome.values), name="triedtoo_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(decision__in=Decision.values), name="triedtoo_decision_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="triedtoo_has_text"),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.cycle}"


class GroupQuestion(Question):
    """A question to the group that shared a test, and its answer."""

    cycle = models.ForeignKey("pdsa.Cycle", models.PROTECT, related_name="questions_of_others")
    team = models.ForeignKey(
        "teams.Team",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Group of the person who asks; a coach has none.",
    )
    is_named = models.BooleanField(default=False, help_text="The asking group's name is shown.")

"""What the programme's evaluator reads teams under, and the texts that teams gave for evaluation."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Pseudonym(models.Model):
    """The name under which evaluators read a team. Drawn once, at random, and never changed.

    It hangs on nothing that is known of the team; the team is the key, so that rows are in no order of making.
    """

    team = models.OneToOneField(
        "teams.Team", models.PROTECT, primary_key=True, related_name="pseudonym"
    )
    code = models.CharField(max_length=6, unique=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=r"^T-[A-Z0-9]{4}$"), name="pseudonym_says_nothing"
            )
        ]

    def __str__(self) -> str:
        return self.code


class ReleasedText(models.Model):
    """A text of a report or a test in the words in which the team gave it for evaluation.

    The words are kept here: a later change of the report or the test does not reach the evaluator.
    """

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="released_texts")
    report = models.ForeignKey(
        "learning.MonthlyReport", models.PROTECT, null=True, blank=True, related_name="released"
    )
    cycle = models.ForeignKey(
        "pdsa.Cycle", models.PROTECT, null=True, blank=True, related_name="released"
    )
    field = models.CharField(max_length=30, help_text="Which of its texts.")
    text = models.TextField()
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    released_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["team", "-released_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="releasedtext_has_text"),
            models.CheckConstraint(
                condition=Q(report__isnull=False, cycle__isnull=True)
                | Q(report__isnull=True, cycle__isnull=False),
                name="releasedtext_of_one_thing",
            ),
            models.UniqueConstraint(fields=["report", "field"], name="releasedtext_once_a_report"),
            models.UniqueConstraint(fields=["cycle", "field"], name="releasedtext_once_a_cycle"),
        ]

    def __str__(self) -> str:
        return f"Text of {self.team}"

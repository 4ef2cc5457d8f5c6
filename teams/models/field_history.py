"""What stood in a field, and since when: one row for every saved text, never changed afterwards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from teams.models.organisations import Team
from teams.models.people import User


class FieldVersion(models.Model):
    """One saved text of one field of one object. A field that has no row yet is at version 0.

    The number is what a save builds on: whoever saves on an older number is shown both texts.
    """

    team = models.ForeignKey(
        Team,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose words these are; empty: the programme's.",
    )
    target_type = models.CharField(max_length=60)
    target_id = models.BigIntegerField()
    field = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty: stood there before the history began.",
    )
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["target_type", "target_id", "field", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["target_type", "target_id", "field", "number"],
                name="fieldversion_number_once",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="fieldversion_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.target_type} {self.target_id} {self.field} {self.number}"

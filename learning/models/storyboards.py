"""A team's storyboard for a session: what its aim, charts and tests said when it was made."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from learning.models.calendar import Session


class Storyboard(models.Model):
    """A snapshot. Making it again before the session replaces it; afterwards it stays."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="storyboards")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="storyboards")
    content = models.JSONField(
        help_text="{projects: [{title, aim, facts, charts, tests}]}, as it is shown and printed."
    )
    is_shown = models.BooleanField(
        default=False, help_text="The team shows it to the other groups of the session."
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["team__name"]
        constraints = [
            models.UniqueConstraint(fields=["session", "team"], name="storyboard_once_a_session")
        ]

    def __str__(self) -> str:
        return f"Storyboard of {self.team}"

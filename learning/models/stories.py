"""Stories: what a group changed, for whom, and what happened, told to the others."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from learning.enums import StoryState


class Story(models.Model):
    """A post of a group. A draft is read by the group and its coach, a told story by the whole programme.

    topic, driver: codes of the library of change ideas. The words save themselves until it is told.
    """

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="stories")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="stories")
    title = models.CharField(max_length=120, blank=True)
    what_we_changed = models.TextField(blank=True)
    for_whom = models.TextField(blank=True)
    what_happened = models.TextField(blank=True)
    topic = models.CharField(max_length=40, blank=True)
    driver = models.CharField(max_length=40, blank=True)
    focus_stratum = models.ForeignKey(
        "measures.Stratum",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The group of patients that it is about.",
    )
    is_named = models.BooleanField(default=False, help_text="Told with the group's name.")
    state = models.CharField(max_length=10, choices=StoryState, default=StoryState.DRAFT)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-told_at", "-id"]
        verbose_name_plural = "stories"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=StoryState.values), name="story_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=StoryState.TOLD, told_at__isnull=False)
                & ~Q(title="")
                & ~Q(what_we_changed="")
                & ~Q(what_happened="")
                | ~Q(state=StoryState.TOLD) & Q(told_at__isnull=True),
                name="story_told_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.title or "A story without a title"

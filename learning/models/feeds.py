"""What brings a person back: the calendar address, the feed's last visit, followed topics, thanks."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from learning.enums import FollowKind
from learning.models.stories import Story


class ProgrammeCalendar(models.Model):
    """The secret address under which a calendar program reads a person's sessions and calls.

    Only the hash of its secret is kept; a new address ends the old one.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="programme_calendar"
    )
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"Programme calendar of {self.user}"


class FeedVisit(models.Model):
    """When a person last looked at what is new, and the visit before, since when things count as new."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="feed_visit")
    last_at = models.DateTimeField()
    before_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(last_at__gte=models.F("before_at")), name="feedvisit_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"Visit of {self.user}"


class Follow(models.Model):
    """A person wants to hear of a topic. value: a code of the library, a stratum's id, or a team's code."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows")
    kind = models.CharField(max_length=10, choices=FollowKind)
    value = models.CharField(max_length=40)
    since = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["kind", "value"]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "value"], name="follow_once"),
            models.CheckConstraint(
                condition=Q(kind__in=FollowKind.values), name="follow_kind_known"
            ),
            models.CheckConstraint(condition=~Q(value=""), name="follow_has_value"),
        ]

    def __str__(self) -> str:
        return f"{self.user} follows {self.kind} {self.value}"


class Thanks(models.Model):
    """A person thanked a group for a story or a shared test, once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="thanks_given")
    story = models.ForeignKey(Story, models.CASCADE, null=True, blank=True, related_name="thanks")
    cycle = models.ForeignKey(
        "pdsa.Cycle", models.CASCADE, null=True, blank=True, related_name="thanks"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "story"], name="thanks_once_a_story"),
            models.UniqueConstraint(fields=["user", "cycle"], name="thanks_once_a_test"),
            models.CheckConstraint(
                condition=Q(story__isnull=False, cycle__isnull=True)
                | Q(story__isnull=True, cycle__isnull=False),
                name="thanks_for_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"Thanks of {self.user}"

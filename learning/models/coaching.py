"""Coaching: calls with their notes, the coach's private notes, action items, requests for help."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from learning.enums import ActionState, CallState
from learning.models.questions import Question
from pdsa.enums import Workstream


class Call(models.Model):
    """A coaching call with one team. Its notes lie in one set of boxes for each stream (`StreamNote`)."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="calls")
    coach = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="coached_calls"
    )
    planned_at = models.DateTimeField()
    held_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=CallState, default=CallState.PLANNED)
    workstreams = ArrayField(
        models.CharField(max_length=20, choices=Workstream),
        default=list,
        blank=True,
        help_text="What the call was about.",
    )
    attendees = models.CharField(max_length=300, blank=True)
    sequence = models.PositiveIntegerField(
        default=0, help_text="Counts changes of the time, so that calendars take them over."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-planned_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CallState.values), name="call_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=CallState.HELD, held_on__isnull=False)
                | ~Q(state=CallState.HELD) & Q(held_on__isnull=True),
                name="call_held_has_a_day",
            ),
            models.CheckConstraint(
                condition=Q(workstreams__contained_by=Workstream.values),
                name="call_workstreams_known",
            ),
            # One next call: what both sides prepare for.
            models.UniqueConstraint(
                fields=["team"],
                condition=Q(state=CallState.PLANNED),
                name="call_planned_once_a_team",
            ),
        ]
        indexes = [models.Index(fields=["team", "-held_on"], name="call_held")]

    def __str__(self) -> str:
        return f"Call with {self.team}"


class PrivateNote(models.Model):
    """What a coach writes down about a call for the coaches of the team alone.

    A table of its own, so that no page, file or search that reads calls can carry it along.
    """

    call = models.OneToOneField(Call, models.PROTECT, related_name="private_note")
    text = models.TextField(blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return "Private note"


class ActionItem(models.Model):
    """What somebody said they would do, by when."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="action_items")
    call = models.ForeignKey(
        Call, models.PROTECT, null=True, blank=True, related_name="action_items"
    )
    text = models.CharField(max_length=300)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="action_items")
    due_on = models.DateField()
    workstream = models.CharField(max_length=20, choices=Workstream, default=Workstream.CLINICAL)
    cycle = models.ForeignKey(
        "pdsa.Cycle",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The test that it is about.",
    )
    measure = models.ForeignKey(
        "pdsa.LocalMeasure",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The measure that it is about.",
    )
    milestone = models.ForeignKey(
        "grants.Milestone",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The condition of a grant that it is about.",
    )
    state = models.CharField(max_length=8, choices=ActionState, default=ActionState.OPEN)
    closed_on = models.DateField(null=True, blank=True)
    closed_note = models.CharField(max_length=300, blank=True)
    reminded_on = models.DateField(
        null=True, blank=True, help_text="When its owner was last reminded of it."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="actionitem_has_text"),
            models.CheckConstraint(
                condition=Q(state__in=ActionState.values), name="actionitem_state_known"
            ),
            models.CheckConstraint(
                condition=Q(workstream__in=Workstream.values), name="actionitem_workstream_known"
            ),
            models.CheckConstraint(
                condition=Q(state=ActionState.OPEN, closed_on__isnull=True)
                | ~Q(state=ActionState.OPEN) & Q(closed_on__isnull=False),
                name="actionitem_closed_has_a_day",
            ),
            models.CheckConstraint(
                condition=Q(cycle__isnull=True, measure__isnull=True)
                | Q(cycle__isnull=True, milestone__isnull=True)
                | Q(measure__isnull=True, milestone__isnull=True),
                name="actionitem_about_one_thing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_on"],
                condition=Q(state=ActionState.OPEN),
                name="actionitem_open",
            )
        ]

    def __str__(self) -> str:
        return self.text


class HelpRequest(Question):
    """A team asks for help between two calls; the coach answers."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="help_requests")

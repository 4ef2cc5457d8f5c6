"""The driver diagram of a project: drivers in two levels, and under which of them its change ideas hang."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from pdsa.enums import DriverStatus
from pdsa.models.projects import ChangeIdea, Project


class Driver(models.Model):
    """A primary driver, or with a parent a secondary one. A removed driver stays, so that it can come back."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="drivers")
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=160)
    owner = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=DriverStatus, blank=True)
    measures = models.ManyToManyField("measures.Measure", related_name="+", blank=True)
    local_measures = models.ManyToManyField("pdsa.LocalMeasure", related_name="drivers", blank=True)
    is_removed = models.BooleanField(default=False)

    class Meta:
        ordering = ["project", "position", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="driver_has_text"),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="driver_not_its_own_parent",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["", *DriverStatus.values]), name="driver_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class IdeaPlacement(models.Model):
    """A change idea hangs under a driver; it may hang under several."""

    driver = models.ForeignKey(Driver, models.CASCADE, related_name="placements")
    idea = models.ForeignKey(ChangeIdea, models.CASCADE, related_name="placements")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["driver", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["driver", "idea"], name="ideaplacement_once_a_driver")
        ]

    def __str__(self) -> str:
        return f"{self.idea} under {self.driver}"


class DiagramStep(models.Model):
    """One change of a driver diagram with what stood before it: what undo goes back to."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="diagram_steps")
    label = models.CharField(
        max_length=200, help_text="What was done, for the button that undoes it."
    )
    before = models.JSONField()
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    done_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["project", "-id"]

    def __str__(self) -> str:
        return self.label

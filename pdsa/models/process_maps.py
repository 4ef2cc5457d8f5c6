"""Process maps: what happens step by step, who does it, and where the focus group is lost."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from pdsa.enums import MapKind, StepKind
from pdsa.models.projects import Project


class ProcessMap(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="process_maps")
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=MapKind, default=MapKind.TODAY)
    focus_group = models.CharField(
        max_length=80, blank=True, help_text="Patients for whom the losses are given."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["project", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="processmap_has_title"),
            models.CheckConstraint(
                condition=Q(kind__in=MapKind.values), name="processmap_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ProcessStep(models.Model):
    """One step. The lanes of the map are the actors. A removed step stays, so that it can come back."""

    process_map = models.ForeignKey(ProcessMap, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=160)
    actor = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=StepKind, default=StepKind.STEP)
    minutes = models.DecimalField(
        max_digits=8,
        decimal_places=1,
        null=True,
        blank=True,
        help_text="Of work, or of waiting. Empty: nobody measured it.",
    )
    note = models.CharField(max_length=300, blank=True)
    pain_point = models.CharField(max_length=300, blank=True)
    lost_percent = models.DecimalField(
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        help_text="Of the focus group's patients who reach the step, those who do not get past it.",
    )
    will_stop = models.BooleanField(default=False)
    branch_to = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    branch_label = models.CharField(max_length=30, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["process_map", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text="") & ~Q(actor=""), name="processstep_has_text_and_actor"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=StepKind.values), name="processstep_kind_known"
            ),
            models.CheckConstraint(
                condition=(Q(minutes__isnull=True) | Q(minutes__gte=0))
                & (Q(lost_percent__isnull=True) | Q(lost_percent__range=(0, 100))),
                name="processstep_numbers_make_sense",
            ),
            models.CheckConstraint(
                condition=Q(branch_to__isnull=True) | ~Q(branch_to=F("id")),
                name="processstep_branches_elsewhere",
            ),
        ]

    def __str__(self) -> str:
        return self.text

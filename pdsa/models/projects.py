"""Improvement projects and the changes that they try."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from pdsa.enums import PopulationScope, ProjectStatus, Workstream


class Project(models.Model):
    """One improvement project of one team. Who belongs to it are the people of the team's organisation."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="projects")
    title = models.CharField(max_length=120)
    workstream = models.CharField(max_length=20, choices=Workstream, default=Workstream.CLINICAL)
    population_scope = models.CharField(
        max_length=20, choices=PopulationScope, default=PopulationScope.ALL_PATIENTS
    )
    focus_strata = models.ManyToManyField(
        "measures.Stratum",
        related_name="+",
        blank=True,
        help_text="The groups of patients for whom the project wants to close a gap.",
    )
    status = models.CharField(max_length=10, choices=ProjectStatus, default=ProjectStatus.ACTIVE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    coach_reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    coach_reviewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "title"], name="project_title_once_a_team"),
            models.CheckConstraint(condition=~Q(title=""), name="project_has_title"),
            models.CheckConstraint(
                condition=Q(workstream__in=Workstream.values), name="project_workstream_known"
            ),
            models.CheckConstraint(
                condition=Q(population_scope__in=PopulationScope.values),
                name="project_population_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ProjectStatus.values), name="project_status_known"
            ),
            models.CheckConstraint(
                condition=Q(coach_reviewed_by__isnull=True, coach_reviewed_at__isnull=True)
                | Q(coach_reviewed_by__isnull=False, coach_reviewed_at__isnull=False),
                name="project_coach_review_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ChangeIdea(models.Model):
    """A change that a project tries. Its cycles in their order are the ramp."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="ideas")
    title = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["project", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "title"], name="changeidea_title_once_a_project"
            ),
            models.CheckConstraint(condition=~Q(title=""), name="changeidea_has_title"),
        ]

    def __str__(self) -> str:
        return self.title

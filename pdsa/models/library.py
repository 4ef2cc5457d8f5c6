"""The programme's library of change ideas, loaded from a reviewed file, and who took which idea over."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from pdsa.enums import Effort
from pdsa.models.projects import ChangeIdea


class LibraryIdea(models.Model):
    """A change idea that others have tried or described. An idea that left the file is not current."""

    code = models.SlugField(max_length=60, unique=True)
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=160)
    what = models.TextField()
    helps = models.TextField(help_text="Whom it helps, and how.")
    first_test = models.TextField(help_text="The objective of a first small test.")
    prediction = models.TextField(help_text="What a team could predict for it.")
    populations = ArrayField(models.CharField(max_length=40))
    driver = models.CharField(max_length=40, help_text="Code of the primary driver it acts on.")
    topics = ArrayField(models.CharField(max_length=40))
    effort = models.CharField(max_length=10, choices=Effort)
    cost_note = models.TextField()
    evidence = models.JSONField(help_text="List of {text, url}; url may be empty.")
    origin = models.CharField(max_length=300, help_text="Where the programme has the idea from.")
    is_current = models.BooleanField(default=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(effort__in=Effort.values), name="libraryidea_effort_known"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Adoption(models.Model):
    """A project's change idea was taken over from the library."""

    idea = models.OneToOneField(ChangeIdea, models.CASCADE, related_name="adoption")
    library_idea = models.ForeignKey(LibraryIdea, models.PROTECT, related_name="adoptions")
    adopted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    adopted_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["library_idea", "id"]

    def __str__(self) -> str:
        return f"{self.library_idea} in {self.idea.project}"

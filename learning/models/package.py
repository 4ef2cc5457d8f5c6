"""The change package in its versions: chapters, their change ideas, and the tests that groups contributed.

A trigger of the database refuses every change of a published version (migration `package_frozen`), but for
one: a contribution whose group no longer shares its test loses its words.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from grants.enums import PlanDecision
from learning.enums import EvidenceGrade, PackageState
from learning.models.exchange import Nomination
from pdsa.enums import Decision


class Edited(models.Model):
    """Something that the faculty writes together. revision: counts saves, so that nobody writes over another."""

    revision = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class PackageVersion(Edited):
    """One version of the programme's change package: at most one is a draft, the others are as published."""

    number = models.PositiveSmallIntegerField(unique=True)
    title = models.CharField(max_length=120)
    introduction = models.TextField(blank=True)
    whats_new = models.TextField(blank=True, help_text="What differs from the version before.")
    state = models.CharField(max_length=10, choices=PackageState, default=PackageState.DRAFT)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state=PackageState.DRAFT),
                name="packageversion_one_draft",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="packageversion_has_title"),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="packageversion_number_from_one"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=PackageState.PUBLISHED,
                    published_by__isnull=False,
                    published_at__isnull=False,
                )
                | Q(state=PackageState.DRAFT, published_by__isnull=True, published_at__isnull=True),
                name="packageversion_published_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.number}"


class Chapter(Edited):
    """One part of the package: what has to change, for whom, and the ideas that help."""

    version = models.ForeignKey(PackageVersion, models.CASCADE, related_name="chapters")
    key = models.UUIDField(default=uuid.uuid4, help_text="The same chapter in every version.")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    introduction = models.TextField(blank=True)
    driver = models.CharField(
        max_length=40, blank=True, help_text="Code of the library's primary driver."
    )
    drivers = models.TextField(blank=True, help_text="What has to change; one driver a line.")
    measure_codes = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    focus_codes = ArrayField(
        models.CharField(max_length=30),
        default=list,
        blank=True,
        help_text="Codes of strata of the combined set.",
    )

    class Meta:
        ordering = ["version", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="chapter_key_once_a_version"),
            models.CheckConstraint(condition=~Q(title=""), name="chapter_has_title"),
        ]

    def __str__(self) -> str:
        return self.title


class ChapterIdea(Edited):
    """A change idea as the package describes it."""

    chapter = models.ForeignKey(Chapter, models.CASCADE, related_name="ideas")
    key = models.UUIDField(default=uuid.uuid4, help_text="The same idea in every version.")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=160)
    what = models.TextField()
    first_test = models.TextField(blank=True, help_text="A first small test.")
    evidence_grade = models.CharField(
        max_length=10, choices=EvidenceGrade, default=EvidenceGrade.PROMISING
    )
    evidence = models.TextField(blank=True)
    library_idea = models.ForeignKey(
        "pdsa.LibraryIdea", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["chapter", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["chapter", "key"], name="chapteridea_key_once"),
            models.CheckConstraint(condition=~Q(title=""), name="chapteridea_has_title"),
            models.CheckConstraint(condition=~Q(what=""), name="chapteridea_says_what"),
            models.CheckConstraint(
                condition=Q(evidence_grade__in=EvidenceGrade.values),
                name="chapteridea_grade_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Contribution(models.Model):
    """A test that a group contributed to an idea, in words that stay with the version.

    The group's name is not among them: it is read from how the group shares the test on the day of reading.
    """

    idea = models.ForeignKey(ChapterIdea, models.CASCADE, related_name="contributions")
    nomination = models.ForeignKey(Nomination, models.PROTECT, related_name="contributions")
    cycle = models.ForeignKey("pdsa.Cycle", models.PROTECT, related_name="contributions")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=160, blank=True)
    summary = models.TextField(blank=True, help_text="What was tried and learned.")
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    afterwards = models.CharField(
        max_length=10, choices=PlanDecision, default=PlanDecision.UNDECIDED
    )
    effects = models.JSONField(default=list, blank=True)
    withdrawn_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Its group stopped sharing the test; it does not come back.",
    )

    class Meta:
        ordering = ["idea", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["idea", "cycle"], name="contribution_once_an_idea"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) & ~Q(title="") & ~Q(summary="")
                | Q(
                    withdrawn_at__isnull=False,
                    title="",
                    summary="",
                    decision="",
                    afterwards=PlanDecision.UNDECIDED,
                    effects=[],
                ),
                name="contribution_has_words_until_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return self.title or "A withdrawn test"

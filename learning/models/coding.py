"""Interviews and documents as de-identified excerpts, the codebook, and who coded what."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from learning.enums import CodeLevel, SourceForm


class InterviewSource(models.Model):
    """One interview or document under a pseudonym. Whose it is stands nowhere in the system."""

    code = models.CharField(max_length=12, unique=True, help_text="Pseudonym, such as P-07.")
    form = models.CharField(max_length=10, choices=SourceForm, default=SourceForm.INTERVIEW)
    stakeholder = models.CharField(max_length=60, help_text="Kind of stakeholder, in a few words.")
    month = models.DateField(null=True, blank=True, help_text="First day of the month.")

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=~Q(code=""), name="interviewsource_has_code"),
            models.CheckConstraint(
                condition=Q(form__in=SourceForm.values), name="interviewsource_form_known"
            ),
            models.CheckConstraint(
                condition=Q(month__isnull=True) | Q(month__day=1),
                name="interviewsource_month_first_day",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Excerpt(models.Model):
    """A passage, small enough to be coded as a whole. Its text is not changed once it is there."""

    source = models.ForeignKey(InterviewSource, models.PROTECT, related_name="excerpts")
    number = models.PositiveIntegerField(help_text="Place in its source, from 1.")
    text = models.TextField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["source", "number"]
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="excerpt_place"),
            models.CheckConstraint(condition=~Q(text=""), name="excerpt_has_text"),
            models.CheckConstraint(condition=Q(number__gte=1), name="excerpt_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.number}"


class Codebook(models.Model):
    """A version of the codebook. The last one may be a draft; what was coded with stays as it was."""

    version = models.PositiveSmallIntegerField(unique=True)
    note = models.CharField(max_length=300, blank=True, help_text="What changed, and why.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    fixed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(condition=Q(version__gte=1), name="codebook_version_from_one"),
            models.UniqueConstraint(
                models.ExpressionWrapper(Q(fixed_at=None), models.BooleanField()),
                condition=Q(fixed_at=None),
                name="codebook_one_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"Codebook, version {self.version}"


class CodebookEntry(models.Model):
    """A theme, a code of a theme, or a sub-code of a code. `key` is the same in every version."""

    codebook = models.ForeignKey(Codebook, models.CASCADE, related_name="entries")
    key = models.CharField(max_length=40)
    level = models.CharField(max_length=8, choices=CodeLevel)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    definition = models.TextField(blank=True)
    when_to_use = models.TextField(blank=True)
    when_not = models.TextField(blank=True)

    class Meta:
        ordering = ["codebook", "position"]
        constraints = [
            models.UniqueConstraint(fields=["codebook", "key"], name="codebookentry_key_once"),
            models.CheckConstraint(
                condition=Q(level__in=CodeLevel.values), name="codebookentry_level_known"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="codebookentry_has_name"),
            models.CheckConstraint(
                condition=Q(level=CodeLevel.THEME, parent__isnull=True)
                | ~Q(level=CodeLevel.THEME) & Q(parent__isnull=False),
                name="codebookentry_parent_fits",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CodingRound(models.Model):
    """Two people code the same excerpts with the same version of the codebook, blind to each other."""

    name = models.CharField(max_length=80)
    codebook = models.ForeignKey(Codebook, models.PROTECT, related_name="rounds")
    first = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    second = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    excerpts = models.ManyToManyField(Excerpt, related_name="rounds")
    first_done_at = models.DateTimeField(null=True, blank=True)
    second_done_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="codinground_has_name"),
            models.CheckConstraint(condition=~Q(first=F("second")), name="codinground_two_people"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def both_done(self) -> bool:
        return self.first_done_at is not None and self.second_done_at is not None


class ExcerptCoding(models.Model):
    """What one coder gave an excerpt; without codes: read, and nothing applies."""

    round = models.ForeignKey(CodingRound, models.CASCADE, related_name="codings")
    excerpt = models.ForeignKey(Excerpt, models.PROTECT, related_name="codings")
    coder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    codes = models.ManyToManyField(CodebookEntry, related_name="+", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "excerpt", "coder"], name="excerptcoding_once_a_coder"
            )
        ]

    def __str__(self) -> str:
        return f"Coding of {self.excerpt}"


class Reconciliation(models.Model):
    """What both settled on where they had given different codes."""

    round = models.ForeignKey(CodingRound, models.CASCADE, related_name="reconciliations")
    excerpt = models.ForeignKey(Excerpt, models.PROTECT, related_name="+")
    codes = models.ManyToManyField(CodebookEntry, related_name="+", blank=True)
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "excerpt"], name="reconciliation_once_an_excerpt"
            )
        ]

    def __str__(self) -> str:
        return f"Settled: {self.excerpt}"

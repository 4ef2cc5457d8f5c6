"""Asking for race, ethnicity and language: the words to ask with, where they are used, and who was trained."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from pdsa.enums import ScriptLanguage, Situation, StaffRole, TrainingTopic


class AskingScript(models.Model):
    """What staff say in one situation. Without a team it is the programme's, loaded from a reviewed file."""

    team = models.ForeignKey(
        "teams.Team", models.PROTECT, null=True, blank=True, related_name="asking_scripts"
    )
    code = models.SlugField(max_length=60, blank=True, help_text="Of the programme's; else empty.")
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=120)
    situation = models.CharField(max_length=20, choices=Situation)
    is_current = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "title", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=~Q(code=""), name="askingscript_code_once"
            ),
            models.CheckConstraint(
                condition=Q(team__isnull=True) & ~Q(code="") | Q(team__isnull=False, code=""),
                name="askingscript_programmes_has_code",
            ),
            models.CheckConstraint(
                condition=Q(situation__in=Situation.values), name="askingscript_situation_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AskingText(models.Model):
    """One version of a script in one language. A version stays as it is; a change is the next version."""

    script = models.ForeignKey(AskingScript, models.PROTECT, related_name="texts")
    language = models.CharField(max_length=10, choices=ScriptLanguage)
    number = models.PositiveSmallIntegerField(help_text="Version, from 1.")
    text = models.TextField()
    note = models.CharField(max_length=200, blank=True, help_text="What is new in it.")
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["script", "language", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["script", "language", "number"], name="askingtext_version_once"
            ),
            models.CheckConstraint(
                condition=Q(language__in=ScriptLanguage.values), name="askingtext_language_known"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1) & ~Q(text=""), name="askingtext_is_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.script}, {self.get_language_display()}, version {self.number}"


class ScriptUse(models.Model):
    """A site asks with one version of a script, between two days."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="script_uses")
    site = models.ForeignKey("teams.Site", models.PROTECT, related_name="+")
    text = models.ForeignKey(AskingText, models.PROTECT, related_name="uses")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day, included.")
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["site", "starts_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "text"],
                condition=Q(ends_on__isnull=True),
                name="scriptuse_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="scriptuse_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.text} at {self.site}"


class StaffTraining(models.Model):
    """Staff of one role at one site after a training: how many of them are trained now, and until when.

    The latest entry of a site and role holds; earlier ones are its history.
    """

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="staff_trainings")
    site = models.ForeignKey("teams.Site", models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, choices=StaffRole)
    topic = models.CharField(max_length=12, choices=TrainingTopic)
    trained_on = models.DateField()
    due_on = models.DateField(help_text="Day from which it has to be refreshed.")
    trained_count = models.PositiveSmallIntegerField(help_text="Trained now, of this role.")
    staff_count = models.PositiveSmallIntegerField(help_text="All staff of this role at the site.")
    who = models.CharField(max_length=300, blank=True, help_text="Names of staff, never patients.")
    trainer = models.CharField(max_length=120, blank=True)
    text = models.ForeignKey(
        AskingText, models.PROTECT, null=True, blank=True, related_name="trainings"
    )
    note = models.CharField(max_length=300, blank=True)
    logged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    logged_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-trained_on", "-id"]
        indexes = [models.Index(fields=["team", "-trained_on"], name="stafftraining_of_team")]
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=StaffRole.values), name="stafftraining_role_known"
            ),
            models.CheckConstraint(
                condition=Q(topic__in=TrainingTopic.values), name="stafftraining_topic_known"
            ),
            models.CheckConstraint(
                condition=Q(staff_count__gte=1) & Q(trained_count__lte=F("staff_count")),
                name="stafftraining_counts_fit",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gt=F("trained_on")), name="stafftraining_due_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} at {self.site}, {self.trained_on}"

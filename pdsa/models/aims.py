"""What a project wants to reach: its aim and its charter, each with the versions that they went through."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from pdsa.enums import AimDirection, AimState, CharterState
from pdsa.models.projects import Project


class Version(models.Model):
    """A text as it once stood. The latest one is what stands now."""

    number = models.PositiveSmallIntegerField()
    content = models.JSONField(encoder=DjangoJSONEncoder)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()
    is_fixed = models.BooleanField(
        default=False, help_text="Somebody reviewed or agreed to it: it is never written over."
    )

    class Meta:
        abstract = True


class Aim(models.Model):
    """The aim of a project in its parts; every part may be empty. Texts stand beside what they are bound to,
    so that a team without data can write an aim, and a bound one keeps its words."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="aim")
    direction = models.CharField(max_length=10, choices=AimDirection, default=AimDirection.INCREASE)
    measure = models.ForeignKey(
        "measures.Measure",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the team has no data of the programme for it yet.",
    )
    measure_name = models.CharField(max_length=120, blank=True)
    population = models.CharField(max_length=160, blank=True)
    place = models.CharField(max_length=160, blank=True)
    focus_stratum = models.ForeignKey(
        "measures.Stratum", models.PROTECT, null=True, blank=True, related_name="+"
    )
    focus_group = models.CharField(max_length=80, blank=True)
    reference_group = models.CharField(max_length=80, blank=True)
    unit = models.CharField(max_length=20, default="%")
    baseline = models.DecimalField(max_digits=8, decimal_places=1, null=True, blank=True)
    target = models.DecimalField(max_digits=8, decimal_places=1, null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    gap_from = models.DecimalField(max_digits=8, decimal_places=1, null=True, blank=True)
    gap_to = models.DecimalField(max_digits=8, decimal_places=1, null=True, blank=True)
    guards_everyone = models.BooleanField(default=False)
    basis = models.CharField(
        max_length=300, blank=True, help_text="Where the present level and gap come from."
    )
    state = models.CharField(max_length=10, choices=AimState, default=AimState.DRAFT)
    review_note = models.TextField(blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(direction__in=AimDirection.values), name="aim_direction_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=AimState.REVIEWED, reviewed_by__isnull=False, reviewed_at__isnull=False
                )
                | Q(state=AimState.DRAFT, reviewed_by__isnull=True, reviewed_at__isnull=True),
                name="aim_reviewed_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"Aim of {self.project}"


class AimVersion(Version):
    aim = models.ForeignKey(Aim, models.CASCADE, related_name="versions")

    class Meta:
        ordering = ["aim", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["aim", "number"], name="aimversion_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.aim}, version {self.number}"


class Charter(models.Model):
    """The project on one page: who, for whom, why, within which bounds. Title and aim stand elsewhere."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="charter")
    problem = models.CharField(max_length=300, blank=True)
    population = models.CharField(max_length=300, blank=True)
    sponsor = models.CharField(max_length=120, blank=True)
    team_lead = models.CharField(max_length=120, blank=True)
    day_to_day_lead = models.CharField(max_length=120, blank=True)
    clinical_champion = models.CharField(max_length=120, blank=True)
    improvement_adviser = models.CharField(max_length=120, blank=True)
    data_person = models.CharField(max_length=120, blank=True)
    frontline_staff = models.CharField(max_length=200, blank=True)
    community_partner = models.CharField(max_length=200, blank=True)
    equity_lead = models.CharField(max_length=120, blank=True)
    finance_contact = models.CharField(max_length=120, blank=True)
    why_now = models.TextField(blank=True)
    in_scope = models.TextField(blank=True)
    out_of_scope = models.TextField(blank=True)
    benefits = models.TextField(blank=True)
    measures = models.TextField(blank=True)
    first_ideas = models.TextField(blank=True)
    risks = models.TextField(blank=True)
    review_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=CharterState, default=CharterState.DRAFT)
    review_note = models.TextField(blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreed_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CharterState.values), name="charter_state_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=CharterState.DRAFT, reviewed_by__isnull=True, reviewed_at__isnull=True
                )
                | ~Q(state=CharterState.DRAFT)
                & Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="charter_reviewed_says_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=CharterState.AGREED, agreed_by__isnull=False, agreed_at__isnull=False
                )
                | ~Q(state=CharterState.AGREED) & Q(agreed_by__isnull=True, agreed_at__isnull=True),
                name="charter_agreed_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"Charter of {self.project}"


class CharterVersion(Version):
    charter = models.ForeignKey(Charter, models.CASCADE, related_name="versions")
    state = models.CharField(max_length=10, choices=CharterState)

    class Meta:
        ordering = ["charter", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["charter", "number"], name="charterversion_number_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=CharterState.values), name="charterversion_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charter}, version {self.number}"

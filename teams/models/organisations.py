"""The programme, its organisations, teams and practice sites."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q

from teams.enums import OrganisationKind, SecondReference
from teams.models.dates import DateRange


class Programme(models.Model):
    """The collaborative itself: its name, its words and its rules. There is exactly one row."""

    name = models.CharField(max_length=120, default="Equity Action Community")
    payer_name = models.CharField(max_length=120, default="The payer")
    institute_name = models.CharField(max_length=120, default="The improvement institute")
    team_word = models.CharField(max_length=40, default="team")
    coach_word = models.CharField(max_length=40, default="coach")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    rejected_share_percent = models.PositiveSmallIntegerField(
        default=5, help_text="A file with a larger share of bad rows is rejected whole."
    )
    second_reference = models.CharField(
        max_length=10, choices=SecondReference, default=SecondReference.NONE, blank=True
    )
    simulation_seed = models.PositiveIntegerField(
        default=20250101, help_text="Intervals that are simulated start from it."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="programme_is_one"),
            models.CheckConstraint(
                condition=Q(second_reference__in=SecondReference.values),
                name="programme_second_reference_known",
            ),
            models.CheckConstraint(
                condition=Q(rejected_share_percent__lte=100), name="programme_share_is_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    name = models.CharField(max_length=150, unique=True)
    kind = models.CharField(max_length=20, choices=OrganisationKind)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=OrganisationKind.values), name="organisation_kind_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A provider group's improvement team. `code` is what data files call the group."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="teams")
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=150, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """A practice site. Which team it belongs to has dates: `SiteAssignment`."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=150)
    zip_code = models.CharField(max_length=5, blank=True)
    teams = models.ManyToManyField(Team, through="SiteAssignment", related_name="sites")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(zip_code="") | Q(zip_code__regex=r"^[0-9]{5}$"),
                name="site_zip_five_digits",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SiteAssignment(models.Model):
    """A site belongs to one team at a time; it can move, and both stretches stay on record."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="assignments")
    team = models.ForeignKey(Team, models.PROTECT, related_name="site_assignments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day, included.")

    class Meta:
        ordering = ["site", "starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="siteassignment_dates_in_order",
            ),
            ExclusionConstraint(
                name="siteassignment_one_team_at_a_time",
                expressions=[
                    (F("site"), RangeOperators.EQUAL),
                    (
                        DateRange("starts_on", "ends_on", RangeBoundary(True, True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} in {self.team} from {self.starts_on}"

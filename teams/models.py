"""People, organisations, teams, sites, memberships, invitations, API tokens, audit."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower, Now

from teams.enums import OrganisationKind, Role


class DateRange(Func):
    function = "daterange"
    output_field = DateRangeField()


def holds_on(day: date) -> Q:
    """Rows with `starts_on`/`ends_on` that hold on a day; the last day is included."""
    return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. What the person may do comes from memberships, never from flags on this row."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def memberships_on(self, day: date) -> list[Membership]:
        """Memberships that hold on a day; read once per user object."""
        cache: dict[date, list[Membership]] = self.__dict__.setdefault("_memberships_on", {})
        if day not in cache:
            cache[day] = list(self.memberships.filter(holds_on(day)).select_related("organisation"))
        return cache[day]

    def coached_team_ids_on(self, day: date) -> list[int]:
        return list(self.coach_assignments.filter(holds_on(day)).values_list("team_id", flat=True))


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

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="programme_is_one"),
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


class Membership(models.Model):
    """A person's role in an organisation between two days."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day, included.")

    class Meta:
        ordering = ["user", "starts_on"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="membership_dates_in_order",
            ),
            ExclusionConstraint(
                name="membership_role_once_at_a_time",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("organisation"), RangeOperators.EQUAL),
                    (F("role"), RangeOperators.EQUAL),
                    (
                        DateRange("starts_on", "ends_on", RangeBoundary(True, True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} at {self.organisation}"


class CoachAssignment(models.Model):
    """A coach works with a team between two days; hand-overs leave both stretches on record."""

    user = models.ForeignKey(User, models.CASCADE, related_name="coach_assignments")
    team = models.ForeignKey(Team, models.CASCADE, related_name="coach_assignments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day, included.")

    class Meta:
        ordering = ["team", "starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="coachassignment_dates_in_order",
            ),
            ExclusionConstraint(
                name="coachassignment_once_at_a_time",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("team"), RangeOperators.EQUAL),
                    (
                        DateRange("starts_on", "ends_on", RangeBoundary(True, True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} coaches {self.team}"


class Invitation(models.Model):
    """An offer of a membership, sent by e-mail. Only the hash of its secret is kept."""

    email = models.EmailField()
    name = models.CharField(max_length=150)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=20, choices=Role)
    secret_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="invitations_sent")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="invitations_accepted"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_acceptance_whole",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="invitation_not_accepted_and_withdrawn",
            ),
            models.UniqueConstraint(
                Lower("email"),
                "organisation",
                "role",
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organisation}"


class ApiToken(models.Model):
    """A key for the REST API. Shown once; only its hash is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    key_prefix = models.CharField(max_length=8)
    key_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.key_prefix}…)"


class AuditEvent(models.Model):
    """One act: who, what, on which object, when. The database refuses to change or delete a row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="audit_events", help_text="Empty: the system."
    )
    act = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="audit_events")
    details = models.JSONField(default=dict)
    request_id = models.CharField(max_length=36, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.act} {self.object_type} {self.object_id}"

"""The programme's calendar: phases, sessions, who came and what they thought of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from learning.enums import PhaseKind, SessionKind, SessionState
from teams.models import DateRange


class Phase(models.Model):
    """A stretch of the programme. Two never overlap."""

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=15, choices=PhaseKind)
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PhaseKind.values), name="phase_kind_known"),
            models.CheckConstraint(condition=~Q(name=""), name="phase_has_name"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="phase_dates_in_order"
            ),
            ExclusionConstraint(
                name="phase_one_at_a_time",
                expressions=[
                    (
                        DateRange("starts_on", "ends_on", RangeBoundary(True, True)),
                        RangeOperators.OVERLAPS,
                    )
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Session(models.Model):
    """A learning session, monthly meeting, workshop or office hours."""

    kind = models.CharField(max_length=20, choices=SessionKind)
    title = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    place = models.CharField(max_length=200, blank=True)
    join_link = models.URLField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=SessionState, default=SessionState.PLANNED)
    agenda = models.TextField(blank=True)
    pre_work = models.TextField(blank=True, help_text="What each team does before.")
    notes = models.TextField(blank=True)
    recording_link = models.URLField(max_length=300, blank=True)
    teams = models.ManyToManyField(
        "teams.Team", related_name="+", blank=True, help_text="Whom it is for; empty: everybody."
    )
    sequence = models.PositiveIntegerField(
        default=0, help_text="Counts changes of time and place, so that calendars take them over."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="session_has_title"),
            models.CheckConstraint(
                condition=Q(kind__in=SessionKind.values), name="session_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=SessionState.values), name="session_state_known"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="session_times_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class SessionLink(models.Model):
    """Material of a session that lies elsewhere. Files hang on the session as attachments."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="links")
    title = models.CharField(max_length=120)
    address = models.URLField(max_length=300)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "address"], name="sessionlink_once_a_session"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Attendance(models.Model):
    """Somebody came. `team` is where the person belonged on that day, kept for later counts."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="attendances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="attendances")
    team = models.ForeignKey(
        "teams.Team", models.PROTECT, null=True, blank=True, related_name="attendances"
    )
    checked_in_at = models.DateTimeField()
    checked_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["session", "checked_in_at"]
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="attendance_once_a_session")
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.session}"


class PreWorkDone(models.Model):
    """A team says that it has done a session's pre-work."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="pre_work_done")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "team"], name="prework_once_a_team")
        ]

    def __str__(self) -> str:
        return f"{self.team}: {self.session}"


class SessionFeedback(models.Model):
    """What one person thought of a session. Results are shown from five answers on, never by person."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="feedback")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    useful = models.PositiveSmallIntegerField(help_text="1 not at all … 5 very")
    will_use = models.PositiveSmallIntegerField(help_text="1 nothing … 5 a lot")
    best = models.TextField(blank=True)
    better = models.TextField(blank=True)
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="feedback_once_a_person"),
            models.CheckConstraint(
                condition=Q(useful__range=(1, 5), will_use__range=(1, 5)),
                name="feedback_from_one_to_five",
            ),
        ]

    def __str__(self) -> str:
        return f"Feedback on {self.session}"

"""PDSA cycles, which the screens call tests, and the rows that hang on them."""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from pdsa.enums import (
    CarriedOut,
    CycleKind,
    CycleState,
    Decision,
    Match,
    PatientInput,
    Sharing,
)
from pdsa.models.projects import ChangeIdea

_UNDER_WAY = [CycleState.DOING, CycleState.STUDYING, CycleState.CLOSED]
_CAN_PAUSE = [CycleState.PLANNED, CycleState.DOING, CycleState.STUDYING]


def _known(name: str, values: list[str], constraint: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{f"{name}__in": values}), name=constraint)


class Cycle(models.Model):
    """One test of one change idea. Every text may be empty; what the state says is never in doubt."""

    idea = models.ForeignKey(ChangeIdea, models.PROTECT, related_name="cycles")
    number = models.PositiveSmallIntegerField(help_text="Place in the ramp, from 1.")
    title = models.CharField(max_length=160, blank=True, help_text="Empty: idea and number.")
    kind = models.CharField(max_length=10, choices=CycleKind, default=CycleKind.TEST)
    state = models.CharField(max_length=10, choices=CycleState, default=CycleState.IDEA)
    paused_from = models.CharField(
        max_length=10, choices=CycleState, blank=True, help_text="State to go on from."
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_cycles")
    who = models.CharField(max_length=200, blank=True, help_text="Who carries it out, in words.")
    planned_start_on = models.DateField(null=True, blank=True)
    planned_end_on = models.DateField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True, help_text="Last day of doing, included.")
    closed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    is_retrospective = models.BooleanField(
        default=False, help_text="Written down after it was done: no credit for predictions."
    )
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followers"
    )
    copied_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="copies",
        help_text="Shared test of another team whose plan this one took over.",
    )
    site = models.ForeignKey("teams.Site", models.PROTECT, null=True, blank=True, related_name="+")
    patient_count = models.PositiveIntegerField(null=True, blank=True)
    clinician_count = models.PositiveIntegerField(null=True, blank=True)
    site_count = models.PositiveIntegerField(null=True, blank=True)
    duration_days = models.PositiveIntegerField(null=True, blank=True)
    focus_strata = models.ManyToManyField("measures.Stratum", related_name="+", blank=True)
    patient_input = models.CharField(max_length=12, choices=PatientInput, blank=True)
    sharing = models.CharField(max_length=8, choices=Sharing, default=Sharing.TEAM)

    # Plan
    objective = models.TextField(blank=True)
    not_predicted = models.BooleanField(
        default=False, help_text="The team said in one click that it did not predict."
    )
    data_what = models.TextField(blank=True)
    data_who = models.CharField(max_length=200, blank=True)
    data_how = models.CharField(
        max_length=300, blank=True, help_text="How, and where written down."
    )
    data_sample = models.CharField(max_length=200, blank=True)
    # Do
    carried_out = models.CharField(max_length=8, choices=CarriedOut, blank=True)
    what_happened = models.TextField(blank=True)
    problems = models.TextField(blank=True)
    quotes = models.TextField(blank=True)
    # Study
    learned = models.TextField(blank=True)
    surprises = models.TextField(blank=True)
    focus_result = models.TextField(
        blank=True, help_text="What it did for the focus group, or why that is not known."
    )
    # Act
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    next_change = models.TextField(blank=True)

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(db_default=Now())
    client_key = models.UUIDField(
        null=True,
        blank=True,
        unique=True,
        help_text="Made by the browser: the same log sent twice is one cycle.",
    )

    class Meta:
        ordering = ["idea", "number"]
        indexes = [
            models.Index(fields=["state", "planned_end_on"], name="cycle_state_due"),
            models.Index(fields=["-changed_at", "-id"], name="cycle_changed"),
            models.Index(
                fields=["sharing"], condition=~Q(sharing=Sharing.TEAM), name="cycle_shared"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["idea", "number"], name="cycle_number_once_a_ramp"),
            models.CheckConstraint(condition=Q(number__gte=1), name="cycle_number_from_one"),
            _known("kind", CycleKind.values, "cycle_kind_known"),
            _known("state", CycleState.values, "cycle_state_known"),
            _known("sharing", Sharing.values, "cycle_sharing_known"),
            _known("patient_input", ["", *PatientInput.values], "cycle_patient_input_known"),
            _known("carried_out", ["", *CarriedOut.values], "cycle_carried_out_known"),
            _known("decision", ["", *Decision.values], "cycle_decision_known"),
            models.CheckConstraint(
                condition=Q(state=CycleState.PAUSED, paused_from__in=_CAN_PAUSE)
                | ~Q(state=CycleState.PAUSED) & Q(paused_from=""),
                name="cycle_paused_from_a_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_UNDER_WAY) | Q(started_on__isnull=False),
                name="cycle_under_way_has_start",
            ),
            models.CheckConstraint(
                condition=~Q(paused_from__in=[CycleState.DOING, CycleState.STUDYING])
                | Q(started_on__isnull=False),
                name="cycle_paused_under_way_has_start",
            ),
            models.CheckConstraint(
                condition=Q(state=CycleState.CLOSED, closed_at__isnull=False) & ~Q(decision="")
                | ~Q(state=CycleState.CLOSED) & Q(closed_at__isnull=True),
                name="cycle_closed_has_decision",
            ),
            models.CheckConstraint(
                condition=Q(state=CycleState.CANCELLED, cancelled_at__isnull=False)
                | ~Q(state=CycleState.CANCELLED) & Q(cancelled_at__isnull=True, cancel_reason=""),
                name="cycle_cancelled_whole",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True)
                | Q(started_on__isnull=False, ended_on__gte=F("started_on")),
                name="cycle_dates_in_order",
            ),
            models.CheckConstraint(
                condition=Q(previous__isnull=True) | ~Q(previous=F("id")),
                name="cycle_not_its_own_previous",
            ),
            models.CheckConstraint(
                condition=Q(copied_from__isnull=True) | ~Q(copied_from=F("id")),
                name="cycle_not_its_own_copy",
            ),
            models.CheckConstraint(
                condition=(Q(patient_count__isnull=True) | Q(patient_count__gte=1))
                & (Q(clinician_count__isnull=True) | Q(clinician_count__gte=1))
                & (Q(site_count__isnull=True) | Q(site_count__gte=1))
                & (Q(duration_days__isnull=True) | Q(duration_days__gte=1)),
                name="cycle_scale_from_one",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.idea.title}, test {self.number}"


_Kept = TypeVar("_Kept", bound=models.Model)


class _KeptRows(models.Manager[_Kept]):
    """Rows that nobody removed: what every page, file and answer is made from."""

    def get_queryset(self) -> models.QuerySet[_Kept]:
        return super().get_queryset().filter(removed_at__isnull=True)


class _Row(models.Model):
    """A row that hangs on a cycle. A removed one stays, so that it can be put back.

    Only the history and putting back look at `with_removed`.
    """

    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    # First: relations and prefetches use it too.
    objects: ClassVar[_KeptRows[Self]] = _KeptRows()
    with_removed: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True


def _removed_whole(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(removed_at__isnull=True, removed_by__isnull=True)
        | Q(removed_at__isnull=False, removed_by__isnull=False),
        name=name,
    )


class Prediction(_Row):
    """A question of the plan with what the team predicts, and beside it what came out."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="predictions")
    position = models.PositiveSmallIntegerField()
    question = models.TextField(blank=True)
    prediction = models.TextField(blank=True)
    expected_value = models.DecimalField(max_digits=12, decimal_places=3, null=True, blank=True)
    unit = models.CharField(max_length=30, blank=True)
    result = models.TextField(blank=True)
    actual_value = models.DecimalField(max_digits=12, decimal_places=3, null=True, blank=True)
    match = models.CharField(max_length=12, choices=Match, blank=True)

    class Meta:
        ordering = ["cycle", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "position"], name="prediction_position_once_a_cycle"
            ),
            _known("match", ["", *Match.values], "prediction_match_known"),
            _removed_whole("prediction_removed_whole"),
        ]

    def __str__(self) -> str:
        return self.question or self.prediction


class CycleTask(_Row):
    """A step of the plan: what, who, when, where."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="tasks")
    position = models.PositiveSmallIntegerField()
    what = models.CharField(max_length=300, blank=True)
    who = models.CharField(max_length=120, blank=True)
    due_on = models.DateField(null=True, blank=True)
    where = models.CharField(max_length=120, blank=True)
    done_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["cycle", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "position"], name="cycletask_position_once_a_cycle"
            ),
            _removed_whole("cycletask_removed_whole"),
        ]

    def __str__(self) -> str:
        return self.what


class CycleReading(_Row):
    """Numbers written down while doing: n of N, or one value, for everybody or for one stratum."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="readings")
    read_on = models.DateField()
    label = models.CharField(max_length=120, blank=True, help_text="What was counted or measured.")
    stratum = models.ForeignKey(
        "measures.Stratum",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: everybody in the test.",
    )
    numerator = models.PositiveIntegerField(null=True, blank=True)
    denominator = models.PositiveIntegerField(null=True, blank=True)
    value = models.DecimalField(max_digits=12, decimal_places=3, null=True, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["cycle", "read_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    numerator__isnull=False,
                    # An unknown comparison lets a row through: nulls are refused by name.
                    denominator__isnull=False,
                    denominator__gte=1,
                    numerator__lte=F("denominator"),
                    value__isnull=True,
                )
                | Q(numerator__isnull=True, denominator__isnull=True, value__isnull=False),
                name="cyclereading_share_or_value",
            ),
            _removed_whole("cyclereading_removed_whole"),
        ]

    def __str__(self) -> str:
        if self.value is not None:
            return f"{self.value}"
        return f"{self.numerator} of {self.denominator}"

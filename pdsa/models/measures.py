"""What a project measures month by month, and what people decided about its charts."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from measures.enums import Direction
from pdsa.enums import (
    ChartDecisionKind,
    Frequency,
    MeasureKind,
    PointKind,
    PointState,
    PopulationScope,
    StratumRole,
)
from pdsa.models.cycles import Cycle
from pdsa.models.projects import Project


class LocalMeasure(models.Model):
    """A measure of one project with its definition sheet. Bound to a measure of the programme, the
    definition is locked and its values come from there; otherwise the team enters them."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="local_measures")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=MeasureKind, default=MeasureKind.PROCESS)
    point_kind = models.CharField(max_length=10, choices=PointKind, default=PointKind.PROPORTION)
    direction = models.CharField(max_length=6, choices=Direction, default=Direction.HIGHER)
    unit = models.CharField(max_length=30, blank=True, help_text="Empty for a share, shown in %.")
    why = models.CharField(max_length=300, blank=True)
    definition = models.TextField(blank=True)
    numerator_meaning = models.CharField(max_length=300, blank=True)
    denominator_meaning = models.CharField(max_length=300, blank=True)
    exclusions = models.CharField(max_length=300, blank=True)
    data_source = models.CharField(max_length=200, blank=True)
    population_scope = models.CharField(
        max_length=20, choices=PopulationScope, default=PopulationScope.ALL_PATIENTS
    )
    frequency = models.CharField(max_length=5, choices=Frequency, default=Frequency.MONTH)
    lag_days = models.PositiveSmallIntegerField(
        default=0, help_text="Days after the end of a period until its numbers are there."
    )
    collector = models.CharField(max_length=120, blank=True)
    minimum_denominator = models.PositiveSmallIntegerField(null=True, blank=True)
    target = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, help_text="Percent for a share."
    )
    target_on = models.DateField(null=True, blank=True)
    rule_set = models.CharField(max_length=20, blank=True, help_text="Empty: follows the chart.")
    is_screened = models.BooleanField(
        default=True, help_text="Single jumps do not widen the limits."
    )
    programme_measure = models.ForeignKey(
        "measures.Measure", models.PROTECT, null=True, blank=True, related_name="+"
    )
    programme_source = models.ForeignKey(
        "measures.Source", models.PROTECT, null=True, blank=True, related_name="+"
    )
    version = models.PositiveSmallIntegerField(default=1)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["project", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                condition=Q(retired_at__isnull=True),
                name="localmeasure_name_once_a_project",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="localmeasure_has_name"),
            models.CheckConstraint(
                condition=Q(kind__in=MeasureKind.values), name="localmeasure_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(point_kind__in=PointKind.values), name="localmeasure_point_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="localmeasure_direction_known"
            ),
            models.CheckConstraint(
                condition=Q(population_scope__in=PopulationScope.values),
                name="localmeasure_population_known",
            ),
            models.CheckConstraint(
                condition=Q(frequency__in=Frequency.values), name="localmeasure_frequency_known"
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="localmeasure_version_from_one"
            ),
            models.CheckConstraint(
                condition=Q(target__isnull=True)
                | ~Q(point_kind=PointKind.PROPORTION)
                | Q(target__gte=0, target__lte=100),
                name="localmeasure_target_is_percent",
            ),
            models.CheckConstraint(
                condition=Q(programme_measure__isnull=True, programme_source__isnull=True)
                | Q(
                    programme_measure__isnull=False,
                    programme_source__isnull=False,
                    point_kind__in=[PointKind.PROPORTION, PointKind.RATE],
                ),
                name="localmeasure_bound_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def higher_is_better(self) -> bool:
        return self.direction == Direction.HIGHER

    @property
    def is_bound(self) -> bool:
        """Definition and values come from the programme."""
        return self.programme_measure_id is not None


class LocalMeasureVersion(models.Model):
    """The definition sheet as it once stood. The latest one is what stands now."""

    measure = models.ForeignKey(LocalMeasure, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField(encoder=DjangoJSONEncoder)
    reason = models.CharField(max_length=200, blank=True)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["measure", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "number"], name="localmeasureversion_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure}, version {self.number}"


class MeasureStratum(models.Model):
    """A group of people for whom a measure is counted, and what it is to the measure."""

    measure = models.ForeignKey(LocalMeasure, models.CASCADE, related_name="strata")
    stratum = models.ForeignKey("measures.Stratum", models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=StratumRole, default=StratumRole.OTHER)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["measure", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "stratum"], name="measurestratum_once_a_measure"
            ),
            models.UniqueConstraint(
                fields=["measure", "position"], name="measurestratum_position_once"
            ),
            models.UniqueConstraint(
                fields=["measure"],
                condition=Q(role=StratumRole.REFERENCE),
                name="measurestratum_one_reference",
            ),
            models.UniqueConstraint(
                fields=["measure"],
                condition=Q(role=StratumRole.FOCUS),
                name="measurestratum_one_focus",
            ),
            models.CheckConstraint(
                condition=Q(role__in=StratumRole.values), name="measurestratum_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stratum} of {self.measure}"


class Observation(models.Model):
    """What one group had in one month or week: a number, or why there is none."""

    measure = models.ForeignKey(LocalMeasure, models.CASCADE, related_name="observations")
    stratum = models.ForeignKey("measures.Stratum", models.PROTECT, related_name="+")
    starts_on = models.DateField(help_text="First day of the month, or Monday of the week.")
    point_kind = models.CharField(
        max_length=10, choices=PointKind, help_text="As of the measure: what the row must hold."
    )
    state = models.CharField(max_length=15, choices=PointState, default=PointState.NUMBER)
    numerator = models.PositiveIntegerField(null=True, blank=True)
    denominator = models.PositiveIntegerField(null=True, blank=True)
    value = models.DecimalField(max_digits=12, decimal_places=3, null=True, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()

    class Meta:
        ordering = ["measure", "stratum", "starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "stratum", "starts_on"], name="observation_once_a_period"
            ),
            models.CheckConstraint(
                condition=Q(state__in=PointState.values), name="observation_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=PointState.NUMBER)
                & Q(numerator__isnull=True, denominator__isnull=True, value__isnull=True)
                | Q(state=PointState.NUMBER)
                & (
                    Q(
                        point_kind=PointKind.PROPORTION,
                        numerator__isnull=False,
                        # Comparing with nothing is not false: it has to be there, in so many words.
                        denominator__isnull=False,
                        denominator__gte=1,
                        numerator__lte=F("denominator"),
                        value__isnull=True,
                    )
                    | Q(
                        point_kind=PointKind.RATE,
                        numerator__isnull=False,
                        denominator__isnull=False,
                        denominator__gte=1,
                        value__isnull=True,
                    )
                    | Q(
                        point_kind=PointKind.COUNT,
                        numerator__isnull=False,
                        denominator__isnull=True,
                        value__isnull=True,
                    )
                    | Q(
                        point_kind=PointKind.VALUE,
                        numerator__isnull=True,
                        denominator__isnull=True,
                        value__isnull=False,
                    )
                ),
                name="observation_holds_what_its_state_says",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.stratum} {self.starts_on}"


class ChartDecision(models.Model):
    """What a person decided about the charts of a measure, why, and whether it was taken back.

    starts_on: first day of the period that it is about. A baseline includes it, a phase begins with it.
    """

    measure = models.ForeignKey(LocalMeasure, models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=10, choices=ChartDecisionKind)
    starts_on = models.DateField()
    stratum = models.ForeignKey(
        "measures.Stratum",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="For a point taken out; empty: of all groups.",
    )
    reason = models.CharField(max_length=300)
    cycle = models.ForeignKey(
        Cycle, models.PROTECT, null=True, blank=True, related_name="chart_decisions"
    )
    is_expected_to_last = models.BooleanField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(db_default=Now(), editable=False)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["measure", "starts_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ChartDecisionKind.values), name="chartdecision_kind_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="chartdecision_has_reason"),
            models.CheckConstraint(
                condition=Q(stratum__isnull=True) | Q(kind=ChartDecisionKind.EXCLUDE),
                name="chartdecision_stratum_for_points_only",
            ),
            models.CheckConstraint(
                condition=Q(undone_by__isnull=True, undone_at__isnull=True)
                | Q(undone_by__isnull=False, undone_at__isnull=False),
                name="chartdecision_undone_whole",
            ),
            models.UniqueConstraint(
                fields=["measure", "kind", "starts_on", "stratum"],
                condition=Q(undone_at__isnull=True),
                nulls_distinct=False,
                name="chartdecision_holds_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_on}"


class CycleMeasure(models.Model):
    """A test that is meant to move a measure: it is drawn under the measure's charts."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="measure_links")
    measure = models.ForeignKey(LocalMeasure, models.CASCADE, related_name="cycle_links")
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    linked_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["measure", "cycle"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "measure"], name="cyclemeasure_once")
        ]

    def __str__(self) -> str:
        return f"{self.cycle} and {self.measure}"

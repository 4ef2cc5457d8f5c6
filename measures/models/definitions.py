"""What is measured and how people are grouped: all loaded from reviewed files by `load_definitions`."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from measures.enums import CountingUnit, Direction, RealField, StratumKind


class Measure(models.Model):
    """A measure by its code (CBP, COL-E …). What it means can differ by year: `MeasureDefinition`."""

    id = models.SmallAutoField(primary_key=True)
    code = models.CharField(max_length=20, unique=True)
    position = models.PositiveSmallIntegerField(
        help_text="Order on pages: by domain, then by code."
    )
    completeness_of = models.CharField(
        max_length=10,
        choices=RealField,
        blank=True,
        help_text="Set for a measure of completeness: counted from RealCount, never sent in a file.",
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(completeness_of__in=["", *RealField.values]),
                name="measure_completeness_known",
            )
        ]

    def __str__(self) -> str:
        return self.code


class MeasureDefinition(models.Model):
    """What a measure means in one measurement year."""

    measure = models.ForeignKey(Measure, models.PROTECT, related_name="definitions")
    year = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40)
    steward = models.CharField(max_length=60)
    domain = models.CharField(max_length=60)
    direction = models.CharField(max_length=6, choices=Direction)
    counting_unit = models.CharField(max_length=6, choices=CountingUnit)
    denominator_meaning = models.TextField()
    numerator_meaning = models.TextField()
    stratified = models.BooleanField(help_text="Stratified by race and ethnicity in this year.")
    shared_denominator = models.CharField(
        max_length=20,
        blank=True,
        help_text="Measures with the same text here count the same people.",
    )
    minimum_denominator = models.PositiveSmallIntegerField(default=30)
    target_rate = models.FloatField(null=True, blank=True)
    benchmark_rate = models.FloatField(null=True, blank=True)
    benchmark_source = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["measure__position", "year"]
        constraints = [
            models.UniqueConstraint(fields=["measure", "year"], name="definition_once_a_year"),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="definition_direction_known"
            ),
            models.CheckConstraint(
                condition=Q(counting_unit__in=CountingUnit.values), name="definition_unit_known"
            ),
            models.CheckConstraint(
                condition=(Q(target_rate__isnull=True) | Q(target_rate__range=(0, 1)))
                & (Q(benchmark_rate__isnull=True) | Q(benchmark_rate__range=(0, 1))),
                name="definition_rates_are_proportions",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure.code} {self.year}"

    @property
    def higher_is_better(self) -> bool:
        return self.direction == Direction.HIGHER


class Period(models.Model):
    """A measurement period: `2024` (the year) or `2024-06` (the twelve months that end then)."""

    id = models.SmallAutoField(primary_key=True)
    label = models.CharField(max_length=7, unique=True)
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        ordering = ["ends_on", "label"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="period_dates_in_order"
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def year(self) -> int:
        return self.ends_on.year


class StratumSet(models.Model):
    """A way to group people: race, ethnicity, combined, language, sex, age band … and `all` (everyone)."""

    id = models.SmallIntegerField(primary_key=True)
    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField()
    edition = models.CharField(
        max_length=60, help_text="Standard that the set follows, with its year."
    )
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.code

    @cached_property
    def strata_and_everyone(self) -> list[Stratum]:
        """Its strata in their order, and everyone. Read once: a page asks for them many times."""
        return list(
            Stratum.objects.filter(Q(stratum_set=self) | Q(stratum_set__code="all")).select_related(
                "stratum_set"
            )
        )


class Stratum(models.Model):
    """One group within a stratum set. Declined and unknown are strata too, so sets add up to everyone."""

    id = models.SmallIntegerField(primary_key=True)
    stratum_set = models.ForeignKey(StratumSet, models.PROTECT, related_name="strata")
    code = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    short_label = models.CharField(max_length=24)
    kind = models.CharField(max_length=10, choices=StratumKind)
    is_reference = models.BooleanField(
        default=False, help_text="The programme's pre-specified reference of its set."
    )
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["stratum_set__position", "position"]
        constraints = [
            models.UniqueConstraint(fields=["stratum_set", "code"], name="stratum_code_once_a_set"),
            models.UniqueConstraint(
                fields=["stratum_set"], condition=Q(is_reference=True), name="stratum_one_reference"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=StratumKind.values), name="stratum_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(is_reference=False) | Q(kind=StratumKind.SPECIFIED),
                name="stratum_reference_is_specified",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stratum_set.code}:{self.code}"


class CodeMap(models.Model):
    """A code as it occurs in files → our stratum (race, ethnicity, language, sex …), per code system."""

    field = models.CharField(max_length=20, help_text="race, ethnicity, language, sex …")
    system = models.CharField(max_length=30, help_text="omb1997, omb2024, cdc, qarr, names …")
    code = models.CharField(max_length=80, help_text="Lower case.")
    strata = ArrayField(models.SmallIntegerField(), help_text="Usually one stratum id.")

    class Meta:
        ordering = ["field", "system", "code"]
        constraints = [
            models.UniqueConstraint(fields=["field", "system", "code"], name="codemap_code_once"),
        ]

    def __str__(self) -> str:
        return f"{self.field}/{self.system}: {self.code}"

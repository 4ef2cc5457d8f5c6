"""Where data come from: sources, submissions, findings, slices and the member rows themselves."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from measures.enums import FileForm, Severity, SourceKind, SubmissionState


class Source(models.Model):
    """A sender of data: the payer's claims, or one group's own system. Sources are never mixed in one number."""

    id = models.SmallAutoField(primary_key=True)
    organisation = models.ForeignKey("teams.Organisation", models.PROTECT, related_name="sources")
    team = models.ForeignKey(
        "teams.Team",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sources",
        help_text="A group's own source holds only its own team's patients.",
    )
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=SourceKind)
    data_version = models.PositiveIntegerField(
        default=0, help_text="Counts the times that numbers of this source changed."
    )

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=SourceKind.GROUP, team__isnull=False)
                | Q(kind=SourceKind.PAYER, team__isnull=True),
                name="source_group_has_its_team",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SavedMapping(models.Model):
    """How a source's own headers and codes map onto the contract; remembered per set of headers."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="mappings")
    header_hash = models.CharField(max_length=64)
    mapping = models.JSONField()
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "header_hash"], name="mapping_once_per_headers"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.header_hash[:8]}"


class Submission(models.Model):
    """One file. The same file of a source is one submission, however often it is sent."""

    id = models.AutoField(primary_key=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="submissions")
    sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=255)
    byte_count = models.BigIntegerField()
    stored_as = models.CharField(
        max_length=255, help_text="Path in the file store; empty once deleted."
    )
    state = models.CharField(
        max_length=20, choices=SubmissionState, default=SubmissionState.RECEIVED, db_index=True
    )
    form = models.CharField(
        max_length=10,
        choices=FileForm,
        default=FileForm.MEMBERS,
        help_text="What a row of the file is; counts come without member rows.",
    )
    mapping = models.JSONField(default=dict)
    unmapped = models.JSONField(
        default=dict,
        help_text="Coded column → code that means nothing yet → rows; while a mapping is needed.",
    )
    headers = ArrayField(models.TextField(), default=list)
    replace_confirmed = models.BooleanField(
        default=False,
        help_text="The sender agreed that earlier data of the same slices are replaced.",
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="submissions"
    )
    received_at = models.DateTimeField(db_default=Now())
    state_changed_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True, blank=True)
    data_version = models.PositiveIntegerField(null=True, blank=True)
    # Progress of the step at work, for people who wait; written outside the step's transaction.
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(default=0)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    row_count = models.BigIntegerField(default=0)
    accepted_count = models.BigIntegerField(default=0)
    set_aside_count = models.BigIntegerField(default=0)
    duplicate_count = models.BigIntegerField(default=0)
    refusal_code = models.CharField(max_length=40, blank=True)
    refusal = models.TextField(
        blank=True, help_text="Why the whole file was rejected, as a sentence."
    )
    findings_stored_as = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "sha256"], name="submission_file_once_a_source"
            ),
            models.CheckConstraint(
                condition=Q(state__in=SubmissionState.values), name="submission_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=SubmissionState.PUBLISHED)
                | Q(published_at__isnull=False, data_version__isnull=False),
                name="submission_published_has_version",
            ),
            models.CheckConstraint(
                condition=~Q(state=SubmissionState.REJECTED) | ~Q(refusal=""),
                name="submission_rejected_says_why",
            ),
            models.CheckConstraint(
                condition=Q(row_count__gte=F("accepted_count")), name="submission_counts_fit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_state_display()})"


class Finding(models.Model):
    """Lines of a file that break one rule in one column: how many and where first; never the value."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="findings")
    rule = models.CharField(max_length=40)
    column = models.CharField(max_length=60, blank=True)
    severity = models.CharField(max_length=8, choices=Severity)
    line_count = models.BigIntegerField()
    first_lines = ArrayField(models.BigIntegerField(), size=20)
    first_places = ArrayField(
        models.TextField(),
        size=20,
        default=list,
        help_text="Where the first lines stand in a file whose lines say nothing; else empty.",
    )

    class Meta:
        ordering = ["severity", "-line_count", "rule"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "rule", "column"], name="finding_once"),
            models.CheckConstraint(condition=Q(line_count__gt=0), name="finding_has_lines"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.column}: {self.line_count}"


class Slice(models.Model):
    """What one submission says about one team, measure and period: the unit that a correction replaces."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="slices")
    source = models.ForeignKey(Source, models.PROTECT, related_name="slices")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="slices")
    measure = models.ForeignKey("measures.Measure", models.PROTECT, related_name="slices")
    period = models.ForeignKey("measures.Period", models.PROTECT, related_name="slices")
    row_count = models.IntegerField()
    denominator = models.IntegerField()
    numerator = models.IntegerField()
    is_current = models.BooleanField(default=False)
    superseded_by = models.ForeignKey(
        Submission, models.PROTECT, null=True, blank=True, related_name="superseded_slices"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "team", "measure", "period"], name="slice_once_a_submission"
            ),
            models.UniqueConstraint(
                fields=["source", "team", "measure", "period"],
                condition=Q(is_current=True),
                name="slice_one_current",
            ),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(superseded_by__isnull=True),
                name="slice_current_not_superseded",
            ),
            models.CheckConstraint(
                condition=Q(numerator__gte=0)
                & Q(denominator__gte=F("numerator"))
                & Q(row_count__gte=F("denominator")),
                name="slice_counts_fit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.team_id} {self.measure_id} {self.period_id}"


class MemberRow(models.Model):
    """Who a member is, once per submission and team. Partitioned by submission; row-level security.

    The table is made in SQL (see the migration): Django only reads it.
    """

    pk = models.CompositePrimaryKey("submission_id", "member_number")
    submission_id = models.IntegerField()
    member_number = models.IntegerField(help_text="Counts within the submission.")
    team_id = models.BigIntegerField()
    member_key = models.BinaryField(help_text="Keyed hash of the sender's member id, 16 bytes.")
    sealed_id = models.BinaryField(
        null=True, help_text="A group's own member id, encrypted; empty in payer files."
    )
    race_codes = ArrayField(
        models.SmallIntegerField(), help_text="Every race given, before any rule."
    )
    race = models.SmallIntegerField()
    ethnicity = models.SmallIntegerField()
    combined = models.SmallIntegerField()
    language = models.SmallIntegerField()
    sex = models.SmallIntegerField()
    gender_identity = models.SmallIntegerField()
    sexual_orientation = models.SmallIntegerField()
    race_source = models.SmallIntegerField()
    ethnicity_source = models.SmallIntegerField()
    language_source = models.SmallIntegerField()
    birth_year = models.SmallIntegerField(null=True)
    zip_code = models.IntegerField(null=True, help_text="Five digits as a number: 2139 is 02139.")
    tract = models.BigIntegerField(null=True, help_text="Eleven digits as a number.")
    probabilities = ArrayField(
        models.FloatField(),
        null=True,
        help_text="White, Black, Hispanic, API, AIAN, multiple; the sender's own.",
    )

    class Meta:
        managed = False
        db_table = "measures_memberrow"


class MemberFact(models.Model):
    """What happened: one row per member (or event), measure and period.

    A view over `measures_factblock`, where the facts of a slice lie side by side (decision 0017); the
    row-level security of that table holds for it.
    """

    pk = models.CompositePrimaryKey(
        "submission_id", "member_number", "measure_id", "period_id", "event_number"
    )
    submission_id = models.IntegerField()
    member_number = models.IntegerField()
    team_id = models.BigIntegerField()
    site_id = models.BigIntegerField(null=True, help_text="Empty: site not listed.")
    measure_id = models.SmallIntegerField()
    period_id = models.SmallIntegerField()
    event_number = models.IntegerField()
    line_of_business = models.SmallIntegerField()
    flags = models.SmallIntegerField(help_text="1 denominator, 2 numerator, 4 excluded; added up.")

    class Meta:
        managed = False
        db_table = "measures_memberfact"

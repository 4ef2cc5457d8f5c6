"""Choices of the measures app. Text values are readable; the small integers live in member rows and cells."""

from django.db.models import IntegerChoices, TextChoices


class SourceKind(TextChoices):
    PAYER = "payer", "Payer"
    GROUP = "group", "Provider group"


class SubmissionState(TextChoices):
    """Where a submission stands. The automatic steps move it on until a resting state."""

    RECEIVED = "received", "Received"
    NEEDS_MAPPING = "needs_mapping", "Needs a column mapping"
    CHECKED = "checked", "Checked"
    LOADED = "loaded", "Loaded"
    NEEDS_CONFIRMATION = "needs_confirmation", "Needs confirmation"
    PUBLISHED = "published", "Published"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class FileForm(TextChoices):
    """What one row of a file is."""

    MEMBERS = "members", "One member's result"
    COUNTS = "counts", "A count of people"


class Severity(TextChoices):
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"


class Direction(TextChoices):
    HIGHER = "higher", "Higher is better"
    LOWER = "lower", "Lower is better"


class CountingUnit(TextChoices):
    PERSON = "person", "Persons"
    EVENT = "event", "Events"


class StratumKind(TextChoices):
    SPECIFIED = "specified", "Specified"
    DECLINED = "declined", "Asked but no answer"
    UNKNOWN = "unknown", "Unknown"
    TOTAL = "total", "Everyone"


class LineOfBusiness(IntegerChoices):
    NOT_STATED = 0, "Not stated"
    COMMERCIAL = 1, "Commercial"
    MEDICARE = 2, "Medicare"
    MEDICAID = 3, "Medicaid"
    EXCHANGE = 4, "Exchange"
    OTHER = 5, "Other"


class ReportingSource(IntegerChoices):
    """How a race, ethnicity or language came to be known."""

    NOT_COLLECTED = 0, "Not collected"
    SELF_REPORTED = 1, "Self-reported"
    EHR = 2, "Health record"
    STATE = 3, "State"
    OTHER_DIRECT = 4, "Other direct"
    SURNAME = 5, "Surname"
    GEOCODING = 6, "Geocoding"
    OTHER_INDIRECT = 7, "Other indirect"
    UNKNOWN = 8, "Unknown"


class RaceTableKind(TextChoices):
    """What a published table gives race by; the smallest place that is found counts."""

    SURNAME = "surname", "Surnames"
    FIRST_NAME = "first_name", "First names"
    BLOCK_GROUP = "block_group", "Block groups"
    TRACT = "tract", "Tracts"
    ZIP = "zip", "ZIP areas"


class ReferenceStrategy(TextChoices):
    """The rule by which the reference of a stratum set is chosen; see `measures.stats.references`."""

    NAMED = "named", "One group of people, named in advance"
    BEST = "best", "The group with the best rate in the period before"
    LARGEST = "largest", "The group with the most people"
    OVERALL = "overall", "Everybody together"
    BENCHMARK = "benchmark", "The measure’s benchmark, a fixed number"


class RealField(TextChoices):
    RACE = "race", "Race"
    ETHNICITY = "ethnicity", "Ethnicity"
    LANGUAGE = "language", "Language"


class RealCategory(TextChoices):
    """What is known of a member's race, ethnicity or language. The categories add up to all members."""

    SELF_REPORTED = "self_reported", "Self-reported"
    OTHER_DIRECT = "other_direct", "Known from another direct source"
    SOURCE_UNKNOWN = "source_unknown", "Known, source not stated"
    INDIRECT = "indirect", "Imputed"
    DECLINED = "declined", "Asked but no answer"
    UNKNOWN = "unknown", "Unknown"
    NOT_COLLECTED = "not_collected", "Not collected"

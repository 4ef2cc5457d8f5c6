"""Choices of local measures and their charts."""

from django.db.models import TextChoices


class MeasureKind(TextChoices):
    OUTCOME = "outcome", "Outcome: what patients get"
    PROCESS = "process", "Process: what we do"
    BALANCING = "balancing", "Balancing: what must not get worse"

    @property
    def short(self) -> str:
        return str(self.label).split(":")[0]


class PointKind(TextChoices):
    """What one number of a measure is; the values are those of `measures.stats.spc.DataKind`."""

    PROPORTION = "proportion", "A share: n of N people or visits"
    RATE = "rate", "A rate: events per so much exposure"
    COUNT = "count", "A count: events each time"
    VALUE = "value", "A value: minutes, points, an average"


class Frequency(TextChoices):
    MONTH = "month", "Every month"
    WEEK = "week", "Every week"


class StratumRole(TextChoices):
    FOCUS = "focus", "Focus group"
    REFERENCE = "reference", "Compared with"
    OTHER = "other", "Also counted"


class PointState(TextChoices):
    """Four different things, none of which is a zero."""

    NUMBER = "number", "A number"
    NO_PATIENTS = "no_patients", "No patients"
    NOT_COLLECTED = "not_collected", "Not collected"
    SUPPRESSED = "suppressed", "Suppressed"


class ChartDecisionKind(TextChoices):
    BASELINE = "baseline", "Baseline ends here"
    PHASE = "phase", "New phase begins here"
    EXCLUDE = "exclude", "Point taken out"
    NO_PHASE = "no_phase", "No new phase for now"

"""Choices of aims, charters, driver diagrams, process maps and the library of change ideas."""

from django.db.models import TextChoices


class AimDirection(TextChoices):
    INCREASE = "increase", "Increase"
    DECREASE = "decrease", "Decrease"


class AimState(TextChoices):
    DRAFT = "draft", "Draft"
    REVIEWED = "reviewed", "Reviewed by the coach"


class CharterState(TextChoices):
    DRAFT = "draft", "Draft"
    REVIEWED = "reviewed", "Reviewed by the coach"
    AGREED = "agreed", "Agreed"


class DriverStatus(TextChoices):
    """Where a team stands with a driver: its own decision, not worked out from tests."""

    LATER = "later", "Later"
    NOW = "now", "Working on it"
    IN_PLACE = "in_place", "In place"


class StepKind(TextChoices):
    """Kinds of steps of a process map."""

    START = "start", "Start"
    STEP = "step", "Step"
    DECISION = "decision", "Decision"
    WAIT = "wait", "Wait"
    END = "end", "End"


class MapKind(TextChoices):
    TODAY = "today", "How it goes today"
    PLANNED = "planned", "How it shall go"


class Effort(TextChoices):
    """What it takes to try an idea out, in people and weeks; the library says it for each idea."""

    SMALL = "small", "Small"
    MEDIUM = "medium", "Medium"
    LARGE = "large", "Large"

"""Choices of PDSA cycles, which the screens call tests."""

from django.db.models import TextChoices


class CycleKind(TextChoices):
    """What a cycle is for."""

    COLLECT = "collect", "Collect information"
    DEVELOP = "develop", "Develop a change"
    TEST = "test", "Test a change"
    IMPLEMENT = "implement", "Implement a change"
    SPREAD = "spread", "Spread a change"


class CycleState(TextChoices):
    IDEA = "idea", "Idea"
    PLANNED = "planned", "Planned"
    DOING = "doing", "Doing"
    STUDYING = "studying", "Studying"
    CLOSED = "closed", "Closed"
    PAUSED = "paused", "Paused"
    CANCELLED = "cancelled", "Cancelled"


class Decision(TextChoices):
    """What the team decided when it closed a cycle."""

    ADOPT = "adopt", "Adopt"
    ADAPT = "adapt", "Adapt"
    ABANDON = "abandon", "Abandon"
    EXPAND = "expand", "Expand scale"
    MORE_DATA = "more_data", "Need more data"


class Match(TextChoices):
    """Whether what happened is what was predicted."""

    YES = "yes", "Yes"
    PARTLY = "partly", "Partly"
    NO = "no", "No"
    CANNOT_TELL = "cannot_tell", "Can't tell"


class CarriedOut(TextChoices):
    """Whether the test was carried out as planned."""

    YES = "yes", "Yes"
    PARTLY = "partly", "Partly"
    NO = "no", "No"


class PatientInput(TextChoices):
    """What part patients or the community had in the plan."""

    NONE = "none", "None yet"
    ASKED = "asked", "We asked patients"
    CO_DESIGNED = "co_designed", "Designed with patients"


class Sharing(TextChoices):
    """Who beside the team, its coach and the programme director can read a cycle."""

    TEAM = "team", "Only us"
    UNNAMED = "unnamed", "Shared, without our name"
    NAMED = "named", "Shared, with our name"

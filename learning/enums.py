"""Choices of the learning system."""

from django.db.models import TextChoices


class PhaseKind(TextChoices):
    """Stretches of a collaborative, in the order in which a Breakthrough Series has them."""

    PRE_WORK = "pre_work", "Pre-work"
    ACTION_PERIOD = "action_period", "Action period"
    HOLDING = "holding", "Holding the gains"


class SessionKind(TextChoices):
    LEARNING_SESSION = "learning_session", "Learning session"
    MONTHLY_MEETING = "monthly_meeting", "Monthly meeting"
    WORKSHOP = "workshop", "Workshop"
    OFFICE_HOURS = "office_hours", "Office hours"


class SessionState(TextChoices):
    PLANNED = "planned", "Planned"
    OPEN = "open", "Open for pre-work"
    HELD = "held", "Held"
    PUBLISHED = "published", "Notes published"
    CANCELLED = "cancelled", "Cancelled"


class CallState(TextChoices):
    PLANNED = "planned", "Planned"
    HELD = "held", "Held"
    CANCELLED = "cancelled", "Cancelled"


class ActionState(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DROPPED = "dropped", "Dropped"


class ScoreBy(TextChoices):
    """Whose view of a team's progress a score is."""

    TEAM = "team", "The team"
    COACH = "coach", "The coach"


class ReportState(TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Handed in"
    CLOSED = "closed", "Closed with feedback"


class Trigger(TextChoices):
    """What makes a control plan fire."""

    SIGNAL = "signal", "An unfavourable signal on the chart"
    BELOW = "below", "The latest point is below a number"
    ABOVE = "above", "The latest point is above a number"


class StoryState(TextChoices):
    DRAFT = "draft", "Draft"
    TOLD = "told", "Told"


class FollowKind(TextChoices):
    """By what a person follows what others tell."""

    TOPIC = "topic", "Topic"
    DRIVER = "driver", "Driver"
    STRATUM = "stratum", "Group of patients"
    TEAM = "team", "Group"


class SynthesisState(TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"


class PackageState(TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"


class NominationState(TextChoices):
    WAITING = "waiting", "Waits for the faculty"
    ACCEPTED = "accepted", "Taken into the change package"
    DECLINED = "declined", "Not taken up"
    WITHDRAWN = "withdrawn", "No longer shared"


class EvidenceGrade(TextChoices):
    """On what the hope rests that a change works; said in words, the strongest first."""

    STUDIES = "studies", "Shown in studies"
    MEASURED = "measured", "Measured by groups of the programme"
    TRIED = "tried", "Tried by groups of the programme"
    PROMISING = "promising", "Promising, not tried here yet"


class TriedOutcome(TextChoices):
    WORKED = "worked", "It worked for us too"
    ADAPTED = "adapted", "It worked after we changed it"
    DID_NOT = "did_not", "It did not work for us"


class SurveyState(TextChoices):
    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class QuestionKind(TextChoices):
    SCALE = "scale", "Scale from 1 to 5"
    CHOICE = "choice", "Choice of one"
    TEXT = "text", "Own words"


class RespondentGroup(TextChoices):
    """As much as is kept of who answered a survey."""

    STAFF = "staff", "Staff of the groups"
    SPONSOR = "sponsor", "Senior sponsors"
    COACH = "coach", "Coaches"


class SourceForm(TextChoices):
    INTERVIEW = "interview", "Interview"
    DOCUMENT = "document", "Document"


class CodeLevel(TextChoices):
    THEME = "theme", "Theme"
    CODE = "code", "Code"
    SUBCODE = "subcode", "Sub-code"

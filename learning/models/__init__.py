"""Tables of the learning system."""

from learning.models.calendar import (
    Attendance,
    Phase,
    PreWorkDone,
    Session,
    SessionFeedback,
    SessionLink,
)
from learning.models.coaching import ActionItem, Call, HelpRequest, PrivateNote
from learning.models.exchange import GroupQuestion, Nomination, TriedToo
from learning.models.holding import ControlPlan
from learning.models.package import (
    Chapter,
    ChapterIdea,
    Contribution,
    PackageVersion,
)
from learning.models.progress import SCORES, MonthlyReport, Score

__all__ = [
    "SCORES",
    "ActionItem",
    "Attendance",
    "Call",
    "Chapter",
    "ChapterIdea",
    "Contribution",
    "ControlPlan",
    "GroupQuestion",
    "HelpRequest",
    "MonthlyReport",
    "Nomination",
    "PackageVersion",
    "Phase",
    "PreWorkDone",
    "PrivateNote",
    "Score",
    "Session",
    "SessionFeedback",
    "SessionLink",
    "TriedToo",
]

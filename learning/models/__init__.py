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
from learning.models.holding import ControlPlan
from learning.models.progress import SCORES, MonthlyReport, Score

__all__ = [
    "SCORES",
    "ActionItem",
    "Attendance",
    "Call",
    "ControlPlan",
    "HelpRequest",
    "MonthlyReport",
    "Phase",
    "PreWorkDone",
    "PrivateNote",
    "Score",
    "Session",
    "SessionFeedback",
    "SessionLink",
]

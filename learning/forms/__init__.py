"""Forms of the learning system. Each keeps what was typed when it is refused."""

from learning.forms.coaching import (
    AcknowledgeForm,
    ActionItemForm,
    AnswerForm,
    CallForm,
    CallNotesForm,
    CheckForm,
    CloseActionForm,
    CloseReportForm,
    ControlPlanForm,
    HelpForm,
    HoldCallForm,
    NewControlPlanForm,
    PrivateNoteForm,
    ReportForm,
    ScoreForm,
    month_of,
)
from learning.forms.sessions import FeedbackForm, LinkForm, PhaseForm, SessionForm

__all__ = [
    "AcknowledgeForm",
    "ActionItemForm",
    "AnswerForm",
    "CallForm",
    "CallNotesForm",
    "CheckForm",
    "CloseActionForm",
    "CloseReportForm",
    "ControlPlanForm",
    "FeedbackForm",
    "HelpForm",
    "HoldCallForm",
    "LinkForm",
    "NewControlPlanForm",
    "PhaseForm",
    "PrivateNoteForm",
    "ReportForm",
    "ScoreForm",
    "SessionForm",
    "month_of",
]

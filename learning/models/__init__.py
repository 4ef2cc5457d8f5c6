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
from learning.models.coding import (
    Codebook,
    CodebookEntry,
    CodingRound,
    Excerpt,
    ExcerptCoding,
    InterviewSource,
    Reconciliation,
)
from learning.models.evaluation import Pseudonym, ReleasedText
from learning.models.exchange import GroupQuestion, Nomination, TriedToo
from learning.models.holding import ControlPlan
from learning.models.package import (
    Chapter,
    ChapterIdea,
    Contribution,
    PackageVersion,
)
from learning.models.progress import SCORES, MonthlyReport, Score
from learning.models.surveys import (
    MOST_OPTIONS,
    MOST_QUESTIONS,
    Survey,
    SurveyAnswer,
    SurveyQuestion,
    SurveyReply,
    SurveySheet,
)

__all__ = [
    "MOST_OPTIONS",
    "MOST_QUESTIONS",
    "SCORES",
    "ActionItem",
    "Attendance",
    "Call",
    "Chapter",
    "ChapterIdea",
    "Codebook",
    "CodebookEntry",
    "CodingRound",
    "Contribution",
    "ControlPlan",
    "Excerpt",
    "ExcerptCoding",
    "GroupQuestion",
    "HelpRequest",
    "InterviewSource",
    "MonthlyReport",
    "Nomination",
    "PackageVersion",
    "Phase",
    "PreWorkDone",
    "PrivateNote",
    "Pseudonym",
    "Reconciliation",
    "ReleasedText",
    "Score",
    "Session",
    "SessionFeedback",
    "SessionLink",
    "Survey",
    "SurveyAnswer",
    "SurveyQuestion",
    "SurveyReply",
    "SurveySheet",
    "TriedToo",
]

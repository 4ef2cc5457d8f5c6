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
from learning.models.feeds import FeedVisit, Follow, ProgrammeCalendar, Thanks
from learning.models.holding import ChangeFuture, ControlCheck, ControlPlan
from learning.models.notes import StreamNote
from learning.models.package import (
    Chapter,
    ChapterIdea,
    Contribution,
    PackageVersion,
)
from learning.models.progress import SCORES, MonthlyReport, Score
from learning.models.stories import Story
from learning.models.storyboards import Storyboard
from learning.models.surveys import (
    MOST_OPTIONS,
    MOST_QUESTIONS,
    Survey,
    SurveyAnswer,
    SurveyQuestion,
    SurveyReply,
    SurveySheet,
)
from learning.models.synthesis import Synthesis

__all__ = [
    "MOST_OPTIONS",
    "MOST_QUESTIONS",
    "SCORES",
    "ActionItem",
    "Attendance",
    "Call",
    "ChangeFuture",
    "Chapter",
    "ChapterIdea",
    "Codebook",
    "CodebookEntry",
    "CodingRound",
    "Contribution",
    "ControlCheck",
    "ControlPlan",
    "Excerpt",
    "ExcerptCoding",
    "FeedVisit",
    "Follow",
    "GroupQuestion",
    "HelpRequest",
    "InterviewSource",
    "MonthlyReport",
    "Nomination",
    "PackageVersion",
    "Phase",
    "PreWorkDone",
    "PrivateNote",
    "ProgrammeCalendar",
    "Pseudonym",
    "Reconciliation",
    "ReleasedText",
    "Score",
    "Session",
    "SessionFeedback",
    "SessionLink",
    "Story",
    "Storyboard",
    "StreamNote",
    "Survey",
    "SurveyAnswer",
    "SurveyQuestion",
    "SurveyReply",
    "SurveySheet",
    "Synthesis",
    "Thanks",
    "TriedToo",
]

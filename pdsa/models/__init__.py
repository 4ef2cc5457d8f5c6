"""Tables of the pdsa app, one module per idea."""

from pdsa.models.aims import Aim, AimVersion, Charter, CharterVersion
from pdsa.models.asking import AskingScript, AskingText, ScriptUse, StaffTraining
from pdsa.models.comments import Comment
from pdsa.models.cycles import Cycle, CycleReading, CycleTask, Prediction
from pdsa.models.drivers import DiagramStep, Driver, IdeaPlacement
from pdsa.models.feeds import CalendarFeed
from pdsa.models.library import Adoption, LibraryIdea
from pdsa.models.measures import (
    ChartDecision,
    CycleMeasure,
    LocalMeasure,
    LocalMeasureVersion,
    MeasureStratum,
    Observation,
)
from pdsa.models.members import CycleMember
from pdsa.models.process_maps import ProcessMap, ProcessStep
from pdsa.models.projects import ChangeIdea, Project

__all__ = [
    "Adoption",
    "Aim",
    "AimVersion",
    "AskingScript",
    "AskingText",
    "CalendarFeed",
    "ChangeIdea",
    "ChartDecision",
    "Charter",
    "CharterVersion",
    "Comment",
    "Cycle",
    "CycleMeasure",
    "CycleMember",
    "CycleReading",
    "CycleTask",
    "DiagramStep",
    "Driver",
    "IdeaPlacement",
    "LibraryIdea",
    "LocalMeasure",
    "LocalMeasureVersion",
    "MeasureStratum",
    "Observation",
    "Prediction",
    "ProcessMap",
    "ProcessStep",
    "Project",
    "ScriptUse",
    "StaffTraining",
]

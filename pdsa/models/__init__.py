"""Tables of the pdsa app, one module per idea."""

from pdsa.models.aims import Aim, AimVersion, Charter, CharterVersion
from pdsa.models.comments import Comment
from pdsa.models.cycles import Cycle, CycleReading, CycleTask, Prediction
from pdsa.models.drivers import DiagramStep, Driver, IdeaPlacement
from pdsa.models.library import Adoption, LibraryIdea
from pdsa.models.process_maps import ProcessMap, ProcessStep
from pdsa.models.projects import ChangeIdea, Project

__all__ = [
    "Adoption",
    "Aim",
    "AimVersion",
    "ChangeIdea",
    "Charter",
    "CharterVersion",
    "Comment",
    "Cycle",
    "CycleReading",
    "CycleTask",
    "DiagramStep",
    "Driver",
    "IdeaPlacement",
    "LibraryIdea",
    "Prediction",
    "ProcessMap",
    "ProcessStep",
    "Project",
]

"""Tables of the pdsa app, one module per idea."""

from pdsa.models.comments import Comment
from pdsa.models.cycles import Cycle, CycleReading, CycleTask, Prediction
from pdsa.models.projects import ChangeIdea, Project

__all__ = [
    "ChangeIdea",
    "Comment",
    "Cycle",
    "CycleReading",
    "CycleTask",
    "Prediction",
    "Project",
]

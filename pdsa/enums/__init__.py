"""Choices of the pdsa app. The stored value is the readable word."""

from pdsa.enums.cycles import (
    CarriedOut,
    CycleKind,
    CycleState,
    Decision,
    Match,
    PatientInput,
    Sharing,
)
from pdsa.enums.projects import PopulationScope, ProjectStatus, Workstream

__all__ = [
    "CarriedOut",
    "CycleKind",
    "CycleState",
    "Decision",
    "Match",
    "PatientInput",
    "PopulationScope",
    "ProjectStatus",
    "Sharing",
    "Workstream",
]

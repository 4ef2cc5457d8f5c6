"""Choices of the pdsa app. The stored value is the readable word."""

from pdsa.enums.aims import (
    AimDirection,
    AimState,
    CharterState,
    DriverStatus,
    Effort,
    MapKind,
    StepKind,
)
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
    "AimDirection",
    "AimState",
    "CarriedOut",
    "CharterState",
    "CycleKind",
    "CycleState",
    "Decision",
    "DriverStatus",
    "Effort",
    "MapKind",
    "Match",
    "PatientInput",
    "PopulationScope",
    "ProjectStatus",
    "Sharing",
    "StepKind",
    "Workstream",
]

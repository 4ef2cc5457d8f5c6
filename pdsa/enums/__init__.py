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
from pdsa.enums.asking import (
    ScriptLanguage,
    Situation,
    StaffRole,
    TrainingTopic,
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
from pdsa.enums.measures import (
    ChartDecisionKind,
    Frequency,
    MeasureKind,
    PointKind,
    PointState,
    StratumRole,
)
from pdsa.enums.projects import PopulationScope, ProjectStatus, Workstream

__all__ = [
    "AimDirection",
    "AimState",
    "CarriedOut",
    "ChartDecisionKind",
    "CharterState",
    "CycleKind",
    "CycleState",
    "Decision",
    "DriverStatus",
    "Effort",
    "Frequency",
    "MapKind",
    "Match",
    "MeasureKind",
    "PatientInput",
    "PointKind",
    "PointState",
    "PopulationScope",
    "ProjectStatus",
    "ScriptLanguage",
    "Sharing",
    "Situation",
    "StaffRole",
    "StepKind",
    "StratumRole",
    "TrainingTopic",
    "Workstream",
]

"""Tables of the measures app."""

from measures.models.definitions import (
    CodeMap,
    Measure,
    MeasureDefinition,
    Period,
    Stratum,
    StratumSet,
)
from measures.models.deprivation import DeprivationArea, DeprivationTable
from measures.models.imputation import Imputation, ImputationValidity, ImputedSlice, RaceTable
from measures.models.references import ReferenceSetting
from measures.models.results import Cell, Computation, PartResult, RealCount, StratumResult
from measures.models.submissions import (
    Finding,
    MemberFact,
    MemberRow,
    SavedMapping,
    Slice,
    Source,
    Submission,
)
from measures.models.uploads import PartialUpload

__all__ = [
    "Cell",
    "CodeMap",
    "Computation",
    "DeprivationArea",
    "DeprivationTable",
    "Finding",
    "Imputation",
    "ImputationValidity",
    "ImputedSlice",
    "Measure",
    "MeasureDefinition",
    "MemberFact",
    "MemberRow",
    "PartResult",
    "PartialUpload",
    "Period",
    "RaceTable",
    "RealCount",
    "ReferenceSetting",
    "SavedMapping",
    "Slice",
    "Source",
    "Stratum",
    "StratumResult",
    "StratumSet",
    "Submission",
]

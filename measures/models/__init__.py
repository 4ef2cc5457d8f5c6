"""Tables of the measures app."""

from measures.models.definitions import (
    CodeMap,
    Measure,
    MeasureDefinition,
    Period,
    Stratum,
    StratumSet,
)
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

__all__ = [
    "Cell",
    "CodeMap",
    "Computation",
    "Finding",
    "Measure",
    "MeasureDefinition",
    "MemberFact",
    "MemberRow",
    "PartResult",
    "Period",
    "RealCount",
    "SavedMapping",
    "Slice",
    "Source",
    "Stratum",
    "StratumResult",
    "StratumSet",
    "Submission",
]

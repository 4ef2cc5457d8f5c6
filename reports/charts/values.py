"""What charts draw: frozen value types, independent of Django and of where the numbers came from.

Rates are proportions 0–1, gaps percentage points (stratum − reference). A number that may not be shown is
not in the value at all; `absence` says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from measures.stats.states import CellState
from teams.formats import format_count, format_percent, format_points


class Absence(StrEnum):
    """Why there is no number: three different states, never a zero. The value names the page component."""

    NO_DENOMINATOR = "no_denominator"
    SUPPRESSED = "suppressed"
    TOO_FEW = "too_few"

    @property
    def words(self) -> str:
        return _ABSENCE_WORDS[self]

    @classmethod
    def of(cls, state: CellState) -> Absence | None:
        """The absence that a cell's state means; None for a shown cell."""
        if state == CellState.SHOWN:
            return None
        if state == CellState.NO_DENOMINATOR:
            return cls.NO_DENOMINATOR
        return cls.SUPPRESSED if state.is_private else cls.TOO_FEW


_ABSENCE_WORDS = {
    Absence.NO_DENOMINATOR: "None eligible",
    Absence.SUPPRESSED: "Protected: too few people to show",
    Absence.TOO_FEW: "Too few to report (under 30)",
}


class Verdict(StrEnum):
    """What a gap's interval says, seen from the favourable direction. Decided by the interval alone."""

    REFERENCE = "reference"
    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"
    NOT_COMPARED = "not_compared"
    """There is a rate and no gap: nothing may be said about a difference."""


@dataclass(frozen=True)
class StratumRate:
    """One stratum's rate with its 95 % interval and its gap to the reference.

    decimals: of the shown percentage (0 where more would give a small count away).
    gap_decimals: of the gap, where it is coarser than that (the reference has few people); else None.
    caution: shown to the group itself although fewer than 30 are in the denominator.
    """

    label: str
    rate: float | None = None
    lower: float | None = None
    upper: float | None = None
    denominator: int | None = None
    numerator: int | None = None
    gap_points: float | None = None
    gap_lower: float | None = None
    gap_upper: float | None = None
    decimals: int = 1
    is_reference: bool = False
    caution: bool = False
    absence: Absence | None = None
    gap_decimals: int | None = None

    def __post_init__(self) -> None:
        if (self.rate is None) == (self.absence is None):
            raise ValueError(f"{self.label}: give either a rate or the reason why there is none")

    def verdict(self, higher_is_better: bool) -> Verdict:
        if self.is_reference:
            return Verdict.REFERENCE
        if self.gap_lower is None or self.gap_upper is None:
            return Verdict.NOT_COMPARED
        if self.gap_lower <= 0 <= self.gap_upper:
            return Verdict.UNCLEAR
        return Verdict.BETTER if (self.gap_lower > 0) == higher_is_better else Verdict.WORSE

    @property
    def rate_text(self) -> str:
        if self.rate is None:
            return self.absence.words if self.absence else ""
        return format_percent(self.rate, self.decimals)

    @property
    def count_text(self) -> str:
        """ "412 of 623", or nothing where counts are not given."""
        if self.numerator is None or self.denominator is None:
            return ""
        return f"{format_count(self.numerator)} of {format_count(self.denominator)}"

    @property
    def interval_text(self) -> str:
        if self.lower is None or self.upper is None:
            return ""
        low, high = (format_percent(x, self.decimals) for x in (self.lower, self.upper))
        return f"{low} to {high}"

    @property
    def gap_text(self) -> str:
        return (
            "" if self.gap_points is None else format_points(self.gap_points, min(self.decimals, 1))
        )

    @property
    def gap_interval_text(self) -> str:
        if self.gap_lower is None or self.gap_upper is None:
            return ""
        low, high = (
            format_points(x, min(self.decimals, 1)) for x in (self.gap_lower, self.gap_upper)
        )
        return f"{low} to {high}"


@dataclass(frozen=True)
class GapStrip:
    """One measure: strata on one axis with their intervals, the reference marked.

    who: plural noun after a stratum's name in sentences ("patients").
    target: optional rate 0–1 to aim at.
    """

    measure: str
    period: str
    higher_is_better: bool
    strata: tuple[StratumRate, ...]
    who: str = "patients"
    target: float | None = None
    target_label: str = "Target"

    @property
    def reference(self) -> StratumRate | None:
        return next((s for s in self.strata if s.is_reference), None)


@dataclass(frozen=True)
class TrendPoint:
    """A rate in one period, or why there is none; both None when nothing was sent for the period."""

    rate: float | None = None
    lower: float | None = None
    upper: float | None = None
    decimals: int = 1
    absence: Absence | None = None


@dataclass(frozen=True)
class TrendSeries:
    """One stratum over the periods of the trend, as many points as periods."""

    label: str
    points: tuple[TrendPoint, ...]
    is_reference: bool = False


@dataclass(frozen=True)
class SeriesBreak:
    """Values before and from `period_index` on are not comparable; `note` says why, shortly."""

    period_index: int
    note: str


@dataclass(frozen=True)
class Trend:
    """Rates over periods for at most three strata; more lines cannot be told apart."""

    measure: str
    periods: tuple[str, ...]
    series: tuple[TrendSeries, ...]
    higher_is_better: bool
    breaks: tuple[SeriesBreak, ...] = ()
    target: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.series) <= 3:
            raise ValueError("a trend shows one to three strata")
        if any(len(s.points) != len(self.periods) for s in self.series):
            raise ValueError("every stratum needs a point for every period")


@dataclass(frozen=True)
class PeerRow:
    """The own value against anonymous peers. Values are percent (0–100) or percentage points.

    band: lower quartile, median and upper quartile of the peers, whole numbers; None where fewer than
    five peers have a value that may be shown.
    """

    label: str
    own: float | None
    band: tuple[int, int, int] | None
    peer_count: int = 0
    decimals: int = 1
    absence: Absence | None = None
    higher_is_better: bool = True


@dataclass(frozen=True)
class PeerComparison:
    """Own values against the band of the other groups, one row per measure or stratum.

    unit: "percent" for rates, "points" for gaps.
    """

    title: str
    rows: tuple[PeerRow, ...]
    unit: str = "percent"
    direction: str = ""


@dataclass(frozen=True)
class CompletenessRow:
    """Members of one unit by what is known; counts by category key, in the order of CATEGORIES."""

    label: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Completeness:
    """How complete one field (race, ethnicity, language) is, one bar per unit."""

    what: str
    rows: tuple[CompletenessRow, ...]
    rounded: bool = False


@dataclass(frozen=True)
class SitePair:
    """One site: the rate of the stratum in focus and of the reference there."""

    label: str
    focus: StratumRate
    reference: StratumRate


@dataclass(frozen=True)
class SiteGaps:
    """Where the gap sits: one measure and stratum, every site with its own reference rate."""

    measure: str
    period: str
    stratum: str
    reference: str
    higher_is_better: bool
    sites: tuple[SitePair, ...]

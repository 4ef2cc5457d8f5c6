"""What the chart of a local measure is made from: value types, independent of the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pdsa.enums import PointKind, PointState, StratumRole


@dataclass(frozen=True)
class Point:
    """One group in one period. state None: nobody entered anything."""

    state: PointState | None = None
    numerator: int | None = None
    denominator: int | None = None
    value: float | None = None

    @property
    def number(self) -> float | None:
        """What is drawn: a proportion 0–1, a rate per unit of exposure, a count or a value."""
        if self.state != PointState.NUMBER:
            return None
        if self.value is not None:
            return self.value
        if self.numerator is None:
            return None
        return self.numerator if self.denominator is None else self.numerator / self.denominator


@dataclass(frozen=True)
class Group:
    """The points of one group of people, one for every period of the measure."""

    stratum_id: int
    name: str
    role: StratumRole
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Decision:
    """What a person decided about the chart and has not taken back."""

    id: int
    kind: str
    starts_on: date
    stratum_id: int | None
    stratum_name: str
    reason: str
    cycle_title: str
    by: str
    on: date


@dataclass(frozen=True)
class LaneCycle:
    """A test that is linked to the measure, as the lane under the time axis shows it.

    ends_on None: it goes on.
    """

    id: int
    title: str
    starts_on: date
    ends_on: date | None
    state: str
    decision: str


@dataclass(frozen=True)
class MeasureData:
    """Everything about one measure that its charts need.

    overlaps: neighbouring periods count partly the same people (twelve-month windows), so that no rule
    for signals holds. target: in the unit of the points (a share: 0–1). basis: where the numbers come from.
    """

    name: str
    point_kind: PointKind
    unit: str
    higher_is_better: bool
    frequency: str
    target: float | None
    rule_set: str
    is_screened: bool
    periods: tuple[date, ...]
    groups: tuple[Group, ...]
    decisions: tuple[Decision, ...] = ()
    cycles: tuple[LaneCycle, ...] = ()
    overlaps: bool = False
    basis: str = ""
    labels: tuple[str, ...] = ()

    def group(self, role: StratumRole) -> Group | None:
        return next((g for g in self.groups if g.role == role), None)

    @property
    def focus(self) -> Group | None:
        """The focus group, or where none was named the first group."""
        return self.group(StratumRole.FOCUS) or (self.groups[0] if self.groups else None)

    @property
    def reference(self) -> Group | None:
        return self.group(StratumRole.REFERENCE)

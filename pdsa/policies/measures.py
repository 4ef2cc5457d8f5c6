"""What can be entered for a local measure; the check raises a sentence for the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pdsa.charts.periods import period_of
from pdsa.enums import PointKind, PointState
from pdsa.models import LocalMeasure
from teams.errors import StateRefused


@dataclass(frozen=True)
class Entry:
    """What was typed for one group and period; state NUMBER with all three None removes the entry."""

    stratum_id: int
    starts_on: date
    state: PointState = PointState.NUMBER
    numerator: int | None = None
    denominator: int | None = None
    value: Decimal | None = None

    @property
    def is_empty(self) -> bool:
        return self.state == PointState.NUMBER and (
            self.numerator is None and self.denominator is None and self.value is None
        )


def check_entry(measure: LocalMeasure, entry: Entry, strata: set[int], today: date) -> None:
    """Raises StateRefused with a sentence that says what to do."""
    if entry.stratum_id not in strata:
        raise StateRefused("The measure is not counted for this group.")
    if entry.starts_on != period_of(entry.starts_on, measure.frequency):
        raise StateRefused("A period begins on the first of a month, or on a Monday.")
    if entry.starts_on > today:
        raise StateRefused("This period has not begun yet.")
    if entry.is_empty or entry.state != PointState.NUMBER:
        return
    kind = measure.point_kind
    if kind in (PointKind.PROPORTION, PointKind.RATE):
        if entry.numerator is None or entry.denominator is None:
            raise StateRefused("Both numbers are needed: n and N.")
        if entry.denominator == 0:
            raise StateRefused("With nobody to count, choose “No patients”.")
        if kind == PointKind.PROPORTION and entry.numerator > entry.denominator:
            raise StateRefused(
                f"n ({entry.numerator}) cannot be larger than N ({entry.denominator})."
            )
    elif kind == PointKind.COUNT and entry.numerator is None:
        raise StateRefused("A whole number is needed.")
    elif kind == PointKind.VALUE and entry.value is None:
        raise StateRefused("A number is needed.")

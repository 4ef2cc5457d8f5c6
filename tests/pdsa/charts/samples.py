"""Measures for the tests of charts, as values without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pdsa.charts.periods import label, list_steps, step
from pdsa.charts.values import Decision, Group, LaneCycle, MeasureData, Point
from pdsa.enums import PointKind, PointState, StratumRole

FIRST = date(2025, 1, 1)
#: About 50 of 100, as wide as chance makes it.
LEVEL = [50, 58, 43, 52, 47, 56, 42, 55, 49, 45, 57, 44, 53, 41, 56, 48, 59, 46, 51, 54]
RISEN = [70, 73, 69, 71, 72, 68, 74, 70, 71, 69]


def month(place: int) -> date:
    return step(FIRST, "month", place)


def points(counts: Sequence[Any], size: int = 100) -> tuple[Point, ...]:
    """n of 100; a state; or None for nothing entered."""
    found = []
    for one in counts:
        if one is None:
            found.append(Point())
        elif isinstance(one, PointState):
            found.append(Point(one))
        else:
            found.append(Point(PointState.NUMBER, one, size))
    return tuple(found)


def values(numbers: Sequence[float | None]) -> tuple[Point, ...]:
    return tuple(
        Point() if v is None else Point(PointState.NUMBER, value=float(v)) for v in numbers
    )


def decision(kind: str, place: int, **more: Any) -> Decision:
    facts = {
        "id": place,
        "kind": kind,
        "starts_on": month(place),
        "stratum_id": None,
        "stratum_name": "",
        "reason": "Agreed with the coach",
        "cycle_title": "",
        "by": "Rosa Lima",
        "on": date(2026, 1, 5),
    }
    return Decision(**{**facts, **more})


def cycle(
    start: int, end: int | None = None, title: str = "Pharmacist visits, test 1", ident: int = 1
) -> LaneCycle:
    ends = None if end is None else month(end)
    return LaneCycle(ident, title, month(start), ends, "Closed", "Adopt")


def measure(
    focus: tuple[Point, ...], reference: tuple[Point, ...] | None = None, **more: Any
) -> MeasureData:
    periods = list_steps(FIRST, month(len(focus) - 1), "month") if focus else ()
    groups = [Group(1, "Black", StratumRole.FOCUS, focus)]
    if reference is not None:
        groups.append(Group(2, "White", StratumRole.REFERENCE, reference))
    facts = {
        "name": "Blood pressure",
        "point_kind": PointKind.PROPORTION,
        "unit": "",
        "higher_is_better": True,
        "frequency": "month",
        "target": None,
        "rule_set": "",
        "is_screened": True,
        "periods": periods,
        "groups": tuple(groups),
        "labels": tuple(label(day, "month") for day in periods),
    }
    return MeasureData(**{**facts, **more})

"""A ramp as steps: each test of a change idea a step, its height the scale, its word the decision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pdsa.enums import CycleState
from pdsa.models import ChangeIdea, Cycle
from pdsa.wording import DECIDED
from teams.drawing.svg import SCREEN, Drawing, Palette

#: Patients at which a step reaches the next rung: multiples of five.
RUNGS = (1, 5, 25, 125, 625)
_STEP, _TOP, _RISE, _BASE, _LEFT = 104.0, 26.0, 22.0, 30.0, 52.0

#: Decision or state → colour and pattern of the step; the word beside it says the same.
_LOOK: dict[str, tuple[str, str]] = {
    "adopt": ("blue", "solid"),
    "expand": ("blue", "hatch"),
    "adapt": ("blue", "dots"),
    "more_data": ("grey", "dots"),
    "abandon": ("orange", "back"),
}


@dataclass(frozen=True)
class RampDrawing:
    """SVG text for a page and the same in words, one line a test."""

    svg: str
    lines: tuple[str, ...]


def rung(patients: int | None) -> float:
    """Height of a step in rungs: 1 patient is 1, 5 are 2, 25 are 3; nobody said: the lowest."""
    return 1 + (math.log(patients, 5) if patients else 0)


def word_of(cycle: Cycle) -> str:
    """Decision of a closed cycle, else its state."""
    if cycle.state == CycleState.CLOSED:
        return DECIDED[cycle.decision]
    return str(CycleState(cycle.state).label)


def draw_ramp(
    idea: ChangeIdea, cycles: Sequence[Cycle], *, palette: Palette = SCREEN
) -> RampDrawing:
    """cycles: the idea's, in order. An idea without tests gives an empty drawing."""
    lines = tuple(
        f"Test {c.number}: {word_of(c)}"
        + (
            f", {c.patient_count:,} patient{'' if c.patient_count == 1 else 's'}"
            if c.patient_count
            else ""
        )
        for c in cycles
    )
    if not cycles:
        return RampDrawing("", lines)
    highest = max(2.0, max(min(rung(c.patient_count), 5.5) for c in cycles))
    height = _TOP + highest * _RISE + _BASE
    ground = height - _BASE
    drawing = Drawing(
        _LEFT + len(cycles) * _STEP + 8,
        height,
        ident=f"ramp-{idea.pk}",
        title=f"Ramp of {idea.title}",
        description="; ".join(lines) + ".",
        palette=palette,
    )
    for place, patients in enumerate(RUNGS, start=1):
        if place > highest + 0.01:
            break
        y = ground - place * _RISE
        drawing.line(_LEFT, y, drawing.width - 8, y, "grid")
        drawing.text(_LEFT - 8, y + 4, f"{patients}", size=11, anchor="end", soft=True)
    drawing.text(0, 14, "Patients", size=11, soft=True)
    for place, cycle in enumerate(cycles):
        x = _LEFT + place * _STEP
        rise = min(rung(cycle.patient_count), 5.5) * _RISE
        closed = cycle.state == CycleState.CLOSED
        ink, pattern = _LOOK[cycle.decision] if closed else ("grey", "plain")
        with drawing.group(lines[place]):
            drawing.tile(x, ground - rise, _STEP - 6, rise, ink, pattern)
            count = f"{cycle.patient_count:,}" if cycle.patient_count else "?"
            drawing.text(
                x + (_STEP - 6) / 2,
                ground - rise - 6,
                count,
                size=12,
                anchor="middle",
                weight=600,
                halo=True,
            )
            drawing.text(
                x + (_STEP - 6) / 2,
                ground + 15,
                f"{cycle.number} · {word_of(cycle)}",
                size=11,
                anchor="middle",
            )
    return RampDrawing(drawing.svg(), lines)

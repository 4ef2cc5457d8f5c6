"""What signals mean for people: favourable or not, is the target met, may the line be drawn anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from measures.stats.spc.charts import ControlChart, PhaseResult
from measures.stats.spc.rules import Direction, Signal

#: A favourable shift this long may begin a new phase, or a shorter one that has been there so long.
LONG_SHIFT, SHORT_SHIFT, SUSTAINED = 8, 6, 10
#: After somebody said no, the offer is not made again before so many more points.
OFFER_AGAIN_AFTER = 6


class Glyph(StrEnum):
    """How one point is drawn and called."""

    FAVOURABLE = "favourable"
    UNFAVOURABLE = "unfavourable"
    NEUTRAL = "neutral"
    EXCLUDED = "excluded"
    MISSING = "missing"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Glyph.FAVOURABLE: "Part of a favourable signal",
    Glyph.UNFAVOURABLE: "Part of an unfavourable signal",
    Glyph.NEUTRAL: "No signal, or one without a direction",
    Glyph.EXCLUDED: "Taken out of the calculation",
    Glyph.MISSING: "No number",
}


class Assurance(StrEnum):
    """Where the target lies against the limits: what the process as it is will do."""

    MEETS = "meets"
    FAILS = "fails"
    HIT_AND_MISS = "hit_and_miss"


def is_favourable(signal: Signal, *, higher_is_better: bool) -> bool | None:
    """None for a signal without a direction."""
    if signal.direction == Direction.NONE:
        return None
    return (signal.direction == Direction.UP) == higher_is_better


def list_glyphs(chart: ControlChart, *, higher_is_better: bool) -> tuple[Glyph, ...]:
    """One glyph per point. Of several signals on a point the first in the order of the rules decides."""
    glyphs = []
    useful, values = chart.series.useful, chart.values
    for place in range(len(chart.series)):
        if not np.isfinite(values[place]):
            glyphs.append(Glyph.MISSING)
        elif not useful[place]:
            glyphs.append(Glyph.EXCLUDED)
        else:
            said = (
                is_favourable(s, higher_is_better=higher_is_better) for s in chart.signals_at(place)
            )
            verdict = next((v for v in said if v is not None), None)
            glyphs.append(
                Glyph.NEUTRAL
                if verdict is None
                else Glyph.FAVOURABLE
                if verdict
                else Glyph.UNFAVOURABLE
            )
    return tuple(glyphs)


def assure(chart: ControlChart, target: float, *, higher_is_better: bool) -> Assurance | None:
    """Judged on the limits at the last useful point of the last phase; None without limits that vary."""
    phase = chart.last_phase
    if phase is None or not phase.limits_shown or phase.no_variation:
        return None
    places = [p for p in range(phase.start, phase.end) if chart.series.useful[p]]
    lower, upper = (
        float(line[places[-1] - phase.start]) for line in (phase.limits.lower, phase.limits.upper)
    )
    if target > upper:
        return Assurance.FAILS if higher_is_better else Assurance.MEETS
    if target < lower:
        return Assurance.MEETS if higher_is_better else Assurance.FAILS
    return Assurance.HIT_AND_MISS


@dataclass(frozen=True)
class PhaseOffer:
    """A person may decide that a new phase begins at `start`, the first point of the shift."""

    start: int
    length: int


def offer_phase(
    chart: ControlChart,
    *,
    higher_is_better: bool,
    changes: Iterable[int],
    declined_at: int | None = None,
) -> PhaseOffer | None:
    """Whether to offer a new phase: never done by itself, and not because a project began.

    It takes a favourable shift in the last phase of 8 points, or of 6 that began 10 useful points ago
    or earlier with nothing unfavourable since, and a change that a person linked.
    changes: places of changes (tests, annotations); one has to lie at or before the end of the shift.
    declined_at: number of points there were when a person last said no.
    """
    phase = chart.last_phase
    if phase is None or not phase.rules_applied:
        return None
    if declined_at is not None and len(chart.series) < declined_at + OFFER_AGAIN_AFTER:
        return None
    places = tuple(changes)
    for signal in chart.signals:
        if (
            signal.phase != phase.number
            or signal.rule not in ("shift", "longest_run")
            or not is_favourable(signal, higher_is_better=higher_is_better)
            or not any(place <= signal.last for place in places)
            or signal.first == phase.start
        ):
            continue
        length = len(signal.points)
        if length >= LONG_SHIFT or (
            length >= SHORT_SHIFT and _is_sustained(chart, phase, signal, higher_is_better)
        ):
            return PhaseOffer(signal.first, length)
    return None


def _is_sustained(
    chart: ControlChart, phase: PhaseResult, signal: Signal, higher_is_better: bool
) -> bool:
    since = int(chart.series.useful[signal.first : phase.end].sum())
    worse = any(
        other.last > signal.last
        and is_favourable(other, higher_is_better=higher_is_better) is False
        for other in chart.signals
        if other.phase == phase.number
    )
    return since >= SUSTAINED and not worse

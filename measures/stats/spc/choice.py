"""Which chart to draw, from the kind of the data and how many points there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from measures.stats.spc.charts import LIMITS_FROM
from measures.stats.spc.limits import compute_limits
from measures.stats.spc.series import ChartKind, DataKind, Phase, Series, check_phases

#: From so many persons a point on average, chance is so small that other variation always shows.
LARGE_SIZE = 1000
#: Points lie wider than chance from here on.
WIDE_SIGMA_Z = 1.2
#: Fewer expected events a point than this make limits that mean little.
FEWEST_EVENTS = 5.0

#: The rule set that is taken where nobody chose one.
DEFAULT_RULES = {ChartKind.RUN: "run_ihi"}
CONTROL_RULES = "shewhart_ihi"


class ChartWarning(StrEnum):
    FEW_EVENTS = "few_events"
    """Fewer than 5 expected events (or non-events) a point: take quarters together or use a run chart."""


@dataclass(frozen=True)
class Choice:
    kind: ChartKind
    rule_set: str
    warnings: tuple[ChartWarning, ...] = ()


def choose_chart(series: Series, *, phases: Sequence[Phase] = ()) -> Choice:
    """The chart for a series: a run chart until its first phase can carry limits, then the kind of its data.

    Wider limits (P′, U′) where the points of the first phase lie more than 1.2 times as wide as chance
    makes them, or where sizes are so large that they would.
    """
    spans = check_phases(phases, len(series)) if len(series) else ()
    if not spans:
        return Choice(ChartKind.RUN, DEFAULT_RULES[ChartKind.RUN])
    phase, end = spans[0]
    baseline = slice(phase.start, phase.frozen_at or end)
    warnings = (ChartWarning.FEW_EVENTS,) if has_few_events(series) else ()
    if int(series.useful[baseline].sum()) < LIMITS_FROM:
        return Choice(ChartKind.RUN, DEFAULT_RULES[ChartKind.RUN], warnings)
    return Choice(_kind(series, slice(phase.start, end), baseline), CONTROL_RULES, warnings)


def _kind(series: Series, stretch: slice, baseline: slice) -> ChartKind:
    if series.kind == DataKind.VALUE:
        return ChartKind.I
    if series.kind == DataKind.COUNT:
        return ChartKind.C
    assert series.sizes is not None
    plain, wide = (
        (ChartKind.P, ChartKind.P_PRIME)
        if series.kind == DataKind.PROPORTION
        else (ChartKind.U, ChartKind.U_PRIME)
    )
    sigma_z = compute_limits(series, wide, stretch, baseline).sigma_z
    spread = sigma_z is not None and np.isfinite(sigma_z) and sigma_z > WIDE_SIGMA_Z
    large = float(series.sizes[baseline][series.useful[baseline]].mean()) >= LARGE_SIZE
    return wide if spread or large else plain


def has_few_events(series: Series) -> bool:
    """Fewer than 5 expected events a point; of a proportion also fewer than 5 without the event."""
    use = series.useful
    if not use.any() or series.kind == DataKind.VALUE:
        return False
    events = float(series.numbers[use].mean())
    if series.kind == DataKind.PROPORTION:
        assert series.sizes is not None
        events = min(events, float(series.sizes[use].mean()) - events)
    return events < FEWEST_EVENTS

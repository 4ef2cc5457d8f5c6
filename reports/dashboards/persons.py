"""What rows of people say beyond counts: a change with people paired, a rate of events by persons.

For the group itself. Only where the rows give the very numbers of the page; otherwise the page's numbers
come from something else, such as counts that were sent, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measures.enums import CountingUnit
from measures.queries import Panel, SetResult
from measures.stats.clusters import clustered_rate, paired_gap_change
from reports.dashboards.conclusions import change_digits
from reports.dashboards.evidence import ChangeOfGap, NoChange, both_arms
from reports.dashboards.wording import rate_interval_text, rate_text
from teams.formats import format_count, format_percent, format_points

_NOISE = 1e-9


@dataclass(frozen=True)
class PairedRow:
    """The change of one gap as texts: with both periods taken for different people, and with them paired."""

    label: str
    change: str
    apart: str
    paired: str
    people: str
    in_both: str


@dataclass(frozen=True)
class EventRow:
    """A rate of events as texts: with events taken for independent, and by persons."""

    label: str
    rate: str
    apart: str
    by_person: str
    events: str
    people: str


def paired_rows(
    changes: Sequence[ChangeOfGap | NoChange], panel: Panel | None
) -> tuple[PairedRow, ...]:
    if panel is None:
        return ()
    rows = []
    for change in changes:
        if isinstance(change, NoChange) or both_arms(change.later, change.figure) is None:
            continue
        group, reference = change.figure.stratum.id, change.reference.stratum.id
        here = panel.of(np.isin(panel.stratum, (group, reference)))
        later = here.period == change.later.period.pk
        found = paired_gap_change(here.met, here.person, here.stratum == group, later)
        if not abs(found.change - float(change.found.change)) < _NOISE:
            continue
        both = np.intersect1d(here.person[later], here.person[~later])
        digits = change_digits(change)
        rows.append(
            PairedRow(
                label=change.figure.stratum.label,
                change=format_points(100 * found.change, digits),
                apart=_points(change.found.interval, digits),
                paired=_points(found.interval, digits),
                people=format_count(found.persons),
                in_both=format_percent(len(both) / found.persons, 0),
            )
        )
    return tuple(rows)


def _points(interval: Sequence[object], digits: int) -> str:
    low, high = (format_points(100 * float(v), digits) for v in interval)  # type: ignore[arg-type]
    return f"{low} to {high}"


def event_rows(result: SetResult, panel: Panel | None) -> tuple[EventRow, ...]:
    """Empty for measures that count persons: there everybody has one row."""
    if panel is None or result.definition.counting_unit != CountingUnit.EVENT:
        return ()
    now = panel.of(panel.period == result.period.pk)
    rows = []
    for figure in result.compared:
        mine = now.of(now.stratum == figure.stratum.id)
        counted = (int(mine.met.sum()), len(mine.met))
        if not figure.numbers_shown or counted != (figure.numerator, figure.denominator):
            continue
        found = clustered_rate(mine.met, mine.person)
        if np.isnan(found.interval[0]):
            continue
        low, high = (format_percent(v, figure.decimals) for v in found.interval)
        rows.append(
            EventRow(
                label=figure.stratum.label,
                rate=rate_text(figure),
                apart=rate_interval_text(figure),
                by_person=f"{low} to {high}",
                events=format_count(found.rows),
                people=format_count(found.persons),
            )
        )
    return tuple(rows)

"""The exact check of what is published: can a reader work out a hidden count?

It looks at the stored states, not at how they were made: a second opinion on `measures.stats.suppression`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from measures.models import Computation, Measure, MeasureDefinition, Period, Source, StratumResult
from measures.queries.axis import StratumAxis, read_stratum_axis
from measures.queries.beside import completeness_limits, imputed_beside
from measures.stats.count_ranges import CountRange, count_ranges
from measures.stats.disclosure import PUBLIC, Beside, Leak, puzzles
from measures.stats.states import PRIVATE_STATES, CellState
from measures.stats.suppression import LEAST_COUNT, Relation, shared_groups
from teams.models import Team

#: The sets that report cards show.
CARD_SETS = ("race", "ethnicity", "combined")


@dataclass(frozen=True)
class UnprotectedCell:
    """A hidden count of which a reader can be sure that it is small.

    unit: name of the team, "All groups" for the programme; stratum: label of the stratum.
    told_by: shown numbers that give it away together, as "stratum of unit"; given for one of those that
    hang together.
    """

    measure_code: str
    unit: str
    stratum: str
    lowest: int
    highest: int
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardTable:
    """Counts and states [M, U, S] of what cards show; unit 0 is the programme, the others are the teams."""

    measure_ids: tuple[int, ...]
    team_ids: tuple[int, ...]
    axis: StratumAxis
    kept: tuple[int, ...]
    """Index on the axis of each stratum."""
    shared_denominator: Any
    n: Any
    x: Any
    states: Any

    @property
    def hidden(self) -> Any:
        return np.isin(self.states, PRIVATE_STATES)

    def number_of(self, place: int) -> int:
        """Number of a stratum in this table, by its index on the axis."""
        return self.kept.index(place)

    @property
    def arguments(self) -> dict[str, Any]:
        """What `audit` and `protect` ask for beside the counts."""
        number = {stratum: i for i, stratum in enumerate(self.kept)}
        teams = tuple(range(1, len(self.team_ids) + 1))
        return {
            "unit_relations": [Relation(0, teams, parts_are_readers=True)] if teams else [],
            "stratum_relations": [
                Relation(number[r.total], tuple(number[part] for part in r.parts))
                for r in self.axis.relations
                if set(r.members) <= set(self.kept)
            ],
            "shared_denominator": self.shared_denominator,
            "unpublished": self.axis.is_crossed[list(self.kept)],
        }


def list_unprotected_periods() -> list[tuple[int, int]]:
    """(source id, period id) of what was computed since its last check."""
    return list(
        Computation.objects.filter(protected_at__isnull=True)
        .order_by("period_id")
        .values_list("source_id", "period_id")
        .distinct()
    )


def list_unprotected(source: Source, period: Period) -> list[UnprotectedCell]:
    """Hidden counts of a period that give themselves away: on all report cards together, with tables of
    completeness and imputed rates beside them, to anybody; on the public card, to a team that takes its own
    numbers away. Empty is what should be.

    Cost: some seconds of linear programming.
    """
    table = read_card_table(source, period)
    if table is None:
        return []
    found: dict[tuple[int, int, int], tuple[Leak, CountRange | None]] = {}
    beside = read_beside(source, period, table)
    for asked in puzzles(table.n, table.x, table.states, beside=beside, **table.arguments):
        leaks = asked.puzzle.leaks(asked.measures, asked.units, asked.reader)
        if not leaks:
            continue
        # Which numbers tell is worked out for one of those that hang together; it takes longer than all else.
        told_by = {
            (r.measure, r.unit, r.stratum, r.quantity): r
            for r in count_ranges(asked, leaks=leaks[:1])
        }
        for leak in leaks:
            cell = (leak.measure, leak.unit, leak.stratum)
            of = told_by.get((*cell, leak.quantity))
            if of is not None or cell not in found:
                found[cell] = (leak, of)
    names = _Names(table)
    return [
        UnprotectedCell(
            measure_code=names.measure(measure),
            unit=names.unit(unit),
            stratum=names.stratum(stratum),
            lowest=max(0, round(leak.lowest)),
            highest=round(leak.highest),
            told_by=() if of is None else names.told_by(of),
        )
        for (measure, unit, stratum), (leak, of) in found.items()
    ]


def read_beside(source: Source, period: Period, table: CardTable) -> Beside:
    """Everything that readers outside the groups see beside the cells of cards."""
    imputed = imputed_beside(source, period, table)
    limits = [*completeness_limits(source, period, table), *imputed.limits]
    return Beside(limits, imputed.others)


@dataclass(frozen=True)
class HiddenCount:
    """A hidden count and all that it could be. `highest` None: as large as one likes.

    reader: "" for anybody who holds every card, else the team that takes its own numbers away; the
    range is then that of what is left. leaks: a reader can be sure that it is 1 to 10.
    """

    measure_code: str
    unit: str
    stratum: str
    quantity: str
    reader: str
    lowest: int
    highest: int | None
    leaks: bool


def list_hidden_counts(
    source: Source,
    period: Period,
    *,
    measure_codes: Collection[str] = (),
    only_leaks: bool = False,
) -> Iterator[HiddenCount]:
    """Every hidden count of programme and teams in the sets of cards, with its range.

    measure_codes: only these measures, and what shares their denominators; empty for all.
    Cost: two linear programs for each count, minutes for all measures of a period. The leaks alone are
    found in seconds, as before publishing: most hidden counts are seen to be safe without their range.
    """
    table = read_card_table(source, period)
    if table is None:
        return
    names = _Names(table)
    beside = read_beside(source, period, table)
    for asked in puzzles(table.n, table.x, table.states, beside=beside, **table.arguments):
        if measure_codes and not {names.measure(m) for m in asked.measures} & set(measure_codes):
            continue
        leaks = None
        if only_leaks:
            leaks = asked.puzzle.leaks(asked.measures, asked.units, asked.reader)
        for found in count_ranges(asked, leaks=leaks):
            yield HiddenCount(
                measure_code=names.measure(found.measure),
                unit=names.unit(found.unit),
                stratum=names.stratum(found.stratum),
                quantity=found.quantity.value,
                reader="" if found.reader == PUBLIC else names.unit(found.reader),
                lowest=found.lowest,
                highest=found.highest,
                leaks=found.lowest > 0
                and found.highest is not None
                and found.highest < LEAST_COUNT,
            )


def _card_strata(axis: StratumAxis) -> list[int]:
    """Indices of the strata that cards show, and of the crossed cells that tie them together."""
    return [
        i
        for i in range(axis.size)
        if axis.is_crossed[i] or axis.strata[i].stratum_set.code in (*CARD_SETS, "all")
    ]


def read_card_table(source: Source, period: Period) -> CardTable | None:
    """The stored results that report cards of a period show, None where there are none."""
    table = read_whole_table(source, period)
    if table is None:
        return None
    kept = _card_strata(table.axis)
    return replace(
        table,
        kept=tuple(kept),
        n=table.n[:, :, kept],
        x=table.x[:, :, kept],
        states=table.states[:, :, kept],
    )


def read_whole_table(source: Source, period: Period) -> CardTable | None:
    """The stored results of programme and teams in every stratum, None where there are none."""
    rows = list(
        StratumResult.objects.filter(source=source, period=period).values_list(
            "measure_id", "team_id", "stratum_id", "denominator", "numerator", "state"
        )
    )
    if not rows:
        return None
    axis = read_stratum_axis()
    measure_ids = tuple(sorted({row[0] for row in rows}))
    team_ids = tuple(sorted({row[1] for row in rows if row[1] is not None}))
    measures = {pk: i for i, pk in enumerate(measure_ids)}
    units = {None: 0} | {pk: i for i, pk in enumerate(team_ids, start=1)}
    strata = {s.pk: i for i, s in enumerate(axis.strata)}
    shape = (len(measure_ids), len(units), axis.size)
    n, x = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    states = np.full(shape, CellState.NO_DENOMINATOR, dtype=np.int8)
    stored = np.zeros(shape, dtype=bool)
    for measure_id, team_id, stratum_id, denominator, numerator, state in rows:
        at = measures[measure_id], units[team_id], strata[stratum_id]
        n[at], x[at], states[at], stored[at] = denominator, numerator, state, True
    for _, indices, _ in axis.sets():
        # A set that nobody filled in is not shown at all; everybody is unknown in it.
        unknown = next(i for i in indices if axis.strata[i].kind == "unknown")
        missing = n[:, :, indices].sum(axis=2) < n[:, :, axis.total]
        n[:, :, unknown] += n[:, :, axis.total] - n[:, :, indices].sum(axis=2)
        x[:, :, unknown] += x[:, :, axis.total] - x[:, :, indices].sum(axis=2)
        states[:, :, unknown] = np.where(missing, states[:, :, axis.total], states[:, :, unknown])
        # Where every stratum that is listed is hidden, nobody can tell an empty one from a small one.
        listed = stored[:, :, indices]
        hidden = np.isin(states[:, :, indices], PRIVATE_STATES)
        closed = np.asarray((hidden | ~listed).all(axis=2) & listed.any(axis=2))
        states[:, :, indices] = np.where(
            closed[:, :, None] & ~listed, CellState.PRIVACY_COMPLEMENTARY, states[:, :, indices]
        )
    for offset, (whole, parts) in enumerate(axis.crossed, start=len(axis.strata)):
        for counts in (n, x):
            counts[:, :, offset] = counts[:, :, whole] - counts[:, :, list(parts)].sum(axis=2)
        # Never shown: unknown to readers unless everything it follows from is shown.
        states[:, :, offset] = CellState.PRIVACY_COMPLEMENTARY
    for relation in axis.relations:
        if len(relation.parts) == 1:
            # The same people in two sets: shown in one, they are known in the other.
            one, other = relation.members
            for here, there in ((one, other), (other, one)):
                hidden = np.isin(states[:, :, here], PRIVATE_STATES)
                states[:, :, here] = np.where(hidden, states[:, :, there], states[:, :, here])
    return CardTable(
        measure_ids,
        team_ids,
        axis,
        tuple(range(axis.size)),
        _shared_denominators(measure_ids, n, period),
        n,
        x,
        states,
    )


def _shared_denominators(measure_ids: tuple[int, ...], n: Any, period: Period) -> Any:
    texts = dict(
        MeasureDefinition.objects.filter(year=period.year, measure_id__in=measure_ids).values_list(
            "measure_id", "shared_denominator"
        )
    )
    return shared_groups([texts.get(measure_id, "") for measure_id in measure_ids], n)


class _Names:
    """What the indices of a table are called, read once."""

    def __init__(self, table: CardTable) -> None:
        self.table = table
        self._measures = dict(
            Measure.objects.filter(pk__in=table.measure_ids).values_list("pk", "code")
        )
        self._teams = dict(Team.objects.filter(pk__in=table.team_ids).values_list("pk", "name"))

    def measure(self, index: int) -> str:
        return self._measures[self.table.measure_ids[index]]

    def unit(self, index: int) -> str:
        return "All groups" if index == 0 else self._teams[self.table.team_ids[index - 1]]

    def told_by(self, found: CountRange) -> tuple[str, ...]:
        return (
            *(f"{self.stratum(s)} of {self.unit(u)}" for u, s in found.told_by),
            *(f"{figure} of {self.unit(u)}" for u, figure in found.told_beside),
        )

    def stratum(self, index: int) -> str:
        axis, place = self.table.axis, self.table.kept[index]
        if place < len(axis.strata):
            return axis.strata[place].label
        whole, _ = axis.crossed[place - len(axis.strata)]
        return f"{axis.strata[whole].label}, less its shown parts"

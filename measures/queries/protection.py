"""The exact check of what is published: can a reader work out a hidden count?

It looks at the stored states, not at how they were made: a second opinion on `measures.stats.suppression`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from measures.models import Computation, Measure, MeasureDefinition, Period, Source, StratumResult
from measures.queries.axis import StratumAxis, read_stratum_axis
from measures.stats.disclosure import Leak, audit
from measures.stats.states import CellState
from measures.stats.suppression import Relation, shared_groups
from teams.models import Team

#: The sets that report cards show.
CARD_SETS = ("race", "ethnicity", "combined")

_HIDDEN = (CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY)


@dataclass(frozen=True)
class UnprotectedCell:
    """A hidden count of which a reader can be sure that it is small.

    unit: name of the team, "All groups" for the programme; stratum: label of the stratum.
    """

    measure_code: str
    unit: str
    stratum: str
    lowest: int
    highest: int


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
        return np.isin(self.states, _HIDDEN)

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
    """Hidden counts of a period that give themselves away: on all report cards together, to anybody;
    and on the public card, to a team that takes its own numbers away. Empty is what should be.

    Cost: some seconds of linear programming.
    """
    table = read_card_table(source, period)
    if table is None:
        return []
    leaks = audit(table.n, table.x, table.states, **table.arguments)
    found = {(leak.measure, leak.unit, table.kept[leak.stratum]): leak for leak in leaks}
    return [_named(key, leak, table) for key, leak in found.items()]


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
        hidden = np.isin(states[:, :, indices], _HIDDEN)
        whole = (hidden | ~listed).all(axis=2) & listed.any(axis=2)
        states[:, :, indices] = np.where(
            whole[:, :, None] & ~listed, CellState.PRIVACY_COMPLEMENTARY, states[:, :, indices]
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
                hidden = np.isin(states[:, :, here], _HIDDEN)
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


def _named(key: tuple[int, int, int], leak: Leak, table: CardTable) -> UnprotectedCell:
    measure, unit, stratum = key
    axis = table.axis
    if stratum < len(axis.strata):
        label = axis.strata[stratum].label
    else:
        whole, _ = axis.crossed[stratum - len(axis.strata)]
        label = f"{axis.strata[whole].label}, less its shown parts"
    return UnprotectedCell(
        measure_code=Measure.objects.get(pk=table.measure_ids[measure]).code,
        unit="All groups" if unit == 0 else Team.objects.get(pk=table.team_ids[unit - 1]).name,
        stratum=label,
        lowest=max(0, round(leak.lowest)),
        highest=round(leak.highest),
    )

"""A team's row with its sites and lines of business, as the exact check of the parts wants to see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from measures.models import PartResult, Period, Source
from measures.queries.axis import PROGRAMME_ONLY
from measures.queries.protection import read_whole_table
from measures.stats.states import CellState
from measures.stats.suppression import Relation

_PRIVATE = {CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY}


@dataclass(frozen=True)
class PartTable:
    """Counts and states [M, U, S] of one team: unit 0 is the team, the others are its parts.

    Strata are those that readers outside the group see for a team. A part that has no row has nobody.
    """

    team_id: int
    measure_ids: tuple[int, ...]
    n: Any
    x: Any
    states: Any
    unit_relations: list[Relation]
    stratum_relations: list[Relation]
    shared_denominator: Any

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "unit_relations": self.unit_relations,
            "stratum_relations": self.stratum_relations,
            "shared_denominator": self.shared_denominator,
        }


def read_part_tables(source: Source, period: Period) -> Iterator[PartTable]:
    """One table for each team that has parts: the number of queries is that of `read_whole_table` and one."""
    whole = read_whole_table(source, period)
    if whole is None:
        return
    axis = whole.axis
    kept = [
        i
        for i in range(len(axis.strata))
        if not axis.in_sets(PROGRAMME_ONLY)[i] and not axis.is_crossed[i]
    ]
    number = {stratum: i for i, stratum in enumerate(kept)}
    place = {axis.strata[i].pk: number[i] for i in kept}
    measures = {pk: i for i, pk in enumerate(whole.measure_ids)}
    relations = [
        Relation(number[r.total], tuple(number[part] for part in r.parts))
        for r in axis.relations
        if set(r.members) <= set(kept)
    ]
    unknown = [
        number[next(i for i in indices if axis.strata[i].kind == "unknown")]
        for code, indices, _ in axis.sets()
        if code not in PROGRAMME_ONLY
    ]
    by_team: dict[int, list[Any]] = {}
    for row in PartResult.objects.filter(source=source, period=period).values_list(
        "team_id", "measure_id", "by_site", "site_id", "line_of_business",
        "strata", "denominators", "numerators", "states",
    ):  # fmt: skip
        by_team.setdefault(row[0], []).append(row)
    for unit, team_id in enumerate(whole.team_ids, start=1):
        rows = by_team.get(team_id)
        if not rows:
            continue
        keys = sorted({(row[2], row[3] or 0, row[4] or 0) for row in rows})
        units = {key: i for i, key in enumerate(keys, start=1)}
        shape = (len(measures), len(keys) + 1, len(kept))
        n, x = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        states = np.full(shape, CellState.NO_DENOMINATOR, dtype=np.int8)
        n[:, 0], x[:, 0] = whole.n[:, unit][:, kept], whole.x[:, unit][:, kept]
        states[:, 0] = whole.states[:, unit][:, kept]
        for (
            _,
            measure_id,
            by_site,
            site_id,
            line,
            strata,
            denominators,
            numerators,
            of_part,
        ) in rows:
            at = measures[measure_id], units[by_site, site_id or 0, line or 0]
            if set(of_part) <= _PRIVATE:
                # Closed: readers do not see either which strata it has.
                states[at] = CellState.PRIVACY_COMPLEMENTARY
                of_part = [CellState.PRIVACY_COMPLEMENTARY] * len(strata)
            for stratum, d, hits, state in zip(
                strata, denominators, numerators, of_part, strict=True
            ):
                if stratum in place:
                    here = (*at, place[stratum])
                    n[here], x[here], states[here] = d, hits, state
        for relation in relations:
            # A set that nobody filled in is not stored: everybody is unknown in it.
            rest = n[:, :, relation.total] - n[:, :, list(relation.parts)].sum(axis=2)
            hits = x[:, :, relation.total] - x[:, :, list(relation.parts)].sum(axis=2)
            at_unknown = next(i for i in relation.parts if i in unknown)
            n[:, :, at_unknown] += rest
            x[:, :, at_unknown] += hits
            states[:, :, at_unknown] = np.where(
                rest > 0, states[:, :, relation.total], states[:, :, at_unknown]
            )
        sites = tuple(i for key, i in units.items() if key[0])
        lines = tuple(i for key, i in units.items() if not key[0])
        yield PartTable(
            team_id,
            whole.measure_ids,
            n,
            x,
            states,
            [Relation(0, parts) for parts in (sites, lines) if parts],
            relations,
            whole.shared_denominator,
        )

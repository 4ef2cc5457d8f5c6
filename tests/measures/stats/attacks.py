"""Attacks on published numbers by whole-number programming, written without the code they attack.

The attacker holds every card at once: counts of the shown cells, the relations among cells, and that
a hidden cell is not empty (unless a whole set of a unit is hidden). For a hidden small count it asks
for a table of whole numbers in which that count is 0 or 11 and more; if there is none, the count is
recovered. Every table that is found speaks for all other counts as well.

What is published beside the cells (members in tens, imputed rates) comes as `Told`: sums of hits and misses
of cells, and of people who stand in no cell, that lie between two numbers. Of a pair of measures of which
one is part of the other, the people between them are counts too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from measures.stats.suppression import Relation

K = 11


@dataclass(frozen=True)
class Seen:
    """What an attacker sees of one release: counts [M, U, S] where shown [M, U, S].

    least_one: hidden cells that are known not to be empty.
    """

    n: NDArray[np.int64]
    x: NDArray[np.int64]
    shown: NDArray[np.bool_]
    least_one: NDArray[np.bool_]


@dataclass(frozen=True)
class Told:
    """low <= what it sums up <= high. hits, misses: stratum → weight; others: people in no cell, by name."""

    measure: int
    unit: int
    low: float
    high: float
    hits: dict[int, float] = field(default_factory=dict)
    misses: dict[int, float] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recovered:
    release: int
    measure: int
    unit: int
    stratum: int
    kind: str
    lowest: int
    highest: int


class Attack:
    """All releases together; `grows`: each release holds at least the people of the one before."""

    def __init__(
        self,
        releases: Sequence[Seen],
        *,
        unit_relations: Sequence[Relation],
        stratum_relations: Sequence[Relation],
        shared: NDArray[np.int64],
        grows: bool = False,
        nested: Sequence[tuple[int, int]] = (),
        told: Sequence[Told] = (),
    ) -> None:
        """told: of the last release."""
        self.releases, self.nested = releases, nested
        self.shape = releases[0].n.shape
        measures, units, strata = self.shape
        # One variable for the hits and one for the misses of each cell of each release.
        number = np.arange(len(releases) * 2 * measures * units * strata).reshape(
            len(releases), 2, measures, units, strata
        )
        self.number = number
        rows: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
        low, high = [], []

        def add(columns: Sequence[int], signs: Sequence[float], least: float, most: float) -> None:
            rows.append((np.array(columns), np.array(signs, dtype=float)))
            low.append(least)
            high.append(most)

        for release in range(len(releases)):
            for kind in range(2):
                for measure in range(measures):
                    at = number[release, kind, measure]
                    for relation in unit_relations:
                        for s in range(strata):
                            parts = at[list(relation.parts), s]
                            add([at[relation.total, s], *parts], [1.0] + [-1.0] * len(parts), 0, 0)
                    for relation in stratum_relations:
                        for u in range(units):
                            parts = at[u, list(relation.parts)]
                            add([at[u, relation.total], *parts], [1.0] + [-1.0] * len(parts), 0, 0)
            for measure in range(1, measures):
                first = int(np.flatnonzero(shared == shared[measure])[0])
                if first != measure:
                    for u, s in np.ndindex(units, strata):
                        one, other = (
                            number[release, :, first, u, s],
                            number[release, :, measure, u, s],
                        )
                        add([*one, *other], [1, 1, -1, -1], 0, 0)
            for m, u, s in np.argwhere(releases[release].least_one):
                add(list(number[release, :, m, u, s]), [1, 1], 1, np.inf)
        if grows:
            for release in range(1, len(releases)):
                for old, new in zip(
                    number[release - 1].ravel(), number[release].ravel(), strict=True
                ):
                    add([new, old], [1, -1], 0, np.inf)
            for part, whole in nested:
                for u, s in np.ndindex(units, strata):
                    add(
                        [number[release, 0, whole, u, s], number[release, 0, part, u, s]],
                        [1, -1],
                        0,
                        np.inf,
                    )
        names = dict.fromkeys((t.measure, t.unit, name) for t in told for name in t.others)
        others = {key: number.size + i for i, key in enumerate(names)}
        for t in told:
            last = number[-1, :, t.measure, t.unit]
            terms = [(int(last[0, s]), w) for s, w in t.hits.items()]
            terms += [(int(last[1, s]), w) for s, w in t.misses.items()]
            terms += [(others[t.measure, t.unit, name], w) for name, w in t.others.items()]
            add([c for c, _ in terms], [w for _, w in terms], t.low, t.high)
        for relation in unit_relations:
            for (measure, u, name), column in others.items():
                if u == relation.total:
                    found = [others.get((measure, part, name)) for part in relation.parts]
                    parts = [c for c in found if c is not None]
                    add([column, *parts], [1.0] + [-1.0] * len(parts), 0, 0)
        self.width = number.size + len(others)
        self.constraint = LinearConstraint(
            coo_array(
                (
                    np.concatenate([signs for _, signs in rows]),
                    (
                        np.repeat(np.arange(len(rows)), [len(c) for c, _ in rows]),
                        np.concatenate([columns for columns, _ in rows]),
                    ),
                ),
                shape=(len(rows), self.width),
            ).tocsr(),
            low,
            high,
        )
        truth = np.stack([np.stack([r.x, r.n - r.x]) for r in releases])
        known = np.stack([np.stack([r.shown, r.shown]) for r in releases])
        self.truth, self.known = truth, known
        more = np.zeros(len(others))
        self.bounds = Bounds(
            np.concatenate([np.where(known, truth, 0).ravel(), more]),
            np.concatenate([np.where(known, truth, truth.max() + 50).ravel(), more + np.inf]),
        )
        self.whole = np.concatenate([np.ones(number.size), more])

    def recovered(self) -> tuple[int, list[Recovered]]:
        """(small hidden counts that were attacked, those that are surely 1 to 10)."""
        hits, misses = self.truth[:, 0], self.truth[:, 1]
        kinds = {"numerator": hits, "misses": misses, "denominator": hits + misses}
        weights = {"numerator": (1, 0), "misses": (0, 1), "denominator": (1, 1)}
        # Between two measures: at the place of the second, its hits less those of the first.
        firsts = {f"less measure {part}": (part, whole) for part, whole in self.nested}
        for kind, (part, whole) in firsts.items():
            kinds[kind] = np.zeros_like(hits)
            kinds[kind][:, whole] = hits[:, whole] - hits[:, part]
        targets = [
            (kind, tuple(map(int, at)))
            for kind, counts in kinds.items()
            for at in np.argwhere((counts > 0) & (counts < K))
        ]
        low = {target: kinds[target[0]][target[1]] for target in targets}
        high = dict(low)

        def learn(table: NDArray[np.int64]) -> None:
            found = {k: a * table[:, 0] + b * table[:, 1] for k, (a, b) in weights.items()}
            for kind, (part, whole) in firsts.items():
                found[kind] = np.zeros_like(table[:, 0])
                found[kind][:, whole] = table[:, 0, whole] - table[:, 0, part]
            for kind, counts in found.items():
                for target in targets:
                    if target[0] == kind:
                        value = int(counts[target[1]])
                        low[target], high[target] = (
                            min(low[target], value),
                            max(high[target], value),
                        )

        for target in targets:
            kind, (release, m, u, s) = target
            for sign in (-1.0, 1.0):
                if low[target] < 1 or high[target] >= K:
                    break
                aim = np.zeros(self.width)
                for weight, column in zip(
                    weights.get(kind, (1, 0)), self.number[release, :, m, u, s], strict=True
                ):
                    aim[column] = sign * weight
                if kind in firsts:
                    aim[self.number[release, 0, firsts[kind][0], u, s]] = -sign
                found = milp(
                    aim,
                    constraints=self.constraint,
                    bounds=self.bounds,
                    integrality=self.whole,
                )
                assert found.status == 0, found.message
                cells = np.round(found.x[: self.number.size]).astype(np.int64)
                learn(cells.reshape(self.truth.shape))
        return len(targets), [
            Recovered(*target[1], target[0], int(low[target]), int(high[target]))  # type: ignore[misc, arg-type]
            for target in targets
            if low[target] >= 1 and high[target] < K
        ]

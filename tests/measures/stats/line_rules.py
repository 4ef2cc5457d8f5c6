"""The line rules of `measures.stats.suppression` once more, one line and one cell at a time.

A second opinion that is written for reading: cells are keys of dictionaries, a line is a list of cells, and
every reader of a total over few groups is thought of in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from measures.stats.contributions import MOST_PERCENT
from measures.stats.states import CellState
from measures.stats.suppression import Relation

Cell = tuple[int, int, int]
Counts = tuple[int, int, int]
"""Denominator, numerator, misses."""


def told_to_somebody(parts: Sequence[int]) -> bool:
    """Every reader written out: nobody's own row to take away, or that of each part."""
    for own in range(-1, len(parts)):
        others = [n for i, n in enumerate(parts) if i != own]
        left = sum(others)
        if left and max(others) * 100 > MOST_PERCENT * left:
            return True
    return False


def small(count: int, k: int) -> bool:
    return 1 <= count <= k - 1


@dataclass
class Pattern:
    """What is hidden so far; `guarded`: what of it nobody may work out."""

    k: int
    counts: dict[Cell, Counts] = field(default_factory=dict)
    price: dict[Cell, float] = field(default_factory=dict)
    hidden: set[Cell] = field(default_factory=set)
    guarded: set[Cell] = field(default_factory=set)

    def unsafe(self, line: Sequence[Cell], of: dict[Cell, Counts], hidden: set[Cell]) -> bool:
        """One hidden cell alone, or a small count among few others beside a total that is shown."""
        if sum(cell in hidden for cell in line) == 1:
            return True
        if line[0] in hidden:
            return False
        for kind in range(3):
            beside = [of[cell][kind] for cell in line[1:] if cell in hidden]
            if sum(beside) < self.k and any(small(count, self.k) for count in beside):
                return True
        return False

    def cheapest(self, line: Sequence[Cell]) -> Cell | None:
        """The first of the cheapest that are shown and not empty. A total costs a million times as much."""
        free = [c for c in line if c not in self.hidden and self.counts[c][0]]
        return min(free, key=lambda c: self.price[c] * (1e6 if c == line[0] else 1.0), default=None)

    def protect_line(self, line: Sequence[Cell]) -> None:
        while self.guarded & set(line) and self.unsafe(line, self.counts, self.hidden):
            more = self.cheapest(line)
            if more is None:
                break
            self.hidden.add(more)
        if self.guarded & set(line):
            self.guarded |= self.hidden & set(line)

    def protect_rests(self, line: Sequence[Cell], parts: Sequence[int]) -> None:
        """The same of what is left of a total's line when one of its parts takes its own row away."""
        rests = []
        for part in parts:
            own = {cell: self.counts[cell[0], part, cell[2]] for cell in line}
            rests.append(
                {c: (self.counts[c][0] - own[c][0], self.counts[c][1] - own[c][1], self.counts[c][2] - own[c][2]) for c in line}
            )  # fmt: skip
        while True:
            unsafe = wanted = False
            for rest in rests:
                hidden = {cell for cell in line if cell in self.hidden and rest[cell][0]}
                unsafe |= self.unsafe(line, rest, hidden)
                wanted |= any(small(count, self.k) for cell in hidden for count in rest[cell])
            more = self.cheapest(line)
            if not unsafe or not (wanted or self.guarded & set(line)) or more is None:
                break
            self.hidden.add(more)
            self.guarded.add(more)
        if self.guarded & set(line):
            self.guarded |= self.hidden & set(line)


def line_rules(
    n: Any,
    x: Any,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: Sequence[int] | None = None,
    unpublished: Any = None,
    hide_first: Any = None,
    also_hide: Any = None,
    k: int = 11,
) -> list[list[list[CellState]]]:
    """What `suppress` should say; arguments as there, masks [U, S]."""
    measures, units, strata = np.shape(n)
    every = [(u, s) for u in range(units) for s in range(strata)]
    pattern = Pattern(k)
    sensitive = set()
    families: dict[int, list[int]] = {}
    for m in range(measures):
        families.setdefault(m if shared_denominator is None else shared_denominator[m], []).append(m)  # fmt: skip
        for u, s in every:
            cell = (m, u, s)
            hits = int(x[m][u][s])
            pattern.counts[cell] = (int(n[m][u][s]), hits, int(n[m][u][s]) - hits)
            if any(small(count, k) for count in pattern.counts[cell]):
                sensitive.add(cell)
            if also_hide is not None and also_hide[m][u][s]:
                pattern.guarded.add(cell)
    pattern.guarded |= sensitive
    of = list(range(measures))
    for family in families.values():
        for first, counts in _between(pattern.counts, list(family), every):
            number = len(of)
            of.append(first)
            family.append(number)
            for at, count in counts.items():
                size = pattern.counts[(first, *at)][0]
                pattern.counts[(number, *at)] = (size, count, size - count)
                if small(count, k):
                    pattern.guarded.add((number, *at))
    for m in range(len(of)):
        for u, s in every:
            size = pattern.counts[m, u, s][0]
            never = unpublished is not None and bool(unpublished[u][s])
            first_of_all = hide_first is not None and bool(hide_first[u][s])
            pattern.price[m, u, s] = size * (1e-9 if first_of_all else 1.0)
            if never and size:
                pattern.hidden.add((m, u, s))
    pattern.hidden |= pattern.guarded

    readers = [relation for relation in unit_relations if relation.parts_are_readers]
    for m in range(len(of)):
        for relation in readers:
            for part in relation.parts:
                for s in range(strata):
                    whole, own = pattern.counts[m, relation.total, s], pattern.counts[m, part, s]
                    if any(small(a - b, k) for a, b in zip(whole, own, strict=True)):
                        pattern.hidden.add((m, relation.total, s))
                        pattern.guarded.add((m, relation.total, s))
    before = -1
    while before != len(pattern.guarded):
        before = len(pattern.guarded)
        for family in families.values():
            for mask in (pattern.hidden, pattern.guarded):
                seen = {(u, s) for m, u, s in mask if m in family}
                mask |= {(m, u, s) for m in family for u, s in seen}
        for m in range(len(of)):
            for relation in unit_relations:
                for s in range(strata):
                    pattern.protect_line([(m, u, s) for u in relation.members])
            for relation in stratum_relations:
                for u in range(units):
                    pattern.protect_line([(m, u, s) for s in relation.members])
                for whole_of in readers:
                    line = [(m, whole_of.total, s) for s in relation.members]
                    pattern.protect_rests(line, whole_of.parts)
    few = _too_few_groups(pattern, measures, readers, stratum_relations, strata)

    def state(cell: Cell) -> CellState:
        if not pattern.counts[cell][0]:
            return CellState.NO_DENOMINATOR
        if cell in sensitive:
            return CellState.PRIVACY_PRIMARY
        if cell in pattern.hidden:
            return CellState.PRIVACY_COMPLEMENTARY
        if cell in few:
            return CellState.TOO_FEW_GROUPS
        return CellState.SMALL_DENOMINATOR if pattern.counts[cell][0] < 30 else CellState.SHOWN

    return [[[state((m, u, s)) for s in range(strata)] for u in range(units)] for m in range(measures)]  # fmt: skip


def _between(
    counts: dict[Cell, Counts], family: list[int], every: list[tuple[int, int]]
) -> Iterator[tuple[int, dict[tuple[int, int], int]]]:
    """For each two measures of a family: the people of one numerator only, or of neither."""
    for i, j in combinations(family, 2):
        size = {at: counts[(i, *at)][0] for at in every}
        one, other = ({at: counts[(m, *at)][1] for at in every} for m in (i, j))
        if all(one[at] <= other[at] for at in every):
            yield i, {at: other[at] - one[at] for at in every}
        if all(other[at] <= one[at] for at in every):
            yield j, {at: one[at] - other[at] for at in every}
        if all(one[at] + other[at] <= size[at] for at in every):
            yield i, {at: size[at] - one[at] - other[at] for at in every}


def _too_few_groups(
    pattern: Pattern,
    measures: int,
    readers: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    strata: int,
) -> set[Cell]:
    """Cells of totals that tell a part of another one, and what else of their lines goes with them."""
    found: set[Cell] = set()
    for m in range(measures):
        for whole in readers:

            def people(s: int, m: int = m, whole: Relation = whole) -> list[int]:
                return [pattern.counts[m, part, s][0] for part in whole.parts]

            told = {s for s in range(strata) if told_to_somebody(people(s))}
            mine = Pattern(pattern.k, pattern.counts, pattern.price)
            mine.hidden = {(m, whole.total, s) for s in told}
            mine.hidden |= {cell for cell in pattern.hidden if cell[:2] == (m, whole.total)}
            before = None
            while before != (len(mine.hidden), len(told)):
                before = (len(mine.hidden), len(told))
                for relation in stratum_relations:
                    line = [(m, whole.total, s) for s in relation.members]
                    while True:
                        hidden = [s for _, _, s in line if (m, whole.total, s) in mine.hidden]
                        alone = len(hidden) == 1 and bool(told & set(relation.members))
                        together = [sum(of) for of in zip(*(people(s) for s in hidden), strict=True)]  # fmt: skip
                        more = mine.cheapest(line)
                        if more is None or not (
                            alone or (relation.total not in hidden and told_to_somebody(together))
                        ):
                            break
                        mine.hidden.add(more)
                    if told & set(relation.members):
                        told |= {s for s in relation.members if (m, whole.total, s) in mine.hidden}
            found |= mine.hidden - pattern.hidden
    return found

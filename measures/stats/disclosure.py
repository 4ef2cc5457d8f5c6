"""The exact check of a suppression pattern: could anybody work out that a hidden count is small?

Everything a reader can see is a set of linear equations: relations among cells, with the shown
cells known. For every hidden small count the check asks how small and how large it could be in
any table of non-negative counts that fits what is seen. If all of that lies within 1 to k - 1, the
count leaks. Readers are the public, who may hold every published document at once, and, for each
relation whose parts are readers, a part (a team) that takes its own row away from the total.

The range of a count is found by linear programming. One table that fits is evidence for many cells
at once, so a few programs that push many counts up or down together settle nearly all of them, and
only the rest are solved one by one.

Source: Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.2 (audit of tables).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from measures.stats.rates import checked_counts
from measures.stats.states import CellState
from measures.stats.suppression import (
    LEAST_COUNT,
    BoolArray,
    FloatArray,
    IntArray,
    Relation,
    check_relations,
    denominator_groups,
    is_small,
    suppress,
)

PUBLIC = -1
"""The reader who knows nothing but what is shown."""

_SLACK = 1e-6  # the solver's tolerance; counts are whole numbers


class Quantity(StrEnum):
    DENOMINATOR = "denominator"
    NUMERATOR = "numerator"
    MISSES = "misses"


@dataclass(frozen=True)
class Leak:
    """A small count that a reader can be sure is 1 to k - 1.

    `reader` is `PUBLIC`, or the unit that takes its own row away from the total `unit`; the range
    is then that of what is left.
    """

    measure: int
    unit: int
    stratum: int
    quantity: Quantity
    reader: int
    lowest: float
    highest: float


def audit(
    n: ArrayLike,
    x: ArrayLike,
    states: ArrayLike,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: ArrayLike | None = None,
    unpublished: ArrayLike | None = None,
    k: int = LEAST_COUNT,
) -> list[Leak]:
    """Every small count that some reader can be sure of, given the `states` of all cells [M, U, S].

    Arguments as for `measures.stats.suppression.suppress`, `states` as it returns them; cells of
    the mask `unpublished` count as hidden. Ranges are those of tables with real values. Readers
    know that a hidden cell is not empty, unless nobody publishes it or its whole set is hidden.

    Raises:
        ValueError: as `suppress`; a small count among the shown ones is a leak, not an error.
    """
    return [
        leak
        for asked in puzzles(
            n,
            x,
            states,
            unit_relations=unit_relations,
            stratum_relations=stratum_relations,
            shared_denominator=shared_denominator,
            unpublished=unpublished,
            k=k,
        )
        for leak in asked.puzzle.leaks(asked.measures, asked.units, asked.reader)
    ]


@dataclass(frozen=True)
class Asked:
    """One puzzle: what `reader` knows of `units` in measures that share a denominator."""

    puzzle: Puzzle
    measures: IntArray
    units: list[int]
    reader: int


def puzzles(
    n: ArrayLike,
    x: ArrayLike,
    states: ArrayLike,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: ArrayLike | None = None,
    unpublished: ArrayLike | None = None,
    k: int = LEAST_COUNT,
) -> Iterator[Asked]:
    """All that readers can put together, one puzzle at a time; arguments as for `audit`."""
    x_counts, n_counts = checked_counts(x, n)
    check_relations(n_counts, x_counts, unit_relations, stratum_relations)
    hidden = np.isin(
        np.asarray(states), [CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY]
    )
    never = np.zeros(hidden.shape, dtype=bool)
    if unpublished is not None:
        never |= np.asarray(unpublished, dtype=bool)
    hidden |= never
    may_be_empty = never.copy()
    for relation in stratum_relations:
        parts = list(relation.parts)
        # A cell that nobody publishes, or one other name of the same people, is no list of strata.
        listed = ~never[..., parts].any(axis=2, keepdims=True) & (len(parts) > 1)
        may_be_empty[..., parts] |= hidden[..., parts].all(axis=2, keepdims=True) & listed
    units, strata = n_counts.shape[1:]
    lines = _line_matrix(units, strata, unit_relations, stratum_relations)
    lines_of_one = _line_matrix(1, strata, [], stratum_relations)
    for measures in _jointly_known(n_counts, shared_denominator):
        tables = (n_counts[measures], x_counts[measures], hidden[measures], may_be_empty[measures])
        yield Asked(Puzzle(*tables, lines, k), measures, list(range(units)), PUBLIC)
        for relation in unit_relations:
            for part in relation.parts if relation.parts_are_readers else ():
                total = [relation.total]
                rest = Puzzle(
                    tables[0][:, total] - tables[0][:, [part]],
                    tables[1][:, total] - tables[1][:, [part]],
                    tables[2][:, total],
                    # What is left of a cell that is not empty can be empty.
                    np.ones_like(tables[3][:, total]),
                    lines_of_one,
                    k,
                )
                yield Asked(rest, measures, total, part)


def protect(
    n: ArrayLike,
    x: ArrayLike,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: ArrayLike | None = None,
    unpublished: ArrayLike | None = None,
    also_hide: ArrayLike | None = None,
    k: int = LEAST_COUNT,
) -> NDArray[np.int8]:
    """`suppress`, and whatever else has to be hidden until `audit` finds nothing.

    Arguments and result as for `measures.stats.suppression.suppress`. Some seconds where `suppress`
    takes a moment: for what leaves as a document. A leak is mended by hiding the smallest shown
    cell of the lines that run through it.
    """
    x_counts, n_counts = checked_counts(x, n)
    more = np.zeros(n_counts.shape, dtype=bool)
    if also_hide is not None:
        more |= np.asarray(also_hide, dtype=bool)
    groups = denominator_groups(n_counts, shared_denominator)
    while True:
        states = suppress(
            n_counts,
            x_counts,
            unit_relations=unit_relations,
            stratum_relations=stratum_relations,
            shared_denominator=shared_denominator,
            unpublished=unpublished,
            also_hide=more,
            k=k,
        )
        leaks = audit(
            n_counts,
            x_counts,
            states,
            unit_relations=unit_relations,
            stratum_relations=stratum_relations,
            shared_denominator=shared_denominator,
            unpublished=unpublished,
            k=k,
        )
        hidden = np.isin(states, [CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY])
        if unpublished is not None:
            hidden |= np.asarray(unpublished, dtype=bool)
        found = False
        for leak in leaks:
            candidates = [
                (n_counts[leak.measure, unit, stratum], unit, stratum)
                for unit, stratum in _neighbours(leak, unit_relations, stratum_relations)
                if not hidden[leak.measure, unit, stratum] and n_counts[leak.measure, unit, stratum]
            ]
            if candidates:
                _, unit, stratum = min(candidates)
                more[leak.measure, unit, stratum] = found = True
        for group in groups:
            more[group] = more[group].any(axis=0)
        if not found:
            return states


def _neighbours(
    leak: Leak, unit_relations: Sequence[Relation], stratum_relations: Sequence[Relation]
) -> Iterator[tuple[int, int]]:
    for relation in stratum_relations:
        if leak.stratum in relation.members:
            yield from ((leak.unit, stratum) for stratum in relation.members)
    for relation in unit_relations:
        if leak.unit in relation.members:
            yield from ((unit, leak.stratum) for unit in relation.members)


def _jointly_known(n: IntArray, shared_denominator: ArrayLike | None) -> Iterator[IntArray]:
    """Measures that a reader can combine: those of one denominator group; else each by itself."""
    grouped = denominator_groups(n, shared_denominator)
    alone = set(range(len(n))) - {int(m) for group in grouped for m in group}
    yield from grouped
    for measure in sorted(alone):
        yield np.array([measure])


def _line_matrix(
    units: int,
    strata: int,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
) -> csr_array:
    """One row for each line: +1 at the total, -1 at the parts; columns are cells, unit by unit."""
    cells = np.arange(units * strata).reshape(units, strata)
    rows, columns, values = [], [], []
    count = 0
    for axis, relations in ((0, unit_relations), (1, stratum_relations)):
        for relation in relations:
            members = np.moveaxis(cells.take(relation.members, axis=axis), axis, -1)
            sign = np.where(np.arange(members.shape[1]) == 0, 1.0, -1.0)
            rows.append(np.repeat(count + np.arange(len(members)), members.shape[1]))
            columns.append(members.ravel())
            values.append(np.tile(sign, len(members)))
            count += len(members)
    if not rows:
        return csr_array((0, units * strata))
    return csr_array(
        coo_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(count, units * strata),
        )
    )


@dataclass
class _Targets:
    """Small counts as indices of variables, and the range each was seen to reach so far.

    Ranges are deviations from the true count.
    """

    variable: IntArray
    count: IntArray
    low: FloatArray
    high: FloatArray

    def learn(self, deviation: FloatArray) -> None:
        self.low = np.minimum(self.low, deviation[self.variable])
        self.high = np.maximum(self.high, deviation[self.variable])

    def certain(self, k: int) -> BoolArray:
        """Counts that by what was seen so far can only be 1 to k - 1."""
        return np.asarray((self.count + self.low > _SLACK) & (self.count + self.high < k - _SLACK))


class Puzzle:
    """What can be worked out of the hidden cells of measures that share a denominator.

    Variables are deviations from the true table. For every cell: one for the denominator, then for
    each measure one for the numerator and one for the misses. The truth is the zero vector, so
    every program has a solution.
    """

    def __init__(
        self,
        n: IntArray,
        x: IntArray,
        hidden: BoolArray,
        may_be_empty: BoolArray,
        lines: csr_array,
        k: int,
    ) -> None:
        self.k = k
        self.strata = n.shape[2]
        self.cells = n.shape[1] * self.strata
        numerators = x.reshape(len(x), -1)
        holes = hidden.reshape(len(hidden), -1)
        self.lines = lines
        self.blocks = 1 + 2 * len(x)
        # The denominator is known as soon as one measure shows the cell.
        first = n[0].ravel()
        unknown, least, counts = [holes.all(axis=0)], [1.0 - first], [first]
        for hits, open_cells in zip(numerators, holes, strict=True):
            unknown += [open_cells, open_cells]
            least += [-1.0 * hits, -1.0 * (first - hits)]
            counts += [hits, first - hits]
        self.unknown = np.concatenate(unknown)
        self.counts = np.concatenate(counts)
        self.least = np.minimum(np.concatenate(least), 0.0)
        empty = may_be_empty.all(axis=0).ravel()
        self.least[: self.cells][empty] = -first[empty]
        self.equations = self._equations()

    def _equations(self) -> csr_array:
        """Lines for numerators and misses; denominator = numerator + misses in each measure."""
        parts = []
        # Numerators and misses of the first measure add up, hence denominators, hence all misses.
        for block in [1, 2, *range(3, self.blocks, 2)]:
            found = self.lines.tocoo()
            parts.append((found.row, found.col + block * self.cells, found.data, found.shape[0]))
        every = np.arange(self.cells)
        for block in range(1, self.blocks, 2):
            columns = np.concatenate(
                [every, every + block * self.cells, every + (block + 1) * self.cells]
            )
            values = np.repeat([-1.0, 1.0, 1.0], self.cells)
            parts.append((np.tile(every, 3), columns, values, self.cells))
        starts = np.cumsum([0] + [part[3] for part in parts])
        rows = [part[0] + at for part, at in zip(parts, starts[:-1], strict=True)]
        return csr_array(
            coo_array(
                (
                    np.concatenate([part[2] for part in parts]),
                    (np.concatenate(rows), np.concatenate([part[1] for part in parts])),
                ),
                shape=(int(starts[-1]), self.blocks * self.cells),
            )
        )

    def leaks(self, measures: IntArray, units: list[int], reader: int) -> list[Leak]:
        """Small counts of the table that must be small; `units` names its rows."""
        # A shown small count cannot deviate: it is a target too, and leaks.
        variables = np.flatnonzero(is_small(self.counts, self.k))
        zeros = np.zeros(len(variables))
        targets = _Targets(variables, self.counts[variables], zeros, zeros.copy())
        component = self.components()
        left = targets.certain(self.k)
        while left.any():
            before = int(left.sum())
            for sign in (1.0, -1.0):
                self._push(sign, np.flatnonzero(left), targets, component)
                left = targets.certain(self.k)
            if int(left.sum()) == before:
                break
        for at in np.flatnonzero(left):
            for sign in (1.0, -1.0):
                if targets.certain(self.k)[at]:
                    self._push(sign, np.array([at]), targets, component)
        return [
            self._leak(targets, int(at), measures, units, reader)
            for at in np.flatnonzero(targets.certain(self.k))
        ]

    def components(self) -> IntArray:
        """A number for each variable; unknowns that no equation links have different ones."""
        columns = np.flatnonzero(self.unknown)
        linked = self.equations[:, columns].tocoo()
        equations = linked.shape[0]
        graph = coo_array(
            (np.ones(linked.nnz), (linked.row, equations + linked.col)),
            shape=(equations + len(columns),) * 2,
        )
        numbers = np.full(self.unknown.shape, -1)
        numbers[columns] = connected_components(graph, directed=False)[1][equations:]
        return numbers

    def _push(self, sign: float, batch: IntArray, targets: _Targets, component: IntArray) -> None:
        """Make the counts of a batch as large (small) as possible at once, up to k (down to 0)."""
        wanted = targets.variable[batch]
        chosen = wanted[self.unknown[wanted]]
        if not chosen.size:
            return
        columns = np.flatnonzero(self.unknown & np.isin(component, np.unique(component[chosen])))
        system = self.equations[:, columns]
        rows = np.flatnonzero(np.diff(system.indptr))
        upper = np.full(self.unknown.shape, np.inf)
        if sign > 0:
            upper[chosen] = self.k - self.counts[chosen]
        objective = np.zeros(self.unknown.shape)
        objective[chosen] = -sign
        result = linprog(  # type: ignore[call-overload]  # the stubs know no sparse matrices
            objective[columns],
            A_eq=system[rows],
            b_eq=np.zeros(len(rows)),
            bounds=np.column_stack([self.least[columns], upper[columns]]),
            method="highs",
        )
        if result.status != 0:
            raise RuntimeError(f"The disclosure check could not be solved: {result.message}")
        deviation = np.zeros(self.unknown.shape)
        deviation[columns] = result.x
        targets.learn(deviation)

    def _leak(
        self, targets: _Targets, at: int, measures: IntArray, units: list[int], reader: int
    ) -> Leak:
        block, cell = divmod(int(targets.variable[at]), self.cells)
        names = (Quantity.DENOMINATOR, Quantity.NUMERATOR, Quantity.MISSES)
        count = targets.count[at]
        return Leak(
            measure=int(measures[max(0, (block - 1) // 2)]),
            unit=units[cell // self.strata],
            stratum=cell % self.strata,
            quantity=names[0] if block == 0 else names[1 + (block - 1) % 2],
            reader=reader,
            lowest=float(count + round(float(targets.low[at]), 6)),
            highest=float(count + round(float(targets.high[at]), 6)),
        )

"""The exact check of a suppression pattern, and its mending.

Everything a reader can see is a set of linear equations: relations among cells, with the shown
cells known. For every hidden small count the check asks how small and how large it could be in
any table of non-negative counts that fits what is seen. The two must be at least k apart. Readers
are the public and, for each relation whose parts are readers, everybody who in addition knows one
part and all units below it.

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
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from measures.stats.rates import checked_counts
from measures.stats.states import CellState
from measures.stats.suppression import (
    LEAST_COUNT,
    BoolArray,
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

FloatArray = NDArray[np.float64]


class Quantity(StrEnum):
    DENOMINATOR = "denominator"
    NUMERATOR = "numerator"
    MISSES = "misses"


@dataclass(frozen=True)
class Leak:
    """A hidden small count that a reader can narrow down to a range narrower than k.

    `reader` is the unit whose own rows the reader knows, or `PUBLIC`. `cure` is the cell (unit,
    stratum) that would widen the range if it were hidden too, None if there is none.
    """

    measure: int
    unit: int
    stratum: int
    quantity: Quantity
    reader: int
    lowest: float
    highest: float
    cure: tuple[int, int] | None


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
    """Every small count that some reader could narrow down, given the `states` of all cells.

    Arguments as for `measures.stats.suppression.suppress`, `states` as it returns them. A cell
    that is never displayed and not hidden is taken as known. Each count is reported for one
    reader. The ranges are those of tables with real values. Readers know that a hidden cell is not
    empty, unless all parts of a relation are hidden.

    Raises:
        ValueError: as `suppress`; a small count is among the shown ones is a leak, not an error.
    """
    x_counts, n_counts = checked_counts(x, n)
    check_relations(n_counts, x_counts, unit_relations, stratum_relations)
    hidden = np.isin(
        np.asarray(states), [CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY]
    )
    never = np.zeros(n_counts.shape[2], dtype=bool)
    if unpublished is not None:
        never |= np.asarray(unpublished, dtype=bool)
    lines = _line_matrix(n_counts.shape[1], n_counts.shape[2], unit_relations, stratum_relations)
    may_be_empty = np.zeros(hidden.shape, dtype=bool)
    for relation in stratum_relations:
        parts = list(relation.parts)
        may_be_empty[..., parts] |= hidden[..., parts].all(axis=2, keepdims=True)
    leaks: list[Leak] = []
    for measures in _jointly_known(n_counts, shared_denominator):
        puzzle = _Puzzle(
            n_counts[measures], x_counts[measures], hidden[measures], may_be_empty[measures],
            measures, lines, never, k,
        )  # fmt: skip
        leaks += puzzle.leaks(unit_relations)
    return leaks


def protect(
    n: ArrayLike,
    x: ArrayLike,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: ArrayLike | None = None,
    unpublished: ArrayLike | None = None,
    k: int = LEAST_COUNT,
) -> NDArray[np.int8]:
    """`suppress`, then as many further complements as the exact check asks for. No leak is left.

    Arguments and result as for `measures.stats.suppression.suppress`. Slow beside it: for what is
    about to be published.
    """
    states = suppress(
        n, x, unit_relations=unit_relations, stratum_relations=stratum_relations,
        shared_denominator=shared_denominator, unpublished=unpublished, k=k,
    )  # fmt: skip
    while True:
        leaks = audit(
            n, x, states, unit_relations=unit_relations, stratum_relations=stratum_relations,
            shared_denominator=shared_denominator, unpublished=unpublished, k=k,
        )  # fmt: skip
        cures = {(leak.measure, *leak.cure) for leak in leaks if leak.cure is not None}
        if not cures:
            return states
        for measure, unit, stratum in cures:
            together = [measure]
            if shared_denominator is not None:
                ids = np.asarray(shared_denominator)
                together = np.flatnonzero(ids == ids[measure]).tolist()
            states[together, unit, stratum] = CellState.PRIVACY_COMPLEMENTARY


def readers(unit_relations: Sequence[Relation]) -> dict[int, set[int]]:
    """Each part that is a reader, with the units it knows: itself and all below it."""
    known: dict[int, set[int]] = {}
    for relation in unit_relations:
        for part in relation.parts if relation.parts_are_readers else ():
            below, queue = {part}, [part]
            while queue:
                total = queue.pop()
                for other in unit_relations:
                    if other.total == total:
                        queue += [unit for unit in other.parts if unit not in below]
                        below.update(other.parts)
            known[part] = below
    return known


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
    """Hidden small counts as indices of variables, and the range each was seen to reach so far.

    Ranges are deviations from the true count.
    """

    variable: IntArray
    low: FloatArray
    high: FloatArray

    def learn(self, deviation: FloatArray) -> None:
        self.low = np.minimum(self.low, deviation[self.variable])
        self.high = np.maximum(self.high, deviation[self.variable])

    def narrow(self, k: int) -> BoolArray:
        return np.asarray(self.high - self.low < k - _SLACK)


class _Puzzle:
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
        measures: IntArray,
        lines: csr_array,
        unpublished: BoolArray,
        k: int,
    ) -> None:
        self.measures, self.k = measures, k
        self.units, self.strata = n.shape[1:]
        self.cells = self.units * self.strata
        self.n, self.x = n[0].ravel(), x.reshape(len(x), -1)
        self.cost = np.where(np.tile(unpublished, self.units), 0, self.n)
        self.hidden = hidden.reshape(len(hidden), -1)
        self.lines = lines
        self.blocks = 1 + 2 * len(measures)
        # The denominator is known as soon as one measure shows the cell.
        n_hidden = self.hidden.all(axis=0)
        unknown, least, small = [n_hidden], [1.0 - self.n], [is_small(self.n, k)]
        for numerators, holes in zip(self.x, self.hidden, strict=True):
            misses = self.n - numerators
            unknown += [holes, holes]
            least += [-1.0 * numerators, -1.0 * misses]
            small += [is_small(numerators, k), is_small(misses, k)]
        self.unknown = np.concatenate(unknown)
        self.least = np.minimum(np.concatenate(least), 0.0)
        may_be_empty = may_be_empty.all(axis=0).ravel()
        self.least[: self.cells][may_be_empty] = -self.n[may_be_empty]
        # A shown small count has an unknown of width zero: it is a target too, and fails.
        self.small = np.concatenate(small)
        self.equations = self._equations()

    def _equations(self) -> csr_array:
        """Lines for numerators and misses; denominator = numerator + misses in each measure."""
        parts = []
        for block in self._lined_blocks():
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
        return csr_array(
            coo_array(
                (
                    np.concatenate([part[2] for part in parts]),
                    (
                        np.concatenate(
                            [part[0] + at for part, at in zip(parts, starts[:-1], strict=True)]
                        ),
                        np.concatenate([part[1] for part in parts]),
                    ),
                ),
                shape=(int(starts[-1]), self.blocks * self.cells),
            )
        )

    def _lined_blocks(self) -> list[int]:
        """Blocks of variables that have to add up; the rest of them then does."""
        return [1, 2, *range(3, self.blocks, 2)]

    def leaks(self, unit_relations: Sequence[Relation]) -> list[Leak]:
        """One leak at most for each count. Insiders come first: what they cannot narrow down the
        public cannot, so the public is asked about the rest only."""
        if not self.small.any():
            return []
        insiders = readers(unit_relations)
        # With all rows of readers taken as known, what is below each of them stands alone. Counts
        # that are safe then are safe from everybody.
        rows = {
            r for relation in unit_relations if relation.parts_are_readers for r in relation.members
        }
        safe = self._safe_within(rows) if insiders else np.array([], dtype=np.int64)
        settled: set[int] = set(safe.tolist())
        found: dict[int, Leak] = {}
        for reader, known in insiders.items():
            totals = {r.total for r in unit_relations if r.parts_are_readers and reader in r.parts}
            variables = np.setdiff1d(self._small_outside(known | totals), safe)
            rest = self._remainders(reader, unit_relations)
            targets = _new_targets(np.union1d(variables, rest))
            leaking = self._leaks_to(reader, known, targets)
            settled |= set(targets.variable.tolist())
            for variable, leak in leaking.items():
                found.setdefault(variable, leak)
        unasked = np.setdiff1d(self._small_outside(set()), np.array(sorted(settled), dtype=int))
        found |= self._leaks_to(PUBLIC, set(), _new_targets(unasked))
        return list(found.values())

    def _safe_within(self, known: set[int]) -> IntArray:
        """Targets that are wide enough even if all these units were known."""
        targets = _new_targets(self._small_outside(known))
        if targets.variable.size:
            free = self.unknown & ~self._in_units(known)
            self._push_together(targets, free, self._components(free))
        return targets.variable[~targets.narrow(self.k)]

    def _push_together(self, targets: _Targets, free: BoolArray, component: IntArray) -> None:
        """Settle as many targets as whole batches can."""
        left = targets.narrow(self.k)
        while left.any():
            before = int(left.sum())
            for sign in (1.0, -1.0):
                self._push(sign, np.flatnonzero(left), targets, free, component)
                left = targets.narrow(self.k)
            if int(left.sum()) == before:
                return

    def _in_units(self, units: set[int]) -> BoolArray:
        return np.tile(np.isin(np.arange(self.cells) // self.strata, list(units)), self.blocks)

    def _small_outside(self, known: set[int]) -> IntArray:
        return np.flatnonzero(self.small & ~self._in_units(known))

    def _remainders(self, reader: int, unit_relations: Sequence[Relation]) -> IntArray:
        """Counts of totals that without the reader's own part come to 1 to k - 1: what the reader
        could learn from a total is what the others have in it."""
        found = []
        for relation in unit_relations:
            if relation.parts_are_readers and reader in relation.parts:
                cells = np.arange(self.strata)
                total, own = relation.total * self.strata + cells, reader * self.strata + cells
                for block, counts in enumerate(self._counts()):
                    rest = is_small(counts[total] - counts[own], self.k)
                    found.append(total[rest] + block * self.cells)
        return np.concatenate(found) if found else np.array([], dtype=int)

    def _counts(self) -> Iterator[IntArray]:
        """True counts, block by block, in the order of the variables."""
        yield self.n
        for numerators in self.x:
            yield numerators
            yield self.n - numerators

    def _leaks_to(self, reader: int, known: set[int], targets: _Targets) -> dict[int, Leak]:
        """Leaks by variable."""
        found: dict[int, Leak] = {}
        if not targets.variable.size:
            return found
        own = self._in_units(known)
        free = self.unknown & ~own
        component = self._components(free)
        self._push_together(targets, free, component)
        for at in np.flatnonzero(targets.narrow(self.k)):
            one = np.array([at])
            proof = None
            if targets.narrow(self.k)[at]:
                proof = self._push(1.0, one, targets, free, component)
            if targets.narrow(self.k)[at]:
                self._push(-1.0, one, targets, free, component)
            if targets.narrow(self.k)[at]:
                variable = int(targets.variable[at])
                low, high = float(targets.low[at]), float(targets.high[at])
                found[variable] = self._leak(variable, reader, low, high, proof, free, own)
        return found

    def _components(self, free: BoolArray) -> IntArray:
        """A number for each variable; unknowns that no equation links have different ones."""
        columns = np.flatnonzero(free)
        linked = self.equations[:, columns].tocoo()
        equations = linked.shape[0]
        graph = coo_array(
            (np.ones(linked.nnz), (linked.row, equations + linked.col)),
            shape=(equations + len(columns),) * 2,
        )
        numbers = np.full(free.shape, -1)
        numbers[columns] = connected_components(graph, directed=False)[1][equations:]
        return numbers

    def _push(
        self,
        sign: float,
        batch: IntArray,
        targets: _Targets,
        free: BoolArray,
        component: IntArray,
    ) -> tuple[OptimizeResult, IntArray] | None:
        """Make the counts of a batch as large (small) as possible at once, up to k apart each.

        Returns the solution and the equations it used, None if nothing can move.
        """
        wanted = targets.variable[batch]
        movable = free[wanted]
        if not movable.any():
            return None
        chosen = wanted[movable]
        columns = np.flatnonzero(free & np.isin(component, np.unique(component[chosen])))
        system = self.equations[:, columns]
        rows = np.flatnonzero(np.diff(system.indptr))
        upper = np.full(self.unknown.shape, np.inf)
        if sign > 0:
            upper[chosen] = targets.low[batch][movable] + self.k
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
        return result, rows

    def _leak(
        self,
        variable: int,
        reader: int,
        low: float,
        high: float,
        proof: tuple[OptimizeResult, IntArray] | None,
        free: BoolArray,
        own: BoolArray,
    ) -> Leak:
        block, cell = divmod(variable, self.cells)
        count = list(self._counts())[block][cell]
        names = (Quantity.DENOMINATOR, Quantity.NUMERATOR, Quantity.MISSES)
        name = names[0] if block == 0 else names[1 + (block - 1) % 2]
        measure = int(self.measures[max(0, (block - 1) // 2)])
        cure = None
        if not self.unknown[variable]:
            cure = cell  # the count itself is shown
        elif proof is not None:
            cure = self._cure(*proof, own)
        if cure is None:
            cure = self._any_more(own)
        return Leak(
            measure=measure,
            unit=cell // self.strata,
            stratum=cell % self.strata,
            quantity=name,
            reader=reader,
            lowest=float(count + round(low, 6)),
            highest=float(count + round(high, 6)),
            cure=None if cure is None else divmod(int(cure), self.strata),
        )

    def _cure(self, result: OptimizeResult, rows: IntArray, own: BoolArray) -> int | None:
        """The cheapest shown cell that would lift the bound, read off the prices of the equations.

        A cell whose column has no price of zero would enter the program with an improvement:
        the pricing step of column generation.
        """
        price = np.zeros(self.equations.shape[0])
        price[rows] = result.eqlin.marginals
        # Prices of the lines only: the equation n = x + misses would be a new one for a new cell.
        count = self.lines.shape[0]
        gain = np.zeros(self.cells)
        for block in range((self.blocks - 1) // 2 + 1):
            gain = np.maximum(
                gain, np.abs(self.lines.T @ price[block * count : (block + 1) * count])
            )
        return self._cheapest((gain > _SLACK) & self._candidates(own))

    def _candidates(self, own: BoolArray) -> BoolArray:
        return np.asarray(~self.hidden.all(axis=0) & (self.n > 0) & ~own[: self.cells])

    def _any_more(self, own: BoolArray) -> int | None:
        return self._cheapest(self._candidates(own))

    def _cheapest(self, candidate: BoolArray) -> int | None:
        if not candidate.any():
            return None
        return int(np.where(candidate, self.cost, np.iinfo(np.int64).max).argmin())


def _new_targets(variables: IntArray) -> _Targets:
    zeros = np.zeros(len(variables))
    return _Targets(variable=variables, low=zeros, high=zeros.copy())

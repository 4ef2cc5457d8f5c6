"""What a reader knows of hidden counts, as linear equations and inequalities, and what follows from it.

A puzzle holds all cells of measures that share a denominator. `measures.stats.disclosure` says which
puzzles there are; here one is asked which small counts are certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack
from scipy.sparse.csgraph import connected_components

from measures.stats.remainders import Remainder
from measures.stats.suppression import (
    BoolArray,
    FloatArray,
    IntArray,
    Relation,
    is_small,
)

_Rows = tuple[NDArray[Any], NDArray[Any], NDArray[Any], int]
"""Equations: row and column of each weight, the weights, and how many rows there are."""

_SLACK = 1e-6  # the solver's tolerance; counts are whole numbers


class Quantity(StrEnum):
    DENOMINATOR = "denominator"
    NUMERATOR = "numerator"
    MISSES = "misses"
    BETWEEN = "between two measures"


@dataclass(frozen=True)
class Limit:
    """A published figure as an inequality of one unit's counts: low <= sum of weights × counts <= high.

    terms: (quantity, stratum) → weight. others: names of counts that stand in no cell (imputed people of
    a group) → weight. figure: what the published figure is called.
    """

    measure: int
    unit: int
    terms: Mapping[tuple[Quantity, int], float]
    low: float
    high: float
    others: Mapping[str, float] = field(default_factory=dict)
    figure: str = ""


@dataclass(frozen=True)
class Beside:
    """All limits, and the true values of what stands in no cell: (measure, unit, name) → value, 0 or more.

    Units add up in these as they do in cells.
    """

    limits: Sequence[Limit] = ()
    others: Mapping[tuple[int, int, str], float] = field(default_factory=dict)


NOTHING = Beside()


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


@dataclass(frozen=True)
class Group:
    """Tables [M, U, S] of measures that share a denominator, and the counts between their numerators."""

    n: IntArray
    x: IntArray
    hidden: BoolArray
    may_be_empty: BoolArray
    between: tuple[Remainder, ...]

    def without(self, total: int, part: int) -> Group:
        """What is left of a total for the part that takes its own row away."""
        return Group(
            self.n[:, [total]] - self.n[:, [part]],
            self.x[:, [total]] - self.x[:, [part]],
            self.hidden[:, [total]],
            # What is left of a cell that is not empty can be empty.
            np.ones_like(self.may_be_empty[:, [total]]),
            self.between,
        )


@dataclass(frozen=True)
class Known:
    """Limits of the measures of a group, numbered as in it; others as (measure, unit, name)."""

    limits: tuple[Limit, ...]
    others: Mapping[tuple[int, int, str], float]
    sums: tuple[Relation, ...]

    @classmethod
    def of(cls, beside: Beside, measures: IntArray, sums: Sequence[Relation]) -> Known:
        at = {int(measure): i for i, measure in enumerate(measures)}
        return cls(
            tuple(
                replace(one, measure=at[one.measure]) for one in beside.limits if one.measure in at
            ),
            {(at[m], u, name): v for (m, u, name), v in beside.others.items() if m in at},
            tuple(sums),
        )

    def without(self, group: Group, total: int, part: int) -> Known:
        """The same of what is left of a total, for the part that knows its own share of every figure."""
        limits = []
        for one in self.limits:
            if one.unit == total:
                own = self._share(one, group, part)
                limits.append(replace(one, unit=0, low=one.low - own, high=one.high - own))
        return Known(
            tuple(limits),
            {
                (m, 0, name): value - self.others.get((m, part, name), 0.0)
                for (m, u, name), value in self.others.items()
                if u == total
            },
            (),
        )

    def _share(self, limit: Limit, group: Group, unit: int) -> float:
        """What a unit adds to what a limit sums up."""
        n, x = group.n[limit.measure, unit], group.x[limit.measure, unit]
        counts = {Quantity.DENOMINATOR: n, Quantity.NUMERATOR: x, Quantity.MISSES: n - x}
        cells = sum(
            weight * float(counts[quantity][stratum])
            for (quantity, stratum), weight in limit.terms.items()
        )
        return cells + sum(
            weight * self.others.get((limit.measure, unit, name), 0.0)
            for name, weight in limit.others.items()
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
    each measure (and for each count between two measures) one for the numerator and one for the misses;
    then one for each count that stands in no cell. The truth is the zero vector, so every program has a
    solution.
    """

    def __init__(self, group: Group, lines: csr_array, known: Known, k: int) -> None:
        self.k = k
        self.strata = group.n.shape[2]
        self.cells = group.n.shape[1] * self.strata
        self.measures = len(group.x)
        self.between = group.between
        between = [one.counts(group.n, group.x) for one in group.between]
        numerators = np.stack([*group.x, *between]).reshape(-1, self.cells)
        holes = group.hidden.reshape(self.measures, -1)
        # A count between two measures is known where both are.
        holes = np.stack([*holes, *(holes[one.first] | holes[one.second] for one in group.between)])
        self.lines = lines
        self.blocks = 1 + 2 * len(numerators)
        # The denominator is known as soon as one measure shows the cell.
        first = group.n[0].ravel()
        unknown, least, counts = [holes.all(axis=0)], [1.0 - first], [first]
        for hits, open_cells in zip(numerators, holes, strict=True):
            unknown += [open_cells, open_cells]
            least += [-1.0 * hits, -1.0 * (first - hits)]
            counts += [hits, first - hits]
        self.others = {key: self.blocks * self.cells + i for i, key in enumerate(known.others)}
        values = np.array(list(known.others.values()), dtype=float)
        self.unknown = np.concatenate([*unknown, np.ones(len(values), dtype=bool)])
        self.counts = np.concatenate(counts)
        self.least = np.minimum(np.concatenate([*least, -values]), 0.0)
        empty = group.may_be_empty.all(axis=0).ravel()
        self.least[: self.cells][empty] = -first[empty]
        self.equations = self._equations(known)
        self.limits, self.lowest, self.highest, self.told = self._limits(known, values)

    @property
    def width(self) -> int:
        return len(self.unknown)

    def meaning(self, variable: int) -> tuple[int, int, Quantity]:
        """(number of the measure in the group, cell, quantity) of a variable that counts people of a cell."""
        block, cell = divmod(variable, self.cells)
        if block == 0:
            return 0, cell, Quantity.DENOMINATOR
        number = (block - 1) // 2
        if number >= self.measures:
            return self.between[number - self.measures].first, cell, Quantity.BETWEEN
        return number, cell, (Quantity.NUMERATOR, Quantity.MISSES)[(block - 1) % 2]

    @property
    def is_count(self) -> BoolArray:
        """Mask of the variables that are counts of people to protect."""
        mask = np.zeros(self.width, dtype=bool)
        mask[: self.blocks * self.cells] = True
        for number in range(self.measures, (self.blocks - 1) // 2):
            mask[(2 + 2 * number) * self.cells : (3 + 2 * number) * self.cells] = False
        return mask

    def _equations(self, known: Known) -> csr_array:
        """Lines for numerators and misses; denominator = numerator + misses in each measure."""
        parts: list[_Rows] = []
        # Numerators and misses of the first measure add up, hence denominators, hence all misses.
        for block in [1, 2, *range(3, self.blocks, 2)]:
            found = self.lines.tocoo()
            parts.append((found.row, found.col + block * self.cells, found.data, found.shape[0]))
        every = np.arange(self.cells)
        for block in range(1, self.blocks, 2):
            parts.append(self._together({0: -1.0, block: 1.0, block + 1: 1.0}, every))
        for number, one in enumerate(self.between, start=self.measures):
            numerator = {i: 1 + 2 * i for i in (one.first, one.second, number)}
            signs = {0: -1.0, **dict.fromkeys(numerator.values(), 1.0)}
            if one.is_nested:
                signs = {
                    numerator[one.first]: 1.0,
                    numerator[number]: 1.0,
                    numerator[one.second]: -1.0,
                }
            parts.append(self._together(signs, every))
        parts += self._sums_of_others(known)
        starts = np.cumsum([0] + [part[3] for part in parts])
        rows = [part[0] + at for part, at in zip(parts, starts[:-1], strict=True)]
        return csr_array(
            coo_array(
                (
                    np.concatenate([part[2] for part in parts]),
                    (np.concatenate(rows), np.concatenate([part[1] for part in parts])),
                ),
                shape=(int(starts[-1]), self.width),
            )
        )

    def _together(self, signs: Mapping[int, float], every: IntArray) -> _Rows:
        """One equation for each cell: signs are those of blocks."""
        columns = np.concatenate([every + block * self.cells for block in signs])
        values = np.repeat(list(signs.values()), self.cells)
        return np.tile(every, len(signs)), columns, values, self.cells

    def _sums_of_others(self, known: Known) -> Iterator[_Rows]:
        for relation in known.sums:
            for (m, u, name), total in self.others.items():
                if u == relation.total:
                    parts = [self.others.get((m, part, name)) for part in relation.parts]
                    columns = [total, *(part for part in parts if part is not None)]
                    signs = [1.0] + [-1.0] * (len(columns) - 1)
                    yield np.zeros(len(columns), dtype=int), np.array(columns), np.array(signs), 1

    def _limits(
        self, known: Known, values: FloatArray
    ) -> tuple[csr_array, FloatArray, FloatArray, list[tuple[int, str]]]:
        """(rows, lowest, highest, unit and figure) as deviations. What the truth does not fit is no knowledge:
        the reader errs."""
        truth = np.concatenate([self.counts, values])
        rows, low, high, told = [], [], [], []
        for one in known.limits:
            row = np.zeros(self.width)
            for (quantity, stratum), weight in one.terms.items():
                row[self._variable(one, quantity, stratum)] += weight
            for name, weight in one.others.items():
                row[self.others[one.measure, one.unit, name]] += weight
            value = float(row @ truth)
            if one.low - _SLACK <= value <= one.high + _SLACK:
                rows.append(row)
                low.append(min(0.0, one.low - value))
                high.append(max(0.0, one.high - value))
                told.append((one.unit, one.figure))
        matrix = np.array(rows) if rows else np.zeros((0, self.width))
        return csr_array(matrix), np.array(low), np.array(high), told

    def _variable(self, one: Limit, quantity: Quantity, stratum: int) -> int:
        block = {
            Quantity.DENOMINATOR: 0,
            Quantity.NUMERATOR: 1 + 2 * one.measure,
            Quantity.MISSES: 2 + 2 * one.measure,
        }[quantity]
        return int(block * self.cells + one.unit * self.strata + stratum)

    def leaks(self, measures: IntArray, units: list[int], reader: int) -> list[Leak]:
        """Small counts of the table that must be small; `units` names its rows."""
        # A shown small count cannot deviate: it is a target too, and leaks.
        small = is_small(self.counts, self.k) & self.is_count[: len(self.counts)]
        variables = np.flatnonzero(small)
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
        linked = vstack([self.equations, self.limits], format="csr")[:, columns].tocoo()
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
        upper = np.full(self.unknown.shape, np.inf)
        if sign > 0:
            upper[chosen] = self.k - self.counts[chosen]
        objective = np.zeros(self.unknown.shape)
        objective[chosen] = -sign
        result = linprog(  # type: ignore[call-overload]  # the stubs know no sparse matrices
            objective[columns],
            **self.program(columns),
            bounds=np.column_stack([self.least[columns], upper[columns]]),
            method="highs",
        )
        if result.status != 0:
            raise RuntimeError(f"The disclosure check could not be solved: {result.message}")
        deviation = np.zeros(self.unknown.shape)
        deviation[columns] = result.x
        targets.learn(deviation)

    def program(self, columns: NDArray[np.intp]) -> dict[str, Any]:
        """Equations and limits of some variables, all others at the truth, as `linprog` takes them."""
        system = self.equations[:, columns]
        rows = np.flatnonzero(np.diff(system.indptr))
        found: dict[str, Any] = {"A_eq": system[rows], "b_eq": np.zeros(len(rows))}
        upper, lower = self.holding(columns)
        if len(upper) + len(lower):
            limits = self.limits[:, columns]
            found["A_ub"] = vstack([limits[upper], -limits[lower]], format="csr")
            found["b_ub"] = np.concatenate([self.highest[upper], -self.lowest[lower]])
        return found

    def holding(self, columns: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Numbers of the limits that hold some variables from above, and of those that do from below."""
        held = np.flatnonzero(np.diff(self.limits[:, columns].indptr))
        return held[np.isfinite(self.highest[held])], held[np.isfinite(self.lowest[held])]

    def _leak(
        self, targets: _Targets, at: int, measures: IntArray, units: list[int], reader: int
    ) -> Leak:
        number, cell, quantity = self.meaning(int(targets.variable[at]))
        count = targets.count[at]
        return Leak(
            measure=int(measures[number]),
            unit=units[cell // self.strata],
            stratum=cell % self.strata,
            quantity=quantity,
            reader=reader,
            lowest=float(count + round(float(targets.low[at]), 6)),
            highest=float(count + round(float(targets.high[at]), 6)),
        )

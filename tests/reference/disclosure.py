"""What can be worked out of hidden cells, by writing down every table that fits what is shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from measures.stats.suppression import Relation

Cell = tuple[int, int]
IntArray = NDArray[np.int64]


def tables(
    counts: IntArray, hidden: NDArray[np.bool_], lines: list[tuple[Cell, list[Cell]]], limit: int
) -> Iterator[IntArray]:
    """All tables of whole numbers 0..limit [U, S] that agree with the shown counts and add up."""
    values: dict[Cell, int] = {
        (u, s): int(counts[u, s]) for u, s in np.ndindex(counts.shape) if not hidden[u, s]
    }
    open_cells = [tuple(map(int, cell)) for cell in np.argwhere(hidden)]

    at_cell = {
        cell: [line for line in lines if cell == line[0] or cell in line[1]] for cell in open_cells
    }

    def fits(cell: Cell) -> bool:
        for total, parts in at_cell[cell]:
            known = [values.get(part) for part in parts]
            least = sum(value for value in known if value is not None)
            whole = values.get(total)
            if whole is not None and (least > whole or (None not in known and least != whole)):
                return False
        return True

    def fill(at: int) -> Iterator[IntArray]:
        if at == len(open_cells):
            yield np.array(
                [[values[u, s] for s in range(counts.shape[1])] for u in range(len(counts))]
            )
            return
        cell = open_cells[at]
        for value in candidates(cell):
            values[cell] = value
            if fits(cell):
                yield from fill(at + 1)
            del values[cell]

    def candidates(cell: Cell) -> range:
        top = limit
        for total, parts in at_cell[cell]:
            whole = values.get(total)
            if cell in parts and whole is not None:
                top = min(top, whole - sum(values.get(part, 0) for part in parts))
        return range(top + 1)

    yield from fill(0)


def all_lines(
    units: int, strata: int, unit_relations: list[Relation], stratum_relations: list[Relation]
) -> list[tuple[Cell, list[Cell]]]:
    return [
        ((r.total, s), [(part, s) for part in r.parts])
        for r in unit_relations
        for s in range(strata)
    ] + [
        ((u, r.total), [(u, part) for part in r.parts])
        for r in stratum_relations
        for u in range(units)
    ]


def ranges(
    n: IntArray,
    x: IntArray,
    hidden: NDArray[np.bool_],
    not_empty: NDArray[np.bool_],
    unit_relations: list[Relation],
    stratum_relations: list[Relation],
) -> dict[str, tuple[IntArray, IntArray]]:
    """Least and largest numerator, misses and denominator of each cell, as anybody can know them.

    A hidden cell in `not_empty` is known to have somebody in it; so numerators and misses are not
    free of each other, and each table of the one is tried with each pattern of zeros of the other.
    """
    lines = all_lines(*n.shape, unit_relations, stratum_relations)
    limit = int(n.max()) + 4
    found = [np.array(list(tables(counts, hidden, lines, limit))) for counts in (x, n - x)]
    must = (not_empty & hidden).ravel()
    empty = [(table.reshape(len(table), -1) == 0) & must for table in found]
    together = ~(empty[0].astype(int) @ empty[1].astype(int).T > 0)  # no cell is empty in both
    assert together.any(), "the true table always fits"
    numerators, misses = found[0][together.any(axis=1)], found[1][together.any(axis=0)]
    low = np.full(n.shape, np.iinfo(np.int64).max)
    high = np.full(n.shape, -1)
    for at, table in enumerate(found[0]):
        partners = found[1][together[at]]
        if len(partners):
            low = np.minimum(low, table + partners.min(axis=0))
            high = np.maximum(high, table + partners.max(axis=0))
    return {
        "numerator": (numerators.min(axis=0), numerators.max(axis=0)),
        "misses": (misses.min(axis=0), misses.max(axis=0)),
        "denominator": (low, high),
    }

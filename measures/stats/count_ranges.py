"""How small and how large a hidden count can be, and which shown numbers say so.

The exact check of `measures.stats.disclosure` stops as soon as a count is not certain. Here every range
is followed to its ends: two linear programs for each count. The numbers that hold an end in place are
those in the equations whose multipliers in the dual program are not 0.

Source: Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.2 (audit of tables); linear
programming duality.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from measures.stats.disclosure import Asked, Leak, Quantity
from measures.stats.suppression import FloatArray

_SLACK = 1e-6


@dataclass(frozen=True)
class CountRange:
    """Least and largest whole number that a hidden count can be; `highest` None: as large as one likes.

    unit, stratum: of the tables that were asked. told_by: (unit, stratum) of shown cells that set the
    two ends. told_beside: (unit, figure) of what stands beside the cells and does so. reader: as in `Leak`; of what is left when a unit takes its own row away.
    """

    measure: int
    unit: int
    stratum: int
    quantity: Quantity
    reader: int
    count: int
    lowest: int
    highest: int | None
    told_by: tuple[tuple[int, int], ...]
    told_beside: tuple[tuple[int, str], ...] = ()


def count_ranges(asked: Asked, *, leaks: list[Leak] | None = None) -> Iterator[CountRange]:
    """Ranges of the hidden counts of one puzzle that are not 0; of the leaks alone, where given.

    Real values are looked at, so a range can be wider than that of whole tables, never narrower.
    """
    puzzle = asked.puzzle
    component = puzzle.components()
    size = len(puzzle.counts)
    wanted = np.flatnonzero((puzzle.unknown & puzzle.is_count)[:size] & (puzzle.counts > 0))
    for variable in wanted.tolist():
        number, cell, quantity = puzzle.meaning(variable)
        measure = int(asked.measures[number])
        unit, stratum = asked.units[cell // puzzle.strata], cell % puzzle.strata
        if leaks is not None and not any(
            (leak.measure, leak.unit, leak.stratum, leak.quantity, leak.reader)
            == (measure, unit, stratum, quantity, asked.reader)
            for leak in leaks
        ):
            continue
        columns = np.flatnonzero(puzzle.unknown & (component == component[variable]))
        low, below = _end(asked, variable, columns, 1.0)
        high, above = _end(asked, variable, columns, -1.0)
        count = int(puzzle.counts[variable])
        yield CountRange(
            measure=measure,
            unit=unit,
            stratum=stratum,
            quantity=quantity,
            reader=asked.reader,
            count=count,
            lowest=int(np.ceil(count + low - _SLACK)),
            highest=None if np.isinf(high) else int(np.floor(count + high + _SLACK)),
            told_by=tuple(sorted(below[0] | above[0])),
            told_beside=tuple(sorted(below[1] | above[1])),
        )


def _end(
    asked: Asked, variable: int, columns: np.ndarray[tuple[int], np.dtype[np.intp]], sign: float
) -> tuple[float, tuple[set[tuple[int, int]], set[tuple[int, str]]]]:
    """Deviation at one end of the range of a count, and the shown cells and the figures that hold it there."""
    puzzle = asked.puzzle
    rows = np.flatnonzero(np.diff(puzzle.equations[:, columns].indptr))
    result = linprog(  # type: ignore[call-overload]  # the stubs know no sparse matrices
        np.where(columns == variable, sign, 0.0),
        **puzzle.program(columns),
        bounds=np.column_stack([puzzle.least[columns], np.full(len(columns), np.inf)]),
        method="highs",
    )
    if result.status == 3:
        return -sign * np.inf, (set(), set())
    if result.status != 0:
        raise RuntimeError(f"The range of a count could not be found: {result.message}")
    multipliers: FloatArray = result.eqlin.marginals
    binding = rows[np.abs(multipliers) > _SLACK]
    known = np.unique(puzzle.equations[binding].tocoo().col)
    known = known[known < len(puzzle.counts)]
    cells = {
        divmod(int(column) % puzzle.cells, puzzle.strata)
        for column in known[~puzzle.unknown[known] & (puzzle.counts[known] > 0)]
    }
    limits = np.concatenate(puzzle.holding(columns))
    tight = limits[np.abs(result.ineqlin.marginals) > _SLACK] if len(limits) else limits
    return sign * result.fun, (
        {(asked.units[unit], stratum) for unit, stratum in cells},
        {(asked.units[puzzle.told[i][0]], puzzle.told[i][1]) for i in tight.tolist()},
    )

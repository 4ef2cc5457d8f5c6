"""The exact check of a suppression pattern: could anybody work out that a hidden count is small?

Everything a reader can see is a set of linear equations: relations among cells, with the shown
cells known. For every hidden small count the check asks how small and how large it could be in
any table of non-negative counts that fits what is seen. If all of that lies within 1 to k - 1, the
count leaks. Readers are the public, who may hold every published document at once, and, for each
relation whose parts are readers, a part (a team) that takes its own row away from the total.

The range of a count is found by linear programming. One table that fits is evidence for many cells
at once, so a few programs that push many counts up or down together settle nearly all of them, and
only the rest are solved one by one.

Beside the cells stand figures that are less exact: members in tens by what is known of them, rates with
imputed people in whole percent. They are inequalities of the same counts (`Limit`). Of measures with one
denominator the counts between the numerators are counts too (`measures.stats.remainders`).

Source: Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.2 (audit of tables).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array

from measures.stats.puzzle import NOTHING, Beside, Group, Known, Leak, Limit, Puzzle, Quantity
from measures.stats.rates import checked_counts
from measures.stats.remainders import remainders
from measures.stats.states import PRIVATE_STATES
from measures.stats.suppression import (
    LEAST_COUNT,
    BoolArray,
    IntArray,
    Relation,
    check_relations,
    denominator_groups,
    suppress,
)

__all__ = [
    "NOTHING", "PUBLIC", "Asked", "Beside", "Leak", "Limit", "Quantity", "audit", "protect", "puzzles",
]  # fmt: skip

PUBLIC = -1
"""The reader who knows nothing but what is shown."""


def audit(
    n: ArrayLike,
    x: ArrayLike,
    states: ArrayLike,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: ArrayLike | None = None,
    unpublished: ArrayLike | None = None,
    beside: Beside = NOTHING,
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
            beside=beside,
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
    beside: Beside = NOTHING,
    k: int = LEAST_COUNT,
) -> Iterator[Asked]:
    """All that readers can put together, one puzzle at a time; arguments as for `audit`."""
    x_counts, n_counts = checked_counts(x, n)
    check_relations(n_counts, x_counts, unit_relations, stratum_relations)
    hidden = np.isin(np.asarray(states), PRIVATE_STATES)
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
        group = Group(
            n_counts[measures],
            x_counts[measures],
            hidden[measures],
            may_be_empty[measures],
            remainders(n_counts[measures], x_counts[measures]),
        )
        known = Known.of(beside, measures, unit_relations)
        yield Asked(Puzzle(group, lines, known, k), measures, list(range(units)), PUBLIC)
        for relation in unit_relations:
            for part in relation.parts if relation.parts_are_readers else ():
                yield Asked(
                    Puzzle(
                        group.without(relation.total, part),
                        lines_of_one,
                        known.without(group, relation.total, part),
                        k,
                    ),
                    measures,
                    [relation.total],
                    part,
                )


def protect(
    n: ArrayLike,
    x: ArrayLike,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: ArrayLike | None = None,
    unpublished: ArrayLike | None = None,
    also_hide: ArrayLike | None = None,
    beside: Beside = NOTHING,
    k: int = LEAST_COUNT,
) -> NDArray[np.int8]:
    """`suppress`, and whatever else has to be hidden until `audit` finds nothing.

    Arguments and result as for `measures.stats.suppression.suppress`. Some seconds where `suppress`
    takes a moment: for what leaves as a document. A leak is mended by hiding the smallest shown
    cell of the lines that run through it, or through what is hidden in these.
    """
    x_counts, n_counts = checked_counts(x, n)
    more = np.zeros(n_counts.shape, dtype=bool)
    if also_hide is not None:
        more |= np.asarray(also_hide, dtype=bool)
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
            beside=beside,
            k=k,
        )
        hidden = np.isin(states, PRIVATE_STATES)
        if unpublished is not None:
            hidden |= np.asarray(unpublished, dtype=bool)
        found = False
        for leak in leaks:
            at = _smallest_shown(
                leak,
                n_counts[leak.measure],
                hidden[leak.measure],
                unit_relations,
                stratum_relations,
            )
            if at is not None:
                more[leak.measure, *at] = found = True
        if not found:
            return states


def _smallest_shown(
    leak: Leak,
    n: IntArray,
    hidden: BoolArray,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
) -> tuple[int, int] | None:
    """(unit, stratum) of the smallest shown cell [U, S] in the lines through a leak.

    Where they have none, lines through what is hidden in them are looked at, and so on. None where
    nothing that is linked with the leak is shown.
    """
    seen = {(leak.unit, leak.stratum)}
    last = set(seen)
    while last:
        reached = {cell for at in last for cell in _in_line(*at, unit_relations, stratum_relations)}
        last = reached - seen
        seen |= last
        shown = [(int(n[cell]), *cell) for cell in last if n[cell] and not hidden[cell]]
        if shown:
            return min(shown)[1:]
    return None


def _in_line(
    unit: int,
    stratum: int,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
) -> Iterator[tuple[int, int]]:
    for relation in stratum_relations:
        if stratum in relation.members:
            yield from ((unit, other) for other in relation.members)
    for relation in unit_relations:
        if unit in relation.members:
            yield from ((other, stratum) for other in relation.members)


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

"""Which cells are hidden so that no count of 1 to k - 1 can be read or worked out.

Cells are dense integer arrays [M, U, S]: measure-periods, units (programme, teams, sites and lines
of business of a team) and strata of all stratum sets, with the total and the crossed cells. A
`Relation` names a total and its parts on the unit or on the stratum axis: readers can add and
subtract along it.

The reasoning is about moving people. A person belongs to one *atom* of each block of strata that
hang together ("Asian, not Hispanic": total, Asian, not Hispanic, Asian and not Hispanic). If k
people of one team can change from atom A to atom B, and k people of another team from B to A, and
every cell whose count this changes is hidden, then nobody can tell the true table from the changed
one. A hidden count is safe when it can be made k larger in such a way, or, where whole blocks are
hidden, when the bounds on a cell of a two-way table with known margins are k apart.

1. Hidden first: cells whose denominator, numerator or misses are 1 to k - 1. Zero may be shown.
2. A team whose total is hidden shows nothing; further teams join it until the hidden total could
   be spread among them in ways k apart. If the programme's own total is small, the measure is
   withheld.
3. Each hidden count of a team or of the programme gets the exchange of people that hides least,
   counted in members, before the next one is looked at.
4. Below a team (sites, lines of business) a row with a hidden count hides its whole block of
   strata, and rows join until the margins of what is hidden are k or more.
5. Teams are readers who know their own rows (`least_hidden` 3): each exchange is there twice, with
   two different partners, or with the programme's own cell hidden. A programme cell is hidden if
   it is 1 to k - 1 when one team takes its own part away.
6. Measures that share a denominator hide the same cells, and an exchange has to work in all.

`measures.stats.disclosure` checks the result by linear programming, without using any of this.

Source: CMS cell size policy (no cell of 1-10); Hundepool et al. (2012), Statistical Disclosure
Control, ch. 4; Dobra & Fienberg (2000), PNAS 97:11885-11892 (bounds of cells given margins).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import checked_counts
from measures.stats.reliability import LEAST_DENOMINATOR
from measures.stats.states import CellState

LEAST_COUNT = 11
"""k: the smallest count, other than 0, that may be shown."""

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_Move = tuple[frozenset[int], frozenset[int]]  # strata that gain a person, strata that lose one
_NEVER = 1e15  # cost of a cell that cannot serve


@dataclass(frozen=True)
class Relation:
    """total = sum of parts, in denominators and in numerators, along one axis.

    `least_hidden` is 2, or 3 where each part is a reader who knows its own row: of two hidden
    teams each would know the other.

    Raises:
        ValueError: no part, a member named twice, or another `least_hidden`.
    """

    total: int
    parts: tuple[int, ...]
    least_hidden: int = 2

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("A relation needs at least one part.")
        if len({self.total, *self.parts}) != len(self.parts) + 1:
            raise ValueError("A relation names one of its members twice.")
        if self.least_hidden not in (2, 3):
            raise ValueError("A relation hides at least 2 members, or 3 where parts are readers.")

    @property
    def members(self) -> tuple[int, ...]:
        """The total first, then the parts."""
        return (self.total, *self.parts)

    @property
    def parts_are_readers(self) -> bool:
        return self.least_hidden == 3


def is_small(count: ArrayLike, k: int = LEAST_COUNT) -> BoolArray:
    """True for counts of 1 to k - 1."""
    values = np.asarray(count)
    return np.asarray((values > 0) & (values < k))


def is_sensitive(n: ArrayLike, x: ArrayLike, k: int = LEAST_COUNT) -> BoolArray:
    """True where the denominator, the numerator or the misses are 1 to k - 1."""
    n_counts, x_counts = np.asarray(n), np.asarray(x)
    return is_small(n_counts, k) | is_small(x_counts, k) | is_small(n_counts - x_counts, k)


def own_states(n: ArrayLike) -> NDArray[np.int8]:
    """States for a reader who holds the data: a group looking at its own rows. No privacy."""
    counts = np.asarray(n)
    states = np.full(counts.shape, CellState.SHOWN, dtype=np.int8)
    states[counts < LEAST_DENOMINATOR] = CellState.SMALL_DENOMINATOR
    states[counts == 0] = CellState.NO_DENOMINATOR
    return states


def suppress(
    n: ArrayLike,
    x: ArrayLike,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: ArrayLike | None = None,
    unpublished: ArrayLike | None = None,
    k: int = LEAST_COUNT,
) -> NDArray[np.int8]:
    """`CellState` of every cell for readers outside the group, as int8 of shape [M, U, S].

    Args:
        n, x: denominators and numerators [M, U, S].
        unit_relations: one tree on axis U. The first relation of its root (programme = teams) may
            have parts that are totals themselves (team = sites, team = lines of business).
        stratum_relations: relations on axis S. One stratum, the total, is never a part; every
            other belongs to a relation.
        shared_denominator: group id of each measure [M]; equal ids have equal denominators.
        unpublished: mask [S] of strata that are never displayed ("Hispanic and race r"). They
            count as hidden, and are protected where what is displayed would give them away.
        k: smallest count that may be shown.

    Raises:
        ValueError: shapes differ, counts are impossible (`checked_counts`), a relation does not
            add up, the relations are not of the form above, or measures in one denominator group
            have different denominators.
    """
    x_counts, n_counts = checked_counts(x, n)
    if n_counts.ndim != 3:
        raise ValueError("Counts must have the axes measure, unit and stratum.")
    check_relations(n_counts, x_counts, unit_relations, stratum_relations)
    tree = _Tree.of(n_counts.shape[1], tuple(unit_relations))
    strata = _strata(n_counts.shape[2], tuple(stratum_relations))
    never = np.zeros(n_counts.shape[2], dtype=bool)
    if unpublished is not None:
        never |= np.asarray(unpublished, dtype=bool)

    hidden = np.zeros(n_counts.shape, dtype=bool)
    alone = np.ones(len(n_counts), dtype=bool)
    for measures in denominator_groups(n_counts, shared_denominator):
        alone[measures] = False
        pattern = _hide(n_counts[measures][None], x_counts[measures][None], tree, strata, never, k)
        hidden[measures] = pattern
    if alone.any():
        hidden[alone] = _hide(n_counts[alone, None], x_counts[alone, None], tree, strata, never, k)

    states = own_states(n_counts)
    states[hidden] = CellState.PRIVACY_COMPLEMENTARY
    states[is_sensitive(n_counts, x_counts, k)] = CellState.PRIVACY_PRIMARY
    return states


def check_relations(
    n: IntArray,
    x: IntArray,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
) -> None:
    """Raises ValueError where a total is not the sum of its parts: hiding would be guesswork."""
    for axis, name, relations in ((1, "unit", unit_relations), (2, "stratum", stratum_relations)):
        for relation in relations:
            for counts, kind in ((n, "denominators"), (x, "numerators")):
                parts = counts.take(relation.parts, axis=axis).sum(axis=axis)
                if (counts.take(relation.total, axis=axis) != parts).any():
                    raise ValueError(
                        f"The {kind} of {name} {relation.total} are not the sum of those of "
                        f"{name} {', '.join(map(str, relation.parts))}."
                    )


def denominator_groups(n: IntArray, shared_denominator: ArrayLike | None) -> list[IntArray]:
    """Indices of the measures in each group of two or more that share a denominator."""
    if shared_denominator is None:
        return []
    ids = np.asarray(shared_denominator)
    if ids.shape != n.shape[:1]:
        raise ValueError("A denominator group must be given for each measure.")
    found = []
    for group in np.unique(ids):
        members = np.flatnonzero(ids == group)
        if len(members) > 1:
            if (n[members] != n[members[0]]).any():
                raise ValueError("Measures in one denominator group have different denominators.")
            found.append(members.astype(np.int64))
    return found


@dataclass(frozen=True)
class _Tree:
    """Units: a root, its rows (teams), and families of leaves below the root or a row."""

    root: int
    rows: tuple[int, ...]
    rows_are_readers: bool
    families: tuple[Relation, ...]

    @classmethod
    def of(cls, units: int, relations: tuple[Relation, ...]) -> _Tree:
        parts = [part for relation in relations for part in relation.parts]
        if len(set(parts)) != len(parts):
            raise ValueError("A unit is part of two totals: units must form a tree.")
        roots = sorted(set(range(units)) - set(parts))
        if len(roots) != 1:
            raise ValueError(f"Units must form one tree under one root, not under {len(roots)}.")
        top = next((r for r in relations if r.total == roots[0]), None)
        rows = top.parts if top else ()
        families = tuple(relation for relation in relations if relation is not top)
        totals = {relation.total for relation in families}
        if any(part in totals for family in families for part in family.parts):
            raise ValueError("Units below a team cannot be divided further.")
        if any(family.parts_are_readers for family in families):
            raise ValueError("Only the parts of the programme can be readers.")
        return cls(roots[0], rows, bool(top and top.parts_are_readers), families)


@dataclass(frozen=True)
class _Strata:
    """Blocks of strata and the moves of people within them.

    A move is one person changing from an atom to another, or two people interchanging what makes
    up their atoms (Asian Hispanic and Black other become Asian other and Black Hispanic, which
    leaves all margins as they are). `gains` and `losses` [moves, S] are the cells that grow and
    shrink; move `back[e]` undoes move e.
    """

    total: int
    block: IntArray
    gains: BoolArray
    losses: BoolArray
    back: IntArray

    def leaving(self, capacity: IntArray) -> IntArray:
        """How often each move can be made: the smallest capacity among its losses, [..., moves]."""
        plenty = np.full((*capacity.shape[:-1], 1), np.iinfo(np.int64).max // 4)
        padded = np.concatenate([capacity, plenty], axis=-1)
        return np.asarray(padded[..., self.lost].min(axis=-1))

    def cost(self, price: FloatArray) -> FloatArray:
        """What it costs to hide all cells of each move, [..., moves]."""
        padded = np.concatenate([price, np.zeros((*price.shape[:-1], 1))], axis=-1)
        return np.asarray(padded[..., self.touched].sum(axis=-1))

    @cached_property
    def towards(self) -> list[IntArray]:
        """The moves that each stratum gains by."""
        return [np.flatnonzero(gains) for gains in self.gains.T]

    @cached_property
    def lost(self) -> IntArray:
        return _positions(self.losses)

    @cached_property
    def touched(self) -> IntArray:
        return _positions(self.gains | self.losses)


def _positions(mask: BoolArray) -> IntArray:
    """Indices of True in each row, short rows filled up with an index past the end."""
    width = int(mask.sum(axis=1).max(initial=1))
    order = np.argsort(~mask, axis=1, kind="stable")[:, :width]
    return np.where(np.take_along_axis(mask, order, axis=1), order, mask.shape[1])


@lru_cache(maxsize=16)
def _strata(count: int, relations: tuple[Relation, ...]) -> _Strata:
    parts = {part for relation in relations for part in relation.parts}
    roots = sorted(set(range(count)) - parts)
    if len(roots) != 1:
        raise ValueError("Strata need one total, and every other stratum a place in a relation.")
    total = roots[0]
    label = list(range(count))
    for relation in relations:
        linked = {label[s] for s in relation.members if s != total}
        label = [min(linked) if at in linked else at for at in label]
    names = sorted({label[s] for s in range(count) if s != total})
    block = np.array([-1 if s == total else names.index(label[s]) for s in range(count)])
    moves: list[_Move] = []
    for number in range(len(names)):
        mine = [r for r in relations if block[r.parts[0]] == number]
        moves += _moves(_atoms(frozenset({total}), mine), mine)
    masks = np.zeros((2, len(moves), count), dtype=bool)
    for at, move in enumerate(moves):
        for side in (0, 1):
            masks[side, at, list(move[side])] = True
    kept = _smallest(masks)
    moves = [move for move, keep in zip(moves, kept, strict=True) if keep]
    place = {move: at for at, move in enumerate(moves)}
    back = np.array([place[loss, gain] for gain, loss in moves], dtype=np.int64)
    return _Strata(total, block, masks[0, kept], masks[1, kept], back)


def _smallest(masks: BoolArray) -> BoolArray:
    """Moves of which no other move is a part: the part does the same for less."""
    cells = np.concatenate([masks[0], masks[1]], axis=1).astype(np.float32)
    size = cells.sum(axis=1)
    kept = np.ones(len(cells), dtype=bool)
    for small in np.unique(size)[:-1]:
        shared = cells[kept & (size == small)] @ cells.T
        kept &= ~((shared > small - 0.5).any(axis=0) & (size > small))
    return kept


def _moves(atoms: list[frozenset[int]], relations: list[Relation]) -> list[_Move]:
    """(gains, losses) of all changes of one person and interchanges of two, each with its reverse."""
    found = {(a - b, b - a): None for a in atoms for b in atoms if a != b}
    totals = {relation.total for relation in relations}
    margins: dict[tuple[int, ...], list[frozenset[int]]] = {}
    for at, first in enumerate(atoms):
        for second in atoms[at + 1 :]:
            margin = tuple(sorted([*(first & totals), *(second & totals)]))
            finest = (first | second) - totals
            margins.setdefault(margin, []).append(finest)
    for alike in margins.values():
        for a in alike:
            for b in alike:
                if a != b and not a & b and len(a) == len(b) == 2:
                    found[a, b] = None
    return list(found)


def _atoms(person: frozenset[int], relations: list[Relation]) -> list[frozenset[int]]:
    """All sets of strata that one person can belong to: of each total exactly one part."""
    for relation in relations:
        inside = person & set(relation.parts)
        if len(inside) > 1:
            return []
        if inside and relation.total not in person:
            return _atoms(person | {relation.total}, relations)
        if not inside and relation.total in person:
            found: dict[frozenset[int], None] = {}
            for part in relation.parts:
                for atom in _atoms(person | {part}, relations):
                    found[atom] = None
            return list(found)
    return [person]


def _hide(
    n: IntArray, x: IntArray, tree: _Tree, strata: _Strata, unpublished: BoolArray, k: int
) -> BoolArray:
    """Hidden cells [G, U, S] of G denominator groups, counts [G, measures, U, S]."""
    size = n[:, 0]
    quantities = np.concatenate([x, n - x], axis=1)  # people who move are of one of these kinds
    rows = _Rows(size, quantities, tree, strata, unpublished, k)
    rows.hide()
    hidden = np.zeros(size.shape, dtype=bool)
    hidden[:, list(tree.rows)] = rows.hidden[:, 1:]
    hidden[:, tree.root] = rows.hidden[:, 0]
    if tree.families:
        _hide_leaves(size, quantities, hidden, rows.silent, tree, strata, unpublished, k)
    hidden[rows.withheld] = True
    return hidden


def _movable(quantities: IntArray, size: IntArray) -> IntArray:
    """How many people of each kind can leave a cell, [G, Q, ..., S].

    A hidden cell is known not to be empty, so one person stays. With several measures on one
    denominator a person of one kind in this measure is of some kind in each other: the commoner.
    """
    movable: IntArray = np.minimum(quantities, np.maximum(size - 1, 0)[:, None])
    measures = quantities.shape[1] // 2
    if measures == 1:
        return movable
    everywhere = quantities.reshape(*quantities.shape[:2], -1).max(axis=2)
    common = np.where(
        everywhere[:, :measures] >= everywhere[:, measures:], 0, measures
    ) + np.arange(measures)
    result = movable.copy()
    for kind in range(2 * measures):
        for other in range(measures):
            if other != kind % measures:
                usual = movable[np.arange(len(movable)), common[:, other]]
                result[:, kind] = np.minimum(result[:, kind], usual)
    return result


class _Rows:
    """The programme (row 0) and its teams."""

    def __init__(
        self,
        size: IntArray,
        quantities: IntArray,
        tree: _Tree,
        strata: _Strata,
        unpublished: BoolArray,
        k: int,
    ) -> None:
        units = [tree.root, *tree.rows]
        self.n, self.counts = size[:, units], quantities[:, :, units]
        self.strata, self.k, self.readers = strata, k, tree.rows_are_readers
        small = is_small(self.counts, k)
        self.hidden = is_small(self.n, k) | small.any(axis=1) | unpublished
        self.wanted = small  # counts that must be able to grow by k
        if self.readers:
            rest = np.any(is_small(self.counts[:, :, :1] - self.counts[:, :, 1:], k), axis=2)
            self.wanted[:, :, 0] |= rest
            self.hidden[:, 0] |= rest.any(axis=1)
        total = strata.total
        self.withheld = self.hidden[:, 0, total].copy()
        self.silent = np.zeros(self.n.shape[:2], dtype=bool)
        self.silent[:, 1:] = self.hidden[:, 1:, total]
        self.capacity = _movable(self.counts, self.n)

    def hide(self) -> None:
        for group in range(len(self.n)):
            if not self.withheld[group] and self.silent[group].any():
                self._silence_partners(group)
            if self.withheld[group]:
                self.silent[group] = True
                self.hidden[group] = True
            else:
                self._find_exchanges(group)

    def _silence_partners(self, group: int) -> None:
        """Rule 2: whole rows join until each hidden total could be anything k wide."""
        silent, total = self.silent[group], self.strata.total
        sums = self.counts[group, :, :, total]
        while silent.any():
            within = np.where(silent, sums, 0)
            together = within.sum(axis=1, keepdims=True)
            room = np.broadcast_to(together, within.shape)
            if self.readers:
                largest = np.sort(within, axis=1)[:, -2:]
                # the largest other row is the reader who learns most
                other = np.where(within == largest[:, 1:], largest[:, :1], largest[:, 1:])
                room = together - other
            lacking = (is_small(within, self.k) & (room < self.k)).any(axis=1)
            few = silent.sum() < (3 if self.readers else 2)
            if not few and not lacking.any():
                break
            useful = (
                (sums[lacking] > 0).any(axis=0) if lacking.any() else self.n[group, :, total] > 0
            )
            useful = useful & ~silent
            useful[0] = False
            if not useful.any():
                self.withheld[group] = True
                return
            silent[np.where(useful, self.n[group, :, total], np.iinfo(np.int64).max).argmin()] = (
                True
            )
        self.hidden[group, silent] = True

    def _find_exchanges(self, group: int) -> None:
        """Rule 3, one hidden count after the other; those already safe cost nothing."""
        strata, hidden, n = self.strata, self.hidden[group], self.n[group]
        # A cell that is shown empty cannot be touched.
        price = np.where(n > 0, n, _NEVER)
        cost = strata.cost(np.where(hidden, 0.0, price))
        for kind in range(self.counts.shape[1]):
            wanted = np.argwhere(self.wanted[group, kind] & hidden)
            if not len(wanted):
                continue
            often = strata.leaving(self.capacity[group, kind])
            own_often = strata.leaving(self._capacity(group, kind))
            for row, stratum in wanted:
                block = strata.block == strata.block[stratum]
                if stratum == strata.total or self._within_margins(group, kind, row, stratum):
                    continue
                moves = strata.towards[stratum]
                # Whoever has all the people in question learns nothing from the programme's count.
                own = self.counts[group, kind, 1:, stratum]
                readers = own < self.counts[group, kind, 0, stratum] if row == 0 else own >= 0
                # Most often an exchange among cells hidden before is there, and quickly found.
                free = moves[cost[row, moves] == 0.0]
                changed, move = self._cheapest(row, free, cost, often, own_often, readers)
                if move < 0 or cost[changed, move].any():
                    changed, move = self._cheapest(row, moves, cost, often, own_often, readers)
                if move < 0:
                    changed = self._close_block(group, kind, row, stratum)
                    cells = np.flatnonzero(block)
                else:
                    cells = np.flatnonzero(strata.gains[move] | strata.losses[move])
                if hidden[np.ix_(changed, cells)].all():
                    continue
                hidden[np.ix_(changed, cells)] = True
                cost[changed] = strata.cost(np.where(hidden[changed], 0.0, price[changed]))

    def _close_block(self, group: int, kind: int, row: int, stratum: int) -> IntArray:
        """No exchange is to be had: rows hide the whole block until the margins are wide enough."""
        block = self.strata.block == self.strata.block[stratum]
        hidden, present = self.hidden[group], self.n[group, :, self.strata.total] > 0
        order = np.argsort(self.n[group, :, self.strata.total], kind="stable")
        joining = [row] if row else []
        joining += [r for r in order if r and r != row and present[r]]
        for count, joined in enumerate(joining):
            hidden[joined, block] = True
            if self._within_margins(group, kind, row, stratum):
                return np.array(joining[: count + 1])
        hidden[0, block] = True
        return np.array([0, *joining])

    def _within_margins(self, group: int, kind: int, row: int, stratum: int) -> bool:
        """Whether a count in wholly hidden rows is k wide, given the margins of those rows.

        With row sum r, column sum c and grand sum s a cell can be anything from max(0, r + c - s)
        to min(r, c). A row is left out in turn: its reader knows it.
        """
        block = self.strata.block == self.strata.block[stratum]
        present = self.n[group, :, self.strata.total] > 0
        whole = self.hidden[group][:, block].all(axis=1) & present
        if not whole[row]:
            return False
        if whole[present].all():
            return True
        teams = np.flatnonzero(whole[1:]) + 1
        if not row or self.silent[group, row]:
            return False
        counts = self.counts[group, kind]
        others = teams[teams != row]
        unknown = [teams, *([teams[teams != reader] for reader in others] if self.readers else [])]
        own = counts[row, self.strata.total]
        for rows in unknown:
            everyone = counts[rows, self.strata.total].sum()
            column = counts[rows, stratum].sum()
            if min(own, column, everyone - own, everyone - column) < self.k:
                return False
        return True

    def _cheapest(
        self,
        row: int,
        moves: IntArray,
        cost: FloatArray,
        often: IntArray,
        own_often: IntArray,
        readers: BoolArray,
    ) -> tuple[IntArray, int]:
        """Rows and move of the cheapest exchange that leaves a count in `row` k wide; -1 if none.

        The people who change in one row change back in the partners, or the programme's own
        cells are hidden and change too. Of the programme itself the partners are the teams in
        which its people are.
        """
        if not moves.size:
            return np.array([row]), -1
        back = self.strata.back[moves]
        up, down = own_often[row, moves], own_often[row, back]
        partner_price = cost[1:, moves].copy()
        if row:
            partner_up, partner_down = often[1:, back].copy(), often[1:, moves].copy()
            partner_price[row - 1] = _NEVER
        else:
            partner_up, partner_down = often[1:, moves].copy(), often[1:, back].copy()
        partner_price[(partner_up == 0) & (partner_down == 0)] = _NEVER
        unusable = partner_price >= _NEVER
        partner_up[unusable] = partner_down[unusable] = 0
        order = np.argsort(partner_price, axis=0, kind="stable")

        def together(people: IntArray) -> IntArray:
            ranked = np.take_along_axis(people, order, axis=0)
            room = np.cumsum(ranked, axis=0)
            if self.readers:  # the partner with most of them may be the one who looks
                known = np.where(readers[order], ranked, 0)
                room = room - np.maximum.accumulate(known, axis=0)
            return np.asarray(room)

        wide = np.minimum(up, together(partner_up)) + np.minimum(down, together(partner_down))
        enough = wide >= self.k
        count = np.where(enough.any(axis=0), enough.argmax(axis=0), 0)
        spent = np.cumsum(np.take_along_axis(partner_price, order, axis=0), axis=0)
        with_partners = np.full(len(moves), _NEVER)
        if len(spent):
            reached = np.take_along_axis(spent, count[None], axis=0)[0]
            with_partners = np.where(enough.any(axis=0), reached, _NEVER)
        alone = np.where(up + down >= self.k, cost[0, moves] if row else 0.0, _NEVER)
        if row == 0 and len(spent):
            alone = np.full(len(moves), _NEVER)
        total = cost[row, moves] + np.minimum(with_partners, alone)
        best = int(total.argmin())
        if total[best] >= _NEVER:
            return np.array([row]), -1
        if with_partners[best] <= alone[best]:
            partners = order[: count[best] + 1, best] + 1
        else:
            partners = np.array([0])
        return np.append(partners, row), int(moves[best])

    def _capacity(self, group: int, kind: int) -> IntArray:
        """People that can leave each cell. A silent row can first be given people by the others."""
        capacity: IntArray = self.capacity[group, kind].copy()
        silent = np.flatnonzero(self.silent[group])
        for row in silent:
            others = self.counts[group, kind, silent[silent != row]]
            given = others.sum(axis=0)
            if self.readers and len(others):
                given = given - others.max(axis=0)
            capacity[row] += given
        return capacity


def _hide_leaves(
    size: IntArray,
    quantities: IntArray,
    hidden: BoolArray,
    silent_rows: BoolArray,
    tree: _Tree,
    strata: _Strata,
    unpublished: BoolArray,
    k: int,
) -> None:
    """Rule 4, for all families of all groups at once; writes into `hidden`."""
    width = max(len(family.parts) for family in tree.families)
    leaf = np.array([(*f.parts, *[-1] * (width - len(f.parts))) for f in tree.families])
    above = np.array([family.total for family in tree.families])
    units = [tree.root, *tree.rows]
    silent_above = silent_rows[:, [units.index(total) for total in above]]  # [G, F]

    exists = leaf >= 0
    n = np.where(exists[..., None], size[:, leaf], 0)  # [G, F, C, S]
    counts = np.where(exists[..., None], quantities[:, :, leaf], 0)  # [G, Q, F, C, S]
    total = strata.total
    present = n[..., total] > 0
    small = is_small(counts, k)
    # Rows without even a total
    silent = is_small(n[..., total], k) | small[..., total].any(axis=1) | silent_above[..., None]
    silent &= present
    blocks = int(strata.block.max()) + 1
    of_block = np.arange(blocks)[:, None] == strata.block  # [B, S]
    exposed = small & ~(unpublished & _safe_unseen(counts, n, strata, unpublished, k))
    closed = np.stack([exposed[..., of_block[b]].any(axis=(1, 4)) for b in range(blocks)], axis=-1)
    # [G, F, C, B]: rows that hide a block
    movable_above = _movable(quantities, size)[:, :, above]  # [G, Q, F, S]
    hidden_above = hidden[:, above]  # [G, F, S]
    weight = n[..., total]
    largest = np.iinfo(np.int64).max

    changed = True
    while changed:
        changed = False
        # Totals of leaves: as rule 2, the row above being known unless it is silent too.
        few = silent.any(axis=2) & (silent.sum(axis=2) < 2) & ~silent_above
        useful = few[..., None] & present
        for kind in range(counts.shape[1]):
            sums = counts[:, kind, ..., total]
            lacking = (small[:, kind, ..., total] & silent).any(axis=2) & ~silent_above
            lacking &= np.where(silent, sums, 0).sum(axis=2) < k
            useful |= lacking[..., None] & (sums > 0)
        changed |= _add_smallest(silent, useful & ~silent & present, weight, largest)
        closed |= silent[..., None]
        for b in range(blocks):
            cells = np.flatnonzero(of_block[b])
            rows = closed[..., b]
            useful = np.zeros(rows.shape, dtype=bool)
            for kind in range(counts.shape[1]):
                here = counts[:, kind][..., cells]  # [G, F, C, s]
                row_sum = counts[:, kind, ..., total]
                column = np.where(rows[..., None], here, 0).sum(axis=2)  # [G, F, s]
                everyone = np.where(rows, row_sum, 0).sum(axis=2)  # [G, F]
                known = ~hidden_above[..., cells]
                wanted = small[:, kind][..., cells] & rows[..., None] & known[:, :, None]
                thin = wanted.any(axis=2) & (column < k)
                # What moves in the row above has to find people here.
                thin |= ~known & (column < np.minimum(movable_above[:, kind][..., cells], k))
                useful |= (thin[:, :, None] & (here > 0)).any(axis=3)
                rest = wanted.any(axis=2) & (everyone[..., None] - column < k)
                useful |= (rest[:, :, None] & (row_sum[..., None] > here)).any(axis=3)
                alone = wanted.any(axis=3) & ~silent & (everyone[..., None] - row_sum < k)
                useful |= alone.any(axis=2)[..., None] & (row_sum > 0)
            changed |= _add_smallest(rows, useful & ~rows & present, weight, largest)
            closed[..., b] = rows

    result = np.zeros(n.shape, dtype=bool)
    for b in range(blocks):
        result[..., of_block[b]] = (closed[..., b] & present)[..., None]
    result[..., total] = silent
    result[..., unpublished] |= present[..., None]
    hidden[:, leaf[exists]] = result[:, exists]


def _safe_unseen(
    counts: IntArray, n: IntArray, strata: _Strata, unpublished: BoolArray, k: int
) -> BoolArray:
    """Never displayed counts that are k wide by moves among never displayed cells of their row."""
    safe = np.zeros(counts.shape, dtype=bool)
    seen = (strata.gains | strata.losses) & ~unpublished
    unseen = np.flatnonzero(~seen.any(axis=1))
    if unseen.size:
        often = strata.leaving(counts)  # such cells may be empty: nobody has to stay
        wide = often[..., unseen] + often[..., strata.back[unseen]] >= k
        for stratum in np.flatnonzero(unpublished):
            safe[..., stratum] = wide[..., strata.gains[unseen, stratum]].any(axis=-1)
    return safe


def _add_smallest(chosen: BoolArray, candidate: BoolArray, weight: IntArray, largest: int) -> bool:
    """Choose the smallest candidate of each family; ties go to the first."""
    families = candidate.any(axis=2)
    if not families.any():
        return False
    best = np.where(candidate, weight, largest).argmin(axis=2)
    group, family = np.nonzero(families)
    chosen[group, family, best[group, family]] = True
    return True

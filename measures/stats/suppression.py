"""Which cells are hidden so that no count of 1 to k - 1 can be read or worked out.

Cells are dense integer arrays [M, U, S]: measure-periods, units (programme, teams, sites and lines
of business of a team) and strata of all stratum sets, with the total and the crossed cells. A
`Relation` names a total and its parts on the unit or on the stratum axis. Along each such line a
reader can add and subtract, so the lines are what is protected:

1. A cell is hidden if its denominator, numerator or misses are 1 to k - 1. 0 may be shown, and is
   known to be 0; so empty cells never serve as complements.
2. A line with a hidden member has at least two of them.
3. Where the total of a line is shown, what is hidden beside it comes to k or more in the
   denominator, numerator or misses of a small count: the small count could be 0, or k and more.
4. A team knows its own rows and sees the programme's. What is left of the programme without the
   team is protected along the programme's strata just as the programme is.
5. Measures that share a denominator hide the same cells. The people between their numerators (seen
   within 30 days, not within 7; neither in control nor out of it) are counts like all others.

6. What the programme's strata show, and what their hidden ones come to together, is over enough teams
   (`measures.stats.contributions`). Such cells are hidden in the programme only: who holds the cards of
   all teams adds up what these show anyway.

The cheapest cells that do it are chosen: the smallest denominator first, a total only where no part
is left. What is never displayed is hidden from the beginning.

These rules look at one line at a time. Lines together can still narrow a count down;
`measures.stats.disclosure` finds that exactly, and is the gate of what leaves as a document.

Source: CMS cell size policy (no cell of 1-10); Hundepool et al. (2012), Statistical Disclosure
Control, ch. 4 (linear relations, complementary suppression).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.contributions import tells_a_part
from measures.stats.rates import checked_counts
from measures.stats.reliability import LEAST_DENOMINATOR
from measures.stats.remainders import remainders
from measures.stats.states import CellState

LEAST_COUNT = 11
"""k: the smallest count, other than 0, that may be shown."""

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_LATER = 1e6  # factor on the cost of a total: parts are hidden first
_EARLIER = 1e-9  # factor on the cost of cells to hide first


@dataclass(frozen=True)
class Relation:
    """total = sum of parts, in denominators and in numerators, along one axis.

    parts_are_readers: whoever is a part (a team of the programme) knows its own row, and of the
    relation sees the total.

    Raises:
        ValueError: no part, or a member named twice.
    """

    total: int
    parts: tuple[int, ...]
    parts_are_readers: bool = False

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("A relation needs at least one part.")
        if len({self.total, *self.parts}) != len(self.parts) + 1:
            raise ValueError("A relation names one of its members twice.")

    @property
    def members(self) -> tuple[int, ...]:
        """The total first, then the parts."""
        return (self.total, *self.parts)


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
    hide_first: ArrayLike | None = None,
    also_hide: ArrayLike | None = None,
    k: int = LEAST_COUNT,
) -> NDArray[np.int8]:
    """`CellState` of every cell for readers outside the group, as int8 of shape [M, U, S].

    Args:
        n, x: denominators and numerators [M, U, S].
        unit_relations: relations on axis U (programme = teams, team = its sites, ...).
        stratum_relations: relations on axis S (total = races, race r = its parts, ...).
        shared_denominator: group id of each measure [M]; equal ids have equal denominators.
        unpublished: mask [U, S] (or [S]) of cells that are never displayed. They count as hidden,
            and may be worked out unless something that may not hides behind them.
        hide_first: mask [U, S] (or [S]) of cells that readers can do without: where something has
            to be hidden beside a small count, these go before all others.
        also_hide: mask [M, U, S] of cells that are to be hidden for another reason.
        k: smallest count that may be shown.

    Raises:
        ValueError: shapes differ, counts are impossible (`checked_counts`), a relation does not
            add up, or measures in one denominator group have different denominators.
    """
    x_counts, n_counts = checked_counts(x, n)
    if n_counts.ndim != 3:
        raise ValueError("Counts must have the axes measure, unit and stratum.")
    check_relations(n_counts, x_counts, unit_relations, stratum_relations)
    groups = denominator_groups(n_counts, shared_denominator)
    never = _mask(unpublished, n_counts)
    cost = np.where(_mask(hide_first, n_counts), _EARLIER, 1.0) * n_counts

    sensitive = is_sensitive(n_counts, x_counts, k)
    guarded = sensitive.copy()
    if also_hide is not None:
        guarded |= np.asarray(also_hide, dtype=bool)
    size = len(n_counts)
    also_n, also_x, of = _between(n_counts, x_counts, groups)
    groups = [np.concatenate([g, size + np.flatnonzero(np.isin(of, g))]) for g in groups]
    # An empty cell is known to be empty, so hiding it protects nothing.
    table = _Table(
        np.concatenate([n_counts, also_n]),
        np.concatenate([x_counts, also_x]),
        np.concatenate([guarded, is_small(also_x, k)]),
        np.concatenate([never & (n_counts > 0), never & (also_n > 0)]),
        np.concatenate([cost, cost[of]]),
        k,
    )
    table.hide_revealing_totals(unit_relations)
    changed = True
    while changed:
        changed = table.unite(groups)
        for relation in unit_relations:
            changed |= table.close(relation, axis=1)
        for relation in stratum_relations:
            changed |= table.close(relation, axis=2)
            for whole in unit_relations:
                if whole.parts_are_readers:
                    changed |= table.close_remainders(whole, relation)

    states = own_states(n_counts)
    states[table.withhold(unit_relations, stratum_relations)[:size]] = CellState.TOO_FEW_GROUPS
    states[table.hidden[:size]] = CellState.PRIVACY_COMPLEMENTARY
    states[sensitive] = CellState.PRIVACY_PRIMARY
    states[n_counts == 0] = CellState.NO_DENOMINATOR
    return states


def _mask(mask: ArrayLike | None, counts: IntArray) -> BoolArray:
    wanted = np.zeros(1, dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
    return np.broadcast_to(wanted, counts.shape[1:])


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


def _between(
    n: IntArray, x: IntArray, groups: Sequence[IntArray]
) -> tuple[IntArray, IntArray, IntArray]:
    """Counts between measures as further measures: denominators and numerators [N, U, S], and of which [N]."""
    ns, xs, of = [n[:0]], [x[:0]], []
    for group in groups:
        for one in remainders(n[group], x[group]):
            ns.append(n[group][:1])
            xs.append(one.counts(n[group], x[group])[None])
            of.append(int(group[one.first]))
    return np.concatenate(ns), np.concatenate(xs), np.array(of, dtype=np.int64)


def shared_groups(labels: Sequence[object], n: IntArray) -> IntArray:
    """Group ids [M] for `suppress`: measures with the same label, where the counts agree in fact.

    Where a sender's denominators differ all the same, knowing one does not give the other away. An
    empty label is a group of its own.
    """
    groups = np.arange(len(labels))
    for i, label in enumerate(labels):
        for j in range(i):
            if label and label == labels[j] and np.array_equal(n[i], n[j]):
                groups[i] = groups[j]
                break
    return groups


class _Table:
    """The pattern in the making: `hidden` [M, U, S] only ever grows, so the loop over lines ends."""

    def __init__(
        self,
        n: IntArray,
        x: IntArray,
        guarded: BoolArray,
        never: BoolArray,
        cost: FloatArray,
        k: int,
    ) -> None:
        self.counts = np.stack([n, x, n - x])  # denominators, numerators, misses: [3, M, U, S]
        self.hidden, self.cost, self.k = guarded | never, cost, k
        #: Hidden cells that nobody may work out. What is merely never displayed may be worked out,
        #: until something guarded hides behind it.
        self.guarded = guarded

    def unite(self, groups: Sequence[IntArray]) -> bool:
        """Hide the same cells in measures that share a denominator."""
        before = int(self.guarded.sum())
        for group in groups:
            self.hidden[group] = self.hidden[group].any(axis=0)
            self.guarded[group] = self.guarded[group].any(axis=0)
        return int(self.guarded.sum()) != before

    def hide_revealing_totals(self, unit_relations: Sequence[Relation]) -> None:
        """Totals that a reader who takes its own part away would be left a small count of."""
        for relation in unit_relations:
            if relation.parts_are_readers:
                total = self.counts[:, :, relation.total]
                for part in relation.parts:
                    rest = total - self.counts[:, :, part]
                    small = is_small(rest, self.k).any(axis=0)
                    self.hidden[:, relation.total] |= small
                    self.guarded[:, relation.total] |= small

    def close(self, relation: Relation, axis: int) -> bool:
        """Hide members of a relation until every line of it is safe. True if anything changed."""
        members = list(relation.members)
        place = [slice(None)] * 3
        place[axis] = members  # type: ignore[call-overload]
        where = tuple(place)
        counts = np.moveaxis(self.counts[(slice(None), *where)], axis + 1, -1)
        cost = np.moveaxis(self.cost[where], axis, -1).copy()
        cost[..., 0] *= _LATER
        hidden = np.moveaxis(self.hidden[where], axis, -1)
        guarded = np.moveaxis(self.guarded[where], axis, -1)
        before = int(guarded.sum())
        while True:
            lacking = self._lacking(counts, hidden) & guarded.any(axis=-1)
            picked = self._pick(counts, hidden, lacking, cost)
            if picked is None:
                break
            hidden[picked] = True
        # Whoever works out one of two hidden members has the other.
        guarded |= hidden & guarded.any(axis=-1, keepdims=True)
        self.hidden[where] = np.moveaxis(hidden, -1, axis)
        self.guarded[where] = np.moveaxis(guarded, -1, axis)
        return int(guarded.sum()) != before

    def close_remainders(self, whole: Relation, relation: Relation) -> bool:
        """The same for what is left of a total's strata when a reader takes its own part away."""
        members = list(relation.members)
        total = self.counts[:, :, whole.total][..., members]  # [3, M, members]
        parts = self.counts[:, :, list(whole.parts)][..., members]  # [3, M, parts, members]
        rest = total[:, :, None] - parts
        cost = self.cost[:, whole.total][:, members].copy()
        cost[:, 0] *= _LATER
        hidden = self.hidden[:, whole.total][:, members]
        guarded = self.guarded[:, whole.total][:, members]
        before = int(guarded.sum())
        while True:
            of_rest = np.broadcast_to(hidden[:, None], rest.shape[1:]) & (rest[0] > 0)
            # A total of which somebody would be left a small count is guarded from the beginning.
            lacking = np.asarray(self._lacking(rest, of_rest).any(axis=1) & guarded.any(axis=-1))
            picked = self._pick(total, hidden, lacking, cost)
            if picked is None:
                break
            hidden[picked] = True
        guarded |= hidden & guarded.any(axis=-1, keepdims=True)
        self.hidden[:, whole.total, members] = hidden
        self.guarded[:, whole.total, members] = guarded
        return int(guarded.sum()) != before

    def withhold(
        self, unit_relations: Sequence[Relation], stratum_relations: Sequence[Relation]
    ) -> BoolArray:
        """Mask [M, U, S] of further cells of totals that their parts may not work out; the last step.

        Who holds the cards of all teams adds up what they show anyway, so nothing of a team goes with them.
        """
        hidden = self.hidden.copy()
        for whole in unit_relations:
            if not whole.parts_are_readers:
                continue
            teams = self.counts[0][:, list(whole.parts)]  # [M, parts, S]
            told = tells_a_part(np.moveaxis(teams, 1, -1))
            hidden[:, whole.total] |= told
            changed = True
            while changed:
                before = int(hidden.sum()), int(told.sum())
                for relation in stratum_relations:
                    self._close_contributions(whole.total, relation, teams, hidden, told)
                changed = (int(hidden.sum()), int(told.sum())) != before
        return np.asarray(hidden & ~self.hidden)

    def _close_contributions(
        self, unit: int, relation: Relation, teams: IntArray, hidden: BoolArray, told: BoolArray
    ) -> None:
        """Hide strata of a total until what is hidden beside each other tells no part about another.

        teams: denominators [M, parts, S]; told: cells [M, S] that nobody may work out. Both masks grow.
        """
        members = list(relation.members)
        parts = teams[..., members[1:]]
        cost = self.cost[:, unit][:, members].copy()
        cost[:, 0] *= _LATER
        here, kept = hidden[:, unit][:, members], told[:, members]
        while True:
            together = np.where(here[:, None, 1:], parts, 0).sum(axis=-1)
            lacking = tells_a_part(together) & ~here[:, 0]
            lacking |= (here.sum(axis=-1) == 1) & kept.any(axis=-1)
            picked = self._pick(self.counts[:, :, unit][..., members], here, lacking, cost)
            if picked is None:
                break
            here[picked] = True
        # Whoever works out one of two hidden members has the other.
        kept |= here & kept.any(axis=-1, keepdims=True)
        hidden[:, unit, members], told[:, members] = here, kept

    def _lacking(self, counts: IntArray, hidden: BoolArray) -> BoolArray:
        """Lines that are not safe yet. counts [3, ..., members], hidden [..., members]; total first."""
        alone = hidden.sum(axis=-1) == 1
        parts = np.where(hidden[..., 1:], counts[..., 1:], 0)
        small = is_small(parts, self.k).any(axis=-1)
        little = (small & (parts.sum(axis=-1) < self.k)).any(axis=0)
        return np.asarray(alone | (little & ~hidden[..., 0]))

    @staticmethod
    def _pick(
        counts: IntArray, hidden: BoolArray, lacking: BoolArray, cost: FloatArray
    ) -> tuple[NDArray[np.intp], ...] | None:
        """The cheapest member to hide in each lacking line, as indices; None if there is none."""
        lines = np.nonzero(lacking)
        price = np.where(hidden[lines] | (counts[0][lines] == 0), np.inf, cost[lines])
        best = price.argmin(axis=-1)
        possible = np.isfinite(price[np.arange(len(best)), best])
        if not possible.any():
            return None
        return (*(line[possible] for line in lines), best[possible])

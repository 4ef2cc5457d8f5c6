"""The exact check against the same question asked plainly: one program for each end of each count.

Here the unknowns are the counts themselves, with every line, every hidden cell and every figure beside them
written down one by one; there they are deviations from the truth, all pushed at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import ceil, floor, inf, isinf
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from measures.stats.count_ranges import count_ranges
from measures.stats.disclosure import PUBLIC, audit, puzzles
from measures.stats.puzzle import Beside, Limit, Quantity
from measures.stats.states import CellState
from measures.stats.suppression import Relation, own_states

K = 5
TEAMS = Relation(0, (1, 2), parts_are_readers=True)
#: Everybody; three strata; a pair of two of them; what the pair leaves of everybody is a stratum too.
STRATA = [Relation(0, (1, 2, 3)), Relation(4, (1, 2))]
NAMES = ("likely", "unlikely")

Terms = dict[Any, float]


@dataclass(frozen=True)
class Case:
    """Tables [M, 3, 5] of measures with one denominator; hidden [M, 3, 5]."""

    n: np.ndarray
    x: np.ndarray
    hidden: np.ndarray
    unpublished: np.ndarray
    limits: list[Limit]
    others: dict[tuple[int, int, str], float]

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "unit_relations": [TEAMS],
            "stratum_relations": STRATA,
            "shared_denominator": np.zeros(len(self.n), dtype=int),
            "unpublished": self.unpublished,
            "beside": Beside(self.limits, self.others),
            "k": K,
        }

    @property
    def states(self) -> np.ndarray:
        states = own_states(self.n)
        states[self.hidden] = CellState.PRIVACY_COMPLEMENTARY
        return states


def case(seed: int, measures: int) -> Case:
    """Measures that are nested or apart or neither; patterns at random, most of them bad."""
    rng = np.random.default_rng(seed)
    inner = rng.choice([0, 1, 3, 4, 5, 7, 9], (2, 3))
    hits = [rng.binomial(inner, 0.5)]
    for measure in range(1, measures):
        last = hits[-1]
        kind = (seed + measure) % 4
        if kind == 0:
            hits.append(last + rng.binomial(inner - last, 0.5))
        elif kind == 1:
            hits.append(rng.binomial(last, 0.5))
        elif kind == 2:
            hits.append(rng.binomial(inner - last, 0.7))
        else:
            hits.append(rng.binomial(inner, 0.5))
    n, x = summed([inner] * measures), summed(hits)
    unpublished = np.zeros(5, dtype=bool)
    unpublished[4] = seed % 4 == 0
    hidden = (rng.random(n.shape) < 0.55) & ((n > 0) | (seed % 4 == 1))
    if seed % 5 == 0:
        hidden[:, 1, 1:4] = n[:, 1, 1:4] > 0  # a whole set: which of them is empty is hidden too
    others: dict[tuple[int, int, str], float] = {}
    if seed % 2:
        for measure in range(measures):
            for name in NAMES:
                parts = [round(float(v), 1) for v in rng.uniform(0, 6, 2)]
                others |= {(measure, unit + 1, name): v for unit, v in enumerate(parts)}
                others[measure, 0, name] = sum(parts)
        if seed % 3 == 0:  # in the second team there is nobody of one kind
            others[0, 0, NAMES[1]] -= others.pop((0, 2, NAMES[1]))
    given = Case(n, x, hidden, unpublished, [], others)
    limits = list(_limits(given, rng))
    return Case(n, x, hidden, unpublished, limits, others)


def summed(tables: list[np.ndarray]) -> np.ndarray:
    """[measure, unit, stratum] of [two teams, three strata] each."""
    inner = np.stack(tables)
    units = np.concatenate([inner.sum(axis=1, keepdims=True), inner], axis=1)
    pair = units[..., :2].sum(axis=-1, keepdims=True)
    return np.concatenate([units.sum(axis=-1, keepdims=True), units, pair], axis=-1)


def _limits(given: Case, rng: np.random.Generator) -> Iterator[Limit]:
    """Figures near the truth; every fourth is wrong, and says nothing."""
    for number in range(6):
        measure, unit = int(rng.integers(len(given.n))), int(rng.integers(3))
        kinds = [Quantity.DENOMINATOR, Quantity.NUMERATOR, Quantity.MISSES]
        terms = {
            (kinds[rng.integers(3)], int(rng.integers(5))): float(rng.choice([1.0, 1.0, -1.0, 0.5]))
            for _ in range(2)
        }
        names = {
            name: float(rng.choice([1.0, -0.5]))
            for name in NAMES
            if (measure, unit, name) in given.others
        }
        truth = sum(
            weight * plain_counts(given, measure, unit, stratum)[kind]
            for (kind, stratum), weight in terms.items()
        ) + sum(weight * given.others[measure, unit, name] for name, weight in names.items())
        low, high = truth - rng.integers(0, 3), truth + rng.integers(0, 3)
        if number % 4 == 3:
            low, high = truth + 1.0, truth + 3.0
        one_sided = rng.integers(4)
        yield Limit(
            measure, unit, terms, -inf if one_sided == 0 else float(low),
            inf if one_sided == 1 else float(high), names, f"figure {number}",
        )  # fmt: skip


def plain_counts(given: Case, measure: int, unit: int, stratum: int) -> dict[Quantity, int]:
    people, hits = given.n[measure, unit, stratum], given.x[measure, unit, stratum]
    return {
        Quantity.DENOMINATOR: int(people),
        Quantity.NUMERATOR: int(hits),
        Quantity.MISSES: int(people - hits),
    }


class Plain:
    """Everything one reader knows, as equations and inequalities of named counts."""

    def __init__(self, given: Case, reader: int) -> None:
        self.given, self.reader = given, reader
        self.units = range(3) if reader == PUBLIC else range(1)
        self.measures = range(len(given.n))
        self.names: dict[Any, int] = {}
        self.equal: list[tuple[Terms, float]] = []
        self.most: list[tuple[Terms, float]] = []
        self.least: dict[Any, float] = {}
        never = np.broadcast_to(given.unpublished, given.n.shape)
        hidden = given.hidden | never
        for u in self.units:
            for s in range(5):
                self._cell(u, s, hidden, never)
        for kind in ("n", *self.measures):
            for relation in STRATA:
                for u in self.units:
                    self._line((kind, u, relation.total), [(kind, u, s) for s in relation.parts])
            for s in range(5) if reader == PUBLIC else ():
                self._line((kind, 0, s), [(kind, u, s) for u in TEAMS.parts])
        keys = [key for key in given.others if key[1] in self.units]
        self.least |= dict.fromkeys((("other", *key) for key in keys), 0.0)
        if reader == PUBLIC:
            for m, u, name in keys:
                if u == 0:
                    parts = [(m, part, name) for part in TEAMS.parts]
                    self._line(("other", m, 0, name), [("other", *p) for p in parts if p in keys])
        for limit in given.limits:
            if limit.unit in self.units:
                self._limit(limit)

    def true(self, m: int, u: int, s: int) -> dict[Quantity, int]:
        """Counts of a cell, or of what is left of it."""
        whole = plain_counts(self.given, m, u, s)
        if self.reader == PUBLIC:
            return whole
        own = plain_counts(self.given, m, self.reader, s)
        return {kind: whole[kind] - own[kind] for kind in whole}

    def _cell(self, u: int, s: int, hidden: np.ndarray, never: np.ndarray) -> None:
        """Counts are not negative, hits are of the people; shown ones are known."""
        empty_possible = self.reader != PUBLIC
        for relation in STRATA:
            parts = list(relation.parts)
            listed = not never[:, u, parts].any()
            if s in parts and listed and hidden[:, u, parts].all():
                empty_possible = True
        empty_possible |= bool(never[:, u, s].all()) or not self.true(0, u, s)[Quantity.DENOMINATOR]
        self.least["n", u, s] = 0.0 if empty_possible else 1.0
        if not hidden[:, u, s].all():
            self.equal.append(({("n", u, s): 1.0}, self.true(0, u, s)[Quantity.DENOMINATOR]))
        for m in self.measures:
            self.least[m, u, s] = 0.0
            self.most.append(({(m, u, s): 1.0, ("n", u, s): -1.0}, 0.0))
            if not hidden[m, u, s]:
                self.equal.append(({(m, u, s): 1.0}, self.true(m, u, s)[Quantity.NUMERATOR]))
        for i, j, nested in self.pairs():
            self.most.append(({key: -w for key, w in self._between(i, j, nested, u, s).items()}, 0))

    def pairs(self) -> Iterator[tuple[int, int, bool]]:
        """(one, other, whether it is part of the other) by the tables of the whole programme."""
        n, x = self.given.n, self.given.x
        for i, j in combinations(self.measures, 2):
            if (x[i] <= x[j]).all():
                yield i, j, True
            if (x[j] <= x[i]).all():
                yield j, i, True
            if (x[i] + x[j] <= n[i]).all():
                yield i, j, False

    @staticmethod
    def _between(i: int, j: int, nested: bool, u: int, s: int) -> Terms:
        if nested:
            return {(j, u, s): 1.0, (i, u, s): -1.0}
        return {("n", u, s): 1.0, (i, u, s): -1.0, (j, u, s): -1.0}

    def _line(self, total: Any, parts: list[Any]) -> None:
        self.equal.append(({total: 1.0, **dict.fromkeys(parts, -1.0)}, 0.0))

    @staticmethod
    def terms_of(kind: Quantity, m: int, u: int, s: int) -> Terms:
        if kind == Quantity.DENOMINATOR:
            return {("n", u, s): 1.0}
        if kind == Quantity.NUMERATOR:
            return {(m, u, s): 1.0}
        return {("n", u, s): 1.0, (m, u, s): -1.0}

    def _limit(self, limit: Limit) -> None:
        """A figure that is wrong is no knowledge. Who takes the own row away knows what it added."""
        given, m, u = self.given, limit.measure, limit.unit
        terms: Terms = {}
        value = own = 0.0
        for (kind, s), weight in limit.terms.items():
            for key, sign in self.terms_of(kind, m, u, s).items():
                terms[key] = terms.get(key, 0.0) + weight * sign
            value += weight * plain_counts(given, m, u, s)[kind]
            if self.reader != PUBLIC:
                own += weight * plain_counts(given, m, self.reader, s)[kind]
        for name, weight in limit.others.items():
            terms["other", m, u, name] = weight
            value += weight * given.others[m, u, name]
            if self.reader != PUBLIC:
                own += weight * given.others.get((m, self.reader, name), 0.0)
        if limit.low - 1e-6 <= value <= limit.high + 1e-6:
            self.most.append((terms, limit.high - own))
            self.most.append(({key: -w for key, w in terms.items()}, own - limit.low))

    def counts(self) -> Iterator[tuple[tuple[int, int, int, Quantity], int, Terms]]:
        """Everything that can be small: (measure, unit, stratum, what), the true count, what it is made of."""
        for u in self.units:
            for s in range(5):
                yield (0, u, s, Quantity.DENOMINATOR), self.true(0, u, s)[Quantity.DENOMINATOR], {("n", u, s): 1.0}  # fmt: skip
                for m in self.measures:
                    for kind in (Quantity.NUMERATOR, Quantity.MISSES):
                        yield (m, u, s, kind), self.true(m, u, s)[kind], self.terms_of(kind, m, u, s)  # fmt: skip
                for i, j, nested in self.pairs():
                    terms = self._between(i, j, nested, u, s)
                    size = self.true(0, u, s)[Quantity.DENOMINATOR]
                    one, other = (self.true(m, u, s)[Quantity.NUMERATOR] for m in (i, j))
                    count = other - one if nested else size - one - other
                    yield (i, u, s, Quantity.BETWEEN), count, terms

    def is_open(self, u: int, s: int, kind: Quantity, terms: Terms) -> bool:
        """People are seen as soon as one measure shows the cell; those between two where both do."""
        of = sorted({key[0] for key in terms if key[0] != "n"}) or list(self.measures)
        here = (self.given.hidden[:, u, s] | self.given.unpublished[s])[of]
        return bool(here.any() if kind == Quantity.BETWEEN else here.all())

    @cached_property
    def program(self) -> dict[str, Any]:
        columns = {key: i for i, key in enumerate(self.least)}
        rows = [(terms, value, value) for terms, value in self.equal]
        rows += [(terms, -inf, bound + 1e-9) for terms, bound in self.most if not isinf(bound)]
        matrix = np.zeros((len(rows), len(columns)))
        for row, (terms, _, _) in zip(matrix, rows, strict=True):
            for key, weight in terms.items():
                row[columns[key]] += weight
        low, high = ([row[end] for row in rows] for end in (1, 2))
        least = np.array(list(self.least.values()))
        return {
            "constraints": LinearConstraint(csr_array(matrix), low, high),
            "bounds": Bounds(least, np.full(len(least), inf)),
        }

    def end_of(self, aim: Terms, sign: float) -> float:
        """The least (sign 1) or the largest (sign -1) that a sum of counts can be."""
        objective = np.array([sign * aim.get(key, 0.0) for key in self.least])
        result = milp(objective, **self.program)
        assert result.status in (0, 3), result.message
        return float(sign * result.fun) if result.status == 0 else -sign * inf


@pytest.mark.parametrize(("seed", "measures"), list(enumerate([1, 2, 1, 2, 1, 2, 1, 3])))
def test_the_check_finds_what_plain_programs_find(seed: int, measures: int) -> None:
    given = case(seed, measures)
    expected = {}
    for reader in (PUBLIC, *TEAMS.parts):
        plain = Plain(given, reader)
        for (m, u, s, kind), count, terms in plain.counts():
            if 0 < count < K and not plain.is_open(u, s, kind, terms):
                expected[m, u, s, kind, reader, float(count), float(count)] = count
            elif 0 < count < K:
                low = plain.end_of(terms, 1.0)
                if low > 1e-4 and (high := plain.end_of(terms, -1.0)) < K - 1e-4:
                    expected[m, u, s, kind, reader, round(low, 3), round(high, 3)] = count
    found = audit(given.n, given.x, given.states, **given.arguments)
    assert {
        (
            leak.measure, leak.unit, leak.stratum, leak.quantity, leak.reader,
            round(leak.lowest, 3), round(leak.highest, 3),
        )
        for leak in found
    } == set(expected)  # fmt: skip


@pytest.mark.parametrize(
    ("seed", "measures"),
    [*((seed, 1) for seed in range(20, 26)), (4, 2), (5, 2)],
)
def test_ranges_are_those_of_plain_programs(seed: int, measures: int) -> None:
    given = case(seed, measures)
    for asked in puzzles(given.n, given.x, given.states, **given.arguments):
        plain = Plain(given, asked.reader)
        expected = set()
        for (m, u, s, kind), count, terms in plain.counts():
            if count > 0 and plain.is_open(u, s, kind, terms):
                low, high = plain.end_of(terms, 1.0), plain.end_of(terms, -1.0)
                most = None if isinf(high) else floor(high + 1e-4)
                expected.add((m, u, s, kind, asked.reader, count, ceil(low - 1e-4), most))
        assert {
            (r.measure, r.unit, r.stratum, r.quantity, r.reader, r.count, r.lowest, r.highest)
            for r in count_ranges(asked)
        } == expected


def people_certain(
    n: Any, hidden: Any, lines: tuple[Relation, ...] = (Relation(0, (1, 2, 3)),), **more: Any
) -> set[tuple[int, int, float, float]]:
    """(measure, stratum, lowest, highest) of the people that are small for sure; measures of one row each."""
    counts, holes = np.array(n)[:, None], np.array(hidden, dtype=bool)[:, None]
    states = own_states(counts)
    states[holes] = CellState.PRIVACY_COMPLEMENTARY
    found = audit(
        counts, counts // 2, states, unit_relations=[], stratum_relations=lines,
        shared_denominator=[0] * len(counts), **more,
    )  # fmt: skip
    return {
        (leak.measure, leak.stratum, leak.lowest, leak.highest)
        for leak in found
        if leak.quantity == Quantity.DENOMINATOR
    }


def test_whether_a_stratum_can_be_empty_is_seen_where_any_measure_shows_one_of_its_set() -> None:
    """6 and 5 are hidden and come to 11: where both have people, they are 1 to 10; where they can be empty,
    0 to 11. The second measure hides the whole set, the first shows the third stratum."""
    n = [[111, 6, 5, 100]] * 2
    some, every = [False, True, True, False], [False, True, True, True]
    both_small = {(0, 1, 1.0, 10.0), (0, 2, 1.0, 10.0)}
    assert people_certain(n, [some, some]) == both_small
    assert people_certain(n, [some, every]) == people_certain(n, [every, some]) == both_small
    assert people_certain(n, [every, every]) == set()


def test_of_which_sets_nobody_sees_whether_a_stratum_is_empty() -> None:
    """6 and 5 again. They come to 11 by their own total, or by a figure beside them."""
    pair = (Relation(0, (1, 2)),)
    assert people_certain([[11, 6, 5]], [[False, True, True]], pair) == set()
    small = {(0, 1, 1.0, 10.0), (0, 2, 1.0, 10.0)}
    # A set with a stratum that nobody displays is no list of strata.
    eleven = {(Quantity.DENOMINATOR, 1): 1.0, (Quantity.DENOMINATOR, 2): 1.0}
    beside = Beside([Limit(0, 0, eleven, 11.0, 11.0)])
    never = {"unpublished": [False, False, False, True], "beside": beside}
    assert people_certain([[111, 6, 5, 100]], [[False, True, True, False]], **never) == small
    # Nor is another name of the same people, here the last stratum for those of the first.
    names = (Relation(0, (1, 2, 3)), Relation(4, (1,)))
    never = {"unpublished": [False, False, False, False, True]}
    assert {
        leak
        for leak in people_certain(
            [[111, 6, 5, 100, 6]], [[False, True, True, False, True]], names, **never
        )
        if leak[1] < 4
    } == small


def test_a_hidden_cell_that_is_empty_is_no_contradiction() -> None:
    """The 8 are hidden beside nobody. That hidden cells have people makes them 1 at least."""
    assert people_certain([[108, 100, 8, 0]], [[False, False, True, True]]) == {(0, 2, 1.0, 8.0)}
    n = np.array([[[108, 100, 8, 0]]])
    states = own_states(n)
    states[..., 2:] = CellState.PRIVACY_COMPLEMENTARY
    (asked,) = puzzles(
        n, n * 0, states, unit_relations=[], stratum_relations=[Relation(0, (1, 2, 3))]
    )
    (people,) = (r for r in count_ranges(asked) if r.quantity == Quantity.DENOMINATOR)
    assert (people.lowest, people.count, people.highest) == (1, 8, 8)


@pytest.mark.parametrize(
    ("first", "second", "told", "expected"),
    [
        # Nobody met both: 6 and 6 of the 15 met one, so 3 met neither, of 6 in both strata.
        (6, 6, {0: 6, 1: 6}, {"people": (12, 18), 0: (6, 6), 1: (6, 6), "between": (0, 6)}),
        # Who met the first met the second: 2 of 5, so 3 between them, of 6 in both strata.
        (2, 5, {0: 2}, {"people": (2, 28), 0: (2, 2), 1: (2, 8), "between": (0, 6)}),
    ],
)
def test_people_between_two_measures_bind_what_is_known_of_these(
    first: int, second: int, told: dict[int, int], expected: dict[Any, tuple[int, int]]
) -> None:
    """Two strata of 15 are hidden in both measures; figures beside them tell the hits of the one stratum."""
    n = np.array([[[130, 15, 15, 100]]] * 2)
    large = 50 if first == second else 60  # 60 and 60 of 100 cannot be apart
    x = np.array([[[2 * hits + large, hits, hits, large]] for hits in (first, second)])
    states = own_states(n)
    states[..., 1:3] = CellState.PRIVACY_COMPLEMENTARY
    limits = [Limit(m, 0, {(Quantity.NUMERATOR, 1): 1.0}, v, v) for m, v in told.items()]
    (asked,) = puzzles(
        n, x, states, unit_relations=[], stratum_relations=[Relation(0, (1, 2, 3))],
        shared_denominator=[3, 3], beside=Beside(limits),
    )  # fmt: skip
    found = {
        (r.quantity, r.measure): (r.lowest, r.highest)
        for r in count_ranges(asked)
        if r.stratum == 1
    }
    assert found[Quantity.DENOMINATOR, 0] == expected["people"]
    assert [found[Quantity.NUMERATOR, m] for m in range(2)] == [expected[0], expected[1]]
    assert found[Quantity.BETWEEN, 0] == expected["between"]


def test_the_lines_of_every_measure_count() -> None:
    """Four measures on one denominator; the hits of the last are hidden in one stratum, and follow from the
    total and the other one."""
    n = np.array([[[200, 100, 100]]] * 4)
    x = np.array([[[130, 70, 60]], [[130, 60, 70]], [[130, 65, 65]], [[85, 5, 80]]])
    states = own_states(n)
    states[3, 0, 1] = CellState.PRIVACY_PRIMARY
    (leak,) = audit(
        n, x, states, unit_relations=[], stratum_relations=[Relation(0, (1, 2))],
        shared_denominator=[0] * 4,
    )  # fmt: skip
    assert (leak.measure, leak.stratum, leak.quantity) == (3, 1, Quantity.NUMERATOR)
    assert (leak.lowest, leak.highest) == (5.0, 5.0)

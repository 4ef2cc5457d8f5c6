from __future__ import annotations

import numpy as np
import pytest

from measures.stats.count_ranges import count_ranges
from measures.stats.disclosure import PUBLIC, Quantity, audit, puzzles
from measures.stats.exposed_parts import exposing_measures
from measures.stats.puzzle import Beside, Limit
from measures.stats.states import CellState
from measures.stats.suppression import Relation, own_states
from tests.measures.stats.test_disclosure import square
from tests.reference import disclosure as reference

ROWS = [Relation(0, (1, 2))]
COLUMNS = [Relation(0, (1, 2))]


def two_by_two(hidden):
    """Two units and two strata; a cell of 7 people, and what is hidden as (unit, stratum)."""
    n = np.array([[[150, 57, 93], [90, 7, 83], [60, 50, 10]]])
    x = np.array([[[95, 35, 60], [60, 5, 55], [35, 30, 5]]])
    states = own_states(n)
    for unit, stratum in hidden:
        states[0, unit, stratum] = CellState.PRIVACY_COMPLEMENTARY
    return n, x, states


def ranges(n, x, states, **more):
    return [
        found
        for asked in puzzles(n, x, states, unit_relations=ROWS, stratum_relations=COLUMNS)
        for found in count_ranges(asked, **more)
    ]


def test_a_cell_alone_is_known_and_the_cells_that_tell_it_are_named():
    found = ranges(*two_by_two([(1, 1)]))
    assert {(r.quantity, r.count, r.lowest, r.highest) for r in found} == {
        (Quantity.DENOMINATOR, 7, 7, 7),
        (Quantity.NUMERATOR, 5, 5, 5),
        (Quantity.MISSES, 2, 2, 2),
    }
    for r in found:
        assert r.reader == PUBLIC
        told = set(r.told_by)
        # Either line through the cell is enough; whatever is named, one of them is all there.
        assert {(1, 0), (1, 2)} <= told or {(0, 1), (2, 1)} <= told


def test_four_hidden_cells_trade_as_far_as_the_smallest_allows():
    """Misses are 2 | 28 and 20 | 5, numerators 5 | 55 and 30 | 5: people move along the diagonals."""
    found = {
        (r.unit, r.stratum, r.quantity): (r.lowest, r.highest)
        for r in ranges(*two_by_two([(1, 1), (1, 2), (2, 1), (2, 2)]))
    }
    assert found[1, 1, Quantity.MISSES] == (0, 2 + 20)
    assert found[1, 2, Quantity.MISSES] == (28 - 20, 28 + 2)
    assert found[1, 1, Quantity.NUMERATOR] == (0, 5 + 30)
    assert found[2, 2, Quantity.NUMERATOR] == (0, 5 + 30)


def test_without_a_line_there_is_no_end():
    n, x = np.array([[[40, 12]]]), np.array([[[20, 6]]])
    states = np.full(n.shape, CellState.PRIVACY_PRIMARY, dtype=np.int8)
    (asked,) = puzzles(n, x, states, unit_relations=[], stratum_relations=[])
    assert {(r.lowest, r.highest) for r in count_ranges(asked)} == {(0, None), (1, None)}


def test_each_end_is_told_by_what_holds_it():
    """40 and 20 of 60 are hidden: none is fewest, and the total says how many are most. Figures beside them
    say one end each."""
    n, x = np.array([[[60, 40, 20]]]), np.array([[[0, 0, 0]]])
    states = own_states(n)
    states[0, 0, 1:] = CellState.PRIVACY_COMPLEMENTARY
    lines = {"unit_relations": [], "stratum_relations": COLUMNS}
    (asked,) = puzzles(n, x, states, **lines)
    found = [r for r in count_ranges(asked) if r.quantity == Quantity.DENOMINATOR]
    assert [(r.lowest, r.highest, r.told_by, r.told_beside) for r in found] == [
        (0, 60, ((0, 0),), ())
    ] * 2
    people = {(Quantity.DENOMINATOR, 1): 1.0}
    beside = Beside(
        [
            Limit(0, 0, people, 33.0, np.inf, figure="at least"),
            Limit(0, 0, people, -np.inf, 44.0, figure="at most"),
            Limit(0, 0, people, 10.0, 50.0, figure="about"),
        ]
    )
    (asked,) = puzzles(n, x, states, beside=beside, **lines)
    found = [r for r in count_ranges(asked) if r.quantity == Quantity.DENOMINATOR]
    first, second = ((r.lowest, r.highest, r.told_by, r.told_beside) for r in found)
    assert first == (33, 44, (), ((0, "at least"), (0, "at most")))
    assert second == (16, 27, ((0, 0),), ((0, "at least"), (0, "at most")))


def test_a_shown_cell_of_one_person_is_named_and_one_without_people_is_not():
    n, x = np.array([[[21, 1, 20, 0]]]), np.array([[[0, 0, 0, 0]]])
    states = own_states(n)
    states[0, 0, 2] = CellState.PRIVACY_COMPLEMENTARY
    line = [Relation(0, (1, 2, 3))]
    (asked,) = puzzles(n, x, states, unit_relations=[], stratum_relations=line)
    assert {r.told_by for r in count_ranges(asked)} == {((0, 0), (0, 1))}


def test_only_the_leaks_when_they_are_given():
    n, x, states = two_by_two([(1, 1)])
    leaks = audit(n, x, states, unit_relations=ROWS, stratum_relations=COLUMNS)
    (asked,) = puzzles(n, x, states, unit_relations=ROWS, stratum_relations=COLUMNS)
    assert len(list(count_ranges(asked, leaks=leaks[:1]))) == 1
    assert list(count_ranges(asked, leaks=[])) == []


@pytest.mark.parametrize("seed", range(6))
def test_ranges_hold_every_table_that_fits(seed):
    rng, n, x, sensitive = square(seed, 3, most=4)
    rows, columns = [Relation(0, (1, 2, 3))], [Relation(0, (1, 2, 3))]
    hidden = (sensitive | (rng.random(n.shape) < 0.2)) & (n > 0)
    hidden[0, 0] = False
    states = own_states(n)
    states[hidden] = CellState.PRIVACY_COMPLEMENTARY
    empty = np.zeros(hidden.shape, dtype=bool)
    empty[:, 1:] = hidden[:, 1:].all(axis=1, keepdims=True)
    exact = reference.ranges(n, x, hidden, ~empty, rows, columns)
    (asked,) = puzzles(
        n[None], x[None], states[None], unit_relations=rows, stratum_relations=columns
    )
    for r in count_ranges(asked):
        low, high = exact[str(r.quantity)]
        assert r.lowest <= low[r.unit, r.stratum]
        assert r.highest is None or r.highest >= high[r.unit, r.stratum]


def test_parts_that_tell_go_with_those_of_the_same_denominator():
    n, x, states = two_by_two([(1, 1)])
    safe_n = n.copy()
    safe_n[0] = [[400, 200, 200], [200, 100, 100], [200, 100, 100]]
    tables = [np.concatenate([n, n, safe_n]), np.concatenate([x, x, safe_n // 2])]
    both = np.concatenate([states, own_states(n), own_states(safe_n)])
    both[1, 2, 2] = CellState.PRIVACY_COMPLEMENTARY
    lines = {"unit_relations": ROWS, "stratum_relations": COLUMNS}
    found = exposing_measures(*tables, both, shared_denominator=[0, 0, 2], **lines)
    assert found.tolist() == [True, True, False]
    found = exposing_measures(
        *tables, both, shared_denominator=[0, 0, 2], touched=[False, False, True], **lines
    )
    assert found.tolist() == [True, True, True]


def test_parts_go_where_the_team_was_hidden_further_in_all_measures_of_the_denominator():
    n = np.array([[[400, 200, 200], [200, 100, 100], [200, 100, 100]]] * 4)
    lines = {"unit_relations": ROWS, "stratum_relations": COLUMNS}
    found = exposing_measures(
        n, n // 2, own_states(n), shared_denominator=[5, 2, 5, 3],
        touched=[True, False, False, False], **lines,
    )  # fmt: skip
    assert found.tolist() == [True, False, True, False]

from __future__ import annotations

import numpy as np
import pytest

from measures.stats.states import CellState
from measures.stats.suppression import Relation, is_sensitive, own_states, suppress
from tests.measures.stats.programmes import random_programme

PRIVATE = (CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY)


def table(rows: list[list[int]]) -> np.ndarray:
    """[1, programme and teams, total and strata] of the teams' strata."""
    inner = np.array(rows)
    with_total = np.concatenate([inner.sum(axis=1, keepdims=True), inner], axis=1)
    return np.concatenate([with_total.sum(axis=0, keepdims=True), with_total])[None]


def relations(teams: int, strata: int, readers: bool = True) -> dict[str, list[Relation]]:
    return {
        "unit_relations": [Relation(0, tuple(range(1, teams + 1)), readers)],
        "stratum_relations": [Relation(0, tuple(range(1, strata + 1)))],
    }


def hidden(states: np.ndarray) -> np.ndarray:
    return np.isin(states, PRIVATE)


@pytest.mark.parametrize(
    ("n", "x", "sensitive"),
    [
        (0, 0, False),
        (1, 0, True),
        (10, 10, True),
        (11, 0, False),
        (11, 11, False),
        (40, 10, True),
        (40, 11, False),
        (40, 29, False),
        (40, 30, True),
        (40, 40, False),
    ],
)
def test_sensitive_is_one_to_ten_people_hits_or_misses(n, x, sensitive):
    assert is_sensitive(n, x) == sensitive


def test_nothing_small_nothing_hidden():
    n = table([[200, 100, 60], [300, 90, 50], [400, 80, 45]])
    x = table([[100, 50, 30], [150, 45, 25], [200, 40, 20]])
    states = suppress(n, x, **relations(3, 3))
    assert (states == CellState.SHOWN).all()


def test_states_tell_three_things_apart():
    n = table([[200, 100, 25, 0], [300, 90, 28, 0], [400, 80, 29, 0]])
    x = table([[100, 50, 12, 0], [150, 45, 14, 0], [200, 40, 15, 0]])
    states = suppress(n, x, **relations(3, 4))
    assert (states[0, 1:, 3] == CellState.SMALL_DENOMINATOR).all()
    assert (states[0, :, 4] == CellState.NO_DENOMINATOR).all()
    assert (own_states(n) == states).all()


def test_zero_hits_are_shown():
    n = table([[200, 100], [300, 90], [400, 80]])
    x = table([[100, 0], [150, 0], [200, 0]])
    assert (suppress(n, x, **relations(3, 2)) == CellState.SHOWN).all()


def test_a_hidden_cell_takes_the_smallest_of_each_line_along():
    n = table([[200, 100, 8], [300, 90, 50], [400, 80, 45]])
    x = table([[100, 50, 2], [150, 45, 25], [200, 40, 22]])
    states = suppress(n, x, **relations(3, 3))
    assert states[0, 1, 3] == CellState.PRIVACY_PRIMARY
    assert hidden(states)[0].tolist() == [
        [False, False, False, False],
        [False, False, True, True],
        [False, False, False, False],
        [False, False, True, True],
    ]


def test_what_is_hidden_beside_a_small_count_comes_to_eleven():
    """Hits of 2 and 3 beside each other are known to be 5: a third one has to go with them."""
    n = table([[200, 100], [300, 100], [400, 100], [500, 100]])
    x = table([[100, 2], [150, 3], [200, 60], [250, 50]])
    states = suppress(n, x, **relations(4, 2))
    assert hidden(states)[0, :, 2].tolist() == [False, True, True, True, False]


def test_cells_to_hide_first_go_before_smaller_ones():
    n = table([[200, 100, 8], [300, 90, 50], [400, 80, 45]])
    x = table([[100, 50, 2], [150, 45, 25], [200, 40, 22]])
    states = suppress(n, x, hide_first=[False, True, False, False], **relations(3, 3))
    assert hidden(states)[0, 1].tolist() == [False, True, False, True]


def test_a_programme_cell_is_hidden_if_it_gives_the_others_away_to_one_team():
    """103 in the programme less 100 of its own: the large team would know of three people."""
    n = table([[500, 100, 200], [300, 2, 200], [400, 1, 200]])
    x = table([[250, 50, 100], [150, 1, 100], [200, 1, 100]])
    states = suppress(n, x, **relations(3, 3))
    assert n[0, 0, 2] == 103
    assert hidden(states)[0, 0, 2]
    states = suppress(n, x, **relations(3, 3, readers=False))
    assert not hidden(states)[0, 0].any()


def test_a_team_with_a_small_total_takes_another_total_along():
    n = table([[5, 3], [300, 200], [400, 300], [900, 500]])
    x = table([[2, 1], [150, 100], [200, 150], [400, 200]])
    states = suppress(n, x, **relations(4, 2))
    assert hidden(states)[0, 1].all()
    assert hidden(states)[0, 2, 0] and not hidden(states)[0, 0].any()


def test_a_measure_of_nearly_nobody_is_withheld():
    n = table([[5, 3], [1, 1]])
    assert hidden(suppress(n, np.zeros_like(n), **relations(2, 2))).all()


def test_what_is_left_without_one_team_is_protected_along_the_strata():
    """The large team knows that 4 of the 12 hidden people are its own, so 8 are somebody else's."""
    n = table([[900, 300, 4, 300], [300, 150, 8, 0]])
    x = table([[400, 100, 0, 150], [100, 50, 0, 0]])
    alone = suppress(n, x, **relations(2, 4, readers=False))
    told = suppress(n, x, **relations(2, 4))
    assert not hidden(alone)[0, 0, 3]
    assert hidden(told)[0, 0, 3] and hidden(told)[0, 0].sum() >= 2


def test_zeros_do_not_serve_as_complements():
    n = table([[200, 100, 5, 0], [300, 90, 50, 0], [400, 80, 45, 0]])
    x = table([[100, 50, 2, 0], [150, 45, 25, 0], [200, 40, 22, 0]])
    states = suppress(n, x, **relations(3, 4))
    assert (states[0, :, 4] == CellState.NO_DENOMINATOR).all()


@pytest.mark.parametrize("seed", range(8))
def test_measures_on_one_denominator_hide_the_same(seed):
    programme = random_programme(seed, measures=3, members=20000)
    states = suppress(programme.n, programme.x, **programme.arguments)
    ids = programme.shared_denominator
    assert ids[1] == ids[2] != ids[0]
    np.testing.assert_array_equal(hidden(states[1]), hidden(states[2]))


@pytest.mark.parametrize("seed", range(8))
def test_everything_sensitive_is_hidden_and_results_repeat(seed):
    programme = random_programme(seed, measures=2, members=8000)
    states = suppress(programme.n, programme.x, **programme.arguments)
    sensitive = is_sensitive(programme.n, programme.x)
    assert (states[sensitive] == CellState.PRIVACY_PRIMARY).all()
    assert (states[~sensitive] != CellState.PRIVACY_PRIMARY).all()
    np.testing.assert_array_equal(states, suppress(programme.n, programme.x, **programme.arguments))


def test_a_large_programme_keeps_most_of_its_teams_visible():
    """Safe is easy if everything is hidden; this is the price that was measured, with some room."""
    programme = random_programme(3, teams=12, sites=6, lines=4, members=120_000, rate=0.7)
    states = suppress(programme.n, programme.x, **programme.arguments)
    shown = ~programme.unpublished
    teams = (slice(None), slice(1, 13), shown)
    present = programme.n[teams] > 0
    assert is_sensitive(programme.n, programme.x)[teams][present].mean() > 0.15
    assert hidden(states)[:, 0, shown].mean() <= 0.4
    assert hidden(states)[teams][present].mean() <= 0.6


def test_totals_that_do_not_add_up_are_refused():
    n = table([[200, 100], [300, 90], [400, 80]])
    n[0, 2, 1] += 1
    with pytest.raises(ValueError, match="denominators of unit 0 are not the sum"):
        suppress(n, np.zeros_like(n), **relations(3, 2))


def test_different_denominators_in_one_group_are_refused():
    n = np.concatenate([table([[200, 100], [300, 90]]), table([[200, 100], [300, 91]])])
    with pytest.raises(ValueError, match="different denominators"):
        suppress(n, n, shared_denominator=[1, 1], **relations(2, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, ()), "at least one part"),
        ((0, (1, 0)), "twice"),
        ((0, (1, 1)), "twice"),
    ],
)
def test_impossible_relations_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Relation(*arguments)

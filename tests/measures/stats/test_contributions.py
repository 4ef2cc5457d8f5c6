"""A programme's number over too few groups tells one of them another's; neither it nor what leads to it is shown."""

from __future__ import annotations

import numpy as np
import pytest

from measures.stats.contributions import tells_a_part
from measures.stats.states import PRIVATE_STATES, CellState
from measures.stats.suppression import Relation, suppress
from tests.measures.stats.line_rules import told_to_somebody
from tests.measures.stats.programmes import random_programme

FEW = CellState.TOO_FEW_GROUPS


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([], False),
        ([0, 0, 0], False),
        ([1], True),
        ([400], True),
        ([400, 0, 0], True),
        ([400, 400], True),
        ([400, 400, 0], True),
        ([90, 200, 10], True),  # 200 of 210
        ([90, 90, 10], False),  # 90 of 100: just so many
        ([91, 91, 10], True),
        ([900, 50, 50], True),  # nearly everybody is of one group
        ([400, 300, 200], False),
    ],
)
def test_whoever_takes_the_own_part_away_is_left_with_several(parts: list[int], told: bool) -> None:
    assert bool(tells_a_part(parts)) is told is told_to_somebody(parts)


def test_all_readers_of_random_totals_are_thought_of() -> None:
    rng = np.random.default_rng(5)
    sizes = rng.integers(0, 400, (400, 4)) * rng.integers(0, 2, (400, 4))
    expected = [told_to_somebody(row.tolist()) for row in sizes]
    assert tells_a_part(sizes).tolist() == expected
    assert 50 < sum(expected) < 350


def three_teams(rows: list[list[int]]) -> np.ndarray:
    inner = np.array(rows)
    teams = np.concatenate([inner.sum(axis=1, keepdims=True), inner], axis=1)
    return np.concatenate([teams.sum(axis=0, keepdims=True), teams])[None]


LINES = {
    "unit_relations": [Relation(0, (1, 2, 3), parts_are_readers=True)],
    "stratum_relations": [Relation(0, (1, 2, 3, 4))],
}


def test_a_stratum_of_two_groups_goes_and_another_with_it() -> None:
    """Nothing is small here. The third stratum is over two groups; the fourth is hidden so that the
    third cannot be subtracted, and no group loses a number of its own."""
    n = three_teams([[900, 500, 300, 100], [800, 400, 200, 120], [700, 300, 0, 90]])
    states = suppress(n, n // 2, **LINES)
    assert states[0, 0].tolist() == [0, 0, 0, FEW, FEW]
    assert (states[0, 1:] == CellState.SHOWN).sum() == 14
    assert (states[0, 1:] == CellState.NO_DENOMINATOR).sum() == 1
    # Between parts that know nothing of each other's totals there is nothing to hide.
    free = [Relation(0, (1, 2, 3))]
    assert (suppress(n, n // 2, unit_relations=free, stratum_relations=LINES["stratum_relations"])[0, 0] == 0).all()  # fmt: skip


def test_what_is_hidden_together_is_over_enough_groups_too() -> None:
    """Two strata of the same two groups beside each other come to a number of these two again."""
    n = three_teams([[900, 500, 300, 60], [800, 400, 200, 50], [700, 300, 0, 0]])
    states = suppress(n, n // 2, **LINES)
    assert states[0, 0].tolist() == [0, 0, FEW, FEW, FEW]


def test_a_measure_of_two_groups_has_no_programme_number_at_all() -> None:
    n = three_teams([[900, 500, 300, 60], [800, 400, 200, 50], [0, 0, 0, 0]])
    states = suppress(n, n // 2, **LINES)
    assert (states[0, 0] == FEW).all()
    assert (states[0, 1:3] == CellState.SHOWN).all()


def test_small_counts_are_hidden_as_before() -> None:
    """That a stratum is small goes before that few groups have it, and hides groups' numbers beside it."""
    n = three_teams([[900, 500, 300, 100], [800, 400, 200, 120], [700, 300, 0, 90]])
    small = n.copy()
    small[0, 1, 4] -= 93
    small[0, 1, 0] -= 93
    small[0, 0] = small[0, 1:].sum(axis=0)
    states = suppress(small, small // 2, **LINES)
    assert states[0, 1, 4] == CellState.PRIVACY_PRIMARY
    assert np.isin(states[0, 1:], [2, 3]).sum() >= 3
    assert states[0, 0, 3] == FEW


def derivable(shown: np.ndarray, lines: list[Relation], cell: int) -> bool:
    """Whether a hidden cell follows from the shown ones by adding and subtracting, however many lines."""
    size = len(shown)
    rows = np.zeros((len(lines), size))
    for row, line in zip(rows, lines, strict=True):
        row[line.total] = 1
        row[list(line.parts)] = -1
    unknown = rows[:, ~shown]
    wanted = (np.flatnonzero(~shown) == cell).astype(float)
    return bool(
        np.linalg.matrix_rank(np.vstack([unknown, wanted])) == np.linalg.matrix_rank(unknown)
    )


@pytest.mark.parametrize("seed", range(12))
def test_nobody_works_out_a_number_of_two_groups(seed: int) -> None:
    """Random programmes in which half of the teams do not have every stratum: over all lines together."""
    programme = random_programme(seed, teams=4, sites=1, lines=1, members=30_000)
    n, x = programme.n.copy(), programme.x.copy()
    rng = np.random.default_rng(seed)
    strata, units = programme.stratum_relations, programme.unit_relations
    # The last lines are "race r = Hispanic and not Hispanic people of race r".
    plain = [relation.parts[1] for relation in strata if len(relation.parts) == 2][1:]
    for stratum in rng.choice(plain, 2, replace=False):
        for team in rng.choice(np.arange(1, 5), 2, replace=False):
            of_team = [team, *(part for r in units if r.total == team for part in r.parts)]
            for counts in (n, x):
                gone = counts[:, of_team, stratum].copy()
                for member in around(strata, int(stratum)):
                    counts[:, of_team, member] -= gone
                    counts[:, 0, member] -= gone[:, 0]
    states = suppress(n, x, **programme.arguments)
    told = tells_a_part(np.moveaxis(n[:, 1:5], 1, -1))
    assert told.any()
    for measure in range(len(n)):
        shown = ~np.isin(states[measure, 0], PRIVATE_STATES)
        shown &= ~programme.unpublished | (n[measure, 0] == 0)
        assert not (shown & told[measure]).any()
        for cell in np.flatnonzero(told[measure]):
            assert not derivable(shown, list(strata), int(cell))


def test_a_cell_that_is_never_published_is_no_hiding_place_where_another_line_tells_it() -> None:
    """The second cell stands with the third in one total, and with one of two groups in another."""
    of_teams = [(200, 300), (180, 260), (0, 280)]
    rows = [[two + kept + 500, two, kept, 500, kept + 90, 90] for two, kept in of_teams]
    teams = np.array(rows)
    n = np.concatenate([teams.sum(axis=0, keepdims=True), teams])[None]
    strata = [Relation(0, (1, 2, 3)), Relation(4, (2, 5))]
    states = suppress(
        n, n // 2, unit_relations=LINES["unit_relations"], stratum_relations=strata,
        unpublished=np.arange(6) == 2,
    )  # fmt: skip
    assert states[0, 0].tolist() == [0, FEW, CellState.PRIVACY_COMPLEMENTARY, 0, 0, FEW]


def around(relations: tuple[Relation, ...], stratum: int) -> set[int]:
    """A stratum and the totals that it is in."""
    found = {stratum}
    while True:
        more = {r.total for r in relations if found & set(r.parts)} - found
        if not more:
            return found
        found |= more


@pytest.mark.parametrize("seed", range(25))
def test_nor_where_two_answers_are_crossed_and_every_cell_is_published(seed: int) -> None:
    """Total, three strata each of two sets, and the nine cells of both: a cell is in two lines, its total in two."""
    rng = np.random.default_rng(seed)
    teams = 2 * rng.integers(100, 450, (4, 3, 3))
    for _ in range(1 + seed % 2):
        cell = tuple(rng.integers(0, 3, 2))
        for team in rng.choice(4, 2, replace=False):
            teams[(team, *cell)] = 0
    teams = np.concatenate([teams.sum(axis=0, keepdims=True), teams])
    n = np.concatenate(
        [
            teams.sum(axis=(1, 2))[:, None],
            teams.sum(axis=2),
            teams.sum(axis=1),
            teams.reshape(5, 9),
        ],
        axis=1,
    )[None]
    rows = [Relation(1 + i, tuple(7 + 3 * i + j for j in range(3))) for i in range(3)]
    columns = [Relation(4 + j, tuple(7 + 3 * i + j for i in range(3))) for j in range(3)]
    strata = [Relation(0, (1, 2, 3)), Relation(0, (4, 5, 6)), *rows, *columns]
    units = [Relation(0, (1, 2, 3, 4), parts_are_readers=True)]
    states = suppress(n, n // 2, unit_relations=units, stratum_relations=strata)
    assert (states[0, 1:] != CellState.SHOWN).sum() == (n[0, 1:] == 0).sum()
    told = tells_a_part(np.moveaxis(n[:, 1:], 1, -1))[0]
    shown = states[0, 0] == CellState.SHOWN
    assert told.any() and shown[0]
    for cell in np.flatnonzero(told):
        assert not derivable(shown, strata, int(cell))

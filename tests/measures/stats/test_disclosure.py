from __future__ import annotations

import numpy as np
import pytest

from measures.stats.disclosure import PUBLIC, Quantity, audit, protect, readers
from measures.stats.states import CellState
from measures.stats.suppression import Relation, is_small, own_states, suppress
from tests.measures.stats.programmes import random_programme
from tests.reference import disclosure as reference

ROWS = [Relation(0, (1, 2, 3), least_hidden=3)]
COLUMNS = [Relation(0, (1, 2, 3))]


def square(seed: int, k: int, most: int):
    """A programme of three teams and three strata with little in each cell."""
    rng = np.random.default_rng(seed)
    n = np.zeros((4, 4), dtype=np.int64)
    n[1:, 1:] = rng.integers(0, most, (3, 3))
    x = rng.binomial(n, 0.5)
    for table in (n, x):
        table[0] = table[1:].sum(axis=0)
        table[:, 0] = table[:, 1:].sum(axis=1)
    sensitive = is_small(n, k) | is_small(x, k) | is_small(n - x, k)
    return rng, n, x, sensitive


@pytest.mark.parametrize("seed", range(20))
def test_audit_agrees_with_writing_down_every_table(seed):
    """Patterns at random, most of them bad: the linear programs and the enumeration find the same."""
    k = 3
    rng, n, x, sensitive = square(seed, k, most=4)
    hidden = sensitive | (rng.random(n.shape) < 0.2)
    hidden &= n > 0
    hidden[0, 0] = False
    states = own_states(n)
    states[hidden] = CellState.PRIVACY_COMPLEMENTARY
    found = audit(
        n[None], x[None], states[None], unit_relations=ROWS, stratum_relations=COLUMNS, k=k
    )
    leaks = {(leak.unit, leak.stratum, str(leak.quantity)) for leak in found}

    may_be_empty = np.zeros(n.shape, dtype=bool)
    may_be_empty[:, 1:] = hidden[:, 1:].all(axis=1, keepdims=True)
    expected = set()
    counts = {"denominator": n, "numerator": x, "misses": n - x}
    for reader in (None, 1, 2, 3):
        ranges = reference.ranges(n, x, hidden, ~may_be_empty, ROWS, COLUMNS, reader)
        for quantity, (low, high) in ranges.items():
            target = is_small(counts[quantity], k)
            if reader is not None:
                target[reader] = False
                # Of the programme a reader wants to know what the others have in it.
                target[0] = is_small(counts[quantity][0] - counts[quantity][reader], k)
            for unit, stratum in np.argwhere(target & (high - low < k)):
                expected.add((int(unit), int(stratum), quantity))
    assert leaks == expected


def test_audit_names_cell_reader_range_and_cure():
    """One hidden team is the total less the others; with two hidden, each knows the other."""
    n = np.array([[[300, 100], [100, 40], [100, 5], [100, 55]]])
    n = np.concatenate([n, n[:, :, :1] - n[:, :, 1:]], axis=2)
    x = n // 2 * 0 + np.where(n > 20, 12, 0)
    x[:, 0] = x[:, 1:].sum(axis=1)
    x[:, :, 0] = x[:, :, 1:].sum(axis=2)
    relations = {
        "unit_relations": [Relation(0, (1, 2, 3), least_hidden=3)],
        "stratum_relations": [Relation(0, (1, 2))],
    }
    states = own_states(n)
    states[0, 2, 1] = states[0, 2, 2] = CellState.PRIVACY_PRIMARY
    leak = next(
        leak
        for leak in audit(n, x, states, **relations)
        if (leak.unit, leak.stratum, leak.quantity) == (2, 1, Quantity.DENOMINATOR)
    )
    assert (leak.lowest, leak.highest) == (5, 5)
    assert leak.cure is not None
    states[0, 1, 1:] = CellState.PRIVACY_COMPLEMENTARY
    found = audit(n, x, states, **relations)
    assert {(leak.unit, leak.reader) for leak in found if leak.stratum == 1} == {(2, 1)}
    assert audit(n, x, protect(n, x, **relations), **relations) == []


def test_a_shown_small_count_is_a_leak():
    n = np.array([[[50, 5, 45]]])
    x = np.array([[[25, 0, 25]]])
    found = audit(n, x, own_states(n), unit_relations=[], stratum_relations=[Relation(0, (1, 2))])
    assert {(leak.stratum, leak.quantity) for leak in found} == {
        (1, Quantity.DENOMINATOR),
        (1, Quantity.MISSES),
    }
    assert all(leak.reader == PUBLIC and leak.cure == (0, 1) for leak in found)


def test_readers_know_everything_below_their_row():
    relations = [Relation(0, (1, 2), 3), Relation(1, (3, 4)), Relation(2, (5, 6))]
    assert readers(relations) == {1: {1, 3, 4}, 2: {2, 5, 6}}
    assert readers([Relation(0, (1, 2))]) == {}


@pytest.mark.parametrize("seed", range(24))
def test_no_reader_learns_a_small_count_of_a_random_programme(seed):
    """Attack on what `suppress` gives, without any mending."""
    programme = random_programme(
        seed,
        teams=3 + seed % 3,
        sites=2,
        races=4,
        measures=1 + seed % 2,
        members=[400, 3000, 20000, 60000][seed % 4],
    )
    states = suppress(programme.n, programme.x, **programme.arguments)
    assert audit(programme.n, programme.x, states, **programme.arguments) == []


@pytest.mark.parametrize("seed", range(6))
def test_protect_mends_what_measures_on_one_denominator_give_away(seed):
    programme = random_programme(seed, teams=3, sites=2, races=3, measures=3, members=6000)
    assert len(set(programme.shared_denominator)) < 3
    states = protect(programme.n, programme.x, **programme.arguments)
    assert audit(programme.n, programme.x, states, **programme.arguments) == []
    one, other = np.flatnonzero(programme.shared_denominator == programme.shared_denominator[2])
    private = np.isin(states, [CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY])
    np.testing.assert_array_equal(private[one], private[other])


def test_square_programmes_are_safe_by_enumeration():
    """The whole way with the second opinion: suppressed, then every table that fits is looked at."""
    k, looked_at = 3, 0
    for seed in range(40):
        _, n, x, sensitive = square(seed, k, most=16)
        states = suppress(n[None], x[None], unit_relations=ROWS, stratum_relations=COLUMNS, k=k)[0]
        hidden = np.isin(states, [CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY])
        assert (hidden | ~sensitive).all()
        if not 0 < hidden.sum() < 9:
            continue  # of nearly empty patterns too many tables fit
        looked_at += 1
        may_be_empty = np.zeros(n.shape, dtype=bool)
        may_be_empty[:, 1:] = hidden[:, 1:].all(axis=1, keepdims=True)
        counts = {"denominator": n, "numerator": x, "misses": n - x}
        for reader in (None, 1, 2, 3):
            ranges = reference.ranges(n, x, hidden, ~may_be_empty, ROWS, COLUMNS, reader)
            for quantity, (low, high) in ranges.items():
                target = is_small(counts[quantity], k)
                if reader is not None:
                    target[reader] = False
                    target[0] = is_small(counts[quantity][0] - counts[quantity][reader], k)
                assert not (target & (high - low < k)).any(), (seed, reader, quantity)
    assert looked_at >= 8

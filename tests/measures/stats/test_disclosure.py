from __future__ import annotations

import numpy as np
import pytest

from measures.stats.disclosure import PUBLIC, Quantity, audit, protect
from measures.stats.states import PRIVATE_STATES, CellState
from measures.stats.suppression import Relation, is_small, own_states, suppress
from tests.measures.stats.programmes import random_programme
from tests.reference import disclosure as reference

ROWS = [Relation(0, (1, 2, 3), parts_are_readers=True)]
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


def may_be_empty(hidden):
    empty = np.zeros(hidden.shape, dtype=bool)
    empty[:, 1:] = hidden[:, 1:].all(axis=1, keepdims=True)
    return empty


def certain(n, x, hidden, k):
    """(unit, stratum, quantity) of small counts that are small in every table that fits."""
    whole = reference.ranges(n, x, hidden, ~may_be_empty(hidden), ROWS, COLUMNS)
    yield from small_in_all(whole, {"denominator": n, "numerator": x, "misses": n - x}, k)
    for part in ROWS[0].parts:
        n_rest, x_rest = n[:1] - n[[part]], x[:1] - x[[part]]
        hidden_rest = hidden[:1]
        rest = reference.ranges(
            n_rest, x_rest, hidden_rest, np.zeros_like(hidden_rest), [], COLUMNS
        )
        counts = {"denominator": n_rest, "numerator": x_rest, "misses": n_rest - x_rest}
        yield from small_in_all(rest, counts, k)


def small_in_all(ranges, counts, k):
    for quantity, (low, high) in ranges.items():
        for unit, stratum in np.argwhere(is_small(counts[quantity], k) & (low > 0) & (high < k)):
            yield int(unit), int(stratum), quantity


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
    assert leaks == set(certain(n, x, hidden, k))


def test_audit_names_cell_reader_and_range():
    """One hidden team is the total less the others; what is left of a total can be small too."""
    n = np.array([[[300, 100], [100, 40], [100, 5], [100, 55]]])
    n = np.concatenate([n, n[:, :, :1] - n[:, :, 1:]], axis=2)
    x = np.zeros_like(n)
    relations = {"unit_relations": ROWS, "stratum_relations": [Relation(0, (1, 2))]}
    states = own_states(n)
    states[0, 2, 1] = states[0, 2, 2] = CellState.PRIVACY_PRIMARY
    found = audit(n, x, states, **relations)
    assert {(leak.unit, leak.stratum, leak.quantity, leak.reader) for leak in found} == {
        (2, 1, Quantity.DENOMINATOR, PUBLIC),
        (2, 1, Quantity.MISSES, PUBLIC),
    }
    assert {(leak.lowest, leak.highest) for leak in found} == {(5, 5)}

    n[0, :, 1:] = [[103, 197], [100, 0], [2, 98], [1, 99]]
    states = own_states(n)
    states[0, 2:, 1:] = CellState.PRIVACY_PRIMARY
    found = [leak for leak in audit(n, x, states, **relations) if leak.reader != PUBLIC]
    assert {(leak.unit, leak.stratum, leak.reader, leak.lowest) for leak in found} == {(0, 1, 1, 3)}


def test_a_shown_small_count_is_a_leak():
    n = np.array([[[50, 5, 45]]])
    x = np.array([[[25, 0, 25]]])
    found = audit(n, x, own_states(n), unit_relations=[], stratum_relations=[Relation(0, (1, 2))])
    assert {(leak.stratum, leak.quantity) for leak in found} == {
        (1, Quantity.DENOMINATOR),
        (1, Quantity.MISSES),
    }
    assert all(leak.reader == PUBLIC for leak in found)


@pytest.mark.parametrize("seed", range(24))
def test_no_reader_learns_a_small_count_of_a_random_programme(seed):
    """Attack on what is published after mending; without it some of these leak."""
    programme = random_programme(
        seed,
        teams=3 + seed % 3,
        sites=2,
        races=4,
        measures=1 + seed % 2,
        members=[400, 3000, 20000, 60000][seed % 4],
    )
    states = protect(programme.n, programme.x, **programme.arguments)
    assert audit(programme.n, programme.x, states, **programme.arguments) == []


def test_square_programmes_are_safe_by_enumeration():
    """The whole way with the second opinion: suppressed, then every table that fits is looked at."""
    k, looked_at = 3, 0
    for seed in range(40):
        _, n, x, sensitive = square(seed, k, most=16)
        states = suppress(n[None], x[None], unit_relations=ROWS, stratum_relations=COLUMNS, k=k)[0]
        hidden = np.isin(states, PRIVATE_STATES)
        assert (hidden | ~sensitive).all()
        if not 0 < hidden.sum() < 9:
            continue  # of nearly empty patterns too many tables fit
        looked_at += 1
        assert list(certain(n, x, hidden, k)) == [], seed
    assert looked_at >= 8

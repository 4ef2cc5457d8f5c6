from __future__ import annotations

import numpy as np
import pytest

from measures.stats.disparity import StratumSetLayout, compare, gap_states
from measures.stats.gaps import newcombe, patients_to_parity, ratio_mover_wilson, two_proportion_p
from measures.stats.rates import wilson
from measures.stats.states import CellState, GapState
from measures.stats.suppression import own_states

RACE = StratumSetLayout("race", (1, 2, 3), reference=1, compared=(1, 2))  # 3: declined
SEX = StratumSetLayout("sex", (4, 5), reference=-1)


def tables(measures=2, units=3, seed=1):
    rng = np.random.default_rng(seed)
    n = rng.integers(0, 400, (measures, units, 6))
    return n, rng.binomial(n, 0.6)


def both_states(n):
    return own_states(n), own_states(n)


def test_every_figure_is_that_of_its_own_unit_and_set():
    n, x = tables()
    found = compare(n, x, *both_states(n), sets=[RACE, SEX], higher_is_better=[True, False])
    np.testing.assert_array_equal([found.rate_lower, found.rate_upper], wilson(x, n))
    for m, better in ((0, True), (1, False)):
        for u in range(3):
            pair = (x[m, u, 2], n[m, u, 2], x[m, u, 1], n[m, u, 1])
            at = (m, u, 2)
            assert found.gap[at] == found.rate[at] - found.rate[m, u, 1]
            np.testing.assert_array_equal(
                [found.gap_lower[at], found.gap_upper[at]], newcombe(*pair)
            )
            np.testing.assert_array_equal(
                [found.ratio_lower[at], found.ratio_upper[at]], ratio_mover_wilson(*pair)
            )
            assert found.p_value[at] == two_proportion_p(*pair)
            assert found.patients_to_parity[at] == patients_to_parity(*pair, better)


def test_total_reference_and_declined_have_no_gap():
    n, x = tables()
    found = compare(n, x, *both_states(n), sets=[RACE, SEX], higher_is_better=[True, True])
    for name in ("gap", "gap_lower", "ratio", "p_value", "patients_to_parity"):
        assert np.isnan(getattr(found, name)[:, :, [0, 1, 3, 4, 5]]).all()
    assert (found.gap_state[:, :, 0] == GapState.NOT_COMPARED).all()
    assert (found.gap_state[:, :, 1] == GapState.IS_REFERENCE).all()
    assert (found.gap_state[:, :, 3] == GapState.NOT_COMPARED).all()
    assert (found.gap_state[:, :, 4:] == GapState.NO_REFERENCE).all()


@pytest.mark.parametrize(
    ("group", "reference", "state"),
    [
        ((200, CellState.SHOWN), (300, CellState.SHOWN), GapState.SHOWN),
        ((20, CellState.SMALL_DENOMINATOR), (300, CellState.SHOWN), GapState.SMALL_DENOMINATOR),
        ((200, CellState.SHOWN), (20, CellState.SMALL_DENOMINATOR), GapState.SMALL_DENOMINATOR),
        ((200, CellState.SHOWN), (0, CellState.NO_DENOMINATOR), GapState.NO_REFERENCE),
        ((0, CellState.NO_DENOMINATOR), (300, CellState.SHOWN), GapState.NOT_COMPARED),
        ((5, CellState.PRIVACY_PRIMARY), (300, CellState.SHOWN), GapState.HIDDEN),
        ((200, CellState.SHOWN), (5, CellState.PRIVACY_PRIMARY), GapState.HIDDEN),
        ((200, CellState.PRIVACY_COMPLEMENTARY), (300, CellState.SHOWN), GapState.HIDDEN),
        # A hidden arm tells nothing about the other one either.
        (
            (200, CellState.PRIVACY_COMPLEMENTARY),
            (20, CellState.SMALL_DENOMINATOR),
            GapState.HIDDEN,
        ),
        ((0, CellState.PRIVACY_COMPLEMENTARY), (300, CellState.SHOWN), GapState.HIDDEN),
    ],
)
def test_gap_state_follows_from_both_arms(group, reference, state):
    n = np.array([[[1000, reference[0], group[0], 0]]])
    states = np.array([[[CellState.SHOWN, reference[1], group[1], CellState.NO_DENOMINATOR]]])
    assert gap_states(n, states, [RACE])[0, 0, 2] == state


def test_own_states_hide_nothing_for_privacy():
    n = np.array([[[120, 60, 5, 0, 60, 60]]])
    hidden = np.full(n.shape, CellState.PRIVACY_COMPLEMENTARY)
    found = compare(n, n // 2, hidden, own_states(n), sets=[RACE], higher_is_better=[True])
    assert found.gap_state[0, 0, 2] == GapState.HIDDEN
    assert found.own_gap_state[0, 0, 2] == GapState.SMALL_DENOMINATOR
    np.testing.assert_array_equal(
        own_states(n)[0, 0],
        [0, 0, CellState.SMALL_DENOMINATOR, CellState.NO_DENOMINATOR, 0, 0],
    )


def test_what_does_not_fit_is_refused():
    n, x = tables()
    states = own_states(n)
    with pytest.raises(ValueError, match="axes"):
        compare(n, x, states[0], states, sets=[RACE], higher_is_better=[True, True])
    with pytest.raises(ValueError, match="direction"):
        compare(n, x, states, states, sets=[RACE], higher_is_better=[True])
    with pytest.raises(ValueError, match="reference of race"):
        StratumSetLayout("race", (1, 2), reference=3)
    with pytest.raises(ValueError, match="does not have"):
        StratumSetLayout("race", (1, 2), reference=1, compared=(1, 4))

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

from measures.stats.disparity import (
    Comparison,
    StratumSetLayout,
    compare,
    compare_each,
    gap_states,
)
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
    with pytest.raises(ValueError, match="more than one"):
        StratumSetLayout("race", (1, 2), reference=1, whole=0)
    with pytest.raises(ValueError, match="one of its parts"):
        StratumSetLayout("race", (1, 2), reference=-1, whole=2)


WHOLE = StratumSetLayout("race", (1, 2, 3), reference=-1, compared=(1, 2), whole=0)
FIXED = StratumSetLayout(
    "race", (1, 2, 3), reference=-1, compared=(1, 2), benchmark=Fraction("0.7")
)


def test_everybody_and_a_benchmark_as_reference():
    n = np.array([[[1000, 600, 390, 10]]])
    x = np.array([[[690, 450, 234, 6]]])
    whole = compare(n, x, *both_states(n), sets=[WHOLE], higher_is_better=[True])
    fixed = compare(n, x, *both_states(n), sets=[FIXED], higher_is_better=[True])
    no, shown = GapState.NOT_COMPARED, GapState.SHOWN
    for found in (whole, fixed):
        assert found.gap_state[0, 0].tolist() == [no, shown, shown, no]
    np.testing.assert_allclose(whole.gap[0, 0, 1:3], [0.06, -0.09])
    np.testing.assert_allclose(whole.ratio[0, 0, 1:3], [0.75 / 0.69, 0.6 / 0.69])
    assert (whole.ratio_lower < whole.ratio)[0, 0, 1:3].all()
    assert (whole.ratio < whole.ratio_upper)[0, 0, 1:3].all()
    # 0.69 * 390 = 269.1: 36 more than 234. A benchmark of exactly 70 % needs 39, not 40.
    np.testing.assert_array_equal(whole.patients_to_parity[0, 0, 1:3], [0, 36])
    np.testing.assert_array_equal(fixed.patients_to_parity[0, 0, 1:3], [0, 39])
    np.testing.assert_allclose(fixed.gap[0, 0, 1:3], [0.05, -0.1])
    np.testing.assert_allclose(fixed.gap_upper[0, 0, 1:3], fixed.rate_upper[0, 0, 1:3] - 0.7)
    np.testing.assert_allclose(fixed.ratio[0, 0, 1:3], [0.75 / 0.7, 0.6 / 0.7])


def test_a_hidden_whole_hides_gaps_and_a_benchmark_cannot():
    n = np.array([[[1000, 600, 390, 10]]])
    states = own_states(n)
    states[0, 0, 0] = CellState.PRIVACY_COMPLEMENTARY
    assert (gap_states(n, states, [WHOLE])[0, 0, 1:3] == GapState.HIDDEN).all()
    assert (gap_states(n, states, [FIXED])[0, 0, 1:3] == GapState.SHOWN).all()
    alone = np.array([[[600, 600, 0, 0]]])
    assert gap_states(alone, own_states(alone), [WHOLE])[0, 0, 1] == GapState.NO_REFERENCE


def test_each_measure_has_its_own_reference():
    n, x = tables(measures=3)
    other = StratumSetLayout("race", (1, 2, 3), reference=2, compared=(1, 2))
    sets = [[RACE], [other], [RACE]]
    found = compare_each(n, x, *both_states(n), sets=sets, higher_is_better=[True, False, False])
    for m, better in enumerate([True, False, False]):
        alone = compare(
            n[[m]], x[[m]], *both_states(n[[m]]), sets=sets[m], higher_is_better=[better]
        )
        for field in fields(Comparison):
            np.testing.assert_array_equal(
                getattr(found, field.name)[m], getattr(alone, field.name)[0], field.name
            )
    with pytest.raises(ValueError, match="each measure"):
        compare_each(n, x, *both_states(n), sets=sets[:2], higher_is_better=[True] * 3)

"""Every comparison of a table of counts at once: each stratum with the reference of its set.

The one entry that the recomputation uses. Formulas are in `rates` and `gaps`; here they are laid over
whole tables [M, U, S] of measure-periods, units and strata, and each comparison gets its state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.gaps import (
    absolute_gap,
    newcombe,
    patients_to_parity,
    rate_ratio,
    ratio_mover_wilson,
    two_proportion_p,
)
from measures.stats.rates import checked_counts, rate, wilson
from measures.stats.states import CellState, GapState

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class StratumSetLayout:
    """Where a stratum set lies on the axis S.

    reference: index of the pre-specified reference, -1 for none.
    compared: indices of strata that are groups to compare; declined and unknown are not.
    """

    name: str
    indices: tuple[int, ...]
    reference: int
    compared: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """Arrays [M, U, S]. Rates and gaps are proportions; NaN where there is no such number.

    Numbers are given whatever the states say: the states tell who may see them.
    gap_state is for readers outside the group, own_gap_state for the group itself.
    ratio_upper is infinite where the reference's rate may be 0.
    p_value only where both denominators reach the reporting minimum.
    """

    rate: FloatArray
    rate_lower: FloatArray
    rate_upper: FloatArray
    gap: FloatArray
    gap_lower: FloatArray
    gap_upper: FloatArray
    ratio: FloatArray
    ratio_lower: FloatArray
    ratio_upper: FloatArray
    p_value: FloatArray
    patients_to_parity: FloatArray
    gap_state: NDArray[np.int8]
    own_gap_state: NDArray[np.int8]


def compare(
    n: ArrayLike,
    x: ArrayLike,
    states: NDArray[np.int8],
    own_states: NDArray[np.int8],
    *,
    sets: Sequence[StratumSetLayout],
    higher_is_better: ArrayLike,
) -> Comparison:
    """Rates of every cell and the comparison of every stratum with its set's reference.

    Args:
        n, x, states, own_states: arrays [M, U, S]; states as in `CellState`.
        sets: layouts on axis S; a stratum outside every set (the total) is not compared.
        higher_is_better: [M].

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    x_counts, n_counts = checked_counts(x, n)
    shape = n_counts.shape
    better = np.broadcast_to(np.asarray(higher_is_better, dtype=bool)[:, None], shape[:2])
    numbers = {
        name: np.full(shape, np.nan)
        for name in (
            "gap", "gap_lower", "gap_upper", "ratio", "ratio_lower", "ratio_upper",
            "p_value", "patients_to_parity",
        )
    }  # fmt: skip
    gap_state = np.full(shape, GapState.NOT_COMPARED, dtype=np.int8)
    own_gap_state = gap_state.copy()
    for layout in sets:
        if layout.reference < 0:
            gap_state[:, :, layout.compared] = own_gap_state[:, :, layout.compared] = (
                GapState.NO_REFERENCE
            )
            continue
        r = layout.reference
        gap_state[:, :, r] = own_gap_state[:, :, r] = GapState.IS_REFERENCE
        for s in layout.compared:
            if s == r:
                continue
            gap_state[:, :, s] = _gap_states(states[:, :, s], states[:, :, r])
            own_gap_state[:, :, s] = _gap_states(own_states[:, :, s], own_states[:, :, r])
            both = (n_counts[:, :, s] > 0) & (n_counts[:, :, r] > 0)
            counts = (x_counts[:, :, s], n_counts[:, :, s], x_counts[:, :, r], n_counts[:, :, r])
            arms = tuple(c[both] for c in counts)
            interval = newcombe(*arms)
            ratio_interval = ratio_mover_wilson(*arms)
            found = {
                "gap": absolute_gap(*arms),
                "gap_lower": interval.lower,
                "gap_upper": interval.upper,
                "ratio": rate_ratio(*arms),
                "ratio_lower": ratio_interval.lower,
                "ratio_upper": ratio_interval.upper,
                "patients_to_parity": patients_to_parity(*arms, better[both]),
            }
            for name, values in found.items():
                numbers[name][:, :, s][both] = values
            tested = (own_states[:, :, s] == CellState.SHOWN) & (
                own_states[:, :, r] == CellState.SHOWN
            )
            numbers["p_value"][:, :, s][tested] = two_proportion_p(*(c[tested] for c in counts))
    limits = wilson(x_counts, n_counts)
    return Comparison(
        rate=rate(x_counts, n_counts),
        rate_lower=limits.lower,
        rate_upper=limits.upper,
        gap_state=gap_state,
        own_gap_state=own_gap_state,
        **numbers,
    )


def _gap_states(group: NDArray[np.int8], reference: NDArray[np.int8]) -> NDArray[np.int8]:
    """State of a comparison from the states of its two arms; privacy comes before everything else."""
    private = [CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY]
    state = np.full(group.shape, GapState.SHOWN, dtype=np.int8)
    small = (group == CellState.SMALL_DENOMINATOR) | (reference == CellState.SMALL_DENOMINATOR)
    state[small] = GapState.SMALL_DENOMINATOR
    state[np.isin(group, private) | np.isin(reference, private)] = GapState.HIDDEN
    state[reference == CellState.NO_DENOMINATOR] = GapState.NO_REFERENCE
    state[group == CellState.NO_DENOMINATOR] = GapState.NOT_COMPARED
    return state

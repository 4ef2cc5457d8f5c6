"""All figures of one stratum in one unit, from counts and states: the entry of the recompute task."""

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
StateArray = NDArray[np.int8]

_PRIVATE = (CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY)


@dataclass(frozen=True)
class StratumSetLayout:
    """Where the strata of one set stand on the stratum axis.

    `reference` is the index of the reference, -1 if the set has none. `compared` are the strata
    that are held against it (not declined, not unknown); None: all of them.

    Raises:
        ValueError: the reference or a compared stratum is not in the set.
    """

    name: str
    indices: tuple[int, ...]
    reference: int
    compared: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.reference != -1 and self.reference not in self.indices:
            raise ValueError(f"The reference of {self.name} is not one of its strata.")
        if self.compared is not None and not set(self.compared) <= set(self.indices):
            raise ValueError(f"{self.name} compares a stratum that it does not have.")


@dataclass(frozen=True)
class Comparison:
    """Arrays of shape [M, U, S]. Proportions 0 to 1; NaN where there is no such number.

    The numbers are the true ones whatever the states say; `state` and `gap_state` say what readers
    outside the group may see of them, `own_state` and `own_gap_state` what the group itself sees.
    A gap is the group's rate less the rate of the reference of its set in the same unit.
    `ratio_upper` is +inf where the reference has no numerator.
    """

    state: StateArray
    own_state: StateArray
    gap_state: StateArray
    own_gap_state: StateArray
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


def compare(
    n: ArrayLike,
    x: ArrayLike,
    states: ArrayLike,
    own_states: ArrayLike,
    *,
    sets: Sequence[StratumSetLayout],
    higher_is_better: ArrayLike,
    level: float = 0.95,
) -> Comparison:
    """Rates of every cell and gaps to the reference of its set.

    Args:
        n, x: denominators and numerators [M, U, S].
        states, own_states: `CellState` for readers outside and for the group itself, same shape.
        sets: the stratum sets; a stratum in no set (the total) is not compared.
        higher_is_better: direction of each measure [M].
        level: of all intervals.

    Raises:
        ValueError: impossible counts, or arrays that do not fit together.
    """
    x_counts, n_counts = checked_counts(x, n)
    outside, own = np.asarray(states, dtype=np.int8), np.asarray(own_states, dtype=np.int8)
    better = np.asarray(higher_is_better, dtype=bool)
    if n_counts.ndim != 3 or outside.shape != n_counts.shape or own.shape != n_counts.shape:
        raise ValueError("Counts and states must share the axes measure, unit and stratum.")
    if better.shape != n_counts.shape[:1]:
        raise ValueError("A direction must be given for each measure.")

    interval = wilson(x_counts, n_counts, level)
    nothing = np.full(n_counts.shape, np.nan)
    result = Comparison(
        state=outside,
        own_state=own,
        gap_state=gap_states(n_counts, outside, sets),
        own_gap_state=gap_states(n_counts, own, sets),
        rate=rate(x_counts, n_counts),
        rate_lower=interval.lower,
        rate_upper=interval.upper,
        gap=nothing.copy(),
        gap_lower=nothing.copy(),
        gap_upper=nothing.copy(),
        ratio=nothing.copy(),
        ratio_lower=nothing.copy(),
        ratio_upper=nothing.copy(),
        p_value=nothing.copy(),
        patients_to_parity=nothing.copy(),
    )
    for layout in sets:
        groups = _compared(layout)
        if layout.reference == -1 or not groups:
            continue
        x1, n1 = x_counts[:, :, groups], n_counts[:, :, groups]
        x2 = x_counts[:, :, [layout.reference]]
        n2 = n_counts[:, :, [layout.reference]]
        gap, ratio = newcombe(x1, n1, x2, n2, level), ratio_mover_wilson(x1, n1, x2, n2, level)
        result.gap[:, :, groups] = absolute_gap(x1, n1, x2, n2)
        result.gap_lower[:, :, groups], result.gap_upper[:, :, groups] = gap
        result.ratio[:, :, groups] = rate_ratio(x1, n1, x2, n2)
        result.ratio_lower[:, :, groups], result.ratio_upper[:, :, groups] = ratio
        result.p_value[:, :, groups] = two_proportion_p(x1, n1, x2, n2)
        result.patients_to_parity[:, :, groups] = patients_to_parity(
            x1, n1, x2, n2, better[:, None, None]
        )
    return result


def gap_states(n: ArrayLike, states: ArrayLike, sets: Sequence[StratumSetLayout]) -> StateArray:
    """`GapState` of every cell, int8 [M, U, S], following from the states of the two rates.

    Hidden comes before everything that would tell something about the hidden arm.
    """
    counts, cells = np.asarray(n), np.asarray(states)
    result = np.full(cells.shape, GapState.NOT_COMPARED, dtype=np.int8)
    private = np.isin(cells, _PRIVATE)
    for layout in sets:
        groups = _compared(layout)
        if layout.reference == -1:
            result[:, :, groups] = GapState.NO_REFERENCE
            continue
        result[:, :, layout.reference] = GapState.IS_REFERENCE
        if not groups:
            continue
        group, reference = cells[:, :, groups], cells[:, :, [layout.reference]]
        empty = counts[:, :, groups] == 0
        no_reference = np.broadcast_to(counts[:, :, [layout.reference]] == 0, group.shape)
        hidden = private[:, :, groups] | private[:, :, [layout.reference]]
        small = (group == CellState.SMALL_DENOMINATOR) | (reference == CellState.SMALL_DENOMINATOR)
        state = np.full(group.shape, GapState.SHOWN, dtype=np.int8)
        state[small] = GapState.SMALL_DENOMINATOR
        state[no_reference] = GapState.NO_REFERENCE
        state[empty] = GapState.NOT_COMPARED
        state[hidden] = GapState.HIDDEN
        result[:, :, groups] = state
    return result


def _compared(layout: StratumSetLayout) -> list[int]:
    chosen = layout.indices if layout.compared is None else layout.compared
    return [index for index in chosen if index != layout.reference]

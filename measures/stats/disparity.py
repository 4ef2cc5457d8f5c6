"""All figures of one stratum in one unit, from counts and states: the entry of the recompute task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

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
from measures.stats.overall import against_benchmark, against_whole, ratio_to_whole
from measures.stats.rates import Interval, checked_counts, rate, wilson
from measures.stats.states import PRIVATE_STATES, CellState, GapState

FloatArray = NDArray[np.float64]
StateArray = NDArray[np.int8]


@dataclass(frozen=True)
class StratumSetLayout:
    """Where the strata of one set stand on the stratum axis, and what they are held against.

    `reference` is the index of the reference, -1 if no stratum of the set is it. Then `whole` can be the
    index of everyone, of whom each stratum is a part, or `benchmark` a fixed proportion. `compared` are
    the strata that are held against it (not declined, not unknown); None: all of them.

    Raises:
        ValueError: the reference or a compared stratum is not in the set, or there are two references.
    """

    name: str
    indices: tuple[int, ...]
    reference: int
    compared: tuple[int, ...] | None = None
    whole: int = -1
    benchmark: Fraction | None = None

    def __post_init__(self) -> None:
        if self.reference != -1 and self.reference not in self.indices:
            raise ValueError(f"The reference of {self.name} is not one of its strata.")
        if self.compared is not None and not set(self.compared) <= set(self.indices):
            raise ValueError(f"{self.name} compares a stratum that it does not have.")
        if (self.reference != -1) + (self.whole != -1) + (self.benchmark is not None) > 1:
            raise ValueError(f"{self.name} has more than one reference.")
        if self.whole in self.indices:
            raise ValueError(f"The whole of {self.name} is one of its parts.")


@dataclass(frozen=True)
class Comparison:
    """Arrays of shape [M, U, S]. Proportions 0 to 1; NaN where there is no such number.

    The numbers are the true ones whatever the states say; `state` and `gap_state` say what readers
    outside the group may see of them, `own_state` and `own_gap_state` what the group itself sees.
    A gap is the group's rate less the rate of the reference of its set: of a stratum or of everyone in
    the same unit, or a benchmark.
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
        if groups:
            _compare_set(result, layout, groups, x_counts, n_counts, better, level)
    return result


def compare_each(
    n: ArrayLike,
    x: ArrayLike,
    states: ArrayLike,
    own_states: ArrayLike,
    *,
    sets: Sequence[Sequence[StratumSetLayout]],
    higher_is_better: ArrayLike,
    level: float = 0.95,
) -> Comparison:
    """As `compare`, where the reference can be another one in each measure: `sets` has an entry for each.

    Raises:
        ValueError: see `compare`.
    """
    arrays = [np.asarray(a) for a in (n, x, states, own_states)]
    better = np.asarray(higher_is_better, dtype=bool)
    if len(sets) != len(arrays[0]):
        raise ValueError("Stratum sets must be given for each measure.")
    alike: dict[tuple[StratumSetLayout, ...], list[int]] = {}
    for measure, layouts in enumerate(sets):
        alike.setdefault(tuple(layouts), []).append(measure)
    if len(alike) < 2:
        return compare(*arrays, sets=next(iter(alike), ()), higher_is_better=better, level=level)
    found: dict[str, Any] = {}
    for layouts, measures in alike.items():
        some = compare(
            *(a[measures] for a in arrays),
            sets=layouts,
            higher_is_better=better[measures],
            level=level,
        )
        for field in fields(Comparison):
            values = getattr(some, field.name)
            whole = found.setdefault(field.name, np.empty(arrays[0].shape, dtype=values.dtype))
            whole[measures] = values
    return Comparison(**found)


def _compare_set(
    result: Comparison,
    layout: StratumSetLayout,
    groups: list[int],
    x: NDArray[np.int64],
    n: NDArray[np.int64],
    better: NDArray[np.bool_],
    level: float,
) -> None:
    """Fill in the gaps of one set, where it has a reference."""
    x1, n1 = x[:, :, groups], n[:, :, groups]
    if layout.reference != -1 or layout.whole != -1:
        at = layout.reference if layout.whole == -1 else layout.whole
        arms = (x1, n1, x[:, :, [at]], n[:, :, [at]])
        if layout.whole == -1:
            gap, limits = absolute_gap(*arms), newcombe(*arms, level)
            ratio, ratio_limits = rate_ratio(*arms), ratio_mover_wilson(*arms, level)
            p_value = two_proportion_p(*arms)
        else:
            gap, limits, p_value = against_whole(*arms, level)
            ratio, ratio_limits = ratio_to_whole(*arms, level)
        parity = patients_to_parity(*arms, better[:, None, None])
    elif layout.benchmark is not None:
        fixed = layout.benchmark
        found = against_benchmark(x1, n1, float(fixed), level)
        gap, limits, p_value = found.gap, found.interval, found.p_value
        rates = [rate(x1, n1), *wilson(x1, n1, level)]
        nothing = np.full(gap.shape, np.nan)
        ratio, low, high = [r / float(fixed) for r in rates] if fixed else [nothing] * 3
        ratio_limits = Interval(low, high)
        parity = patients_to_parity(
            x1, n1, fixed.numerator, fixed.denominator, better[:, None, None]
        )
    else:
        return
    result.gap[:, :, groups] = gap
    result.gap_lower[:, :, groups], result.gap_upper[:, :, groups] = limits
    result.ratio[:, :, groups] = ratio
    result.ratio_lower[:, :, groups], result.ratio_upper[:, :, groups] = ratio_limits
    result.p_value[:, :, groups] = p_value
    result.patients_to_parity[:, :, groups] = np.where(np.isnan(gap), np.nan, parity)


def gap_states(n: ArrayLike, states: ArrayLike, sets: Sequence[StratumSetLayout]) -> StateArray:
    """`GapState` of every cell, int8 [M, U, S], following from the states of the two rates.

    Hidden comes before everything that would tell something about the hidden arm.
    """
    counts, cells = np.asarray(n), np.asarray(states)
    result = np.full(cells.shape, GapState.NOT_COMPARED, dtype=np.int8)
    private = np.isin(cells, PRIVATE_STATES)
    for layout in sets:
        groups = _compared(layout)
        if layout.reference == -1 and layout.whole == -1 and layout.benchmark is None:
            result[:, :, groups] = GapState.NO_REFERENCE
            continue
        if layout.reference != -1:
            result[:, :, layout.reference] = GapState.IS_REFERENCE
        if not groups:
            continue
        group, people = cells[:, :, groups], counts[:, :, groups]
        hidden, small = private[:, :, groups], group == CellState.SMALL_DENOMINATOR
        no_reference = np.zeros(group.shape, dtype=bool)
        if layout.benchmark is None:
            at = layout.reference if layout.whole == -1 else layout.whole
            # Who is everybody has nobody else to be compared with.
            no_reference = counts[:, :, [at]] == (0 if layout.whole == -1 else people)
            hidden = hidden | private[:, :, [at]]
            small = small | (cells[:, :, [at]] == CellState.SMALL_DENOMINATOR)
        state = np.full(group.shape, GapState.SHOWN, dtype=np.int8)
        state[small] = GapState.SMALL_DENOMINATOR
        state[np.broadcast_to(no_reference, group.shape)] = GapState.NO_REFERENCE
        state[people == 0] = GapState.NOT_COMPARED
        state[hidden] = GapState.HIDDEN
        result[:, :, groups] = state
    return result


def _compared(layout: StratumSetLayout) -> list[int]:
    chosen = layout.indices if layout.compared is None else layout.compared
    return [index for index in chosen if index != layout.reference]

"""How many people stand between a group and a target, in whole numbers.

`measures.stats.gaps.patients_to_parity` is the number for the reference's rate. Here are the way to
a part of it, to a benchmark, and how sure that number is. A plan, not a score. Where one of two
arms is hidden, these are hidden too: with the other arm they would give it away.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.gaps import newcombe, patients_to_parity, shortfall
from measures.stats.rates import Interval, checked_counts

FloatArray = NDArray[np.float64]

HALF = Fraction(1, 2)
LARGEST_PART = 1_000_000  # of the fraction's denominator, so that products stay whole numbers

_NOISE = 1e-9


def patients_to_part(
    x_g: ArrayLike,
    n_g: ArrayLike,
    x_r: ArrayLike,
    n_r: ArrayLike,
    higher_is_better: ArrayLike,
    part: Fraction = HALF,
) -> FloatArray:
    """People of the group who need the good result for the gap to shrink by `part` of itself.

    Rounded up, 0 where the group is level or ahead, NaN without a denominator in either arm. With
    `part` 1 it is `patients_to_parity`.

    Raises:
        ValueError: `part` is not above 0 and at most 1; see `measures.stats.rates.checked_counts`.
    """
    if not 0 < part <= 1 or part.denominator > LARGEST_PART:
        raise ValueError("A part of the gap is a fraction above 0 and at most 1, such as 1/2.")
    group_x, group_n = checked_counts(x_g, n_g)
    reference_x, reference_n = checked_counts(x_r, n_r)
    behind = group_n * reference_x - group_x * reference_n
    behind = np.maximum(np.where(np.asarray(higher_is_better, dtype=bool), behind, -behind), 0)
    some = (group_n > 0) & (reference_n > 0)
    divisor = np.where(reference_n > 0, reference_n, 1)
    # ceil(behind * a / (b * divisor)) in steps that fit 64 bits
    a, b = part.numerator, part.denominator
    whole, rest = np.divmod(behind, divisor)
    quotient, left = np.divmod(whole * a, b)
    needed = quotient - (-(left * divisor + rest * a) // (b * divisor))
    return np.where(some, needed, np.nan).astype(np.float64)


def patients_to_benchmark(
    x: ArrayLike, n: ArrayLike, benchmark: Fraction, higher_is_better: ArrayLike
) -> FloatArray:
    """People who need the good result for the rate to reach a benchmark.

    Args:
        benchmark: 0 to 1 as a fraction, `Fraction("0.715")` for 71.5 percent: as a floating-point
            number it would not be what is printed.

    Raises:
        ValueError: a benchmark outside 0 to 1; see `measures.stats.rates.checked_counts`.
    """
    if not 0 <= benchmark <= 1:
        raise ValueError("A benchmark lies between 0 and 1. Write 0.85 for 85 percent.")
    return patients_to_parity(x, n, benchmark.numerator, benchmark.denominator, higher_is_better)


def patients_to_parity_interval(
    x_g: ArrayLike,
    n_g: ArrayLike,
    x_r: ArrayLike,
    n_r: ArrayLike,
    higher_is_better: ArrayLike,
    level: float = 0.95,
) -> Interval:
    """Whole numbers of people that go with the limits of the gap; 0 where a limit is no shortfall.

    Never more than there are people in the group without the good result.

    Raises:
        ValueError: see `measures.stats.rates.checked_counts`.
    """
    group_x, group_n = checked_counts(x_g, n_g)
    low, high = newcombe(x_g, n_g, x_r, n_r, level)
    better = np.asarray(higher_is_better, dtype=bool)
    first, second = shortfall(low, better), shortfall(high, better)
    possible = np.where(better, group_n - group_x, group_x)

    def people(gap: FloatArray) -> FloatArray:
        return np.asarray(np.minimum(np.ceil(np.maximum(-gap, 0.0) * group_n - _NOISE), possible))

    return Interval(
        people(np.maximum(first, second)) + 0.0, people(np.minimum(first, second)) + 0.0
    )

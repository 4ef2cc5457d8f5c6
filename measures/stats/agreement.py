"""How far two people who sort the same items agree, beyond what chance would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measures.stats.rates import z_value

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """items: how many both sorted; observed, expected: shares 0–1 agreed on, and by chance alone.

    kappa is None where chance alone gives full agreement (both used one category only, or there is no item):
    there is nothing to correct, so it is neither 0 nor 1. The limits are None with it, and where the two agree on
    every item: the formula of the error then gives a width of nothing, whatever the number of items.
    """

    items: int
    observed: float | None
    expected: float | None
    kappa: float | None
    lower: float | None
    upper: float | None


NOTHING_TO_COMPARE = Agreement(0, None, None, None, None, None)


def cohen_kappa(table: ArrayLike, level: float = 0.95) -> Agreement:
    """Kappa of a square table of counts: rows are the first coder's categories, columns the second's.

    Raises:
        ValueError: a table that is not square, or counts that are no whole numbers from 0 on.
    Source: Cohen (1960), Educational and Psychological Measurement 20:37-46; large-sample error of Fleiss,
    Cohen and Everitt (1969), Psychological Bulletin 72:323-327, formula 13.
    """
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.shape[0] < 2:
        raise ValueError("the table must be square, with two categories or more")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise ValueError("counts must be whole numbers from 0 on")
    items = int(counts.sum())
    if items == 0:
        return NOTHING_TO_COMPARE
    p = counts / items
    first, second = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float(np.trace(p)), float(first @ second)
    if np.isclose(expected, 1.0):
        return Agreement(items, observed, expected, None, None, None)
    kappa = (observed - expected) / (1 - expected)
    if np.isclose(observed, 1.0):
        return Agreement(items, observed, expected, kappa, None, None)
    on = np.diag(p) * (1 - (first + second) * (1 - kappa)) ** 2
    off = p * (second[:, None] + first[None, :]) ** 2
    off_diagonal = (1 - kappa) ** 2 * float(off.sum() - np.trace(off))
    variance = float(on.sum()) + off_diagonal - (kappa - expected * (1 - kappa)) ** 2
    error = np.sqrt(max(variance, 0.0) / items) / (1 - expected)
    return _with_limits(items, observed, expected, kappa, float(error), level)


def pooled_kappa(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> Agreement:
    """One kappa over several yes-or-no codes: shares agreed on, and by chance, averaged over the codes.

    first, second: who gave which code, shape (items, codes), true or false. The limits come from leaving out one
    item at a time, because codes of one item belong together.

    Raises:
        ValueError: shapes that differ, or are not (items, codes).
    Source: De Vries, Elliott, Kanouse and Teleki (2008), Health Services Research 43:1076-1084 (pooling);
    Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans (error).
    """
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError("both coders need a row for each item and a column for each code")
    items, codes = a.shape
    if items == 0 or codes == 0:
        return NOTHING_TO_COMPARE
    # Sums without one item are the sums less that item: no loop over items.
    same, yes_a, yes_b = (a == b).astype(float), a.astype(float), b.astype(float)
    observed, expected = _pooled(same.mean(axis=0), yes_a.mean(axis=0), yes_b.mean(axis=0))
    if np.isclose(expected, 1.0):
        return Agreement(items, float(observed), float(expected), None, None, None)
    kappa = float((observed - expected) / (1 - expected))
    if np.isclose(observed, 1.0) or items < 2:
        return Agreement(items, float(observed), float(expected), kappa, None, None)
    rest = items - 1
    without = [(x.sum(axis=0) - x) / rest for x in (same, yes_a, yes_b)]
    left_observed, left_expected = _pooled(*without)
    if np.isclose(left_expected, 1.0).any():  # one item carries all the variety there is
        return Agreement(items, float(observed), float(expected), kappa, None, None)
    left = (left_observed - left_expected) / (1 - left_expected)
    error = float(np.sqrt(rest / items * ((left - left.mean()) ** 2).sum()))
    return _with_limits(items, float(observed), float(expected), kappa, error, level)


def _pooled(same: FloatArray, yes_a: FloatArray, yes_b: FloatArray) -> tuple[FloatArray, ...]:
    chance = yes_a * yes_b + (1 - yes_a) * (1 - yes_b)
    return np.asarray(same.mean(axis=-1)), np.asarray(chance.mean(axis=-1))


def _with_limits(
    items: int, observed: float, expected: float, kappa: float, error: float, level: float
) -> Agreement:
    z = z_value(level)
    return Agreement(
        items,
        observed,
        expected,
        kappa,
        max(-1.0, kappa - z * error),
        min(1.0, kappa + z * error),
    )

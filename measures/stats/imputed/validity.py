"""How well the imputation does on people who said it themselves: calibration, correlation, Brier score.

Who answers is not chance, so the same figures are also made as if those who answered had been spread over
the probabilities like those who did not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measures.stats.bisg import CATEGORIES
from measures.stats.imputed.sums import REPORTED

Floats = NDArray[np.float64]

BIN_COUNT = 10
"""Equal steps of probability: 0 to 0.1, …, 0.9 to 1."""


@dataclass(frozen=True)
class ValidityBins:
    """Sums over people, each array (4 groups of `REPORTED`, 10 bins of that group's probability).

    answered: people who said it themselves; of these p: Σ P, pp: Σ P², said: how many are of the group,
    p_said: Σ P over those who are. silent: people who did not say; silent_p: Σ P of these.
    """

    answered: Floats
    p: Floats
    pp: Floats
    said: Floats
    p_said: Floats
    silent: Floats
    silent_p: Floats

    NAMES = ("answered", "p", "pp", "said", "p_said", "silent", "silent_p")
    SIZE = 7 * 4 * BIN_COUNT

    def __add__(self, other: ValidityBins) -> ValidityBins:
        return ValidityBins.unpacked(self.packed() + other.packed())

    def packed(self) -> Floats:
        return np.concatenate([getattr(self, name).ravel() for name in self.NAMES])

    @classmethod
    def unpacked(cls, row: Floats) -> ValidityBins:
        """Raises ValueError unless the row has `SIZE` numbers."""
        numbers = np.asarray(row, np.float64)
        if numbers.shape != (cls.SIZE,):
            raise ValueError(f"Validity is {cls.SIZE} numbers, not {numbers.size}.")
        return cls(*numbers.reshape(len(cls.NAMES), len(REPORTED), BIN_COUNT))


def bin_people(probabilities: Floats, said: NDArray[np.int8]) -> ValidityBins:
    """Sort people into bins.

    probabilities: (people, 6) by name and place alone, in the order of `CATEGORIES`, NaN rows are left
    out. said: position in `CATEGORIES` of what the person said, -1 for nothing.
    """
    known = np.isfinite(probabilities[:, 0])
    p_all, answer = probabilities[known], said[known]
    shape = (len(REPORTED), BIN_COUNT)
    sums = {name: np.zeros(shape) for name in ValidityBins.NAMES}
    for n, group in enumerate(REPORTED):
        column = CATEGORIES.index(group)
        p = p_all[:, column]
        place = np.minimum((p * BIN_COUNT).astype(np.int64), BIN_COUNT - 1)
        for name, rows, weights in (
            ("answered", answer >= 0, np.ones_like(p)),
            ("p", answer >= 0, p),
            ("pp", answer >= 0, p * p),
            ("said", answer == column, np.ones_like(p)),
            ("p_said", answer == column, p),
            ("silent", answer < 0, np.ones_like(p)),
            ("silent_p", answer < 0, p),
        ):
            sums[name][n] = np.bincount(place[rows], weights=weights[rows], minlength=BIN_COUNT)
    return ValidityBins(**sums)


@dataclass(frozen=True)
class Validity:
    """Figures of one group.

    answered: people behind them (before weighting). expected_share: mean probability; said_share: how
    many really are. correlation: of probability and answer, NaN where one does not vary. brier: mean
    squared difference, 0 is perfect. covered: share of those who did not answer whose probabilities also
    occur among those who did (1 without weighting).
    """

    group: str
    answered: float
    expected_share: float
    said_share: float
    correlation: float
    brier: float
    covered: float

    @property
    def calibration(self) -> float:
        """Expected less real share: proportion; 0 is right on average."""
        return self.expected_share - self.said_share


def validity(bins: ValidityBins, *, like_silent: bool = False) -> tuple[Validity, ...]:
    """Figures per group of `REPORTED`; NaN where nobody answered.

    like_silent: weight those who answered so that every bin counts as much as it does among those who
    did not answer. Bins in which nobody answered are left out, and `covered` says how much that is.
    """
    found = []
    for n, group in enumerate(REPORTED):
        answered, silent = bins.answered[n], bins.silent[n]
        weight = np.ones(BIN_COUNT)
        covered = 1.0
        if like_silent:
            weight = np.divide(silent, answered, out=np.zeros(BIN_COUNT), where=answered > 0)
            everybody = silent.sum()
            covered = float(silent[answered > 0].sum() / everybody) if everybody else float("nan")
        total = float(weight @ answered)
        if total <= 0:
            nan = float("nan")
            found.append(Validity(group, float(answered.sum()), nan, nan, nan, nan, covered))
            continue
        p, pp, said, p_said = (
            float(weight @ getattr(bins, name)[n]) / total for name in ("p", "pp", "said", "p_said")
        )
        spread = (pp - p * p) * (said - said * said)
        found.append(
            Validity(
                group=group,
                answered=float(answered.sum()),
                expected_share=p,
                said_share=said,
                correlation=(p_said - p * said) / spread**0.5 if spread > 1e-15 else float("nan"),
                brier=pp - 2 * p_said + said,
                covered=covered,
            )
        )
    return tuple(found)

"""Rates and gaps by race where race is a probability: several estimates side by side, from additive sums.

Source: Chen et al. (2019), FAT* '19, 339-348; Elzayn et al. (2025), Quarterly Journal of Economics
140:113-163; McCartan et al. (2025), Journal of the American Statistical Association.
"""

from measures.stats.imputed.rates import (
    LEAST_EFFECTIVE,
    LEAST_EXPECTED,
    Estimate,
    GapRange,
    RateRange,
    expectation_maximisation,
    gap_range,
    linear,
    n_effective,
    rate_ranges,
    rates_and_gaps,
    weighted,
)
from measures.stats.imputed.sums import (
    RATED,
    REPORTED,
    HardCounts,
    Sums,
    hard_counts,
    rated,
    sum_people,
)
from measures.stats.imputed.validity import (
    BIN_COUNT,
    Validity,
    ValidityBins,
    bin_people,
    validity,
)

__all__ = [
    "BIN_COUNT",
    "LEAST_EFFECTIVE",
    "LEAST_EXPECTED",
    "RATED",
    "REPORTED",
    "Estimate",
    "GapRange",
    "HardCounts",
    "RateRange",
    "Sums",
    "Validity",
    "ValidityBins",
    "bin_people",
    "expectation_maximisation",
    "gap_range",
    "hard_counts",
    "linear",
    "n_effective",
    "rate_ranges",
    "rated",
    "rates_and_gaps",
    "sum_people",
    "validity",
    "weighted",
]

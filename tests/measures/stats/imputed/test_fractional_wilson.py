"""Wilson's interval on a number of people that need not be whole."""

from __future__ import annotations

import numpy as np

from measures.stats.imputed.rates import fractional_wilson
from measures.stats.rates import wilson


def test_of_whole_people_it_is_the_interval_of_counts() -> None:
    hits, sizes = np.array([0, 3, 9, 40, 600]), np.array([9, 9, 9, 90, 1000])
    for level in (0.8, 0.95):
        found = fractional_wilson(hits / sizes, sizes.astype(float), level)
        np.testing.assert_allclose(found, wilson(hits, sizes, level), atol=1e-12)


def test_between_two_numbers_of_people_it_lies_between_their_intervals() -> None:
    fewer, between, more = (
        fractional_wilson(np.array([0.4]), np.array([n])) for n in (40.0, 40.5, 41.0)
    )
    assert fewer.lower < between.lower < more.lower
    assert fewer.upper > between.upper > more.upper


def test_without_people_there_is_none() -> None:
    assert np.isnan(fractional_wilson(np.array([0.4]), np.array([0.0]))).all()

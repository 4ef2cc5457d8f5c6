from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.rates import rate, wilson
from measures.stats.standardisation import directly_standardised

layers = st.lists(
    st.integers(1, 300).flatmap(
        lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(1, 1000))
    ),
    min_size=1,
    max_size=6,
)


@given(layers, st.randoms(use_true_random=False))
def test_rate_is_the_weighted_sum(rows, random):
    x, n, people = np.array(rows).T
    found = directly_standardised(x, n, people)
    w, p = people / people.sum(), x / n
    np.testing.assert_allclose(found.rate, (w * p).sum())
    np.testing.assert_allclose(found.error, math.sqrt((w**2 * p * (1 - p) / n).sum()), atol=1e-12)
    assert 0 <= found.interval.lower <= found.rate + 1e-12
    assert found.rate - 1e-12 <= found.interval.upper <= 1
    adverse = directly_standardised(n - x, n, people)
    np.testing.assert_allclose(adverse.interval.lower, 1 - found.interval.upper, atol=1e-9)
    random.shuffle(rows)
    again = directly_standardised(*np.array(rows).T)
    np.testing.assert_allclose(again.interval, found.interval, atol=1e-12)


def test_own_mix_is_the_crude_rate_and_one_layer_wilson():
    x, n = [30, 50, 9], [40, 90, 30]
    np.testing.assert_allclose(directly_standardised(x, n, n).rate, rate(89, 160))
    np.testing.assert_allclose(directly_standardised([3], [9], [5]).interval, wilson(3, 9))


def test_a_layer_with_nobody():
    assert np.isnan(directly_standardised([3, 0], [9, 0], [5, 5]).rate)
    assert np.isnan(directly_standardised([3, 0], [9, 0], [5, 5]).interval).all()
    # it does not matter where the standard has nobody either
    np.testing.assert_allclose(directly_standardised([3, 0], [9, 0], [5, 0]).rate, 1 / 3)
    np.testing.assert_allclose(directly_standardised([3, 0], [9, 0], [5, 0]).interval, wilson(3, 9))
    with pytest.raises(ValueError, match="no people"):
        directly_standardised([[3], [3]], [[9], [9]], [[0], [5]])

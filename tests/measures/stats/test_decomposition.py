from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.decomposition import decompose
from tests.reference import change as slow

pair = st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
units = st.lists(st.tuples(pair, pair), min_size=1, max_size=8)


def arrays(rows):
    return np.array([[*group, *reference] for group, reference in rows]).T


@given(units, st.randoms(use_true_random=False))
def test_parts_add_up_whoever_serves_whom(rows, random):
    x_g, n_g, x_r, n_r = arrays(rows)
    found = decompose(x_g, n_g, x_r, n_r)
    if not n_g.sum() or not n_r.sum():
        assert np.isnan([found.total, found.within, found.between]).all()
        return
    np.testing.assert_allclose(found.total, x_g.sum() / n_g.sum() - x_r.sum() / n_r.sum())
    np.testing.assert_allclose(found.within + found.between, found.total, atol=1e-12)
    np.testing.assert_allclose(found.within_of_unit.sum(), found.within, atol=1e-12)
    np.testing.assert_allclose(found.between_of_unit.sum(), found.between, atol=1e-12)
    alone = (n_g == 0) | (n_r == 0)
    assert (found.within_of_unit[alone] == 0).all()
    both = ~alone
    if both.all():
        np.testing.assert_allclose(
            (found.within, found.between),
            slow.kitagawa(list(zip(x_g, n_g, x_r, n_r, strict=True))),
            atol=1e-12,
        )
    swapped = decompose(x_r, n_r, x_g, n_g)
    np.testing.assert_allclose(swapped.within, -found.within, atol=1e-12)
    np.testing.assert_allclose(swapped.between, -found.between, atol=1e-12)
    random.shuffle(rows)
    np.testing.assert_allclose(decompose(*arrays(rows)).within, found.within, atol=1e-12)
    adverse = decompose(n_g - x_g, n_g, n_r - x_r, n_r)
    np.testing.assert_allclose(adverse.within, -found.within, atol=1e-12)


def test_pure_cases():
    # same rates in every unit: all between
    found = decompose([80, 10], [100, 20], [8, 100], [10, 200])
    np.testing.assert_allclose(found.within, 0, atol=1e-12)
    np.testing.assert_allclose(found.between, 90 / 120 - 108 / 210)
    # same shares: all within
    found = decompose([40, 20], [100, 50], [160, 80], [200, 100])
    np.testing.assert_allclose([found.within, found.between], [-0.4, 0], atol=1e-12)


def test_errors_treat_shares_as_fixed():
    found = decompose([40, 0], [100, 0], [160, 20], [200, 100])
    v_g, v_r = 0.4 * 0.6 / 100, 0.8 * 0.2 / 200
    inside = 0.5 * (1 + 200 / 300)
    np.testing.assert_allclose(found.within_error, inside * math.sqrt(v_g + v_r))
    v_other = 0.2 * 0.8 / 100
    np.testing.assert_allclose(
        found.between_error,
        math.sqrt((0.5 * (1 - 200 / 300)) ** 2 * (v_g + v_r) + (100 / 300) ** 2 * v_other),
    )


def test_leading_axes_and_nobody():
    found = decompose([[1, 2], [0, 0]], [[3, 4], [0, 0]], [[1, 1], [1, 1]], [[5, 5], [5, 5]])
    assert found.total.shape == (2,) and found.within_of_unit.shape == (2, 2)
    np.testing.assert_array_equal(np.isnan(found.total), [False, True])
    np.testing.assert_array_equal(np.isnan(found.between_error), [False, True])
    with pytest.raises(ValueError, match="larger than"):
        decompose([3], [2], [1], [2])

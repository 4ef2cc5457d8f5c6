from __future__ import annotations

import numpy as np
import pytest

from measures.stats.peers import MINIMUM_PEERS, quartile_band


def test_band_needs_five_peers_with_a_value():
    assert MINIMUM_PEERS == 5
    found = quartile_band([[50, 60, 70, 80, np.nan, np.nan], [50, 60, 70, 80, 90, np.nan]])
    np.testing.assert_array_equal(found, [[np.nan] * 3, [60, 70, 80]])


def test_band_is_in_whole_points_with_halves_up():
    # quartiles 62.5, 65, 67.5
    np.testing.assert_array_equal(quartile_band([60, 62.5, 65, 67.5, 70]), [63, 65, 68])
    np.testing.assert_array_equal(quartile_band([-4.2, -3.5, -2.5, -0.4, 0.3]), [-3, -2, 0])


def test_band_does_not_depend_on_the_order_of_peers():
    values = np.random.default_rng(1).uniform(0, 100, 11)
    np.testing.assert_array_equal(quartile_band(values), quartile_band(values[::-1]))


@pytest.mark.parametrize("shape", [(3, 0), (0, 7), (2, 3, 0), (4, 1)])
def test_band_of_nobody_is_missing(shape):
    found = quartile_band(np.zeros(shape))
    assert found.shape == (*shape[:-1], 3) and np.isnan(found).all()


def test_quartiles_between_two_peers_lie_between_them():
    np.testing.assert_array_equal(quartile_band([0, 11, 20, 30, 40, 50]), [13, 25, 38])

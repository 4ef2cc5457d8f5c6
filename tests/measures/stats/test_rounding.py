from __future__ import annotations

import numpy as np

from measures.stats.rounding import published_decimals


def test_small_denominators_have_no_decimals():
    np.testing.assert_array_equal(published_decimals([0, 30, 99, 100, 5000]), [0, 0, 0, 1, 1])


def test_a_whole_percent_does_not_tell_numerator_and_denominator():
    """Why: each whole percent of a reportable small denominator has many counts behind it; a
    decimal more leaves some with one."""
    counts: dict[int, set[tuple[int, int]]] = {}
    for n in range(30, 100):
        for x in range(n + 1):
            counts.setdefault(round(100 * x / n), set()).add((x, n))
    assert min(len(found) for found in counts.values()) >= 20

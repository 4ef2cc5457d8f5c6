from __future__ import annotations

import numpy as np

from measures.stats.rounding import published_decimals, published_members


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


def test_no_published_number_of_members_makes_sure_that_there_are_one_to_ten():
    behind: dict[int, set[int]] = {}
    for count in range(60):
        behind.setdefault(published_members(count), set()).add(count)
    assert behind[0] == {0}
    assert all(max(counts) > 10 for told, counts in behind.items() if told)
    assert behind[10] == set(range(1, 15)) and behind[20] == set(range(15, 26))

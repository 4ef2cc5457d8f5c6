from __future__ import annotations

import numpy as np
import pytest

from measures.stats.rounding import published_decimals, published_members, published_share


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


@pytest.mark.parametrize("whole", [30, 31, 47, 75, 99, 116, 240])
def test_share_leaves_open_whether_a_part_or_the_rest_is_small(whole: int) -> None:
    """Groups of 30 and more are shown. 5 % of 30 people would be one or two of them."""
    like: dict[float, list[int]] = {}
    for part in range(whole + 1):
        like.setdefault(published_share(part, whole), []).append(part)
    for parts in like.values():
        rests = [whole - part for part in parts]
        for counts in (parts, rests):
            assert min(counts) == 0 or max(counts) >= 11, (whole, counts)
        assert max(parts) - min(parts) < 0.05 * whole + 22
    assert (published_share(0, whole), published_share(whole, whole)) == (0, 1)


def test_share_of_half_the_people_is_that_of_the_part() -> None:
    """25 people count as 20; so half of 50 is 40 %, and not 60 % for the other 25."""
    assert published_share(25, 50) == 0.4


@pytest.mark.parametrize("whole", [1, 8, 12])
def test_share_of_few_people_lies_between_none_and_all(whole: int) -> None:
    for part in range(whole + 1):
        assert 0.0 <= published_share(part, whole) <= 1.0

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.presentation import (
    NCHS,
    Presentation,
    complement_unreliable,
    present,
    present_counts,
)
from measures.stats.rates import Interval, clopper_pearson, korn_graubard, rate

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
P = Presentation


def said(x, n):
    return [Presentation(int(one)) for one in np.atleast_1d(present_counts(x, n))]


def test_the_rule_by_example():
    # Clopper-Pearson: 15/30 is 37 points wide, 20/50 29; 2/50 13 (3.3 times p), 40/100 20; 1000/2000 4.4
    assert said([0, 15, 29, 15, 20, 2, 40, 1000], [0, 29, 29, 30, 50, 50, 100, 2000]) == [
        P.NOT_JUDGED, P.TOO_FEW, P.TOO_FEW, P.WIDE, P.PRESENT, P.WIDE_FOR_ITS_SIZE, P.PRESENT,
        P.PRESENT,
    ]  # fmt: skip
    # Nobody of 30 is 11.6 points wide, nobody of 5,000 a tenth of a point.
    assert said([0, 30, 0, 5000], [30, 30, 5000, 5000]) == [P.REVIEW_END] * 4
    # 2 of 900: 0.8 points wide and 3.5 times p, but no wider than 5 points
    assert said([2], [900]) == [P.PRESENT]


def test_limits_are_where_the_rule_says():
    p = np.array([0.5, 0.5, 0.04, 0.04, 0.1, 0.1])
    width = np.array([0.2999, 0.30, 0.05, 0.0521, 0.1299, 0.1301])
    found = present(p, Interval(p - width / 2, p + width / 2), 30, 29)
    assert [Presentation(int(one)) for one in found] == [
        P.PRESENT, P.WIDE, P.PRESENT, P.WIDE_FOR_ITS_SIZE, P.PRESENT, P.WIDE_FOR_ITS_SIZE,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("p", "width", "said_of_p"),
    [(0.1, 0.30, P.WIDE), (0.01, 0.05, P.PRESENT), (0.1, 0.13, P.PRESENT)],
)
def test_exactly_at_a_limit(p, width, said_of_p):
    assert present(p, Interval(np.float64(0.0), np.float64(width)), 300, 299) == said_of_p


def test_complement_exactly_at_a_limit():
    def flagged(p, low, high):
        return bool(complement_unreliable(p, Interval(np.float64(low), np.float64(high))))

    assert not flagged(0.5, 0.35, 1.0) and flagged(0.5, 0.34, 1.0)
    assert not flagged(0.99, 0.0, 0.05) and flagged(0.99, 0.0, 0.06)
    # Where everybody met it there is no complement to speak of.
    assert not flagged(1.0, 0.8, 1.0)


def test_few_effective_people_and_few_clusters():
    narrow = Interval(np.float64(0.45), np.float64(0.55))
    assert present(0.5, narrow, 29.9, 500) == P.TOO_FEW
    assert present(0.5, narrow, 0.5, 500) == P.TOO_FEW
    assert present(0.5, narrow, 300, 7) == P.REVIEW_FREEDOM
    assert present(0.5, narrow, 300, 8) == P.PRESENT
    clustered = korn_graubard(0.5, 4 * 0.25 / 120, 120, 7)
    assert present(0.5, clustered, 30, 7) == P.WIDE


def test_what_has_no_interval_is_not_judged():
    nothing = Interval(np.float64(np.nan), np.float64(np.nan))
    assert present(0.5, nothing, 300, 299) == P.NOT_JUDGED
    assert present(np.nan, Interval(np.float64(0), np.float64(1)), 300, 299) == P.NOT_JUDGED
    assert present(0.5, Interval(np.float64(0), np.float64(1)), 0, 0) == P.NOT_JUDGED
    assert not complement_unreliable(0.5, nothing) and not complement_unreliable(np.nan, nothing)


@given(counts)
def test_one_is_the_complement_of_the_other(count):
    x, n = count
    end = x in (0, n)
    own, other = said(x, n)[0], said(n - x, n)[0]
    flagged = bool(complement_unreliable(rate(x, n), clopper_pearson(x, n)))
    if n >= NCHS.least_people and not end and P.WIDE not in (own, other):
        assert flagged == (other == P.WIDE_FOR_ITS_SIZE)
    # Fewest people and widest intervals do not depend on what is counted.
    for same in (P.TOO_FEW, P.WIDE, P.REVIEW_END):
        assert (own == same) == (other == same)


@given(counts)
def test_many_people_are_enough(count):
    x, n = count
    found = said(1000 * x, 1000 * n)[0]
    if n >= 30 and 0 < x < n:
        assert found == P.PRESENT
    assert found.is_unreliable == (found in (P.TOO_FEW, P.WIDE, P.WIDE_FOR_ITS_SIZE))


def test_shapes_are_kept_and_impossible_counts_refused():
    assert present_counts(np.ones((2, 3), int), np.full((2, 1), 50)).shape == (2, 3)
    with pytest.raises(ValueError, match="larger than its denominator"):
        present_counts(3, 2)
    assert NCHS.version and NCHS.sentence.endswith(".") and NCHS.caveat.endswith(".")

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.change import Movement, Pace, Verdict, gap_change, mover_difference, run_rate
from measures.stats.gaps import newcombe
from measures.stats.rates import Interval

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
four = st.tuples(counts, counts, counts, counts)
UP = {"higher_is_better": True}


def pace_of(arms, years=1.0, higher_is_better=True):
    change = gap_change(*arms, higher_is_better=higher_is_better)
    return run_rate(change, years=years, higher_is_better=higher_is_better)


def flat(arms):
    return [number for arm in arms for number in arm]


@given(four)
def test_change_follows_from_both_gaps(arms):
    (a0, m0), (c0, n0), (a1, m1), (c1, n1) = arms
    found = gap_change(*flat(arms), **UP)
    before, after = a0 / m0 - c0 / n0, a1 / m1 - c1 / n1
    low0, high0 = newcombe(a0, m0, c0, n0)
    low1, high1 = newcombe(a1, m1, c1, n1)
    np.testing.assert_allclose(
        [found.before, found.after, found.change], [before, after, after - before], atol=1e-12
    )
    np.testing.assert_allclose(
        found.interval,
        [
            after - before - math.hypot(after - low1, high0 - before),
            after - before + math.hypot(high1 - after, before - low0),
        ],
        atol=1e-12,
    )
    np.testing.assert_array_equal(found.before_interval, [low0, high0])
    np.testing.assert_array_equal(found.after_interval, [low1, high1])
    np.testing.assert_allclose(found.group_change - found.reference_change, found.change, atol=1e-9)


@given(four)
def test_counting_from_the_other_side_is_the_same_change(arms):
    found = gap_change(*flat(arms), higher_is_better=True)
    adverse = gap_change(*flat([(n - x, n) for x, n in arms]), higher_is_better=False)
    np.testing.assert_allclose(adverse.change, -found.change, atol=1e-9)
    np.testing.assert_allclose(adverse.interval.lower, -found.interval.upper, atol=1e-9)
    if min(abs(found.group_change), abs(found.reference_change)) > 1e-9:
        assert adverse.movement == found.movement
    if min(np.abs(found.interval)) > 1e-9 and abs(abs(found.before) - abs(found.after)) > 1e-9:
        assert adverse.verdict == found.verdict


@given(four)
def test_swapping_periods_turns_the_change(arms):
    (g0, r0, g1, r1) = arms
    found, back = gap_change(*flat(arms), **UP), gap_change(*flat((g1, r1, g0, r0)), **UP)
    np.testing.assert_allclose(back.change, -found.change, atol=1e-12)
    np.testing.assert_allclose(back.interval.lower, -found.interval.upper, atol=1e-12)
    assert found.interval.lower <= found.change <= found.interval.upper


@pytest.mark.parametrize(
    ("rates", "verdict", "movement"),
    [
        # group before, reference before, group after, reference after; of 1,000 each
        ((500, 700, 680, 720), Verdict.NARROWED, Movement.BOTH_BETTER),
        ((500, 700, 600, 650), Verdict.NARROWED, Movement.ONLY_GROUP_BETTER),
        ((500, 700, 400, 420), Verdict.NARROWED, Movement.NEITHER_BETTER),
        ((500, 700, 500, 520), Verdict.NARROWED, Movement.NEITHER_BETTER),
        ((600, 700, 590, 800), Verdict.WIDENED, Movement.ONLY_REFERENCE_BETTER),
        ((600, 700, 700, 900), Verdict.WIDENED, Movement.BOTH_BETTER),
        ((600, 700, 610, 705), Verdict.UNCLEAR, Movement.BOTH_BETTER),
        # turned round and larger than before
        ((650, 700, 850, 700), Verdict.WIDENED, Movement.ONLY_GROUP_BETTER),
        # turned round and smaller
        ((500, 700, 720, 700), Verdict.NARROWED, Movement.ONLY_GROUP_BETTER),
        ((700, 700, 500, 700), Verdict.WIDENED, Movement.NEITHER_BETTER),
    ],
)
def test_verdict_and_who_moved(rates, verdict, movement):
    found = gap_change(*flat([(x, 1000) for x in rates]), **UP)
    assert (found.verdict, found.movement) == (verdict, movement)


def test_direction_decides_what_is_better():
    arms = flat([(x, 1000) for x in (500, 700, 680, 720)])
    assert gap_change(*arms, higher_is_better=False).movement == Movement.NEITHER_BETTER
    both = gap_change(*arms, higher_is_better=[True, False])
    np.testing.assert_array_equal(both.movement, [Movement.BOTH_BETTER, Movement.NEITHER_BETTER])


def test_without_denominator_nothing_is_known():
    for at in range(4):
        arms = [(0, 0) if i == at else (5, 9) for i in range(4)]
        found, pace = gap_change(*flat(arms), **UP), pace_of(flat(arms))
        assert np.isnan([found.change, *found.interval]).all()
        assert (found.verdict, found.movement) == (Verdict.UNKNOWN, Movement.UNKNOWN)
        assert pace.pace == Pace.UNKNOWN and np.isnan([pace.years, *pace.interval]).all()


def test_mover_of_equal_estimates_is_the_sum_of_both():
    limits = Interval(np.array(-3.0), np.array(4.0))
    np.testing.assert_allclose(mover_difference(0.0, limits, 0.0, limits), [-5.0, 5.0])


def test_years_to_close():
    arms = flat([(500, 1000), (700, 1000), (620, 1000), (720, 1000)])
    found = pace_of(arms)
    assert found.pace == Pace.ON_TRACK
    np.testing.assert_allclose(found.years, 1.0)  # 20 points, then 10
    assert 0 < found.interval.lower < 1 < found.interval.upper
    # over three years the same change takes three times as long
    slow = pace_of(arms, years=3.0)
    np.testing.assert_allclose([slow.years, *slow.interval], 3 * np.array([1, *found.interval]))


def test_fieller_limits_are_where_the_line_is_just_not_different_from_zero():
    arms = [(500, 1000), (700, 1000), (620, 1000), (720, 1000)]
    found = pace_of(flat(arms))
    before, after, z = -0.2, -0.1, 1.959963984540054
    v0, v1 = (
        ((high - low) / (2 * z)) ** 2
        for low, high in (newcombe(*flat(arms[:2])), newcombe(*flat(arms[2:])))
    )
    for s in found.interval:
        line = (1 + s) * after - s * before
        np.testing.assert_allclose(abs(line), z * math.sqrt((1 + s) ** 2 * v1 + s**2 * v0))


@pytest.mark.parametrize(
    ("rates", "pace"),
    [
        ((500, 700, 505, 700), Pace.NOT_ON_TRACK),  # unclear
        ((600, 700, 500, 720), Pace.NOT_ON_TRACK),  # grows
        ((500, 700, 700, 700), Pace.CLOSED),
        ((500, 700, 750, 700), Pace.CLOSED),
        ((500, 700, 650, 700), Pace.ON_TRACK),
    ],
)
def test_pace(rates, pace):
    found = pace_of(flat([(x, 1000) for x in rates]))
    assert found.pace == pace
    told = [found.years, *found.interval]
    if pace == Pace.CLOSED:
        assert told == [0, 0, 0]
    else:
        assert np.isnan(told).all() == (pace == Pace.NOT_ON_TRACK)


def test_pace_where_lower_is_better():
    # 20 points too high, then 10
    found = pace_of(flat([(x, 1000) for x in (500, 300, 380, 280)]), higher_is_better=False)
    assert found.pace == Pace.ON_TRACK
    np.testing.assert_allclose(found.years, 1.0)


@given(four)
def test_pace_has_bounds_and_turns_with_the_frame(arms):
    found = pace_of(flat(arms))
    adverse = pace_of(flat([(n - x, n) for x, n in arms]), higher_is_better=False)
    if abs(arms[2][0] / arms[2][1] - arms[3][0] / arms[3][1]) > 1e-9:
        np.testing.assert_allclose(adverse.years, found.years, rtol=1e-6)
    if found.pace == Pace.ON_TRACK:
        assert 0 <= found.interval.lower <= found.years <= found.interval.upper


def test_later_is_later():
    with pytest.raises(ValueError, match="after the earlier"):
        pace_of([5, 9] * 4, years=0.0)
    with pytest.raises(ValueError, match="after the earlier"):
        pace_of([5, 9] * 4, years=[1.0, 0.0])


@pytest.mark.parametrize(
    ("arms", "better"),
    [
        # -0.2 to 60 points towards the reference, where more is better
        ([13, 38, 19, 21, 1, 20, 7, 24], True),
        # -64 to 4 points, where less is
        ([9, 11, 4, 39, 12, 12, 23, 38], False),
    ],
)
def test_a_change_that_may_be_none_is_no_pace(arms, better):
    """Towards the reference, and by the widths of both gaps alone it would be a change."""
    lower, upper = gap_change(*arms, higher_is_better=better).interval
    assert lower < 0 < upper
    found = pace_of(arms, higher_is_better=better)
    assert found.pace == Pace.NOT_ON_TRACK and np.isnan(found.years)

from __future__ import annotations

import numpy as np
import pytest

from measures.stats.references import ReferenceRule, ReferenceState, Strategy, choose

BEST = ReferenceRule(Strategy.BEST)
X = np.array([[60, 90, 45, 0], [300, 40, 0, 100]])
N = np.array([[100, 120, 50, 0], [500, 50, 0, 100]])
ALL = [True, True, True, False]  # the last: declined


def test_best_is_chosen_earlier_and_measured_now():
    earlier_x, earlier_n = (
        [[70, 60, 40, 90], [400, 45, 9, 0]],
        [[100, 100, 45, 90], [500, 50, 9, 9]],
    )
    found = choose(BEST, X, N, eligible=ALL, earlier_x=earlier_x, earlier_n=earlier_n)
    np.testing.assert_array_equal(found.index, [0, 0])
    np.testing.assert_array_equal(found.n, [100, 500])
    np.testing.assert_array_equal(found.x, [60, 300])
    np.testing.assert_allclose(found.rate, [0.6, 0.6])
    assert (found.state == ReferenceState.FOUND).all()
    # with fewer people allowed the third group of the first row, 40 of 45, is best
    small = ReferenceRule(Strategy.BEST, least_n=30)
    found = choose(small, X, N, eligible=ALL, earlier_x=earlier_x, earlier_n=earlier_n)
    np.testing.assert_array_equal(found.index, [2, 1])
    assert "30 or more" in small.sentence and "100 or more" in BEST.sentence


def test_best_follows_the_direction_of_each_row():
    earlier = np.array([[20, 80], [20, 80]])
    found = choose(
        BEST,
        earlier,
        np.full((2, 2), 100),
        eligible=[True, True],
        higher_is_better=[True, False],
        earlier_x=earlier,
        earlier_n=np.full((2, 2), 100),
    )
    np.testing.assert_array_equal(found.index, [1, 0])


def test_equally_good_groups_the_larger_then_the_first():
    x, n = [80, 160, 160, 100], [100, 200, 200, 100]
    for better in (True, False):
        hits = np.array(x) if better else np.array(n) - x
        found = choose(
            BEST, hits, n, eligible=ALL, higher_is_better=better, earlier_x=hits, earlier_n=n
        )
        assert found.index == 1


def test_best_without_enough_people_finds_nobody():
    found = choose(BEST, X, N, eligible=ALL, earlier_x=[9, 9, 9, 400], earlier_n=[99, 99, 99, 400])
    np.testing.assert_array_equal(found.index, [-1, -1])
    assert (found.state == ReferenceState.NOBODY_QUALIFIES).all()
    assert np.isnan(found.rate).all() and (found.n == 0).all() and (found.x == 0).all()
    for earlier in ({}, {"earlier_x": X}, {"earlier_n": N}):
        with pytest.raises(ValueError, match="earlier period"):
            choose(BEST, X, N, eligible=ALL, **earlier)


def test_largest_ignores_declined_and_empty():
    rule = ReferenceRule(Strategy.LARGEST)
    found = choose(rule, [50, 50, 1, 400], [100, 100, 3, 900], eligible=ALL)
    assert found.index == 0 and found.n == 100
    found = choose(rule, [0, 0, 0, 5], [0, 0, 0, 9], eligible=ALL)
    assert found.index == -1 and found.state == ReferenceState.NOBODY_QUALIFIES


@pytest.mark.parametrize(
    ("n", "state"),
    [
        (0, ReferenceState.NO_DENOMINATOR),
        (1, ReferenceState.TOO_FEW),
        (29, ReferenceState.TOO_FEW),
        (30, ReferenceState.FOUND),
    ],
)
def test_named_reference_says_how_many_it_has(n, state):
    rule = ReferenceRule(Strategy.NAMED, stratum=1, label="White")
    found = choose(rule, [5, 0, 9], [50, n, 90], eligible=[True] * 3)
    assert found.index == 1 and found.n == n and found.state == state
    assert np.isnan(found.rate) == (n == 0)
    assert rule.sentence == "Reference: White, named in advance."


def test_first_stratum_and_one_person_can_be_references():
    first = choose(ReferenceRule(Strategy.NAMED, stratum=0, label="A"), X, N, eligible=ALL)
    np.testing.assert_array_equal(first.n, N[:, 0])
    assert choose(ReferenceRule(Strategy.LARGEST), [0, 1], [0, 1], eligible=True).index == 1


def test_declined_is_never_a_reference():
    with pytest.raises(ValueError, match="Declined"):
        choose(ReferenceRule(Strategy.NAMED, stratum=3, label="?"), X, N, eligible=ALL)
    for wrong in (4, -1):
        with pytest.raises(ValueError, match="no stratum"):
            choose(ReferenceRule(Strategy.NAMED, stratum=wrong, label="?"), X, N, eligible=ALL)


def test_overall_is_everybody_and_benchmark_nobody():
    found = choose(ReferenceRule(Strategy.OVERALL), X, N, eligible=ALL)
    np.testing.assert_array_equal(found.n, [270, 650])
    np.testing.assert_array_equal(found.index, [-1, -1])
    np.testing.assert_allclose(found.rate, [195 / 270, 440 / 650])
    rule = ReferenceRule(Strategy.BENCHMARK, benchmark=0.715, label="90th percentile")
    found = choose(rule, X, N, eligible=ALL)
    np.testing.assert_array_equal(found.rate, [0.715, 0.715])
    np.testing.assert_array_equal(found.n, [0, 0])
    np.testing.assert_array_equal(found.x, [0, 0])
    assert (found.state == ReferenceState.FOUND).all() and (found.index == -1).all()
    assert rule.sentence == "Reference: 90th percentile, 71.5 percent; a fixed number."


@pytest.mark.parametrize("strategy", Strategy)
def test_every_rule_can_be_printed(strategy):
    rule = ReferenceRule(
        strategy,
        stratum=0 if strategy is Strategy.NAMED else None,
        benchmark=0.0 if strategy is Strategy.BENCHMARK else None,
        label="label",
    )
    assert rule.sentence.startswith("Reference: ") and rule.sentence.endswith(".")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strategy": Strategy.BEST, "least_n": 29}, "30 people"),
        ({"strategy": Strategy.NAMED, "label": "x"}, "stratum is named"),
        ({"strategy": Strategy.BEST, "stratum": 1}, "stratum is named"),
        ({"strategy": Strategy.NAMED, "stratum": 1}, "label"),
        ({"strategy": Strategy.BENCHMARK, "label": "x"}, "benchmark is given"),
        ({"strategy": Strategy.LARGEST, "benchmark": 0.5}, "benchmark is given"),
        ({"strategy": Strategy.BENCHMARK, "benchmark": 85, "label": "x"}, "between 0 and 1"),
        ({"strategy": Strategy.BENCHMARK, "benchmark": 1.01, "label": "x"}, "between 0 and 1"),
        ({"strategy": Strategy.BENCHMARK, "benchmark": -0.01, "label": "x"}, "between 0 and 1"),
        ({"strategy": Strategy.BENCHMARK, "benchmark": 0.5}, "label"),
    ],
)
def test_half_rules_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ReferenceRule(**arguments)

"""Every rule on points made for it: the fewest that are a pattern, one fewer, and what breaks one."""

from __future__ import annotations

import numpy as np
import pytest

from measures.stats.spc import RULE_SETS, Direction
from measures.stats.spc.rules import Track, count_crossings, longest_run

UP, DOWN, NONE = Direction.UP, Direction.DOWN, Direction.NONE
LINE = 1e-9
"""A line is so many sigma wide, on either side."""


def find(rule_set, code, *, values=None, sides=None, sigmas=None, beyond=None):
    """Positions and direction of each pattern of a rule; what is not given is 0 everywhere."""
    given = next(a for a in (values, sigmas, sides, beyond) if a is not None)
    nothing = np.zeros(len(given))
    distances = nothing if sigmas is None else np.array(sigmas, float)
    track = Track(
        places=np.arange(len(given)),
        side=np.array(np.sign(np.nan_to_num(distances)) if sides is None else sides).astype(
            np.int64
        ),
        beyond=np.array(nothing if beyond is None else beyond).astype(np.int64),
        sigmas=distances,
        rise=np.sign(np.diff(nothing if values is None else values, prepend=0)).astype(np.int64),
    )
    track.rise[:1] = 0
    patterns = list(RULE_SETS[rule_set].rule(code).find(track))
    # Only what is said of the number of runs or crossings is about the phase.
    assert all(p.whole == (code in ("crossings", "few_runs", "many_runs")) for p in patterns)
    return [(p.positions, p.direction) for p in patterns]


def span(first, last):
    return tuple(range(first, last + 1))


def runs(*lengths):
    """Sides of runs of so many points, the first above."""
    return [side for n, length in enumerate(lengths) for side in [1 - 2 * (n % 2)] * length]


def test_each_set_has_its_rules_for_its_centre_lines():
    assert {
        code: ({rule.code: rule.least for rule in rules.rules}, rules.median, rules.mean)
        for code, rules in RULE_SETS.items()
    } == {
        "run_ihi": ({"shift": 6, "trend": 5, "few_runs": 0, "many_runs": 0}, True, False),
        "anhoej": ({"longest_run": 0, "crossings": 0}, True, True),
        "shewhart_ihi": (
            {"beyond_limits": 1, "shift": 8, "trend": 6, "two_of_three": 2, "hugging": 15},
            False,
            True,
        ),
        "nhs_mdc": ({"beyond_limits": 1, "shift": 7, "trend": 7, "two_of_three": 2}, False, True),
        "western_electric": (
            {"beyond_limits": 1, "two_of_three": 2, "four_of_five": 4, "shift": 8},
            False,
            True,
        ),
        "nelson": (
            {
                "beyond_limits": 1,
                "shift": 9,
                "trend": 6,
                "alternating": 14,
                "two_of_three": 2,
                "four_of_five": 4,
                "hugging": 15,
                "mixture": 8,
            },
            False,
            True,
        ),
    }


def test_each_point_beyond_the_limits_is_a_signal_of_its_own():
    found = find("nelson", "beyond_limits", beyond=[0, 1, 1, 0, -1])
    assert found == [((1,), UP), ((2,), UP), ((4,), DOWN)]


# --- runs on one side ----------------------------------------------------------------------------

SHIFTS = [
    (code, rule.least) for code, rules in RULE_SETS.items() for rule in rules.rules if rule.code == "shift"
]  # fmt: skip


@pytest.mark.parametrize(("rule_set", "least"), SHIFTS)
def test_a_shift_takes_so_many_points(rule_set, least):
    sides = runs(1, least, least - 1, least, 1)
    assert find(rule_set, "shift", sides=sides) == [
        (span(1, least), DOWN),
        (span(2 * least, 3 * least - 1), DOWN),
    ]
    assert find(rule_set, "shift", sides=[1] * least) == [(span(0, least - 1), UP)]
    assert find(rule_set, "shift", sides=[1] * (least - 1)) == []


def test_points_on_the_line_neither_break_a_shift_nor_count():
    assert find("run_ihi", "shift", sides=[0, 1, 1, 0, 1, 1, 0, 0, 1, 0]) == []
    assert find("run_ihi", "shift", sides=[0, 1, 1, 0, 1, 1, 0, 1, 1, 0]) == [
        ((1, 2, 4, 5, 7, 8), UP)
    ]


def test_longest_run_and_crossings_leave_out_points_on_the_line():
    sides = np.array([0, 1, 0, 1, -1, -1, 0, -1, 1, 0, -1])
    assert (longest_run(sides), count_crossings(sides)) == (3, 3)
    assert (longest_run(-sides), count_crossings(-sides)) == (3, 3)
    for none in (sides[:1], sides[:0]):
        assert (longest_run(none), count_crossings(none)) == (0, 0)
    assert longest_run(sides[:2]) == 1


def test_of_twenty_points_a_run_of_eight_is_unusual():
    sides = runs(8, 3, 2, 7)
    assert find("anhoej", "longest_run", sides=sides) == [(span(0, 7), UP)]
    # A point on the line is no point: of 23 and more the limit would be 8.
    assert find("anhoej", "longest_run", sides=[*sides, 0, 0, 0, 0]) == [(span(0, 7), UP)]


def test_of_twenty_points_five_crossings_are_few():
    assert find("anhoej", "crossings", sides=runs(3, 3, 4, 3, 3, 4)) == [(span(0, 19), NONE)]
    assert find("anhoej", "crossings", sides=runs(3, 3, 4, 3, 3, 3, 1)) == []


def test_ten_above_and_ten_below_make_seven_to_fifteen_runs():
    six, seven = runs(4, 4, 3, 3, 3, 3), runs(3, 4, 3, 3, 3, 3, 1)
    assert find("run_ihi", "few_runs", sides=six) == [(span(0, 19), NONE)]
    assert find("run_ihi", "few_runs", sides=seven) == []
    fifteen, sixteen = runs(2, 2, 2, 2, *[1] * 9, 2, 1), runs(2, 2, 2, 2, *[1] * 12)
    assert find("run_ihi", "many_runs", sides=[*sixteen, 0]) == [(span(0, 20), NONE)]
    assert find("run_ihi", "many_runs", sides=fifteen) == []
    assert (
        find("run_ihi", "few_runs", sides=sixteen) == find("run_ihi", "many_runs", sides=six) == []
    )


@pytest.mark.parametrize("code", ["longest_run", "crossings"])
def test_points_on_the_line_only_have_no_runs(code):
    assert find("anhoej", code, sides=[0] * 12) == []
    assert find("run_ihi", "few_runs", sides=[0] * 12) == []


# --- trends --------------------------------------------------------------------------------------

TRENDS = [
    (code, rule.least) for code, rules in RULE_SETS.items() for rule in rules.rules if rule.code == "trend"
]  # fmt: skip


@pytest.mark.parametrize(("rule_set", "least"), TRENDS)
def test_a_trend_takes_so_many_points_and_the_turning_point_is_in_both(rule_set, least):
    up = list(range(least))
    assert find(rule_set, "trend", values=up) == [(span(0, least - 1), UP)]
    assert find(rule_set, "trend", values=up[1:]) == []
    assert find(rule_set, "trend", values=[*up, *up[-2::-1], *up[1:-1], 0]) == [
        (span(0, least - 1), UP),
        (span(least - 1, 2 * least - 2), DOWN),
    ]
    assert find(rule_set, "trend", values=[*up[::-1], *up[1:]]) == [
        (span(0, least - 1), DOWN),
        (span(least - 1, 2 * least - 2), UP),
    ]


@pytest.mark.parametrize(("rule_set", "least"), [("run_ihi", 5), ("shewhart_ihi", 6)])
def test_an_equal_neighbour_is_in_a_trend_and_does_not_count(rule_set, least):
    up = [0, 1, 1, 2, 2, 2, *range(3, least)]
    assert find(rule_set, "trend", values=up) == [(span(0, least + 2), UP)]
    assert find(rule_set, "trend", values=up[:-1]) == []
    # Equal ones before the first step and after the last one are outside, whatever follows.
    padded = [0, 0, *up, least - 1, least - 1]
    assert find(rule_set, "trend", values=padded) == [(span(2, least + 4), UP)]
    assert find(rule_set, "trend", values=[*padded, 0]) == [(span(2, least + 4), UP)]
    # After a tie at the top the way down begins at the last of the equal ones.
    down = [0, 1, 1, *range(0, -least + 1, -1)]
    assert find(rule_set, "trend", values=down) == [(span(2, least + 1), DOWN)]


@pytest.mark.parametrize(("rule_set", "least"), [("nhs_mdc", 7), ("nelson", 6)])
def test_an_equal_neighbour_breaks_a_trend(rule_set, least):
    up = list(range(least))
    assert find(rule_set, "trend", values=[0, *up]) == [(span(1, least), UP)]
    assert find(rule_set, "trend", values=[0, 1, *up[1:]]) == []
    assert find(rule_set, "trend", values=[*up, up[-1], least]) == [(span(0, least - 1), UP)]
    assert find(rule_set, "trend", values=[1] * 20) == []


def test_fourteen_points_up_and_down_by_turns():
    turns = [1, 2] * 7
    assert find("nelson", "alternating", values=turns) == [(span(0, 13), NONE)]
    assert find("nelson", "alternating", values=turns[1:]) == []
    # Going on upwards ends it, and so does an equal neighbour; both begin anew one point before.
    assert find("nelson", "alternating", values=[*turns, 3, 4]) == [(span(0, 13), NONE)]
    assert find("nelson", "alternating", values=[*turns, 2, 1]) == [(span(0, 13), NONE)]
    assert find("nelson", "alternating", values=[0, *turns]) == [(span(1, 14), NONE)]
    assert find("nelson", "alternating", values=[1, 1, *turns[1:-1], 0]) == []
    assert find("nelson", "alternating", values=[1, 1, *turns[1:]]) == [(span(1, 14), NONE)]


# --- distances -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
def test_two_of_three_points_beyond_two_sigma(sign):
    way = UP if sign > 0 else DOWN

    def flagged(rule_set, *sigmas):
        found = find(rule_set, "two_of_three", sigmas=[sign * s for s in sigmas])
        assert all(direction == way for _, direction in found)
        return [positions for positions, _ in found]

    for rules in ("western_electric", "nhs_mdc"):
        assert flagged(rules, 2.5, 0.1, 2.5) == [(0, 2)]
        assert flagged(rules, 2.5, 2.5, 2.5, 2.5) == [(0, 1, 2, 3)]
        assert flagged(rules, 0.1, 0.1, 2.5, 2.5) == [(2, 3)]
        assert flagged(rules, 2.5, 0.1, 0.1, 2.5) == []
        assert flagged(rules, 1.9, 1.9, 1.9) == []
        # Windows that meet are one pattern, windows side by side are two.
        assert flagged(rules, 2.5, 2.5, 0.1, 2.5) == [(0, 1, 3)]
        assert flagged(rules, 2.5, 2.5, 0.1, 0.1, 2.5, 2.5) == [(0, 1), (4, 5)]
        # A line is a little wide, and a point on it is not beyond.
        assert flagged(rules, 2.0, 2.0, 2.0) == flagged(rules, *[2.0 + LINE] * 3) == []
        assert flagged(rules, *[2.0 + 2 * LINE] * 3) == [(0, 1, 2)]
        assert flagged(rules, 2.5, 2.5) == []
    # Across the centre it is two of three for the one and none for the other.
    assert flagged("western_electric", 2.5, -0.1, 2.5) == [(0, 2)]
    assert flagged("nhs_mdc", 2.5, -0.1, 2.5) == []
    assert flagged("nhs_mdc", 2.5, 0.0, 2.5) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_making_data_count_leaves_points_beyond_the_limits_out_of_two_of_three(sign):
    sigmas = sign * np.array([2.5, 3.5, 0.5, 2.5, 2.5])
    beyond = sign * np.array([0, 1, 0, 0, 0])
    way = UP if sign > 0 else DOWN
    assert find("nhs_mdc", "two_of_three", sigmas=sigmas, beyond=beyond) == [((3, 4), way)]
    assert find("nelson", "two_of_three", sigmas=sigmas, beyond=beyond) == [((0, 1, 3, 4), way)]


@pytest.mark.parametrize("rule_set", ["western_electric", "nelson"])
def test_four_of_five_points_beyond_one_sigma(rule_set):
    def flagged(*sigmas):
        return find(rule_set, "four_of_five", sigmas=sigmas)

    assert flagged(1.5, 1.5, -0.5, 1.5, 1.5) == [((0, 1, 3, 4), UP)]
    assert flagged(-1.5, -1.5, -1.5, -1.5, 3.0) == [((0, 1, 2, 3), DOWN)]
    assert flagged(1.5, 1.5, 0.5, 0.5, 1.5, 1.5) == []
    assert flagged(1.5, 1.5, 1.5, 1.0, 0.5) == []


def test_fifteen_points_inside_one_sigma():
    inside = [0.9, -0.9, 0.0] * 5
    assert find("nelson", "hugging", sigmas=inside) == [(span(0, 14), NONE)]
    assert find("nelson", "hugging", sigmas=[1.5, *inside, 1.5]) == [(span(1, 15), NONE)]
    assert find("shewhart_ihi", "hugging", sigmas=inside[1:]) == []
    for outside in (1.0, -1.0, 1.0 - LINE, 1.5, np.nan):
        assert find("nelson", "hugging", sigmas=[*inside[:7], outside, *inside[7:]]) == []
    assert find("nelson", "hugging", sigmas=[*inside[:7], 1.0 - 2 * LINE, *inside[8:]])


def test_eight_points_outside_one_sigma_on_both_sides():
    outside = [1.5, -1.5, 1.5, 1.5] * 2
    assert find("nelson", "mixture", sigmas=outside) == [(span(0, 7), NONE)]
    assert find("nelson", "mixture", sigmas=[0.5, *outside, 0.5]) == [(span(1, 8), NONE)]
    assert find("nelson", "mixture", sigmas=outside[1:]) == []
    assert find("nelson", "mixture", sigmas=[1.5] * 12) == []
    for inside in (1.0, -1.0, 1.0 + LINE, 0.5, np.nan):
        assert find("nelson", "mixture", sigmas=[*outside[:4], inside, *outside[4:]]) == []
    assert find("nelson", "mixture", sigmas=[*outside[:7], 1.0 + 2 * LINE])

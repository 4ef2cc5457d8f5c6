"""Small tables of which anybody can say what has to be hidden, and what need not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from measures.stats.states import CellState
from measures.stats.suppression import (
    Relation,
    denominator_groups,
    own_states,
    shared_groups,
    suppress,
)

SHOWN, EMPTY, SMALL = CellState.SHOWN, CellState.NO_DENOMINATOR, CellState.PRIVACY_PRIMARY
BESIDE, NA, FEW = (
    CellState.PRIVACY_COMPLEMENTARY,
    CellState.SMALL_DENOMINATOR,
    CellState.TOO_FEW_GROUPS,
)


def row(people: list[int], hits: list[int] | None = None, **more: Any) -> list[int]:
    """States of one unit's total and strata. Hits: none of them, if not given."""
    found = hits or [0] * len(people)
    line = Relation(0, tuple(range(1, len(people) + 1)))
    states = suppress(
        [[[sum(people), *people]]], [[[sum(found), *found]]],
        unit_relations=[], stratum_relations=[line], **more,
    )  # fmt: skip
    return states[0, 0].tolist()


@pytest.mark.parametrize(("people", "k"), [(11, 11), (12, 11), (12, 12), (10, 10), (0, 11)])
def test_k_people_and_nobody_are_no_small_count(people: int, k: int) -> None:
    of = EMPTY if people == 0 else NA
    assert row([200, 100, people], k=k) == [SHOWN, SHOWN, SHOWN, of]


@pytest.mark.parametrize(("people", "k"), [(10, 11), (1, 11), (11, 12), (9, 10)])
def test_fewer_take_the_smallest_other_stratum_along(people: int, k: int) -> None:
    assert row([200, 100, people], k=k) == [SHOWN, SHOWN, BESIDE, SMALL]


@pytest.mark.parametrize("hits", [[100, 60, 10], [100, 60, 40]])
def test_ten_hits_or_ten_misses_of_fifty_are_small(hits: list[int]) -> None:
    assert row([200, 120, 50], hits) == [SHOWN, SHOWN, BESIDE, SMALL]


@pytest.mark.parametrize("hits", [[100, 60, 11], [100, 60, 39], [100, 60, 0], [100, 60, 50]])
def test_eleven_or_none_are_not(hits: list[int]) -> None:
    assert row([200, 120, 50], hits) == [SHOWN] * 4


def test_below_thirty_there_is_no_rate_and_nothing_to_hide() -> None:
    assert row([200, 30, 29]) == [SHOWN, SHOWN, SHOWN, NA]
    assert own_states([0, 1, 29, 30]).tolist() == [EMPTY, NA, NA, SHOWN]


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([100, 100, 200, 5], [SHOWN, BESIDE, SHOWN, SHOWN, SMALL]),
        ([200, 100, 100, 5], [SHOWN, SHOWN, BESIDE, SHOWN, SMALL]),
        ([5, 200, 100, 100], [SHOWN, SMALL, SHOWN, BESIDE, SHOWN]),
    ],
)
def test_of_equally_large_ones_the_first_goes(people: list[int], expected: list[int]) -> None:
    assert row(people) == expected


def test_people_count_not_hits_when_the_smallest_is_chosen() -> None:
    assert row([200, 100, 5], [20, 60, 0]) == [SHOWN, SHOWN, BESIDE, SMALL]


def test_nobody_met_it_is_a_hiding_place_but_nobody_asked_is_none() -> None:
    """The second stratum has 40 people without a hit, the third has no people."""
    assert row([200, 40, 0, 5], [100, 0, 0, 0]) == [SHOWN, SHOWN, BESIDE, EMPTY, SMALL]


@pytest.mark.parametrize(
    ("hits", "third"),
    [
        ([4, 7], SHOWN),
        ([4, 6], BESIDE),
        ([5, 7], SHOWN),
        ([96, 93], SHOWN),
        ([96, 94], BESIDE),
        ([4, 96], SHOWN),
    ],
)
def test_two_small_counts_beside_each_other_come_to_eleven(hits: list[int], third: int) -> None:
    """4 and 6 are known to be 10 together, so either of them is small for sure."""
    expected = [SHOWN, SMALL, SMALL, third, SHOWN]
    assert row([100, 100, 300, 400], [*hits, 150, 200]) == expected


def test_large_counts_beside_each_other_need_not_come_to_anything() -> None:
    """No hits at all are hidden beside the five people; they could be as many as five."""
    assert row([60, 60, 5, 0], [0, 0, 0, 0]) == [SHOWN, BESIDE, SHOWN, SMALL, EMPTY]


@pytest.mark.parametrize("hits", [[3, 4, 150], [0, 4, 150]])
def test_nothing_is_hidden_beside_a_total_that_is(hits: list[int]) -> None:
    """With the total out of sight, what is hidden can be as many as one likes."""
    hide = [[[True, False, False, False]]]
    expected = [BESIDE, SMALL if hits[0] else SHOWN, SMALL, SHOWN]
    assert row([100, 100, 300], hits, also_hide=hide) == expected


def test_the_total_goes_only_where_no_stratum_is_left() -> None:
    assert row([300, 5]) == [SHOWN, BESIDE, SMALL]
    assert row([5]) == [SMALL, SMALL]
    assert row([100, 100, 0], [3, 4, 0]) == [SMALL, SMALL, SMALL, EMPTY]
    assert row([100, 100, 0], [6, 6, 0]) == [SHOWN, SMALL, SMALL, EMPTY]
    assert row([100, 0], [40, 0], also_hide=[[[False, True, False]]]) == [BESIDE, BESIDE, EMPTY]


def test_what_readers_can_do_without_goes_first_be_it_the_total() -> None:
    without = {"hide_first": [False, True, False, False]}
    assert row([200, 100, 5], **without) == [SHOWN, BESIDE, SHOWN, SMALL]
    without = {"hide_first": [False, True, True, False]}
    assert row([200, 100, 5], **without) == [SHOWN, SHOWN, BESIDE, SMALL]
    without = {"hide_first": [True, False, False, False]}
    assert row([200, 100, 5], **without) == [BESIDE, SHOWN, SHOWN, SMALL]


def test_what_is_hidden_for_another_reason_is_protected_as_well() -> None:
    hide = [[[False, True, False, False]]]
    assert row([200, 100, 150], also_hide=hide) == [SHOWN, BESIDE, BESIDE, SHOWN]


def test_what_is_never_displayed_may_be_worked_out() -> None:
    assert row([200, 100, 50], unpublished=[False, False, False, True])[:3] == [SHOWN] * 3


def test_what_is_never_displayed_serves_as_a_hiding_place_if_somebody_is_in_it() -> None:
    assert row([200, 100, 5], unpublished=[False, True, False, False])[2] == SHOWN
    assert row([200, 100, 0, 5], unpublished=[False, False, False, True, False])[2] == BESIDE


@pytest.mark.parametrize("shared", [None, [1, 1]])
def test_nobody_hides_behind_a_cell_without_people_that_is_never_displayed(
    shared: list[int] | None,
) -> None:
    """The last stratum is never displayed, and known to be empty; the third is hidden on request."""
    n = np.array([[[450, 200, 100, 150, 0]]] * 2)
    x = np.array([[[0, 0, 0, 0, 0]], [[140, 60, 30, 50, 0]]])
    states = suppress(
        n, x, unit_relations=[], stratum_relations=[Relation(0, (1, 2, 3, 4))],
        unpublished=[False, False, False, False, True], shared_denominator=shared,
        also_hide=np.broadcast_to([False, False, False, True, False], n.shape),
    )[:, 0]  # fmt: skip
    assert states.tolist() == [[SHOWN, SHOWN, BESIDE, BESIDE, EMPTY]] * 2


def test_a_cell_hidden_behind_one_never_displayed_makes_it_a_secret() -> None:
    """Small ones hide behind the middle one, which another line would tell: that line hides one more."""
    lines = [Relation(0, (1, 2)), Relation(3, (2, 4, 5))]
    people = [[[105, 5, 100, 400, 120, 180]]]
    states = suppress(
        people, np.zeros_like(people), unit_relations=[], stratum_relations=lines,
        unpublished=[False, False, True, False, False, False],
    )  # fmt: skip
    assert states[0, 0].tolist() == [SHOWN, SMALL, BESIDE, SHOWN, BESIDE, SHOWN]


UNITS = [Relation(0, (1, 2, 3))]
STRATA = [Relation(0, (1, 2, 3))]


def crossed(people: list[list[int]]) -> np.ndarray:
    """[unit, stratum] with totals in front."""
    inner = np.array(people)
    rows = np.concatenate([inner.sum(axis=1, keepdims=True), inner], axis=1)
    return np.concatenate([rows.sum(axis=0, keepdims=True), rows])


def test_rows_and_columns_close_a_rectangle() -> None:
    """5 takes 40 of its row along; the columns of both take the smallest of theirs, which close a row."""
    people = crossed([[5, 40, 90], [60, 70, 80], [100, 110, 120]])
    states = suppress(
        [people], [people * 0], unit_relations=UNITS, stratum_relations=STRATA
    )[0]  # fmt: skip
    assert states.tolist() == [
        [SHOWN, SHOWN, SHOWN, SHOWN],
        [SHOWN, SMALL, BESIDE, SHOWN],
        [SHOWN, BESIDE, BESIDE, SHOWN],
        [SHOWN, SHOWN, SHOWN, SHOWN],
    ]


def test_a_unit_of_ten_people_takes_a_unit_along() -> None:
    """Both are hidden as totals and in the one stratum of the first; of its other strata the second
    shows everything, as its own total is out of sight."""
    people = crossed([[10, 0, 0], [60, 70, 80], [100, 110, 120]])
    states = suppress(
        [people], [people * 0], unit_relations=UNITS, stratum_relations=STRATA
    )[0]  # fmt: skip
    assert states[:, :2].tolist() == [[SHOWN, SHOWN], [SMALL, SMALL], [BESIDE, BESIDE], [SHOWN] * 2]
    assert states[2, 2:].tolist() == [SHOWN, SHOWN]


def of_one_stratum(people: list[int], *, readers: bool) -> list[int]:
    """States of a programme and its teams."""
    relation = Relation(0, tuple(range(1, len(people) + 1)), parts_are_readers=readers)
    n = np.array([sum(people), *people])[None, :, None]
    states = suppress(n, n * 0, unit_relations=[relation], stratum_relations=[])
    return states[0, :, 0].tolist()


def test_a_team_that_knows_itself_is_told_ten_others_of_the_programme_but_not_eleven() -> None:
    assert of_one_stratum([300, 6, 4], readers=False) == [SHOWN, BESIDE, SMALL, SMALL]
    assert of_one_stratum([300, 6, 4], readers=True) == [BESIDE, SHOWN, SMALL, SMALL]
    # The two small teams are left with the large one and the other small one: that tells too much.
    assert of_one_stratum([300, 5, 6], readers=True) == [FEW, SHOWN, SMALL, SMALL]
    assert of_one_stratum([90, 90, 5, 6], readers=False) == [SHOWN, SHOWN, SHOWN, SMALL, SMALL]
    assert of_one_stratum([90, 90, 5, 6], readers=True) == [SHOWN, SHOWN, SHOWN, SMALL, SMALL]


def test_what_is_left_of_the_programme_is_protected_along_its_strata() -> None:
    """Without the first team 12 and 9 people are left of the hidden strata, so both can be what they like;
    9 and nobody else would be 9 for sure."""
    units = [Relation(0, (1, 2, 3), parts_are_readers=True)]
    lines = [Relation(0, (1, 2, 3))]

    def programme(first: list[int], *others: list[int]) -> list[int]:
        people = crossed([first, *others])
        states = suppress([people], [people * 0], unit_relations=units, stratum_relations=lines)
        return np.isin(states[0, 0], [SMALL, BESIDE]).tolist()

    assert programme([400, 100, 0], [400, 100, 5], [400, 100, 4]) == [False, False, True, True]
    # 400 + 100 + 9 in all strata: the third is small in the total itself, 9; the second beside it.
    assert programme([400, 0, 200], [400, 0, 6], [400, 0, 4]) == [False, True, False, True]


def test_what_is_left_of_the_programme_can_be_too_little_where_each_card_is_safe() -> None:
    """Hits of the first and second stratum are small but for the first team: 4 of the second team and 5 of
    the third, which it would know to be 9. So a third stratum goes, the one of the fewest people; and at a
    team as well, as it could be added up otherwise."""
    n = np.array([[200, 200, 200, 120], [200, 200, 200, 130], [200, 200, 200, 140]])
    x = np.array([[50, 50, 60, 60], [4, 0, 7, 60], [0, 5, 6, 60]])
    arguments: dict[str, Any] = {
        "unit_relations": [Relation(0, (1, 2, 3), parts_are_readers=True)],
        "stratum_relations": [Relation(0, (1, 2, 3, 4))],
    }
    states = suppress([crossed(n.tolist())], [crossed(x.tolist())], **arguments)[0]
    assert states.tolist() == [
        [SHOWN, BESIDE, BESIDE, SHOWN, BESIDE],
        [SHOWN, BESIDE, SHOWN, SHOWN, BESIDE],
        [SHOWN, SMALL, SHOWN, SMALL, SHOWN],
        [SHOWN, SHOWN, SMALL, SMALL, SHOWN],
    ]


def test_the_rest_of_a_stratum_without_people_hides_nothing() -> None:
    """Only the first team has people in the fourth stratum: to it the third one would stand alone. The first
    stratum goes with it, and not the total."""
    people = crossed([[300, 900, 4, 300], [150, 300, 8, 0]])
    states = suppress(
        [people], [people * 0],
        unit_relations=[Relation(0, (1, 2), parts_are_readers=True)],
        stratum_relations=[Relation(0, (1, 2, 3, 4))],
    )[0]  # fmt: skip
    assert np.isin(states[0], [SMALL, BESIDE]).tolist() == [False, True, False, True, True]


def test_what_is_hidden_of_two_groups_each_may_be_too_much_of_two_together() -> None:
    """Nothing is small. The first stratum is over two groups; the second goes with it, as the smallest. They
    come to 91, 91 and 10 people: the first group is left with 101 of which 91 are the second's."""
    people = crossed([[50, 41, 200, 300], [50, 41, 200, 300], [0, 10, 200, 300]])
    arguments: dict[str, Any] = {
        "unit_relations": [Relation(0, (1, 2, 3), parts_are_readers=True)],
        "stratum_relations": [Relation(0, (1, 2, 3, 4))],
    }
    states = suppress([people], [people * 0], k=5, **arguments)[0]
    assert states[0].tolist() == [SHOWN, FEW, FEW, FEW, SHOWN]
    people = crossed([[50, 40, 200, 300], [50, 40, 200, 300], [0, 10, 200, 300]])
    states = suppress([people], [people * 0], k=5, **arguments)[0]
    assert states[0].tolist() == [SHOWN, FEW, FEW, SHOWN, SHOWN]


def test_the_same_cells_are_hidden_where_the_denominator_is_the_same() -> None:
    people = [[[350, 200, 100, 50]]]
    n = np.concatenate([people, people, people])
    x = np.zeros_like(n)
    x[0, 0] = [135, 100, 30, 5]
    x[1, 0] = [170, 80, 60, 30]
    x[2, 0] = [170, 80, 60, 30]
    states = suppress(
        n, x, unit_relations=[], stratum_relations=[Relation(0, (1, 2, 3))],
        shared_denominator=[7, 7, 3],
    )[:, 0]  # fmt: skip
    assert states.tolist() == [
        [SHOWN, SHOWN, BESIDE, SMALL],
        [SHOWN, SHOWN, BESIDE, BESIDE],
        [SHOWN, SHOWN, SHOWN, SHOWN],
    ]


@pytest.mark.parametrize(
    ("first", "second", "hides"),
    [
        # Seen within 7 and within 30 days: 10 people only within 30, or 11, or none.
        ([90, 30, 20], [160, 60, 30], True),
        ([90, 30, 20], [160, 60, 31], False),
        ([90, 30, 20], [160, 60, 20], False),
        ([160, 60, 30], [90, 30, 20], True),
        ([160, 60, 31], [90, 30, 20], False),
        # In control and out of it: 10 people in neither, or 11.
        ([80, 30, 25], [80, 40, 15], True),
        ([80, 30, 25], [80, 40, 14], False),
        # Neither within nor apart: nothing is known of who is in both.
        ([150, 30, 25], [80, 40, 15], False),
    ],
)
def test_people_between_two_numerators_are_counted(
    first: list[int], second: list[int], hides: bool
) -> None:
    n = np.array([[[350, 200, 100, 50]]] * 2)
    x = np.array([[[sum(first), *first]], [[sum(second), *second]]])
    lines: dict[str, Any] = {
        "unit_relations": [],
        "stratum_relations": [Relation(0, (1, 2, 3))],
    }
    states = suppress(n, x, shared_denominator=[1, 1], **lines)[:, 0]
    assert states.tolist() == [[SHOWN, SHOWN, *([BESIDE] * 2 if hides else [SHOWN] * 2)]] * 2
    assert (suppress(n, x, **lines) == SHOWN).all()


def test_which_measures_share_a_denominator() -> None:
    one, other = [[40, 30]], [[40, 31]]
    counts = np.array([one, one, one, other, one, other])
    assert shared_groups(["a", "a", "b", "a", "b", "a"], counts).tolist() == [0, 0, 2, 3, 2, 3]
    assert shared_groups(["", "", "a", "", "a", ""], counts).tolist() == [0, 1, 2, 3, 2, 5]
    assert shared_groups(["a", "b", "c", "d", "e", "f"], counts).tolist() == [0, 1, 2, 3, 4, 5]
    found = denominator_groups(counts, [5, 5, 3, 8, 3, 1])
    assert [group.tolist() for group in found] == [[2, 4], [0, 1]]
    assert denominator_groups(counts, None) == []


def test_one_different_cell_makes_a_different_denominator() -> None:
    counts = np.array([[[40, 30]], [[40, 31]]])
    with pytest.raises(ValueError, match="different denominators"):
        denominator_groups(counts, [1, 1])
    with pytest.raises(ValueError, match="for each measure"):
        denominator_groups(counts, [1, 1, 1])


def test_counts_have_three_axes() -> None:
    with pytest.raises(ValueError, match="measure, unit and stratum"):
        suppress([[40, 40]], [[0, 0]], unit_relations=[], stratum_relations=[])


@pytest.mark.parametrize(("at", "what"), [((0, 1, 1), "unit 0"), ((0, 1, 0), "stratum 0")])
def test_one_cell_that_does_not_add_up_is_enough(at: tuple[int, int, int], what: str) -> None:
    people = crossed([[60, 40, 90], [60, 70, 80], [100, 110, 120]])[None].copy()
    hits = people // 2 * 0
    hits[at] += 1
    if what == "stratum 0":
        hits[0, 0, 0] += 1
    with pytest.raises(ValueError, match=f"numerators of {what} are not the sum"):
        suppress(people, hits, unit_relations=UNITS, stratum_relations=STRATA)

"""Figures beside the cells: what they tell of a hidden count, and what is hidden because of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from measures.stats.disclosure import Beside, Leak, Quantity, audit, protect
from measures.stats.imputed_disclosure import PublishedImputed
from measures.stats.published_limits import imputed_limits, members_limits, members_range
from measures.stats.puzzle import Limit
from measures.stats.remainders import remainders
from measures.stats.rounding import published_members
from measures.stats.states import PRIVATE_STATES, CellState
from measures.stats.suppression import Relation, own_states, suppress

PRIVATE = PRIVATE_STATES
STRATA = [Relation(0, (1, 2, 3))]
LINES: dict[str, Any] = {"unit_relations": [], "stratum_relations": STRATA}


def table(*parts: int) -> Any:
    """Everyone and three strata of one unit and measure, [1, 1, 4]."""
    return np.array([[[sum(parts), *parts]]])


def members(known: int, unknown: int, *, counts_all: bool) -> Beside:
    categories = [((1, 2), [known]), ((3,), [unknown])]
    return Beside(
        list(
            members_limits(measure=0, unit=0, total=0, categories=categories, counts_all=counts_all)
        )
    )


@pytest.mark.parametrize("published", [0, 10, 20, 30, 120])
def test_members_range_is_what_is_written_like_this(published: int) -> None:
    low, high = members_range(published)
    assert {published_members(c) for c in range(low, high + 1)} == {published}
    assert published_members(high + 1) != published
    assert low == 0 or published_members(low - 1) != published


def people(*strata: int) -> dict[tuple[Quantity, int], float]:
    return {(Quantity.DENOMINATOR, stratum): 1.0 for stratum in strata}


def test_members_in_tens_are_so_many_people_at_least_and_at_most() -> None:
    """About 40 are 35 to 45, about 10 are 1 to 14, about 20 are 15 to 25."""
    categories = [((1, 2), [40, 10]), ((3,), [20])]
    every, some = (
        list(
            members_limits(measure=4, unit=2, total=0, categories=categories, counts_all=counts_all)
        )
        for counts_all in (True, False)
    )
    figure = "members by what is known of them"
    assert every == [
        Limit(4, 2, people(1, 2), 36, 59, figure=figure),
        Limit(4, 2, people(3), 15, 25, figure=figure),
    ]
    # Of at most 84 members some are not in the measure, and could all be of one kind.
    total = {(Quantity.DENOMINATOR, 0): -1.0}
    assert some == [
        Limit(4, 2, people(1, 2), -np.inf, 59, figure=figure),
        Limit(4, 2, people(1, 2) | total, 36 - 84, np.inf, figure=figure),
        Limit(4, 2, people(3), -np.inf, 25, figure=figure),
        Limit(4, 2, people(3) | total, 15 - 84, np.inf, figure=figure),
    ]


def test_an_imputed_rate_is_five_people_and_half_a_percent_wide() -> None:
    shown = {"Black": PublishedImputed((3, 4), 120.0, 0.4)}
    found = list(
        imputed_limits(
            measure=2, unit=1, shown=shown, groups=["White", "Black"], imputed_about=40, unknown=6
        )
    )
    met, missed = Quantity.NUMERATOR, Quantity.MISSES

    def of(met_weight: float, missed_weight: float) -> tuple[dict[Any, float], dict[str, float]]:
        cells = {(met, s): met_weight for s in (3, 4)} | {
            (missed, s): missed_weight for s in (3, 4)
        }
        return cells, {"Black met": met_weight, "Black missed": missed_weight}

    kinds = [[f"{group} {kind}" for group in ("White", "Black", "rest")] for kind in ("met", "missed")]  # fmt: skip
    expected = [
        (*of(1.0, 1.0), 115.0, 125.0),
        # At most 40.5 %: of the met 59.5 % less 40.5 % of the missed. At least 39.5 %: the same from below.
        (*of(0.595, -0.405), -np.inf, 0.0),
        (*of(-0.605, 0.395), -np.inf, 0.0),
        ({}, dict.fromkeys([*kinds[0], *kinds[1]], 1.0), 35.0, 45.0),
        # Whoever is imputed stands in the stratum of the unknown.
        ({(met, 6): -1.0}, dict.fromkeys(kinds[0], 1.0), -np.inf, 0.0),
        ({(missed, 6): -1.0}, dict.fromkeys(kinds[1], 1.0), -np.inf, 0.0),
    ]
    assert len(found) == len(expected)
    for limit, (cells, others, low, high) in zip(found, expected, strict=True):
        assert (limit.measure, limit.unit, limit.figure) == (2, 1, "imputed rates")
        assert limit.terms == pytest.approx(cells)
        assert limit.others == pytest.approx(others)
        assert (limit.low, limit.high) == (low, high)


@pytest.mark.parametrize(
    ("about", "least", "most"),
    [(0, 0, 0), (3, 1, 8), (6, 1, 11), (7, 2, 12), (10, 5, 15), (40, 35, 45)],
)
def test_imputed_people_are_nobody_or_somebody(about: int, least: float, most: float) -> None:
    arguments: dict[str, Any] = {"measure": 0, "unit": 0, "shown": {}, "groups": [], "unknown": 1}
    first = next(imputed_limits(imputed_about=about, **arguments))
    assert (first.low, first.high) == (least, most)


def test_unknown_members_in_tens_give_the_stratum_beside_them_away() -> None:
    """3 of Black and 17 of unknown are hidden and come to 20; about 20 members are unknown: Black has 1 to 5."""
    n, x = table(300, 3, 17), table(200, 1, 16)
    states = own_states(n)
    states[0, 0, 2:] = CellState.PRIVACY_COMPLEMENTARY
    assert audit(n, x, states, **LINES) == []
    leaks = audit(n, x, states, beside=members(300, 20, counts_all=True), **LINES)
    black = next(leak for leak in leaks if leak.quantity == Quantity.DENOMINATOR)
    assert (black.stratum, black.lowest, black.highest) == (2, 1.0, 5.0)
    # Where there are many more members than the measure has, nothing is sure.
    beside = members(2000, 300, counts_all=False)
    assert audit(n, x, states, beside=beside, **LINES) == []
    # Nearly all of them are in the measure: the same table tells nearly as much.
    states = protect(n, x, beside=members(300, 20, counts_all=True), **LINES)
    assert audit(n, x, states, beside=members(300, 20, counts_all=True), **LINES) == []
    assert np.isin(states, PRIVATE).sum() > 2


def test_what_the_truth_does_not_fit_is_no_knowledge() -> None:
    """Rows of one member that disagree: the table counts another 40 as unknown. No error, and no leak made up."""
    n, x = table(300, 3, 17), table(200, 1, 16)
    states = own_states(n)
    states[0, 0, 2:] = CellState.PRIVACY_COMPLEMENTARY
    assert audit(n, x, states, beside=members(280, 40, counts_all=True), **LINES) == []


def test_people_between_two_numerators_are_protected() -> None:
    """Seen within 7 days: 40 of 100; within 30 days: 45. The 5 between are in no table, and known all the same."""
    n = np.array([[[300, 100, 120, 80]], [[300, 100, 120, 80]]])
    x = np.array([[[120, 40, 50, 30]], [[175, 45, 70, 60]]])
    shown = own_states(n)
    shared = [7, 7]
    (leak,) = audit(n, x, shown, shared_denominator=shared, **LINES)
    assert leak.quantity == Quantity.BETWEEN and leak.stratum == 1
    assert (leak.lowest, leak.highest) == (5.0, 5.0)
    assert audit(n, x, shown, **LINES) == []
    for states in (
        suppress(n, x, shared_denominator=shared, **LINES),
        protect(n, x, shared_denominator=shared, **LINES),
    ):
        hidden = np.isin(states, PRIVATE)
        assert hidden[:, 0, 1].all() and hidden[0].sum() >= 2
        assert audit(n, x, states, shared_denominator=shared, **LINES) == []


def test_people_in_neither_of_two_numerators_are_protected() -> None:
    """60 in control and 35 out of it, of 100: 5 lie between."""
    n = np.array([[[300, 100, 120, 80]], [[300, 100, 120, 80]]])
    x = np.array([[[160, 60, 60, 40]], [[100, 35, 40, 25]]])
    states = suppress(n, x, shared_denominator=[1, 1], **LINES)
    assert np.isin(states[:, 0, 1], PRIVATE).all()


def test_measures_of_which_neither_is_part_of_the_other_have_nothing_between() -> None:
    n = np.array([[[200, 100, 100]], [[200, 100, 100]]])
    x = np.array([[[130, 70, 60]], [[135, 65, 70]]])
    assert remainders(n, x) == ()


def test_whoever_takes_the_own_row_away_takes_it_out_of_the_figures_too() -> None:
    """15 people of the first stratum, 4 of them in the first team, are hidden in every row. Beside them: with
    the people who are likely of it they are 18, and of these there are at most 4.

    The public knows 14 to 18 of two teams, which says nothing of either. The second team knows its own 11, and
    that none of its people are likely ones: 3 to 7 are left, and they are small for sure.
    """
    n = np.array([[[215, 15, 200], [104, 4, 100], [111, 11, 100]]])
    states = own_states(n)
    states[0, :, :2] = CellState.PRIVACY_COMPLEMENTARY
    lines: dict[str, Any] = {
        "unit_relations": [Relation(0, (1, 2), parts_are_readers=True)],
        "stratum_relations": [Relation(0, (1, 2))],
    }
    both = Limit(0, 0, {(Quantity.DENOMINATOR, 1): 1.0}, 18.0, 18.0, {"likely": 1.0})
    likely = Limit(0, 0, {}, 0.0, 4.0, {"likely": 1.0})
    beside = Beside([both, likely], {(0, 0, "likely"): 3.0, (0, 1, "likely"): 3.0})
    found = audit(n, np.zeros_like(n), states, beside=beside, **lines)
    assert found == [Leak(0, 0, 1, Quantity.DENOMINATOR, 2, 3.0, 7.0)]
    # Of counts and misses alike: the same people, all of whom missed it.
    missed = Limit(0, 0, {(Quantity.MISSES, 1): 1.0}, 14.0, 18.0)
    met = Limit(0, 0, {(Quantity.NUMERATOR, 1): 1.0}, 14.0, 18.0)
    for limit, x in ((missed, np.zeros_like(n)), (met, n)):
        (found_one,) = {
            (leak.quantity, leak.reader, leak.lowest, leak.highest)
            for leak in audit(n, x, states, beside=Beside([limit]), **lines)
            if leak.quantity != Quantity.DENOMINATOR
        }
        (kind,) = {quantity for quantity, _ in limit.terms}
        assert found_one == (kind, 2, 3.0, 7.0)

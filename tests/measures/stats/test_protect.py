"""What is hidden where the rules line by line are not enough: tables that a figure beside them gives away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from measures.stats.disclosure import Beside, Limit, Quantity, audit, protect
from measures.stats.states import CellState
from measures.stats.suppression import Relation, suppress

SHOWN, SMALL, BESIDE = (
    CellState.SHOWN,
    CellState.PRIVACY_PRIMARY,
    CellState.PRIVACY_COMPLEMENTARY,
)


def people(unit: int, stratum: int, low: float, high: float) -> Limit:
    return Limit(0, unit, {(Quantity.DENOMINATOR, stratum): 1.0}, low, high)


@pytest.mark.parametrize("measures", [1, 2])
def test_the_smallest_shown_cell_of_the_line_goes_in_all_measures_of_the_denominator(
    measures: int,
) -> None:
    """5 and 50 are hidden and come to 55; that the 50 are 48 to 52 leaves 3 to 7. So the 100 are hidden, and
    then the 50 need not be."""
    n = np.array([[[355, 5, 50, 200, 100]]] * measures)
    x = np.zeros_like(n)
    lines: dict[str, Any] = {
        "unit_relations": [],
        "stratum_relations": [Relation(0, (1, 2, 3, 4))],
        "shared_denominator": [4] * measures,
    }
    beside = Beside([people(0, 2, 48.0, 52.0)])
    assert (
        suppress(n, x, **lines)[:, 0].tolist() == [[SHOWN, SMALL, BESIDE, SHOWN, SHOWN]] * measures
    )
    assert (
        protect(n, x, **lines)[:, 0].tolist() == [[SHOWN, SMALL, BESIDE, SHOWN, SHOWN]] * measures
    )
    states = protect(n, x, beside=beside, **lines)
    assert states[:, 0].tolist() == [[SHOWN, SMALL, SHOWN, SHOWN, BESIDE]] * measures
    assert audit(n, x, states, beside=beside, **lines) == []


def test_what_leaks_in_one_measure_is_mended_in_all_of_the_denominator() -> None:
    """5 and 50 hits of the first measure are hidden, and with them the cells of the second; only hits of the
    first are told by a figure. All strata are of the same size, so the first that is shown goes."""
    n = np.array([[[1600, 400, 400, 400, 400]]] * 2)
    x = np.array([[[355, 5, 50, 200, 100]], [[770, 250, 20, 250, 250]]])
    lines: dict[str, Any] = {
        "unit_relations": [],
        "stratum_relations": [Relation(0, (1, 2, 3, 4))],
        "shared_denominator": [1, 1],
    }
    beside = Beside([Limit(0, 0, {(Quantity.NUMERATOR, 2): 1.0}, 48.0, 52.0)])
    assert protect(n, x, beside=beside, **lines)[:, 0].tolist() == [
        [SHOWN, SMALL, SHOWN, BESIDE, SHOWN],
        [SHOWN, BESIDE, SHOWN, BESIDE, SHOWN],
    ]


def test_where_no_neighbour_is_shown_a_cell_further_away_goes() -> None:
    """The 8 of the first team are hidden, with its total on request, and so all beside and above. What is
    known of its other stratum and of the second team's total leaves 6 to 10. The nearest that are shown, the
    second team's 90 and then the programme's total, go, and with them the reasons to hide some others."""
    n = np.array([[[151, 130, 21], [48, 40, 8], [103, 90, 13]]])
    x = np.zeros_like(n)
    lines: dict[str, Any] = {
        "unit_relations": [Relation(0, (1, 2))],
        "stratum_relations": [Relation(0, (1, 2))],
    }
    ask = np.zeros(n.shape, dtype=bool)
    ask[0, 1, 0] = ask[0, 0, 2] = True
    expected = [[SHOWN, BESIDE, BESIDE], [BESIDE, BESIDE, SMALL], [BESIDE, SHOWN, BESIDE]]
    assert protect(n, x, also_hide=ask, **lines)[0].tolist() == expected
    beside = Beside([people(1, 1, 39.0, 41.0), people(2, 0, 102.0, 104.0)])
    states = protect(n, x, also_hide=ask, beside=beside, **lines)
    assert states[0].tolist() == [[BESIDE, SHOWN, BESIDE], expected[1], [SHOWN, BESIDE, BESIDE]]
    assert audit(n, x, states, beside=beside, **lines) == []


def test_what_a_figure_says_by_itself_no_hiding_mends() -> None:
    """It ends all the same, and the check still finds it."""
    n = np.array([[[355, 5, 50, 200, 100]]])
    lines: dict[str, Any] = {
        "unit_relations": [],
        "stratum_relations": [Relation(0, (1, 2, 3, 4))],
        "beside": Beside([people(0, 1, 4.0, 6.0)]),
    }
    states = protect(n, n * 0, **lines)
    assert (states[0, 0] != SHOWN).all()
    assert [(leak.lowest, leak.highest) for leak in audit(n, n * 0, states, **lines)] == [(4, 6)]


def test_what_is_never_displayed_is_not_hidden_once_more() -> None:
    """The 60 are never displayed: not they are hidden beside the 5 and 50, but the 100."""
    n = np.array([[[415, 5, 50, 200, 100, 60]]])
    lines: dict[str, Any] = {
        "unit_relations": [],
        "stratum_relations": [Relation(0, (1, 2, 3, 4, 5))],
        "unpublished": [False, False, False, False, False, True],
        "beside": Beside([people(0, 5, 58.0, 62.0)]),
    }
    states = protect(n, n * 0, **lines)
    assert states[0, 0].tolist()[:5] == [SHOWN, SMALL, BESIDE, SHOWN, SHOWN]

"""What is hidden so that nobody can work a small count out, and how that is checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from collaborative.method_pages.page import MethodPage, table
from measures.stats.contributions import MOST_PERCENT
from measures.stats.count_ranges import count_ranges
from measures.stats.disclosure import PUBLIC, Quantity, audit, protect, puzzles
from measures.stats.rounding import published_decimals, published_members
from measures.stats.states import PRIVATE_STATES, CellState
from measures.stats.suppression import LEAST_COUNT, Relation, is_sensitive, own_states

_UNITS = ("All groups", "Group A", "Group B", "Group C")
_STRATA = ("Everyone", "White", "Black", "Asian", "Unknown")
_PARTS_N = np.array([[210, 46, 7, 88], [160, 61, 35, 70], [185, 38, 44, 52]])
_PARTS_X = np.array([[160, 31, 5, 60], [120, 40, 22, 47], [130, 19, 30, 35]])
_LINES: dict[str, Any] = {
    "unit_relations": [Relation(0, (1, 2, 3), parts_are_readers=True)],
    "stratum_relations": [Relation(0, (1, 2, 3, 4))],
}


def _summed(
    parts: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """[1, unit, stratum] with everyone and all groups in front."""
    rows = np.concatenate([parts.sum(axis=1, keepdims=True), parts], axis=1)
    return np.concatenate([rows.sum(axis=0, keepdims=True), rows])[None]


def _shown(n: object, x: object, states: object) -> list[list[str]]:
    counts, hits, hidden = np.asarray(n)[0], np.asarray(x)[0], np.isin(states, PRIVATE_STATES)[0]  # type: ignore[arg-type]
    return [
        [
            name,
            *(
                "hidden" if hidden[u, s] else f"{hits[u, s]} of {counts[u, s]}"
                for s in range(len(_STRATA))
            ),
        ]
        for u, name in enumerate(_UNITS)
    ]


def _example() -> Sequence[str]:
    n, x = _summed(_PARTS_N), _summed(_PARTS_X)
    alone = own_states(n)
    alone[is_sensitive(n, x)] = CellState.PRIVACY_PRIMARY
    leaks = [leak for leak in audit(n, x, alone, **_LINES) if leak.reader == PUBLIC]
    leak = next(leak for leak in leaks if leak.quantity == Quantity.DENOMINATOR)
    states = protect(n, x, **_LINES)
    ranges = [
        found
        for asked in puzzles(n, x, states, **_LINES)
        if asked.reader == PUBLIC
        for found in count_ranges(asked)
        if found.quantity == Quantity.DENOMINATOR
    ]
    left = audit(n, x, states, **_LINES)
    return [
        (
            f"One measure, three groups. {_UNITS[leak.unit]} has few {_STRATA[leak.stratum]} members. With that cell "
            f"alone hidden, anybody subtracts: the check finds that its denominator lies between {leak.lowest:g} and "
            f"{leak.highest:g}."
        ),
        "",
        *table(("", *_STRATA), _shown(n, x, alone)),
        "",
        "With what is hidden beside it:",
        "",
        *table(("", *_STRATA), _shown(n, x, states)),
        "",
        f"The check now finds {len(left) or 'no'} small count that a reader can be sure of. What the hidden denominators could be:",
        "",
        *table(
            ("cell", "people", "smallest", "largest"),
            [
                (
                    f"{_STRATA[r.stratum]} of {_UNITS[r.unit]}",
                    r.count,
                    r.lowest,
                    "any" if r.highest is None else r.highest,
                )
                for r in ranges
            ],
        ),
        "",
        (
            f"A rate of 5 of 7 would be {100 * 5 / 7:.1f} %, a percentage that few small fractions have: below "
            f"100 people rates have {published_decimals(99):d} decimals, from 100 on {published_decimals(100):d}. In tables of "
            f"completeness, 3 members count as {published_members(3)} and 47 as {published_members(47)}."
        ),
    ]


PAGES: tuple[MethodPage, ...] = (
    MethodPage(
        "disclosure-control",
        "What is hidden, and how that is checked",
        "No reader outside a group can read, or work out from all that is published, a count of 1 to 10 people. The "
        "group itself sees its own numbers.",
        (
            f"hidden first:    1 to {LEAST_COUNT - 1} in n, x or n - x. 0 may be shown",
            "hidden beside:   every line that adds up (strata of a unit, groups of the programme, sites and lines of",
            "                 business of a group, measures with one denominator) has no hidden cell alone, and what is",
            f"                 hidden together comes to {LEAST_COUNT} or more; also when a group takes its own row away",
            "exact check:     for each hidden small count min and max over all tables t with A t = 0, t = shown where shown,",
            "                 t >= 0 (>= 1 where a cell is known not to be empty), low <= B t <= high for figures beside",
            "                 the cells; a leak if 1 <= min and max <= 10",
            "mended by:       hiding the smallest shown cell of a line through the leak, until there is none",
            f"enough groups:   a number of the programme, and what its hidden strata come to, has a <= 0.{MOST_PERCENT // 10} (n - b),",
            "                 a and b the people of its two largest groups; else it is hidden, and a stratum beside it",
        ),
        (
            (
                "With a rate, its interval, gap, ratio, p and q, patients to parity and place among peers go: an interval's width "
                "tells n, a gap and one rate the other rate."
            ),
            "Which of two hidden cells was small is not told.",
            (
                "A number over two groups tells each of them the other's, and one that nearly one group alone stands behind tells "
                f"nearly that group's. So whoever takes the own row away is left with several groups, none with more than {MOST_PERCENT} "
                "percent of what is left. Groups' own numbers are not hidden for it."
            ),
            "Readers may hold every card at once, of the programme and of all groups; a group also knows its own row.",
            (
                "Sites and lines of business are checked within their group; where they would tell, all parts of the measure close "
                "for others, with the list of their strata."
            ),
            (
                "Of measures with one denominator the people between the numerators (seen within 30 days, not within 7) "
                "are counts too. That a numerator is part of another, or apart from it, is taken to be so where no cell says otherwise."
            ),
            (
                "Members in tens by what is known of them, expected people in tens and imputed rates in whole percent are limits "
                "of the same tables, over programme and groups together. A figure that the true table does not fit tells nothing."
            ),
            (
                "A hidden stratum's imputed rate is shown only where imputed people blur it by 11 or more in n, x and n - x, and none "
                "of a unit and measure where all of them and the shown strata together would tell."
            ),
            (
                "Cards put groups without numbers together: everyone less the shown groups, from 30 people on. Whoever "
                "holds the card can subtract that, so it tells nothing new."
            ),
            "What a published card hid stays hidden when its period is restated. Another period is another table.",
            (
                '"Surely 1 to 10" is the standard. A range that reaches 0 or 11 is no leak, however narrow; '
                "`manage.py audit_disclosure` lists all ranges."
            ),
            "Ranges are those of real values: never narrower than those of whole counts, so a leak that only whole numbers show is looked for by the attacks in the tests.",
        ),
        (
            "Hundepool et al. (2012), Statistical Disclosure Control, ch. 4",
            "CMS cell size suppression policy (no cell of 1 to 10)",
        ),
        (
            "suppression.suppress",
            "contributions.tells_a_part",
            "disclosure.protect",
            "disclosure.audit",
            "published_limits.members_limits",
            "published_limits.imputed_limits",
            "count_ranges.count_ranges",
            "exposed_parts.exposing_measures",
            "rounding.published_decimals",
        ),
        _example,
    ),
)

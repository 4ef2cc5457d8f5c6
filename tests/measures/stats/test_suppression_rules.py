"""The pattern of the suppression, cell by cell, against the same rules written down line by line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from measures.stats.suppression import Relation, suppress
from tests.measures.stats.line_rules import line_rules

UNITS = [Relation(0, (1, 2, 3), parts_are_readers=True), Relation(1, (4, 5))]
#: Everybody, two answers with three and two strata, and the six cells of both.
STRATA = [
    Relation(0, (1, 2, 3)),
    Relation(0, (4, 5)),
    *(Relation(1 + i, (6 + 2 * i, 7 + 2 * i)) for i in range(3)),
    *(Relation(4 + j, (6 + j, 8 + j, 10 + j)) for j in range(2)),
]


def summed(cells: np.ndarray) -> np.ndarray:
    """[unit, stratum] of cells [two sites and two teams, 3, 2]."""
    sites, teams = cells[:2], cells[2:]
    units = np.stack([cells.sum(axis=0), sites.sum(axis=0), *teams, *sites])
    return np.concatenate(
        [
            units.sum(axis=(1, 2))[:, None],
            units.sum(axis=2),
            units.sum(axis=1),
            units.reshape(6, 6),
        ],
        axis=1,
    )


def programme(seed: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Three measures; the last two share a denominator, and often one numerator lies in the other.

    Large cells are of few kinds, so that prices are often equal; a few others are small or empty.
    """
    rng = np.random.default_rng(seed)
    base = rng.choice([60, 60, 120, 200, 400], (2, 4, 3, 2))
    for _ in range([1, 2, 4, 12][seed % 4]):
        base[tuple(rng.integers(0, base.shape))] = rng.choice([0, 0, 1, 4, 10, 11, 12, 25])
    base = base[[0, 1, 1]]
    x = rng.binomial(base, rng.choice([0.0, 0.4, 0.5, 0.6]))
    if seed % 3 == 0:
        x[2] = x[1] + rng.binomial(base[1] - x[1], 0.3)
    elif seed % 3 == 1:
        x[2] = rng.binomial(base[1] - x[1], 0.5)
    more: dict[str, Any] = {"shared_denominator": [0, 1, 1], "k": [11, 11, 4][seed // 3 % 3]}
    if seed % 5 > 2:
        more["unpublished"] = rng.random((6, 12)) < 0.15
    if seed % 5 < 2:
        more["hide_first"] = rng.random((6, 12)) < 0.3
    if seed % 7 < 3:
        more["also_hide"] = rng.random((3, 6, 12)) < 0.01
    n, x = (np.stack([summed(of) for of in counts]) for counts in (base, x))
    return n, x, more


@pytest.mark.parametrize("seed", range(40))
def test_every_cell_is_as_the_rules_say(seed: int) -> None:
    n, x, more = programme(seed)
    lines: dict[str, Any] = {"unit_relations": UNITS, "stratum_relations": STRATA}
    found = suppress(n, x, **lines, **more)
    assert found.tolist() == line_rules(n, x, **lines, **more)

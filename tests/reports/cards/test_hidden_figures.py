"""A hidden figure has no number at all: no interval, gap, ratio, p, parity or place could give it away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reports.cards.csv_file import render_csv
from tests.factories.members import LoadedWorld

RATE = ("denominator", "numerator", "rate", "rate_lower", "rate_upper", "self_reported_share", "indirect_share")  # fmt: skip
COMPARISON = (
    "gap_points", "gap_points_lower", "gap_points_upper", "ratio", "ratio_lower", "ratio_upper",
    "p_value", "q_value", "patients_to_parity",
)  # fmt: skip


def figures_of(content: Any) -> Iterator[dict[str, Any]]:
    """Everything on a card that has a state, wherever it stands: also what later versions add."""
    if isinstance(content, dict):
        if "state" in content and "stratum" in content:
            yield content
        for value in content.values():
            yield from figures_of(value)
    elif isinstance(content, list):
        for value in content:
            yield from figures_of(value)


@pytest.mark.parametrize("team", ["Cedar Health", "Gale Health", None])
def test_hidden_figures_hold_no_numbers(
    world: LoadedWorld, make_card: Any, team: str | None
) -> None:
    card = make_card(world.team(team) if team else None, "published")
    figures = list(figures_of(json.loads(json.dumps(card.content))))
    hidden = [f for f in figures if f["state"] == "protected"]
    assert hidden
    for figure in figures:
        if figure["state"] != "shown":
            numbers = {
                name: value
                for name, value in figure.items()
                if isinstance(value, int | float) and not isinstance(value, bool)
            }
            assert numbers == {"decimals": 0} or numbers == {}, figure
        if figure.get("gap_state", "shown") != "shown":
            assert all(figure[name] is None for name in COMPARISON if name in figure)
        if figure["state"] == "shown":
            low = min(figure["numerator"], figure["denominator"] - figure["numerator"])
            assert low == 0 or low > 10
    # A comparison with a hidden reference would give the reference away.
    for measure in card.content["measures"]:
        reference = next(
            (f for f in measure["figures"] if f["stratum"] == measure["reference"]), None
        )
        if reference is None or reference["state"] != "shown":
            assert all(f["gap_points"] is None and f["ratio"] is None for f in measure["figures"])
    lines = render_csv(card.content).decode("utf-8-sig").splitlines()
    names = lines[0].split(",")
    for line in lines[1:]:
        row = dict(zip(names, line.split(","), strict=False))
        if row.get("state") == "protected":
            assert not any(row.get(name) for name in (*RATE, *COMPARISON)), row

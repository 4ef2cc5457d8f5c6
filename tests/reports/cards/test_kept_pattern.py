"""What a published card hid stays hidden when the numbers of its period are restated."""

from __future__ import annotations

from typing import Any

import pandas as pd

from measures.actions.protection import protect_results
from measures.models import StratumResult
from measures.queries.protection import list_unprotected
from measures.stats.states import CellState
from reports.models import ReportCard
from tests.factories.members import LoadedWorld, load_members
from tests.reports.cards.conftest import NOW

TEAM = "Amber Health"


def states(card: ReportCard) -> dict[tuple[str, str], str]:
    return {
        (measure["code"], figure["stratum"]): figure["state"]
        for measure in card.content["measures"]
        for figure in measure["figures"]
    }


def stored_state(world: LoadedWorld, measure: str, stratum: str) -> int:
    return StratumResult.objects.get(
        team=world.team(TEAM),
        measure__code=measure,
        stratum__stratum_set__code="combined",
        stratum__code=stratum,
    ).state


def test_a_cell_hidden_on_a_published_card_stays_hidden_after_a_restatement(
    world: LoadedWorld, make_card: Any
) -> None:
    before = states(make_card(world.team(TEAM), "published"))
    assert "protected" in before.values()
    # Another group's figures do not depend on it.
    other = states(make_card(world.team("Birch Health"), "published"))

    # So many more people that nothing of the group is small any more.
    rows = world.members[world.members.team == TEAM]
    world = load_members(
        pd.concat([rows] * 40, ignore_index=True), source=world.source, teams=world.teams
    )
    opened = {
        key
        for key, state in before.items()
        if state == "protected" and stored_state(world, *key) == CellState.SHOWN
    }
    assert opened, "The data of this test must be such that a cell would be shown."
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    assert list_unprotected(world.source, world.period()) == []

    after = states(make_card(world.team(TEAM), "published"))
    assert {key for key, state in before.items() if state == "protected"} <= {
        key for key, state in after.items() if state == "protected"
    }
    assert "shown" in after.values()
    again = states(make_card(world.team("Birch Health"), "published"))
    assert {key for key, state in other.items() if state == "protected"} <= {
        key for key, state in again.items() if state == "protected"
    }


def test_a_period_without_published_cards_keeps_nothing(world: LoadedWorld, make_card: Any) -> None:
    hidden = states_of_draft(world, make_card)
    rows = world.members[world.members.team == TEAM]
    world = load_members(
        pd.concat([rows] * 40, ignore_index=True), source=world.source, teams=world.teams
    )
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    assert any(stored_state(world, *key) == CellState.SHOWN for key in hidden)


def states_of_draft(world: LoadedWorld, make_card: Any) -> set[tuple[str, str]]:
    """What would be hidden; the card itself stays a draft and binds nobody."""
    make_card(world.team(TEAM), "draft")
    private = (CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY)
    return set(
        StratumResult.objects.filter(
            team=world.team(TEAM), stratum__stratum_set__code="combined", state__in=private
        ).values_list("measure__code", "stratum__code")
    )

"""Groups without numbers are put together on the card: what anybody could subtract, said in words."""

from __future__ import annotations

import json
from typing import Any

from measures.actions.protection import protect_results
from reports.cards.pdf import render_pdf
from reports.cards.presentation import present_card
from tests.factories.members import LoadedWorld
from tests.factories.people import signed_in
from tests.reports.cards.conftest import NOW


def test_holes_are_put_together_and_tell_nothing_new(
    world: LoadedWorld, make_card: Any, analyst: Any
) -> None:
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    found = 0
    for name in [None, *world.teams]:
        card = make_card(world.team(name) if name else None, "published")
        content = json.loads(json.dumps(card.content))
        for measure in content["measures"]:
            together = measure["together"]
            if together is None:
                continue
            found += 1
            figures = {f["stratum"]: f for f in measure["figures"]}
            shown = [f for f in figures.values() if f["state"] == "shown"]
            for what in ("denominator", "numerator"):
                left = measure["total"][what] - sum(f[what] for f in shown)
                assert together[what] == left
            small = min(together["numerator"], together["denominator"] - together["numerator"])
            assert small == 0 or small > 10
            assert together["denominator"] >= 30
            assert {figures[code]["state"] for code in together["strata"]} <= {
                "protected",
                "too_few",
            }
            # Really those people: counted in the rows of the file.
            rows = world.members[world.members.measure == measure["code"]]
            rows = rows if name is None else rows[rows.team == name]
            assert together["denominator"] == rows.combined.isin(together["strata"]).sum()
    assert found >= 3
    page = signed_in(analyst).get(f"/report-cards/{card.pk}/").content.decode()
    if any(m["together"] for m in content["measures"]):
        assert "Put together" in page
    shown = present_card(content, state="published", published_on="2026-06-16")
    texts = [r for m in shown["measures"] for r in m["remainder"] if r["state"] == "together"]
    assert len(texts) == sum(m["together"] is not None for m in content["measures"])
    assert render_pdf(shown).startswith(b"%PDF")


def test_nobody_is_put_together_where_everyones_number_is_hidden(
    world: LoadedWorld, make_card: Any
) -> None:
    """Or where too few are left: then the sum itself would be a number that is not to be shown."""
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    for name in world.teams:
        for measure in make_card(world.team(name), "published").content["measures"]:
            if measure["total"]["state"] != "shown":
                assert measure["together"] is None
            left = [f for f in measure["figures"] if f["state"] in ("protected", "too_few")]
            if len(left) < 2:
                assert measure["together"] is None

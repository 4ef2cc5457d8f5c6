"""A number of the programme over too few groups is nowhere: no card and no answer gives it to one of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from django.test import Client

from measures.actions.protection import protect_results
from measures.models import RealCount, StratumResult
from measures.queries.protection import list_unprotected
from measures.stats.states import CellState
from reports.actions import report_cards as actions
from reports.cards.content import reviewable_sha256
from reports.models import ReportCard
from reports.queries.cards import get_content
from teams.enums import Role
from teams.models import User
from teams.scoping import scope_of
from tests.factories.members import LoadedWorld, load_members, make_members
from tests.factories.people import make_token, make_user

ASKED = "nh_asian"
NOW = datetime(2025, 4, 1, 9, tzinfo=UTC)


def load(teams: int) -> LoadedWorld:
    """Groups in which Asian members are many, and nobody at all is one in the third and fourth."""
    names = [f"{name} Health" for name in ("Amber", "Birch", "Cedar", "Dune")[:teams]]
    members = make_members(teams=names, members=4000, measures=["CBP"], seed=3)
    late = members.team.isin(["Cedar Health", "Dune Health"]) & (members.combined == ASKED)
    return load_members(members[~late])


@pytest.fixture
def world(db: None) -> LoadedWorld:
    return load(4)


@pytest.fixture
def analyst(world: LoadedWorld) -> User:
    return make_user(Role.PAYER_ANALYST)


def people(world: LoadedWorld, *names: str) -> pd.DataFrame:
    rows = world.members[world.members.combined == ASKED]
    return rows[rows.team.isin([f"{name} Health" for name in names])]


def statewide(world: LoadedWorld, by: User) -> ReportCard:
    scope = scope_of(by, on=NOW.date())
    (card,) = actions.draft_report_cards(
        teams=[None], source=world.source, period=world.period(), by=by
    )
    seen = reviewable_sha256(get_content(scope, card))
    card = actions.review_report_card(card=card, seen_sha256=seen, scope=scope, as_of=NOW, by=by)
    return actions.publish_report_card(card=card, scope=scope, as_of=NOW, by=by)


def test_the_second_group_cannot_take_its_own_away(world: LoadedWorld, analyst: User) -> None:
    both, first = people(world, "Amber", "Birch"), people(world, "Amber")
    assert len(people(world, "Cedar", "Dune")) == 0 and len(first) > 100
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    assert list_unprotected(world.source, world.period()) == []
    client = Client(headers={"authorization": f"Token {make_token(analyst)}"})
    (item,) = client.get("/api/v1/results/", {"unit": "programme"}).json()["results"]
    card = json.loads(json.dumps(statewide(world, analyst).content))
    for figures in (item["figures"], card["measures"][0]["figures"]):
        by_code = {f["stratum"]: f for f in figures}
        assert by_code[ASKED]["state"] == "protected"
        assert by_code["nh_white"]["state"] == by_code["nh_black"]["state"] == "shown"
        # Nor is it what is left when everything that is shown is taken away.
        for what, wanted in (("denominator", len(both)), ("numerator", both.numerator.sum())):
            shown = sum(f[what] or 0 for f in figures)
            assert card["measures"][0]["total"][what] - shown > wanted
    # Race by itself has the same people.
    race = {f["stratum"]: f for f in card["appendix"][0]["measures"][0]["figures"]}
    assert race["asian"]["state"] == "protected" or race["asian"]["denominator"] > len(both)
    together = card["measures"][0]["together"]
    assert together is None or len(together["strata"]) > 1


def test_groups_keep_their_own_numbers(world: LoadedWorld) -> None:
    """The rule is about the programme's number; cards of groups lose nothing by it."""
    rows = StratumResult.objects.filter(stratum__code=ASKED)
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    states = {r.team.name if r.team else "": r.state for r in rows.select_related("team")}
    assert states[""] == CellState.TOO_FEW_GROUPS
    assert states["Amber Health"] == states["Birch Health"] == CellState.SHOWN
    # Once more: what was hidden for this reason is no reason to hide anything of a group.
    assert protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW) == 0


def test_a_published_card_that_hid_it_hides_nothing_of_a_group_later(
    world: LoadedWorld, analyst: User
) -> None:
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    statewide(world, analyst)
    load_members(world.members, source=world.source, teams=world.teams)
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    rows = StratumResult.objects.filter(team__isnull=False, stratum__code=ASKED)
    assert {r.state for r in rows.filter(denominator__gt=0)} == {CellState.SHOWN}


def test_a_programme_of_two_groups_publishes_nothing_of_them(db: None) -> None:
    world = load(2)
    analyst = make_user(Role.PAYER_ANALYST)
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    assert RealCount.objects.filter(member_count__gt=100).exists()
    card = statewide(world, analyst).content
    assert card is not None
    figures = [f for m in card["measures"] for f in [*m["figures"], m["total"]]]
    assert {f["state"] for f in figures} <= {"protected", "no_denominator"}
    assert [f["denominator"] for f in figures if f["denominator"]] == []
    # What is known of race would be the other group's too.
    assert card["completeness"] == []
    assert "one group’s own number" in json.dumps(card["findings"], ensure_ascii=False)


def test_three_groups_are_enough_for_completeness(db: None) -> None:
    world = load(3)
    card = statewide(world, make_user(Role.PAYER_ANALYST)).content
    assert card is not None and {row["field"] for row in card["completeness"]} >= {"race"}

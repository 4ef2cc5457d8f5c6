"""What a card's state allows; each refusal is a sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from measures.models import StratumResult
from reports.actions import report_cards as actions
from reports.cards.content import content_sha256, reviewable_sha256
from reports.enums import CardState
from reports.models import ReportCard
from reports.policies import TRANSITIONS, can
from reports.queries.cards import get_content, list_restatements
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, Notification
from tests.factories.members import load_members, make_members
from tests.factories.people import make_user
from tests.reports.cards.conftest import NOW


def acts_of(card: ReportCard) -> set[str]:
    return {act for act in TRANSITIONS if can(act, card)}


def test_draft_makes_one_card_for_each_group_and_leaves_those_in_the_making(
    world: Any, analyst: Any, make_card: Any
) -> None:
    first = make_card(world.team("Amber Health"))
    made = actions.draft_report_cards(
        teams=[None, *world.teams.values()],
        source=world.source,
        period=world.period(),
        by=analyst,
    )
    assert len(made) == 7
    assert first.team not in [card.team for card in made]
    assert {card.state for card in made} == {CardState.DRAFT}


def test_acts_follow_the_state(world: Any, make_card: Any) -> None:
    team = world.team("Amber Health")
    card = make_card(team)
    assert acts_of(card) == {"write_commentary", "review", "withdraw"}
    card.state = CardState.REVIEWED
    assert acts_of(card) == {"reopen", "publish", "withdraw"}
    for state in (CardState.PUBLISHED, CardState.SUPERSEDED, CardState.WITHDRAWN):
        card.state = state
        assert acts_of(card) == set()


def test_publish_freezes_content_hash_versions_and_people(
    world: Any, make_card: Any, analyst: Any, scope: Any
) -> None:
    card = make_card(world.team("Amber Health"), "reviewed")
    preview = get_content(scope, card)
    published = actions.publish_report_card(card=card, scope=scope, as_of=NOW, by=analyst)
    published.refresh_from_db()
    assert published.content == preview
    assert published.content_sha256 == content_sha256(published.content)
    assert published.data_version == world.source.data_version
    assert published.method_version == preview["basis"]["method_version"]
    assert (published.published_by, published.published_at) == (analyst, NOW)


def test_group_is_told_of_its_published_card_and_no_other_group(
    world: Any, make_card: Any, analyst: Any
) -> None:
    amber, birch = world.team("Amber Health"), world.team("Birch Health")
    lead, stranger = (make_user(Role.GROUP_LEAD, team=team) for team in (amber, birch))
    card = make_card(amber, "published")
    rows = Notification.objects.filter(topic="results")
    assert lead.pk in {row.user_id for row in rows}
    assert not {stranger.pk, analyst.pk} & {row.user_id for row in rows}
    assert {row.path for row in rows} == {reverse("reports:card", args=[card.pk])}
    Notification.objects.all().delete()
    make_card(None, "published")
    assert not Notification.objects.filter(topic="results").exists()


def test_every_act_is_audited(world: Any, make_card: Any, scope: Any, analyst: Any) -> None:
    team = world.team("Amber Health")
    card = make_card(team, "published")
    withdrawn = make_card(world.team("Birch Health"), "reviewed")
    actions.reopen_report_card(card=withdrawn, by=analyst)
    actions.write_commentary(card=withdrawn, text="Well done.", by=analyst)
    actions.withdraw_report_card(card=withdrawn, as_of=NOW, by=analyst)
    make_card(team, "published")
    events = AuditEvent.objects.filter(object_type="reports.reportcard")
    acts = sorted(events.values_list("act", flat=True))
    assert acts == sorted(
        ["draft_report_card"] * 3
        + ["review_report_card"] * 3
        + ["publish_report_card"] * 2
        + ["reopen_report_card", "write_commentary", "withdraw_report_card"]
        + ["supersede_report_card"]
    )
    published = events.get(act="publish_report_card", object_id=str(card.pk))
    assert published.details["sha256"] == card.content_sha256
    assert published.team == team
    # What was written stays out of the trail.
    assert "Well done" not in str(list(events.values_list("details", flat=True)))


@pytest.mark.parametrize(
    ("act", "state", "sentence"),
    [
        ("publish", "draft", "Review the card first: only a reviewed card can be published."),
        ("publish", "published", "This card is already published."),
        ("review", "reviewed", "This card has already been reviewed."),
        ("review", "published", "This card is already published."),
        ("reopen", "draft", "This card is a draft already."),
        ("reopen", "published", "A published card stays as it is. Draft a new card instead."),
        ("withdraw", "published", "A published card cannot be withdrawn"),
        ("write_commentary", "reviewed", "Reopen it to change its commentary."),
        ("write_commentary", "published", "This card is published and stays as it is."),
    ],
)
def test_act_refused_in_state(
    act: str, state: str, sentence: str, world: Any, make_card: Any, scope: Any, analyst: Any
) -> None:
    card = make_card(world.team("Amber Health"), state)
    calls = {
        "publish": lambda: actions.publish_report_card(
            card=card, scope=scope, as_of=NOW, by=analyst
        ),
        "review": lambda: actions.review_report_card(
            card=card, seen_sha256="", scope=scope, as_of=NOW, by=analyst
        ),
        "reopen": lambda: actions.reopen_report_card(card=card, by=analyst),
        "withdraw": lambda: actions.withdraw_report_card(card=card, as_of=NOW, by=analyst),
        "write_commentary": lambda: actions.write_commentary(card=card, text="x", by=analyst),
    }
    with pytest.raises(StateRefused) as refusal:
        calls[act]()
    assert sentence in str(refusal.value)
    card.refresh_from_db()
    assert card.state == state


@pytest.mark.parametrize("act", sorted(TRANSITIONS))
def test_withdrawn_card_allows_nothing(
    act: str, world: Any, make_card: Any, scope: Any, analyst: Any
) -> None:
    card = make_card(world.team("Amber Health"))
    withdrawn = actions.withdraw_report_card(card=card, as_of=NOW, by=analyst)
    assert not can(act, withdrawn)


def test_review_refused_when_the_screen_showed_other_numbers(
    world: Any, make_card: Any, scope: Any, analyst: Any
) -> None:
    card = make_card(world.team("Amber Health"))
    with pytest.raises(StateRefused, match="changed while you were reading"):
        actions.review_report_card(
            card=card, seen_sha256="0" * 64, scope=scope, as_of=NOW, by=analyst
        )


def test_review_refused_without_results(
    world: Any, make_card: Any, scope: Any, analyst: Any
) -> None:
    StratumResult.objects.filter(team=world.team("Amber Health")).delete()
    card = make_card(world.team("Amber Health"))
    seen = reviewable_sha256(get_content(scope, card))
    with pytest.raises(StateRefused, match="no stratified results"):
        actions.review_report_card(card=card, seen_sha256=seen, scope=scope, as_of=NOW, by=analyst)


def correct(world: Any, team: str, seed: int = 77) -> None:
    """New data for one group and measure."""
    rows = world.members[(world.members.team == team) & (world.members.measure == "CBP")].copy()
    flip = rows.sample(frac=0.3, random_state=seed).index
    rows.loc[flip, "numerator"] = 1 - rows.loc[flip, "numerator"]
    load_members(rows, source=world.source, teams=world.teams)


def test_publish_refused_when_data_changed_since_review(
    world: Any, make_card: Any, scope: Any, analyst: Any
) -> None:
    card = make_card(world.team("Amber Health"), "reviewed")
    correct(world, "Amber Health")
    with pytest.raises(StateRefused, match="The numbers changed since review; review again."):
        actions.publish_report_card(card=card, scope=scope, as_of=NOW, by=analyst)


def test_publish_goes_on_when_a_new_data_version_left_the_card_as_it_was(
    world: Any, make_card: Any, scope: Any, analyst: Any
) -> None:
    card = make_card(world.team("Amber Health"), "reviewed")
    other = make_members(teams=["Far Away"], members=500, measures=["CBP"], periods=["2025"])
    load_members(other, source=world.source, teams=world.teams)
    published = actions.publish_report_card(card=card, scope=scope, as_of=NOW, by=analyst)
    assert published.data_version == world.source.data_version


def test_corrected_data_leave_the_card_and_raise_a_notice_on_it_alone(
    world: Any, make_card: Any
) -> None:
    amber = make_card(world.team("Amber Health"), "published")
    birch = make_card(world.team("Birch Health"), "published")
    everyone = make_card(None, "published")
    before = dict(amber.content)
    assert list_restatements([amber, birch, everyone]) == {}
    correct(world, "Amber Health")
    amber.refresh_from_db()
    assert amber.content == before
    changes = list_restatements([amber, birch, everyone])
    assert set(changes) == {amber.pk, everyone.pk}
    assert changes[amber.pk].data_version == amber.data_version + 1


def test_new_card_supersedes_the_published_one(
    world: Any, make_card: Any, scope: Any, analyst: Any
) -> None:
    old = make_card(world.team("Amber Health"), "published")
    correct(world, "Amber Health")
    new = make_card(world.team("Amber Health"), "reviewed")
    new = actions.publish_report_card(
        card=new, scope=scope, as_of=NOW + timedelta(days=1), by=analyst
    )
    old.refresh_from_db()
    assert (old.state, old.superseded_by) == (CardState.SUPERSEDED, new)
    assert old.content_sha256 != new.content_sha256

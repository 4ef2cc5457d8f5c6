"""What the database itself refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from reports.enums import CardState
from reports.models import ReportCard


@pytest.fixture
def card(world: Any, make_card: Any) -> ReportCard:
    return make_card(world.team("Amber Health"), "published")


@pytest.mark.parametrize(
    "change",
    [
        {"content": {}},
        {"content_sha256": "0" * 64},
        {"data_version": 99},
        {"method_version": "x"},
        {"commentary": "other words"},
        {"published_at": None},
        {"state": CardState.DRAFT},
        {"state": CardState.WITHDRAWN},
    ],
)
def test_published_card_cannot_be_changed(card: ReportCard, change: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        ReportCard.objects.filter(pk=card.pk).update(**change)


def test_published_card_cannot_be_deleted(card: ReportCard) -> None:
    with pytest.raises(DatabaseError, match="kept"), transaction.atomic():
        ReportCard.objects.filter(pk=card.pk).delete()


def test_superseded_card_cannot_be_changed_or_revived(
    card: ReportCard, world: Any, make_card: Any
) -> None:
    make_card(world.team("Amber Health"), "published")
    for change in ({"content": {}}, {"state": CardState.PUBLISHED, "superseded_by": None}):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            ReportCard.objects.filter(pk=card.pk).update(**change)


def test_draft_can_be_deleted(world: Any, make_card: Any) -> None:
    draft = make_card(world.team("Birch Health"))
    assert ReportCard.objects.filter(pk=draft.pk).delete()[0] == 1


def test_second_draft_of_a_group_is_refused(world: Any, analyst: Any) -> None:
    for team in (world.team("Amber Health"), None):
        values = {
            "team": team,
            "source": world.source,
            "period": world.period(),
            "created_by": analyst,
        }
        ReportCard.objects.create(**values)
        with pytest.raises(IntegrityError, match="card_one_draft"), transaction.atomic():
            ReportCard.objects.create(**values, state=CardState.DRAFT)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"state": "reviewed"}, "card_reviewed_says_by_whom"),
        ({"content": {"a": 1}}, "card_published_is_whole"),
        ({"state": "withdrawn"}, "card_withdrawn_says_by_whom"),
    ],
)
def test_half_made_card_is_refused(
    values: dict[str, Any], constraint: str, world: Any, analyst: Any
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ReportCard.objects.create(
            team=world.team("Amber Health"),
            source=world.source,
            period=world.period(),
            created_by=analyst,
            **values,
        )


def test_unknown_state_is_refused(world: Any, make_card: Any) -> None:
    draft = make_card(world.team("Birch Health"))
    with pytest.raises(IntegrityError, match="violates check constraint"), transaction.atomic():
        ReportCard.objects.filter(pk=draft.pk).update(state="printed")


def test_published_card_without_content_is_refused(
    world: Any, make_card: Any, analyst: Any
) -> None:
    draft = make_card(world.team("Birch Health"), "reviewed")
    with pytest.raises(IntegrityError, match="card_published_is_whole"), transaction.atomic():
        ReportCard.objects.filter(pk=draft.pk).update(state=CardState.PUBLISHED)

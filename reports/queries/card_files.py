"""A card with what has happened since, as texts and as a file."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from reports.cards.files import file_name, render_file
from reports.cards.presentation import long_date, present_card
from reports.enums import CardState, DownloadFormat
from reports.models import ReportCard
from reports.queries.cards import list_restatements


def notice_of(card: ReportCard) -> str:
    """What has happened since a card was published, as a sentence; empty where nothing has."""
    change = list_restatements([card]).get(card.pk)
    sentences = []
    if change is not None:
        day = long_date(timezone.localtime(change.published_at).date().isoformat())
        sentences.append(
            f"The data behind this card were corrected on {day} (data version {change.data_version}; this card "
            f"rests on version {card.data_version})."
        )
    if card.state == CardState.SUPERSEDED:
        sentences.append("A newer card has replaced this one.")
    if sentences:
        sentences.append("The card stays as it was published.")
    return " ".join(sentences)


def presented(card: ReportCard, content: dict[str, Any]) -> dict[str, Any]:
    """The card's texts with its state, day and hash."""
    return present_card(
        content,
        state=card.state,
        published_on=timezone.localtime(card.published_at).date().isoformat()
        if card.published_at
        else None,
        sha256=card.content_sha256,
        notice=notice_of(card),
    )


def card_file(
    card: ReportCard, content: dict[str, Any], file_format: DownloadFormat
) -> tuple[bytes, str]:
    """A card's file and its name."""
    data = render_file(
        file_format, content, presented(card, content), made_at=card.published_at or timezone.now()
    )
    return data, file_name(content, file_format, draft=not card.is_published)

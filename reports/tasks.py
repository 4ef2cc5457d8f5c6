"""Background work of the reports app."""

from __future__ import annotations

from celery import shared_task

from reports.actions.protection import check_protection
from reports.models import ReportCard
from reports.queries.cards import list_trend_periods


@shared_task
def check_protection_of_card(card_id: int) -> None:
    """Make the disclosure checks that publishing a card will ask for, so that nobody waits for them."""
    card = ReportCard.objects.select_related("source", "period").filter(pk=card_id).first()
    if card is None or card.is_published:
        return
    for period in (*list_trend_periods(card.source, card.period), card.period):
        check_protection(source=card.source, period=period)

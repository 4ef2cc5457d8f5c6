"""The public report card over all groups: readable without sign-in, holds nothing of a single group."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.actions.report_cards import record_download
from reports.cards.page import build_page
from reports.models import ReportCard
from reports.queries.card_files import card_file, presented
from reports.queries.cards import list_public_cards
from reports.views.cards import downloads_of, format_or_404
from teams.views.downloads import download


@require_safe
def public_card(request: HttpRequest, card_id: int | None = None) -> HttpResponse:
    """The latest published card, or an earlier one; a page that says so while there is none."""
    cards = list(list_public_cards())
    card = cards[0] if cards and card_id is None else None
    if card_id is not None:
        card = next((c for c in cards if c.pk == card_id), None)
        if card is None:
            raise Http404("There is no such public report card.")
    context: dict[str, Any] = {"card": card, "cards": cards}
    if card is not None and card.content is not None:
        context |= {
            "page": build_page(card.content, presented(card, card.content)),
            "downloads": downloads_of("reports:public_download", card),
        }
    return render(request, "reports/cards/public.html", context)


@require_safe
def public_download(request: HttpRequest, card_id: int, file_format: str) -> HttpResponse:
    """A public card as a file; written down without a name unless the reader is signed in."""
    try:
        card = list_public_cards().get(pk=card_id)
    except ReportCard.DoesNotExist:
        raise Http404("There is no such public report card.") from None
    chosen = format_or_404(file_format)
    data, name = card_file(card, card.content, chosen)
    record_download(
        card=card,
        file_format=chosen,
        by=request.user if request.user.is_authenticated else None,
    )
    return download(data, name)

"""Report cards: the list, one card, what is done with it, and its files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reports.actions import report_cards as actions
from reports.cards.content import reviewable_sha256
from reports.cards.page import build_page
from reports.enums import CardState, DownloadFormat
from reports.forms.cards import NOTHING_YET, RESTATED, CardFilters, CommentaryForm
from reports.models import ReportCard
from reports.policies import can
from reports.queries.card_files import card_file, presented
from reports.queries.cards import (
    CardSlot,
    get_card,
    get_content,
    list_cards,
    list_restatements,
    list_slots,
)
from reports.tasks import check_protection_of_card
from teams.errors import StateRefused
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.downloads import download

AUDIENCE = "Privacy-protected numbers: the same for every reader of this card"


@dataclass(frozen=True)
class Act:
    """One thing that can be done with a card: how it is asked and said."""

    name: str
    label: str
    question: str
    text: str
    done: str
    attention: bool = False

    @property
    def url_name(self) -> str:
        return f"reports:card_{self.name}"


ACTS = {
    act.name: act
    for act in (
        Act("review", "Mark as reviewed", "Have you read the whole card?",
            "Your name and the time are recorded. If a number changes afterwards, the card has to be reviewed again.",
            "Reviewed. It can be published now."),
        Act("reopen", "Reopen", "Make it a draft again?", "The review is taken back and the commentary can be changed.",
            "It is a draft again."),
        Act("publish", "Publish", "Publish this report card?",
            "Its numbers and words are frozen for good, and its readers can open and download it. "
            "A published card cannot be taken back.", "Published."),
        Act("withdraw", "Withdraw the draft", "Withdraw this draft?", "It disappears from the list. Nobody else has seen it.",
            "The draft was withdrawn.", attention=True),
    )
}  # fmt: skip


def card_or_404(scope: Scope, card_id: int) -> ReportCard:
    """A card that does not exist for this reader is as unknown as one that is not there."""
    try:
        return get_card(scope, card_id)
    except ReportCard.DoesNotExist:
        raise Http404("There is no such report card.") from None


# ---------------------------------------------------------------------------------- list


@require(Permission.VIEW_REPORT_CARDS)
@require_safe
def cards(request: ScopedRequest) -> HttpResponse:
    """For those who prepare cards: every group with its next step. For readers: their published cards."""
    scope = request.scope
    if scope.may(Permission.PREPARE_REPORT_CARDS):
        return _preparers_list(request, scope)
    found = sorted(
        list_cards(scope).filter(state=CardState.PUBLISHED),
        key=lambda c: (-c.period.ends_on.toordinal(), c.team.name if c.team else "", c.pk),
    )
    restated = list_restatements(found)
    rows = [{"card": card, "restated": restated.get(card.pk)} for card in found]
    return render(request, "reports/cards/reader_list.html", {"rows": rows, "audience": AUDIENCE})


def _preparers_list(request: ScopedRequest, scope: Scope) -> HttpResponse:
    filters = CardFilters(request.GET, scope=scope)
    slots: list[CardSlot] = []
    if filters.period is not None:
        slots = list_slots(scope, source=filters.source, period=filters.period)
    shown = [slot for slot in slots if _has_state(slot, filters.state)]
    query = (
        urlencode({"source": filters.source.code, "period": filters.period.label})
        if filters.period
        else ""
    )
    return render(
        request,
        "reports/cards/list.html",
        {
            "filters": filters,
            "chosen_period": filters.period,
            "chosen_source": filters.source,
            "slots": shown,
            "query": query,
            "missing_count": sum(1 for s in slots if s.published is None and s.working is None),
            "published_count": sum(1 for s in slots if s.published is not None and s.team),
            "may_publish": scope.may(Permission.PUBLISH_REPORT_CARDS),
        },
    )


def _has_state(slot: CardSlot, state: str) -> bool:
    if not state:
        return True
    if state == NOTHING_YET:
        return slot.published is None and slot.working is None
    if state == RESTATED:
        return slot.restated is not None
    if state == CardState.PUBLISHED:
        return slot.published is not None
    return slot.working is not None and slot.working.state == state


@require(Permission.PREPARE_REPORT_CARDS)
@require_POST
def draft(request: ScopedRequest) -> HttpResponse:
    """Draft a card for one group (`team`, empty for all groups together) or, without `team`, wherever none is."""
    scope = request.scope
    filters = CardFilters(request.POST, scope=scope)
    if filters.period is None:
        raise Http404("There are no results to make a card of.")
    slots = list_slots(scope, source=filters.source, period=filters.period)
    if "team" in request.POST:
        wanted = [s for s in slots if (s.team.code if s.team else "") == request.POST["team"]]
        if not wanted:
            raise Http404("There is no such team.")
    else:
        wanted = [s for s in slots if s.published is None and s.working is None]
    made = actions.draft_report_cards(
        teams=[s.team for s in wanted],
        source=filters.source,
        period=filters.period,
        by=request.user,
    )
    if made:
        first = made[0].pk
        transaction.on_commit(lambda: check_protection_of_card.delay(first), robust=True)
    if len(made) == 1 and "team" in request.POST:
        return redirect("reports:card", made[0].pk)
    if made:
        messages.success(request, f"{len(made)} drafts were made.")
    else:
        messages.info(request, "There was a draft already.")
    return _to_list(filters)


def _to_list(filters: CardFilters) -> HttpResponseRedirect:
    query = urlencode({"source": filters.source.code, "period": filters.period.label})
    return HttpResponseRedirect(f"{reverse('reports:cards')}?{query}")


# ---------------------------------------------------------------------------------- one card


@require(Permission.VIEW_REPORT_CARDS)
@require_safe
def card_page(request: ScopedRequest, card_id: int) -> HttpResponse:
    """The card as a page."""
    scope = request.scope
    return _render_card(request, scope, card_or_404(scope, card_id))


def _render_card(
    request: ScopedRequest,
    scope: Scope,
    card: ReportCard,
    *,
    form: CommentaryForm | None = None,
    refusal: str = "",
) -> HttpResponse:
    content = get_content(scope, card)
    page = build_page(content, presented(card, content))
    context = {
        "card": card,
        "page": page,
        "acts": [act for name, act in ACTS.items() if can(name, card) and _may(scope, name)],
        "seen_sha256": reviewable_sha256(content),
        "form": form
        or (
            CommentaryForm(initial={"commentary": card.commentary})
            if can("write_commentary", card) and scope.may(Permission.PREPARE_REPORT_CARDS)
            else None
        ),
        "refusal": refusal,
        "newer": card.superseded_by_id,
        "audience": AUDIENCE,
        "downloads": downloads_of("reports:card_download", card),
    }
    status = 409 if refusal else 400 if form is not None else 200
    return render(request, "reports/cards/card.html", context, status=status)


def downloads_of(name: str, card: ReportCard) -> list[dict[str, str]]:
    labels = {
        DownloadFormat.PDF: "The card as a document",
        DownloadFormat.XLSX: "Its numbers as a workbook",
        DownloadFormat.CSV: "Its numbers as a table",
    }
    return [
        {"label": label, "format": form.label, "url": reverse(name, args=[card.pk, form.value])}
        for form, label in labels.items()
    ]


def _may(scope: Scope, act: str) -> bool:
    needed = (
        Permission.PUBLISH_REPORT_CARDS if act == "publish" else Permission.PREPARE_REPORT_CARDS
    )
    return scope.may(needed)


@require(Permission.PREPARE_REPORT_CARDS)
@require_POST
def commentary(request: ScopedRequest, card_id: int) -> HttpResponse:
    """Keep the commentary. What was typed is shown again whenever it cannot be kept."""
    scope = request.scope
    card = card_or_404(scope, card_id)
    form = CommentaryForm(request.POST)
    if not form.is_valid():
        return _render_card(request, scope, card, form=form)
    try:
        actions.write_commentary(card=card, text=form.cleaned_data["commentary"], by=request.user)
    except StateRefused as refusal:
        return _render_card(request, scope, card, form=form, refusal=str(refusal))
    messages.success(request, "The commentary was saved.")
    return redirect("reports:card", card.pk)


def _act_view(
    act: Act, permission: Permission, do: Callable[[ScopedRequest, ReportCard], Any]
) -> Any:
    """A page that asks (GET) and does (POST); a refusal shows the card again with the reason."""

    @require(permission)
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: ScopedRequest, card_id: int) -> HttpResponse:
        scope = request.scope
        card = card_or_404(scope, card_id)
        if request.method != "POST":
            context = {"card": card, "act": act, "seen_sha256": ""}
            if act.name == "review":
                context["seen_sha256"] = reviewable_sha256(get_content(scope, card))
            return render(request, "reports/cards/confirm.html", context)
        try:
            do(request, card)
        except StateRefused as refusal:
            return _render_card(request, scope, card_or_404(scope, card_id), refusal=str(refusal))
        messages.success(request, act.done)
        if act.name == "withdraw":
            return redirect("reports:cards")
        return redirect("reports:card", card.pk)

    return view


review = _act_view(
    ACTS["review"],
    Permission.PREPARE_REPORT_CARDS,
    lambda request, card: actions.review_report_card(
        card=card,
        seen_sha256=request.POST.get("seen_sha256", ""),
        scope=request.scope,
        as_of=timezone.now(),
        by=request.user,
    ),
)
reopen = _act_view(
    ACTS["reopen"],
    Permission.PREPARE_REPORT_CARDS,
    lambda request, card: actions.reopen_report_card(card=card, by=request.user),
)
publish = _act_view(
    ACTS["publish"],
    Permission.PUBLISH_REPORT_CARDS,
    lambda request, card: actions.publish_report_card(
        card=card,
        scope=request.scope,
        as_of=timezone.now(),
        by=request.user,
    ),
)
withdraw = _act_view(
    ACTS["withdraw"],
    Permission.PREPARE_REPORT_CARDS,
    lambda request, card: actions.withdraw_report_card(
        card=card,
        as_of=timezone.now(),
        by=request.user,
    ),
)


# ---------------------------------------------------------------------------------- files


def format_or_404(text: str) -> DownloadFormat:
    try:
        return DownloadFormat(text)
    except ValueError:
        raise Http404("There is no file of this kind.") from None


@require(Permission.VIEW_REPORT_CARDS)
@require_safe
def card_download(request: ScopedRequest, card_id: int, file_format: str) -> HttpResponse:
    """The card as a file; written down in the audit trail."""
    scope = request.scope
    card = card_or_404(scope, card_id)
    chosen = format_or_404(file_format)
    data, name = card_file(card, get_content(scope, card), chosen)
    actions.record_download(card=card, file_format=chosen, by=request.user)
    return download(data, name)


@require(Permission.PREPARE_REPORT_CARDS)
@require_safe
def cards_zip(request: ScopedRequest) -> HttpResponse:
    """Every published card of a period, document and workbook, in one file."""
    scope = request.scope
    filters = CardFilters(request.GET, scope=scope)
    published = (
        [
            slot.published
            for slot in list_slots(scope, source=filters.source, period=filters.period)
            if slot.published is not None
        ]
        if filters.period
        else []
    )
    if not published:
        raise Http404("No card of this period is published yet.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for card in published:
            for chosen in (DownloadFormat.PDF, DownloadFormat.XLSX):
                data, name = card_file(card, card.content, chosen)
                archive.writestr(name, data)
                actions.record_download(card=card, file_format=chosen, by=request.user)
    return download(buffer.getvalue(), f"equity-report-cards-{filters.period.label}.zip")

"""Writes of report cards: draft, commentary, review, publication, withdrawal, and the record of downloads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from measures.queries import get_data_version
from reports.actions.protection import check_protection
from reports.cards.content import build_content, content_sha256, reviewable_sha256
from reports.enums import CardState, DownloadFormat
from reports.models import ReportCard
from reports.policies import (
    TRANSITIONS,
    check_can,
    check_has_results,
    check_protected,
    check_unchanged_since_review,
)
from reports.queries.cards import list_trend_periods, read_inputs
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import Team, User
from teams.queries import list_people_around
from teams.scoping import Scope


def _locked(card: ReportCard, act: str) -> ReportCard:
    """The card as it is now, locked, once the policy has agreed."""
    locked = ReportCard.objects.select_for_update().get(pk=card.pk)
    check_can(act, locked)
    new_state = TRANSITIONS[act][1]
    if new_state is not None:
        locked.state = new_state
    return locked


@transaction.atomic
def draft_report_cards(
    *, teams: Sequence[Team | None], source: Any, period: Any, by: User
) -> list[ReportCard]:
    """A draft for each team (None: all groups) that has none in the making; those that have are left.

    Effects: cards and one audit event for each. Returns the new cards.
    """
    with connection.cursor() as cursor:
        # Pressing the button twice must not end in an error: the second waits and finds the drafts.
        cursor.execute("lock table reports_reportcard in share row exclusive mode")
    busy = set(
        ReportCard.objects.filter(
            source=source, period=period, state__in=[CardState.DRAFT, CardState.REVIEWED]
        ).values_list("team_id", flat=True)
    )
    made = []
    for team in teams:
        if (team.pk if team else None) in busy:
            continue
        card = ReportCard.objects.create(team=team, source=source, period=period, created_by=by)
        record_event(
            act="draft_report_card",
            target=card,
            by=by,
            team=team,
            details={"period": period.label, "source": source.code},
        )
        made.append(card)
    return made


@transaction.atomic
def write_commentary(*, card: ReportCard, text: str, by: User) -> ReportCard:
    """Replace the commentary of a draft. Raises StateRefused for any other card.

    Effects: one audit event without the words themselves.
    """
    card = _locked(card, "write_commentary")
    if card.commentary != text:
        card.commentary = text
        card.save(update_fields=["commentary"])
        record_event(
            act="write_commentary",
            target=card,
            by=by,
            team=card.team,
            details={"length": len(text)},
        )
    return card


@transaction.atomic
def review_report_card(
    *, card: ReportCard, seen_sha256: str, scope: Scope, as_of: datetime, by: User
) -> ReportCard:
    """Record that somebody has read the draft and found it right.

    seen_sha256: hash of what the reviewer had on the screen (`reviewable_sha256`).
    Raises StateRefused when the card is not a draft, has nothing on it, or has changed since it was shown.
    Effects: one audit event that says whether the reviewer also wrote the card.
    """
    card = _locked(card, "review")
    content = build_content(read_inputs(scope, card))
    check_has_results(content)
    sha256 = reviewable_sha256(content)
    if seen_sha256 != sha256:
        raise StateRefused("The numbers changed while you were reading. Look at the card again.")
    card.reviewed_by, card.reviewed_at, card.reviewed_sha256 = by, as_of, sha256
    card.save(update_fields=["state", "reviewed_by", "reviewed_at", "reviewed_sha256"])
    record_event(
        act="review_report_card",
        target=card,
        by=by,
        team=card.team,
        details={"sha256": sha256, "own_draft": card.created_by_id == by.pk},
    )
    return card


@transaction.atomic
def reopen_report_card(*, card: ReportCard, by: User) -> ReportCard:
    """Make a reviewed card a draft again. Raises StateRefused for any other card."""
    card = _locked(card, "reopen")
    card.reviewed_by = card.reviewed_at = None
    card.reviewed_sha256 = ""
    card.save(update_fields=["state", "reviewed_by", "reviewed_at", "reviewed_sha256"])
    record_event(act="reopen_report_card", target=card, by=by, team=card.team)
    return card


@transaction.atomic
def publish_report_card(*, card: ReportCard, scope: Scope, as_of: datetime, by: User) -> ReportCard:
    """Freeze what was reviewed and make it readable for the group (a card over all groups: for everybody).

    Raises StateRefused when the card is not reviewed, when what it says has changed since the review,
    when data were published at the same moment, or when a hidden count could be worked out.
    Effects: content, hash and versions are written once and for all; an earlier published card of the
    same group and period is superseded; audit events; the group's people and coach are told of their card.
    """
    card = _locked(card, "publish")
    content = build_content(read_inputs(scope, card))
    check_has_results(content)
    check_unchanged_since_review(card, reviewable_sha256(content))
    for period in (*list_trend_periods(card.source, card.period), card.period):
        check_protected(check_protection(source=card.source, period=period))
    if get_data_version(card.source) != content["basis"]["data_version"]:
        raise StateRefused("New data arrived while the card was being published. Try again.")
    earlier = ReportCard.objects.select_for_update().filter(
        team=card.team, source=card.source, period=card.period, state=CardState.PUBLISHED
    )
    for old in earlier:
        old.state, old.superseded_by = CardState.SUPERSEDED, card
        old.save(update_fields=["state", "superseded_by"])
        record_event(
            act="supersede_report_card",
            target=old,
            by=by,
            team=card.team,
            details={"superseded_by": card.pk},
        )
    card.content = content
    card.content_sha256 = content_sha256(content)
    card.method_version = content["basis"]["method_version"]
    card.data_version = content["basis"]["data_version"]
    card.published_by, card.published_at = by, as_of
    card.save()
    record_event(
        act="publish_report_card",
        target=card,
        by=by,
        team=card.team,
        details={
            "sha256": card.content_sha256,
            "method_version": card.method_version,
            "data_version": card.data_version,
        },
    )
    if card.team is not None:
        _tell_group(card, card.team, by=by, as_of=as_of)
    return card


def _tell_group(card: ReportCard, team: Team, *, by: User, as_of: datetime) -> None:
    people = list_people_around(team, on=timezone.localdate(as_of))
    notify(
        users=[user for user in people if user != by],
        topic=Topic.RESULTS,
        title=f"The report card of {team} for {card.period} is published"[:200],
        path=reverse("reports:card", args=[card.pk]),
        key=f"report-card-{card.pk}",
        as_of=as_of,
    )


@transaction.atomic
def withdraw_report_card(*, card: ReportCard, as_of: datetime, by: User) -> ReportCard:
    """Put away a card that is not published. Raises StateRefused for a published one."""
    card = _locked(card, "withdraw")
    card.withdrawn_by, card.withdrawn_at = by, as_of
    card.save(update_fields=["state", "withdrawn_by", "withdrawn_at"])
    record_event(act="withdraw_report_card", target=card, by=by, team=card.team)
    return card


@transaction.atomic
def record_download(*, card: ReportCard, file_format: DownloadFormat, by: User | None) -> None:
    """Write down that a card left the system as a file. by: empty on the public page."""
    record_event(
        act="download_report_card",
        target=card,
        by=by,
        team=card.team,
        details={"format": file_format.value, "state": card.state, "sha256": card.content_sha256},
    )


@transaction.atomic
def record_export(
    *, what: str, parameters: dict[str, Any], by: User, team: Team | None = None
) -> None:
    """Write down that results left the system through the API."""
    record_event(act="export_results", target=f"{what}:", by=by, team=team, details=parameters)

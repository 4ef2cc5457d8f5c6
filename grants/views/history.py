"""The history of an award: every link of its chain with what was there before and after, to read and to take away."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_safe

from grants.event_words import title_of
from grants.models import Award, AwardEvent
from grants.queries.awards import get_award, list_events, name_parts, reads_content
from grants.terms import list_differences
from teams.actions.audit import record_event
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.downloads import stream_csv

_COLUMNS = (
    "link",
    "at",
    "who",
    "roles",
    "act",
    "object",
    "object_id",
    "before",
    "after",
    "reason",
    "content_kept_back",
    "previous_hash",
    "hash",
)


def said_events(scope: Scope, award: Award, events: Iterable[AwardEvent]) -> list[dict[str, Any]]:
    """Events for the time line: {number, title, at, who, text, differences, is_kept_back}."""
    names = name_parts(award)
    return [
        {
            "number": event.number,
            "title": title_of(
                event.act,
                names.get((event.object_type, event.object_id), ""),
                event.after.get("state", ""),
            ),
            "at": event.at,
            "who": event.actor.name if event.actor else "the system",
            "text": event.reason,
            "differences": list_differences(event.before, event.after)
            if reads_content(scope, event)
            else [],
            "is_kept_back": not reads_content(scope, event),
        }
        for event in events
    ]


@require(Permission.VIEW_GRANTS)
@require_safe
def history_page(request: ScopedRequest, award_id: int) -> HttpResponse:
    """Every link of the award's chain, and its versions with what changed."""
    award = get_award(request.scope, award_id)
    versions = list(award.versions.select_related("made_by").order_by("number"))
    return render(
        request,
        "grants/history.html",
        {
            "award": award,
            "events": said_events(request.scope, award, list_events(award)),
            "versions": [
                {
                    "version": version,
                    "differences": list_differences(versions[i - 1].terms, version.terms)
                    if i
                    else [],
                }
                for i, version in enumerate(versions)
            ][::-1],
        },
    )


@require(Permission.VIEW_GRANTS)
@require_safe
def history_file(request: ScopedRequest, award_id: int) -> StreamingHttpResponse:
    """The chain as a table, oldest link first; before and after as JSON."""
    scope = request.scope
    award = get_award(scope, award_id)
    record_event(act="download_award_history", target=award, by=request.user, team=award.team)

    def row(event: AwardEvent) -> list[object]:
        is_shown = reads_content(scope, event)
        return [
            event.number,
            event.at.isoformat(),
            event.actor.email if event.actor else "the system",
            event.roles,
            event.act,
            event.object_type,
            event.object_id,
            json.dumps(event.before, sort_keys=True) if is_shown else "",
            json.dumps(event.after, sort_keys=True) if is_shown else "",
            event.reason,
            "no" if is_shown else "yes",
            event.previous_hash,
            event.hash,
        ]

    events = list_events(award).order_by("number").iterator(chunk_size=500)
    return stream_csv(_COLUMNS, map(row, events), get_valid_filename(f"history-{award.number}.csv"))

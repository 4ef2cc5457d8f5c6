"""The audit trail: who did what, when, on which object."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from teams.actions.audit import download_audit_trail
from teams.forms import AuditFilterForm
from teams.permissions import Permission, require
from teams.queries import find_audit_events
from teams.requests import ScopedRequest
from teams.views.downloads import stream_csv

_HEADER = [
    "at",
    "act",
    "person",
    "object_type",
    "object_id",
    "team",
    "details",
    "request_id",
    "address",
]


@require(Permission.VIEW_AUDIT)
@require_safe
def audit_page(request: ScopedRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    form.is_valid()
    events = find_audit_events(**form.filters())
    page = Paginator(events, 50).get_page(request.GET.get("page"))
    return render(
        request,
        "teams/audit.html",
        {
            "filters": form,
            "page": page,
            "rows": [
                {
                    "event": event,
                    "act": event.act.replace("_", " "),
                    "details": json.dumps(event.details, indent=1, ensure_ascii=False)
                    if event.details
                    else "",
                }
                for event in page
            ],
        },
    )


@require(Permission.VIEW_AUDIT)
@require_safe
def audit_download(request: ScopedRequest) -> StreamingHttpResponse:
    form = AuditFilterForm(request.GET)
    form.is_valid()
    today = timezone.localdate()
    events = download_audit_trail(filters=form.filters(), by=request.user, as_of=today)

    def rows() -> Iterator[list[object]]:
        for event in events.iterator(chunk_size=2000):
            yield [
                event.at.isoformat(),
                event.act,
                event.actor.email if event.actor else "",
                event.object_type,
                event.object_id,
                event.team.code if event.team else "",
                json.dumps(event.details, ensure_ascii=False),
                event.request_id,
                event.address or "",
            ]

    return stream_csv(_HEADER, rows(), f"audit-{today:%Y-%m-%d}.csv")

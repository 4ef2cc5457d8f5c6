"""The calendar feed of planned tests: its page, and the address that a calendar program reads."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pdsa.actions.feeds import end_calendar_feed, make_calendar_feed
from pdsa.queries.feeds import feed_title, has_calendar_feed, list_feed_cycles
from teams.icalendar import Entry, calendar_file
from teams.permissions import Permission, require
from teams.requests import ScopedRequest


@require(Permission.VIEW_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_page(request: ScopedRequest) -> HttpResponse:
    """Make an address; it is shown once, like a key."""
    address = ""
    if request.method == "POST":
        secret = make_calendar_feed(by=request.user)
        address = settings.BASE_URL.rstrip("/") + reverse("pdsa:calendar_feed", args=[secret])
    return render(
        request,
        "pdsa/calendar.html",
        {"address": address, "has_feed": has_calendar_feed(request.user)},
    )


@require(Permission.VIEW_PROJECTS)
@require_POST
def end_calendar(request: ScopedRequest) -> HttpResponse:
    end_calendar_feed(by=request.user)
    return redirect("pdsa:calendar")


@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Read by a program that cannot sign in: the address is the key."""
    _, cycles = list_feed_cycles(secret, on=timezone.localdate())
    entries = [
        Entry(
            key=f"test-{cycle.pk}",
            title=feed_title(cycle),
            starts=cycle.planned_start_on,
            ends=max(
                cycle.planned_end_on or cycle.planned_start_on,
                cycle.planned_start_on,
            ),
            path=reverse("pdsa:cycle", args=[cycle.pk]),
            changed_at=cycle.changed_at,
            place=cycle.site.name if cycle.site else "",
        )
        for cycle in cycles
        if cycle.planned_start_on is not None
    ]
    return HttpResponse(
        calendar_file(entries, name="Tests of change"),
        content_type="text/calendar; charset=utf-8",
        headers={"Cache-Control": "private, no-store"},
    )

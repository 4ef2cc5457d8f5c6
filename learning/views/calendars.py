"""The programme in somebody's own calendar: the page of the address, and what a calendar program reads."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.calendars import end_programme_calendar, make_programme_calendar
from learning.queries.calendars import has_programme_calendar, list_calendar_entries
from teams.icalendar import calendar_file
from teams.permissions import Permission, require
from teams.queries import get_programme
from teams.requests import ScopedRequest
from teams.views.acting import done


@require(Permission.VIEW_CALENDAR)
@require_http_methods(["GET", "HEAD", "POST"])
def programme_calendar_page(request: ScopedRequest) -> HttpResponse:
    """Make an address; it is shown once, like a key."""
    address = ""
    if request.method == "POST":
        secret = make_programme_calendar(by=request.user)
        address = settings.BASE_URL.rstrip("/") + reverse("learning:calendar_feed", args=[secret])
    return render(
        request,
        "learning/programme_calendar.html",
        {"address": address, "has_feed": has_programme_calendar(request.user)},
    )


@require(Permission.VIEW_CALENDAR)
@require_POST
def end_programme_calendar_page(request: ScopedRequest) -> HttpResponse:
    end_programme_calendar(by=request.user)
    return done(request, "The address no longer works.", "learning:programme_calendar")


@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Read by a program that cannot sign in: the address is the key."""
    entries = list_calendar_entries(secret, as_of=timezone.now())
    return HttpResponse(
        calendar_file(entries, name=get_programme().name),
        content_type="text/calendar; charset=utf-8",
        headers={"Cache-Control": "private, no-store"},
    )

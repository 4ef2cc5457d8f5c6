"""Things with a day or a time as an iCalendar file (RFC 5545), for downloads and for feeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event


@dataclass(frozen=True)
class Entry:
    """One entry of a calendar. key: the same for the same thing for ever. path: its page on this site.

    starts and ends: both moments with a time zone, or both days of which the last is included.
    sequence: counts up when time or place change. cancelled: stays in, so that calendars take it out.
    """

    key: str
    title: str
    starts: datetime | date
    ends: datetime | date
    path: str
    changed_at: datetime
    text: str = ""
    place: str = ""
    sequence: int = 0
    cancelled: bool = False


def calendar_file(entries: Iterable[Entry], *, name: str) -> bytes:
    """The file's bytes. Moments are written in UTC, so that no reader needs our time zone's rules."""
    calendar = Calendar()
    calendar.add("prodid", "-//Health equity learning collaborative//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    base = settings.BASE_URL.rstrip("/")
    host = urlsplit(base).hostname or "localhost"
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.key}@{host}")
        event.add("dtstamp", entry.changed_at.astimezone(UTC))
        event.add("sequence", entry.sequence)
        if isinstance(entry.starts, datetime) and isinstance(entry.ends, datetime):
            event.add("dtstart", entry.starts.astimezone(UTC))
            event.add("dtend", entry.ends.astimezone(UTC))
        else:
            event.add("dtstart", entry.starts)
            # The end of an event of whole days is the first day after it.
            event.add("dtend", entry.ends + timedelta(days=1))
        event.add("summary", entry.title)
        event.add("url", base + entry.path)
        event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
        if entry.text:
            event.add("description", entry.text)
        if entry.place:
            event.add("location", entry.place)
        calendar.add_component(event)
    return calendar.to_ical()

"""Things with a day or a time as an iCalendar file (RFC 5545), for downloads and for feeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress


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
    calendar = _calendar()
    calendar.add("x-wr-calname", name)
    for entry in entries:
        calendar.add_component(_event(entry))
    return calendar.to_ical()


def invitation_file(entry: Entry, *, email: str, name: str) -> str:
    """What an e-mail carries so that a mail program puts the entry into the calendar of one person (RFC 5546).

    A later one with a higher sequence moves the entry, a cancelled one takes it out. No answer is asked for.
    """
    calendar = _calendar()
    calendar.add("method", "CANCEL" if entry.cancelled else "REQUEST")
    event = _event(entry)
    event["organizer"] = vCalAddress(f"MAILTO:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    attendee = vCalAddress(f"MAILTO:{email}")
    attendee.params["CN"] = name
    attendee.params["RSVP"] = "FALSE"
    event.add("attendee", attendee, encode=False)
    calendar.add_component(event)
    return calendar.to_ical().decode()


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Health equity learning collaborative//EN")
    calendar.add("version", "2.0")
    return calendar


def _event(entry: Entry) -> Event:
    base = settings.BASE_URL.rstrip("/")
    host = urlsplit(base).hostname or "localhost"
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
    return event

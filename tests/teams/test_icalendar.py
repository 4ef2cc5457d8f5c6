"""Calendar files, read back by the library that reads them elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from teams.icalendar import Entry, calendar_file

NEW_YORK = ZoneInfo("America/New_York")


def entry(**values: Any) -> Entry:
    return Entry(
        **{
            "key": "session-7",
            "title": "Learning session 2; “who falls behind?”, part 1",
            "starts": datetime(2026, 3, 12, 9, 0, tzinfo=NEW_YORK),
            "ends": datetime(2026, 3, 12, 12, 30, tzinfo=NEW_YORK),
            "path": "/learning/sessions/7/",
            "changed_at": datetime(2026, 1, 5, 8, 0, tzinfo=UTC),
            **values,
        }
    )


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    settings.BASE_URL = "https://equity.example.org"


def read(*entries: Entry) -> list[Any]:
    return list(Calendar.from_ical(calendar_file(entries, name="Sessions")).walk("VEVENT"))


@pytest.mark.parametrize(("month", "hour"), [(1, 14), (7, 13)])
def test_time_is_the_same_moment_in_winter_and_summer(month: int, hour: int) -> None:
    """Nine in Boston is 14 h UTC in January and 13 h in July."""
    (event,) = read(
        entry(
            starts=datetime(2026, month, 12, 9, 0, tzinfo=NEW_YORK),
            ends=datetime(2026, month, 12, 10, 0, tzinfo=NEW_YORK),
        )
    )
    assert event["dtstart"].dt == datetime(2026, month, 12, hour, 0, tzinfo=UTC)


def test_text_with_marks_and_lines_comes_back_as_it_was() -> None:
    text = "First; second, third\nnext line – " + "é" * 100
    (event,) = read(entry(text=text))
    assert str(event["description"]) == text
    assert str(event["summary"]).startswith("Learning session 2; “who")
    longest = max(len(line) for line in calendar_file([entry(text=text)], name="x").split(b"\r\n"))
    assert longest <= 75


def test_whole_days_include_the_last() -> None:
    (event,) = read(entry(starts=date(2026, 3, 2), ends=date(2026, 3, 4)))
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2026, 3, 2), date(2026, 3, 5))


def test_cancelled_entry_stays_in_and_says_so() -> None:
    (event,) = read(entry(cancelled=True, sequence=3))
    assert (str(event["status"]), event["sequence"]) == ("CANCELLED", 3)
    assert str(event["uid"]) == "session-7@equity.example.org"
    assert str(event["url"]) == "https://equity.example.org/learning/sessions/7/"

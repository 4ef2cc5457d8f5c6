"""Months and weeks as the steps of a chart's time axis; each is known by its first day. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from pdsa.enums import Frequency


def period_of(day: date, frequency: str) -> date:
    """First day of the month, or Monday of the week, that holds a day."""
    if frequency == Frequency.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


def step(start: date, frequency: str, count: int = 1) -> date:
    """The period so many steps later (negative: earlier)."""
    if frequency == Frequency.WEEK:
        return start + timedelta(weeks=count)
    months = start.year * 12 + start.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def list_steps(first: date, last: date, frequency: str) -> tuple[date, ...]:
    """Every period from the first to the last, both included; empty when they are the wrong way round."""
    found = []
    while first <= last:
        found.append(first)
        first = step(first, frequency)
    return tuple(found)


def label(start: date, frequency: str, *, short: bool = False) -> str:
    """ "Jun 2026", or "8 Jun 2026" for a week; short: without the year but in January or a year's first."""
    if frequency == Frequency.WEEK:
        return f"{start:%-d %b}" if short else f"{start:%-d %b %Y}"
    return f"{start:%b}" if short else f"{start:%b %Y}"


def words(frequency: str, count: int) -> str:
    """ "1 month", "8 weeks"."""
    word = "week" if frequency == Frequency.WEEK else "month"
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def is_behind(last: date | None, frequency: str, day: date, *, lag_days: int = 0) -> bool:
    """Whether the latest period whose numbers can be there on a day has no entry.

    last: first day of the latest period with an entry; lag_days: how long numbers take after their period.
    """
    present = period_of(day - timedelta(days=lag_days), frequency)
    return last is None or last < step(present, frequency, -1)

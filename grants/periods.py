"""Stretches of time that reports are about. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta


def report_periods(starts_on: date, ends_on: date, *, months: int) -> list[tuple[date, date]]:
    """Stretches of so many months from the first day on; the last one ends with the award."""
    periods = []
    start = starts_on
    while start < ends_on:
        end = min(_months_later(start, months) - timedelta(days=1), ends_on)
        if (ends_on - end).days < 28:
            end = ends_on
        periods.append((start, end))
        start = end + timedelta(days=1)
    return periods


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))

"""Stretches of days, as rows with `starts_on` and `ends_on` hold them."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import DateRangeField
from django.db.models import Func, Q


class DateRange(Func):
    function = "daterange"
    output_field = DateRangeField()


def holds_on(day: date) -> Q:
    """Rows with `starts_on`/`ends_on` that hold on a day; the last day is included."""
    return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))

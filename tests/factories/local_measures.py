"""Local measures with their groups and months, made through the actions.

measure = make_local_measure(project, by=lead)
enter(measure, "nh_black", [(31, 50), None, "not_collected"], by=lead)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from measures.models import Stratum
from pdsa.actions.measures import Entry, define_measure, enter_observations
from pdsa.charts.periods import step
from pdsa.enums import PointState, StratumRole
from pdsa.models import LocalMeasure, Project
from teams.models import User
from tests.factories import definitions

_numbers = count(1)

#: In the middle of a month, after all months that tests enter.
NOW = datetime(2026, 6, 17, 9, 0, tzinfo=timezone.get_default_timezone())
FIRST = date(2025, 1, 1)
GROUPS = (
    ("nh_black", StratumRole.FOCUS),
    ("nh_white", StratumRole.REFERENCE),
    ("hispanic", StratumRole.OTHER),
)


def stratum(code: str) -> Stratum:
    name = "all" if code == "all" else "combined"
    return Stratum.objects.get(stratum_set__code=name, code=code)


def make_local_measure(
    project: Project, *, by: User, groups: Iterable[tuple[str, str]] = GROUPS, **sheet: Any
) -> LocalMeasure:
    """A share, counted every month for a focus group, its reference and a third group."""
    if not Stratum.objects.exists():
        definitions.load()
    return define_measure(
        project=project,
        sheet={"name": f"Measure {next(_numbers)}", **sheet},
        strata=[(stratum(code).pk, StratumRole(role)) for code, role in groups],
        by=by,
        as_of=NOW.date(),
    )


def enter(
    measure: LocalMeasure,
    code: str,
    months: Iterable[Any],
    *,
    by: User,
    first: date = FIRST,
    as_of: datetime = NOW,
) -> None:
    """One entry a month: (n, N), a value, a state, or None for none."""
    entries = []
    for place, month in enumerate(months):
        day = step(first, measure.frequency, place)
        pk = stratum(code).pk
        if month is None:
            continue
        if isinstance(month, str):
            entries.append(Entry(pk, day, PointState(month)))
        elif isinstance(month, tuple):
            entries.append(Entry(pk, day, numerator=month[0], denominator=month[1]))
        else:
            entries.append(Entry(pk, day, value=Decimal(str(month))))
    enter_observations(measure=measure, entries=entries, by=by, as_of=as_of)

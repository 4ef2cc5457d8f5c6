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
from pdsa.actions.measures import (
    decide_about_chart,
    define_measure,
    enter_observations,
    link_cycle,
)
from pdsa.charts.periods import step
from pdsa.enums import ChartDecisionKind, PointState, StratumRole
from pdsa.models import Cycle, LocalMeasure, Project
from pdsa.policies.measures import Entry
from teams.enums import Role
from teams.models import User
from tests.factories import definitions
from tests.factories.people import make_user

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
    pk = stratum(code).pk
    for place, month in enumerate(months):
        day = step(first, measure.frequency, place)
        if month is None:
            continue
        if isinstance(month, str):
            entries.append(Entry(pk, day, PointState(month)))
        elif isinstance(month, tuple):
            entries.append(Entry(pk, day, numerator=month[0], denominator=month[1]))
        else:
            entries.append(Entry(pk, day, value=Decimal(str(month))))
    enter_observations(measure=measure, entries=entries, by=by, as_of=as_of)


def measure_parts(project: Project, cycle: Cycle, word: str) -> dict[str, Any]:
    """A measure with months, a decision and a link, for the walk over every address: parts of addresses.

    Written by somebody of the project's own team, who alone may.
    """
    by = make_user(Role.GROUP_LEAD, team=project.team)
    today = timezone.localdate()
    this_month = today.replace(day=1)
    measure = make_local_measure(project, by=by, name=f"{word} cedar measure")
    enter(
        measure,
        "nh_black",
        [(40 + place, 80) for place in range(6)],
        by=by,
        first=step(this_month, "month", -6),
        as_of=timezone.now(),
    )
    decision = decide_about_chart(
        measure=measure,
        kind=ChartDecisionKind.BASELINE,
        starts_on=step(this_month, "month", -2),
        reason=f"{word} cedar reason",
        by=by,
        as_of=today,
    )
    link_cycle(measure=measure, cycle=cycle, by=by, as_of=today)
    return {"local_measure_id": measure.pk, "chart_decision_id": decision.pk}

"""The rows of one measure in one or two periods, by person: for the group itself, when it looks.

Counts cannot say how many people are in both periods, or how often one person is counted; rows can. No
key leaves here: persons are numbered anew in every answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from measures.models import Period, Source
from teams.enums import Audience
from teams.models import Team
from teams.scoping import Scope, member_rows_of

#: Stratum sets that a member row has an answer for of its own.
PANEL_SETS = frozenset(
    {"race", "ethnicity", "combined", "language", "sex", "gender_identity", "sexual_orientation"}
)
_ROWS = """
    select f.period_id, m.member_key, m.{column}, f.flags & 2 > 0
    from measures_slice s
    join measures_memberfact f on f.submission_id = s.submission_id and f.team_id = s.team_id
        and f.measure_id = s.measure_id and f.period_id = s.period_id
    join measures_memberrow m on m.submission_id = f.submission_id and m.team_id = f.team_id
        and m.member_number = f.member_number
    where s.is_current and s.source_id = %s and s.team_id = %s and s.measure_id = %s
        and s.period_id = any(%s) and f.flags & 5 = 1
"""


@dataclass(frozen=True)
class Panel:
    """Rows of the denominator, one for each person or event; arrays of one length.

    person: a number that is the same in every row of a person. stratum: id of the group that the person is
    in in that period's file. period: id.
    """

    met: NDArray[np.bool_]
    person: NDArray[np.int64]
    stratum: NDArray[np.int64]
    period: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> Panel:
        return Panel(
            self.met[chosen], self.person[chosen], self.stratum[chosen], self.period[chosen]
        )


def read_panel(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    measure_id: int,
    periods: Sequence[Period],
    set_code: str,
) -> Panel | None:
    """None for readers outside the group, for sets that rows do not have, and without rows."""
    if scope.audience(team.pk) != Audience.OWN or team.pk not in scope.own_team_ids:
        return None
    if set_code not in PANEL_SETS:
        return None
    with member_rows_of([team.pk]), connection.cursor() as cursor:
        cursor.execute(
            _ROWS.format(column=set_code),
            [source.pk, team.pk, measure_id, [p.pk for p in periods]],
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    numbers: dict[bytes, int] = {}
    period, person, stratum, met = zip(
        *((p, numbers.setdefault(bytes(key), len(numbers)), s, x) for p, key, s, x in rows),
        strict=True,
    )
    return Panel(
        np.array(met, dtype=bool),
        np.array(person, dtype=np.int64),
        np.array(stratum, dtype=np.int64),
        np.array(period, dtype=np.int64),
    )

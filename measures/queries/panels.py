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
from measures.queries.arrays import read_numbers
from teams.enums import Audience
from teams.models import Team
from teams.scoping import Scope, member_rows_of

#: Stratum sets that a member row has an answer for of its own.
PANEL_SETS = frozenset(
    {"race", "ethnicity", "combined", "language", "sex", "gender_identity", "sexual_orientation"}
)
# Facts and members are read apart and put together here: joined in the database, with no statistics on what
# lies inside a block, they are compared each with each. Both come as bytes: a number of Python for each of them
# would take most of the time.
_FACTS = """
    select b.period_id, b.submission_id, array_send(b.member_numbers), array_send(b.flags)
    from measures_slice s
    join measures_factblock b on b.submission_id = s.submission_id and b.team_id = s.team_id
        and b.measure_id = s.measure_id and b.period_id = s.period_id
    where s.is_current and s.source_id = %s and s.team_id = %s and s.measure_id = %s
        and s.period_id = any(%s)
"""
_MEMBERS = """
    select array_send(array_agg(member_number)), array_send(array_agg({column})),
        string_agg(substr(member_key, 1, 8), '')
    from (
        select member_number, member_key, {column} from measures_memberrow
        where submission_id = %s and team_id = %s
    ) as rows
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
        cursor.execute(_FACTS, [source.pk, team.pk, measure_id, [p.pk for p in periods]])
        blocks = cursor.fetchall()
        members = {}
        for submission_id in {block[1] for block in blocks}:
            cursor.execute(_MEMBERS.format(column=set_code), [submission_id, team.pk])
            members[submission_id] = _members(*cursor.fetchone())
    if not blocks:
        return None
    parts = []
    for period_id, submission_id, member_numbers, all_flags in blocks:
        flags = read_numbers(all_flags)
        counted = (flags & 5) == 1  # in the denominator, and not excluded
        key, stratum = members[submission_id]
        who = read_numbers(member_numbers)[counted]
        parts.append(
            ((flags[counted] & 2) > 0, key[who], stratum[who], np.full(len(who), period_id))
        )
    met, key, stratum, period = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Panel(met, np.unique(key, return_inverse=True)[1], stratum, period)


def _members(
    member_numbers: memoryview, strata: memoryview, keys: memoryview
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """(key, stratum) by member number. Of a key its first 64 bits: as a keyed hash they tell people apart."""
    who = read_numbers(member_numbers)
    key = np.zeros(who.max() + 1, dtype=np.uint64)
    stratum = np.full(who.max() + 1, -1, dtype=np.int64)
    key[who] = np.frombuffer(keys, ">u8")
    stratum[who] = read_numbers(strata)
    return key, stratum

"""Sets that only the group itself sees, worked out from its member rows when it looks (ADR 22).

They are in no stored result: reading them costs one pass over the group's rows of the measures asked for,
and loading a file costs nothing more. Readers outside the group get nothing here at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from measures.models import Computation, DeprivationTable, Period, Source, Stratum
from measures.queries.axis import OWN_SETS
from measures.stats.suppression import own_states
from teams.enums import Audience
from teams.models import Team
from teams.scoping import Scope, member_rows_of

#: How a team is divided: not at all, by site, by line of business.
WHOLE, SITES, LINES = "whole", "sites", "lines"

_BLOCKS = """
    select b.measure_id, b.period_id, b.submission_id, b.member_numbers, b.site_ids,
        b.lines_of_business, b.flags
    from measures_slice s
    join measures_factblock b on b.submission_id = s.submission_id and b.team_id = s.team_id
        and b.measure_id = s.measure_id and b.period_id = s.period_id
    where s.is_current and s.source_id = %s and s.team_id = %s and s.period_id = any(%s)
        and (%s::int[] is null or s.measure_id = any(%s::int[]))
"""
_MEMBERS = """
    select member_number, combined, sex, coalesce(zip_code, -1) from measures_memberrow
    where submission_id = %s and team_id = %s
"""


def list_own_set_codes(scope: Scope, *, team: Team, source: Source) -> frozenset[str]:
    """Which of these sets there are for a team: none for readers outside it or without member rows."""
    if team.pk not in scope.own_team_ids or scope.audience(team.pk) != Audience.OWN:
        return frozenset()
    with member_rows_of([team.pk]), connection.cursor() as cursor:
        cursor.execute(
            """
            select exists (
                select 1 from measures_slice s where s.is_current and s.source_id = %s
                and s.team_id = %s and exists (
                    select 1 from measures_memberrow m
                    where m.submission_id = s.submission_id and m.team_id = s.team_id
                )
            )
            """,
            [source.pk, team.pk],
        )
        has_members = cursor.fetchone()[0]
    if not has_members:
        return frozenset()
    has_table = DeprivationTable.objects.filter(is_current=True).exists()
    return OWN_SETS if has_table else OWN_SETS - {"deprivation"}


def read_own_set(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    periods: Sequence[Period],
    set_code: str,
    strata: Sequence[Stratum],
    measure_ids: Sequence[int] | None,
    by: str,
) -> list[dict[str, Any]]:
    """Parts as `measures.queries.parts.work_out_parts` wants them; nothing for readers outside the group.

    strata: of the set, and everyone. by: WHOLE, SITES or LINES.
    """
    if scope.audience(team.pk) != Audience.OWN or team.pk not in scope.own_team_ids:
        return []
    everyone = next(s for s in strata if s.stratum_set.code == "all")
    of_set = [s for s in strata if s.stratum_set.code == set_code]
    unknown = next(s for s in of_set if s.kind == "unknown")
    stratum_of = _rule(set_code, {s.code: s.pk for s in of_set}, unknown.pk)
    wanted = None if measure_ids is None else list(measure_ids)
    counts: dict[tuple[int, int, int | None], dict[int, tuple[int, int]]] = {}
    with member_rows_of([team.pk]), connection.cursor() as cursor:
        cursor.execute(_BLOCKS, [source.pk, team.pk, [p.pk for p in periods], wanted, wanted])
        blocks = cursor.fetchall()
        members: dict[int, NDArray[np.int64]] = {}
        for submission_id in {block[2] for block in blocks}:
            cursor.execute(_MEMBERS, [submission_id, team.pk])
            members[submission_id] = _strata_of_members(cursor.fetchall(), stratum_of, unknown.pk)
    for measure_id, period_id, submission_id, numbers, sites, lines, all_flags in blocks:
        flags = np.array(all_flags)
        # Who is excluded does not count; flags: 1 denominator, 2 numerator, 4 exclusion.
        counted = (flags & 5) == 1
        stratum = members[submission_id][np.array(numbers)][counted]
        met = (flags[counted] & 2) > 0
        part = {WHOLE: np.zeros(len(flags), np.int64), SITES: sites, LINES: lines}[by]
        unit = np.array(part)[counted]
        for one in np.unique(unit).tolist():
            # Site 0 is the one that is not listed.
            name = None if by == WHOLE or (by == SITES and one == 0) else one
            of_unit = counts.setdefault((measure_id, period_id, name), {})
            here = unit == one
            for pk in [everyone.pk, *np.unique(stratum[here]).tolist()]:
                who = here if pk == everyone.pk else here & (stratum == pk)
                n, x = of_unit.get(pk, (0, 0))
                of_unit[pk] = (n + int(who.sum()), x + int((who & met).sum()))
    computations = _computations(source, {(m, p) for m, p, _ in counts})
    found = []
    for (measure_id, period_id, unit), of_unit in counts.items():
        if by == WHOLE:
            # What nobody is in says so; a part without a stratum has no denominator there.
            of_unit = {s.pk: (0, 0) for s in of_set} | of_unit
        ids = list(of_unit)
        people, met_by = [of_unit[i][0] for i in ids], [of_unit[i][1] for i in ids]
        found.append(
            {
                "measure_id": measure_id,
                "period_id": period_id,
                "team_id": team.pk,
                "by_site": by == SITES,
                "site_id": unit if by == SITES else None,
                "line_of_business": unit if by == LINES else None,
                "computation_id": computations[measure_id, period_id],
                "computation__reference_rules": {},
                "strata": ids,
                "denominators": people,
                "numerators": met_by,
                "self_reported": [0] * len(ids),
                "indirect": [0] * len(ids),
                # Only the group itself gets here.
                "states": own_states(people).tolist(),
            }
        )
    return found


_Rule = Callable[[int, int, int], int]


def _rule(set_code: str, numbers: dict[str, int], unknown: int) -> _Rule:
    """Stratum of a member from combined stratum, sex and ZIP area, as member rows hold them."""
    if set_code == "deprivation":
        table = DeprivationTable.objects.filter(is_current=True).first()
        fifths = dict(table.areas.values_list("zip_code", "fifth")) if table else {}
        return lambda combined, sex, zip_code: numbers.get(f"q{fifths.get(zip_code)}", unknown)
    codes = {
        s.pk: s.code for s in Stratum.objects.filter(stratum_set__code__in=("combined", "sex"))
    }
    return lambda combined, sex, zip_code: numbers.get(
        f"{codes.get(combined)}-{codes.get(sex)}", unknown
    )


def _strata_of_members(
    rows: Sequence[tuple[int, int, int, int]], stratum_of: _Rule, unknown: int
) -> NDArray[np.int64]:
    """Stratum by member number."""
    found = np.full(max((r[0] for r in rows), default=0) + 1, unknown, dtype=np.int64)
    known: dict[tuple[int, int, int], int] = {}
    for number, *answers in rows:
        key = (answers[0], answers[1], answers[2])
        if key not in known:
            known[key] = stratum_of(*key)
        found[number] = known[key]
    return found


def _computations(source: Source, families: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The latest computation of each measure and period: what the page says the data are as of."""
    latest = Computation.objects.filter(
        source=source,
        period_id__in={p for _, p in families},
        measure_id__in={m for m, _ in families},
    ).order_by("pk")
    return {(m, p): pk for m, p, pk in latest.values_list("measure_id", "period_id", "pk")}

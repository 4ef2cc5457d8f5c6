"""Sets that only the group itself sees, worked out from its member rows when it looks (ADR 22).

They are in no stored result: reading them costs one pass over the group's rows of the measures asked for,
and loading a file costs nothing more. Readers outside the group get nothing here at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from measures.models import Computation, DeprivationTable, Period, Source, Stratum
from measures.queries.axis import OWN_SETS
from measures.stats.suppression import own_states
from teams.enums import Audience
from teams.models import Team
from teams.scoping import Scope, member_rows_of

#: Columns of the facts by which a team is divided: not at all, by site, by line of business.
WHOLE, SITES, LINES = "whole", "sites", "lines"
_UNITS = {WHOLE: "null::bigint", SITES: "f.site_id", LINES: "f.line_of_business::bigint"}

#: Number of the stratum of a member, by the strata of the set (code → id, given as parameters).
_STRATUM = {
    "deprivation": "coalesce((%(strata)s::jsonb ->> ('q' || d.fifth))::int, %(unknown)s)",
    "combined_sex": "coalesce((%(strata)s::jsonb ->> (m.combined || '-' || m.sex))::int, %(unknown)s)",
}

# Who is excluded does not count; flags: 1 denominator, 2 numerator, 4 exclusion.
_QUERY = """
    select f.measure_id, f.period_id, {unit} as unit, {stratum} as stratum,
        count(*) filter (where f.flags & 5 = 1), count(*) filter (where f.flags & 7 = 3)
    from measures_slice s
    join measures_memberfact f on f.submission_id = s.submission_id and f.team_id = s.team_id
        and f.measure_id = s.measure_id and f.period_id = s.period_id
    join measures_memberrow m
        on m.submission_id = f.submission_id and m.member_number = f.member_number
    left join measures_deprivationarea d on d.table_id = %(table)s and d.zip_code = m.zip_code
    where s.is_current and s.source_id = %(source)s and s.team_id = %(team)s
        and s.period_id = any(%(periods)s)
        and (%(measures)s::int[] is null or s.measure_id = any(%(measures)s::int[]))
    group by 1, 2, 3, 4
    having count(*) filter (where f.flags & 5 = 1) > 0
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
    table = DeprivationTable.objects.filter(is_current=True).first()
    everyone = next(s for s in strata if s.stratum_set.code == "all")
    of_set = [s for s in strata if s.stratum_set.code == set_code]
    unknown = next(s for s in of_set if s.kind == "unknown")
    numbers = {s.code: s.pk for s in of_set}
    if set_code == "combined_sex":
        numbers = _by_numbers(numbers)
    with member_rows_of([team.pk]), connection.cursor() as cursor:
        cursor.execute(
            _QUERY.format(unit=_UNITS[by], stratum=_STRATUM[set_code]),
            {
                "strata": json.dumps(numbers),
                "unknown": unknown.pk,
                "table": table.pk if table else None,
                "source": source.pk,
                "team": team.pk,
                "periods": [p.pk for p in periods],
                "measures": None if measure_ids is None else list(measure_ids),
            },
        )
        rows = cursor.fetchall()
    counts: dict[tuple[int, int, int | None], dict[int, tuple[int, int]]] = {}
    for measure_id, period_id, unit, stratum_id, people, met in rows:
        of_unit = counts.setdefault((measure_id, period_id, unit), {})
        for key in (stratum_id, everyone.pk):
            n, x = of_unit.get(key, (0, 0))
            of_unit[key] = (n + people, x + met)
    computations = _computations(source, {(m, p) for m, p, _ in counts})
    found = []
    for (measure_id, period_id, unit), of_unit in counts.items():
        if by == WHOLE:
            # What nobody is in says so; a part without a stratum has no denominator there.
            of_unit = {s.pk: (0, 0) for s in of_set} | of_unit
        ids = list(of_unit)
        n, x = [of_unit[i][0] for i in ids], [of_unit[i][1] for i in ids]
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
                "denominators": n,
                "numerators": x,
                "self_reported": [0] * len(ids),
                "indirect": [0] * len(ids),
                # Only the group itself gets here.
                "states": own_states(n).tolist(),
            }
        )
    return found


def _by_numbers(numbers: dict[str, int]) -> dict[str, int]:
    """ "nh_black-female" as the numbers that member rows hold."""
    of = {
        (s.stratum_set.code, s.code): s.pk
        for s in Stratum.objects.filter(stratum_set__code__in=("combined", "sex")).select_related(
            "stratum_set"
        )
    }
    found = {}
    for code, stratum_id in numbers.items():
        race, _, sex = code.partition("-")
        if sex:
            found[f"{of['combined', race]}-{of['sex', sex]}"] = stratum_id
    return found


def _computations(source: Source, families: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The latest computation of each measure and period: what the page says the data are as of."""
    latest = Computation.objects.filter(
        source=source,
        period_id__in={p for _, p in families},
        measure_id__in={m for m, _ in families},
    ).order_by("pk")
    return {(m, p): pk for m, p, pk in latest.values_list("measure_id", "period_id", "pk")}

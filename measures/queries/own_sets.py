"""Sets that only the group itself sees, worked out from its member rows when it looks (ADR 22).

They are in no stored result: reading them costs one pass over the group's rows of the measures asked for,
and loading a file costs nothing more. Readers outside the group get nothing here at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from measures.enums import ReportingSource
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
        b.lines_of_business, b.flags, b.payers
    from measures_slice s
    join measures_factblock b on b.submission_id = s.submission_id and b.team_id = s.team_id
        and b.measure_id = s.measure_id and b.period_id = s.period_id
    where s.is_current and s.source_id = %s and s.team_id = %s and s.period_id = any(%s)
        and (%s::int[] is null or s.measure_id = any(%s::int[]))
"""
_MEMBERS = """
    select member_number, combined, sex, coalesce(zip_code, -1), race_source, ethnicity_source
    from measures_memberrow where submission_id = %s and team_id = %s
"""
#: How race and ethnicity are known; only sets that are made of them tell it (`axis.SOURCED_SETS`).
_SELF, _INDIRECT = 1, 2
_BASIS = {
    int(ReportingSource.SELF_REPORTED): _SELF,
    int(ReportingSource.SURNAME): _INDIRECT,
    int(ReportingSource.GEOCODING): _INDIRECT,
    int(ReportingSource.OTHER_INDIRECT): _INDIRECT,
}


def list_own_set_codes(scope: Scope, *, team: Team, source: Source) -> frozenset[str]:
    """Which of these sets there are for a team: none for readers outside it or without member rows."""
    if team.pk not in scope.own_team_ids or scope.audience(team.pk) != Audience.OWN:
        return frozenset()
    with member_rows_of([team.pk]), connection.cursor() as cursor:
        cursor.execute(
            """
            select count(*), count(b.payers) from measures_slice s
            join measures_factblock b on b.submission_id = s.submission_id and b.team_id = s.team_id
                and b.measure_id = s.measure_id and b.period_id = s.period_id
            where s.is_current and s.source_id = %s and s.team_id = %s
            """,
            [source.pk, team.pk],
        )
        blocks, with_payers = cursor.fetchone()
    if not blocks:
        return frozenset()
    missing = set() if with_payers else {"payer"}
    if not DeprivationTable.objects.filter(is_current=True).exists():
        missing.add("deprivation")
    return OWN_SETS - missing


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
    rule = _rule(set_code, {s.code: s.pk for s in of_set}, unknown.pk)
    payers = {s.pk for s in of_set}
    wanted = None if measure_ids is None else list(measure_ids)
    counts: dict[tuple[int, int, int | None], dict[int, NDArray[np.int64]]] = {}
    with member_rows_of([team.pk]), connection.cursor() as cursor:
        cursor.execute(_BLOCKS, [source.pk, team.pk, [p.pk for p in periods], wanted, wanted])
        blocks = cursor.fetchall()
        members: dict[int, _Members] = {}
        # A payer is told of each row, everything else of the member.
        for submission_id in {block[2] for block in blocks} if set_code != "payer" else ():
            cursor.execute(_MEMBERS, [submission_id, team.pk])
            members[submission_id] = _members(cursor.fetchall(), rule, unknown.pk)
    for measure_id, period_id, submission_id, numbers, sites, lines, all_flags, of_rows in blocks:
        flags = np.array(all_flags)
        # Who is excluded does not count; flags: 1 denominator, 2 numerator, 4 exclusion.
        counted = (flags & 5) == 1
        if set_code == "payer":
            named = np.array(of_rows or [0] * len(flags))
            stratum = np.where(np.isin(named, list(payers)), named, unknown.pk)[counted]
            basis = np.zeros(len(stratum), np.int64)
        else:
            of_member = members[submission_id]
            stratum = of_member.stratum[np.array(numbers)][counted]
            basis = of_member.basis[np.array(numbers)][counted]
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
                told = who & (pk not in (everyone.pk, unknown.pk))
                sums = (who, who & met, told & (basis == _SELF), told & (basis == _INDIRECT))
                of_unit.setdefault(pk, np.zeros(4, np.int64))
                of_unit[pk] += [int(one_of.sum()) for one_of in sums]
    computations = _computations(source, {(m, p) for m, p, _ in counts})
    found = []
    for (measure_id, period_id, unit), of_unit in counts.items():
        if by == WHOLE and set_code != "payer":
            # What nobody is in says so; a part without a stratum has no denominator there. Of payers there are
            # more on the list than any group has.
            of_unit = {s.pk: np.zeros(4, np.int64) for s in of_set} | of_unit
        ids = list(of_unit)
        people, met_by, told_by_self, imputed = np.array(list(of_unit.values())).T.tolist()
        found.append(
            {
                "measure_id": measure_id,
                "period_id": period_id,
                "team_id": team.pk,
                "by_site": by == SITES,
                "site_id": unit if by == SITES else None,
                "line_of_business": unit if by == LINES else None,
                "computation_id": computations[measure_id, period_id],
                "strata": ids,
                "denominators": people,
                "numerators": met_by,
                "self_reported": told_by_self,
                "indirect": imputed,
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


class _Members(NamedTuple):
    """By member number: stratum, and how it is known (_SELF, _INDIRECT or neither)."""

    stratum: NDArray[np.int64]
    basis: NDArray[np.int64]


def _members(rows: Sequence[tuple[int, ...]], stratum_of: _Rule, unknown: int) -> _Members:
    size = max((row[0] for row in rows), default=0) + 1
    stratum, basis = np.full(size, unknown, np.int64), np.zeros(size, np.int64)
    hispanic = set(
        Stratum.objects.filter(stratum_set__code="combined", code="hispanic").values_list(
            "pk", flat=True
        )
    )
    known: dict[tuple[int, ...], tuple[int, int]] = {}
    for number, *answers in rows:
        key = tuple(answers)
        if key not in known:
            combined, sex, zip_code, of_race, of_ethnicity = key
            source = of_ethnicity if combined in hispanic else of_race
            known[key] = stratum_of(combined, sex, zip_code), _BASIS.get(source, 0)
        stratum[number], basis[number] = known[key]
    return _Members(stratum, basis)


def _computations(source: Source, families: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The latest computation of each measure and period: what the page says the data are as of."""
    latest = Computation.objects.filter(
        source=source,
        period_id__in={p for _, p in families},
        measure_id__in={m for m, _ in families},
    ).order_by("pk")
    return {(m, p): pk for m, p, pk in latest.values_list("measure_id", "period_id", "pk")}

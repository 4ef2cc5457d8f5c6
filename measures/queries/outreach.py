"""A group's own members who have not met a measure, out of its own file, for its own staff alone.

These are the only reads of single members. They open nothing themselves: outside of
`teams.scoping.member_rows_of` the database has no rows for them. The app above checks who asks, opens
the one team's rows and writes every look down.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from django.db import connection

from measures.enums import FileForm, LineOfBusiness, SourceKind, StratumKind
from measures.member_keys import MemberKeys
from measures.models import MeasureDefinition, Period, Slice, Source, Stratum, StratumSet
from teams.models import Site, Team

#: Sets by which the list can be read. Nobody told gender identity or orientation for a list of calls.
OUTREACH_SETS = ("combined", "race", "ethnicity", "language", "sex")
#: Site of a row without one, in filters.
NOT_LISTED = 0
_DENOMINATOR, _NUMERATOR = 1, 2


@dataclass(frozen=True)
class OutreachSlice:
    """One measure and period of a group's own current file."""

    team: Team
    source: Source
    submission_id: int
    definition: MeasureDefinition
    period: Period
    published_at: datetime | None

    @property
    def key(self) -> str:
        """`CBP.2024`: how forms name it."""
        return f"{self.definition.measure.code}.{self.period.label}"


@dataclass(frozen=True)
class OutreachFilter:
    """Which members. stratum: of `stratum_set`; site_id: 0 for rows without a site.

    keys: only members with these keys; not_keys: all but these.
    """

    stratum_set: str = OUTREACH_SETS[0]
    stratum_id: int | None = None
    site_id: int | None = None
    keys: frozenset[bytes] | None = None
    not_keys: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class UnmetMember:
    """A member who has not met the measure. member_id: as the group wrote it, None when its key was lost.

    age: full years at the end of the period, by the year of birth. events: how many are not met.
    """

    key: bytes
    member_id: str | None
    site: Site | None
    stratum: Stratum
    language: Stratum
    age: int | None
    line_of_business: LineOfBusiness
    events: int


@dataclass(frozen=True)
class UnmetCount:
    """Members of one stratum at one site (None: not listed): in the denominator, and not met."""

    stratum: Stratum
    site: Site | None
    members: int
    unmet: int


def list_outreach_slices(team: Team) -> list[OutreachSlice]:
    """Measures of the group's own current files of members, latest period first."""
    slices = (
        Slice.objects.filter(
            is_current=True,
            team=team,
            source__team=team,
            source__kind=SourceKind.GROUP,
            submission__form=FileForm.MEMBERS,
        )
        .select_related("source", "submission", "measure", "period")
        .order_by("-period__ends_on", "-period__label", "measure__position", "source__code")
    )
    definitions = {
        (d.measure_id, d.year): d
        for d in MeasureDefinition.objects.filter(
            measure__in={s.measure_id for s in slices}, year__in={s.period.year for s in slices}
        ).select_related("measure")
    }
    return [
        OutreachSlice(
            team=team,
            source=s.source,
            submission_id=s.submission_id,
            definition=definitions[s.measure_id, s.period.year],
            period=s.period,
            published_at=s.submission.published_at,
        )
        for s in slices
        if (s.measure_id, s.period.year) in definitions
    ]


def list_outreach_strata() -> list[tuple[StratumSet, list[Stratum]]]:
    """Sets by which the list can be read, with their strata."""
    strata = (
        Stratum.objects.filter(stratum_set__code__in=OUTREACH_SETS)
        .exclude(kind=StratumKind.TOTAL)
        .select_related("stratum_set")
        .order_by("stratum_set__position", "position")
    )
    found: dict[int, tuple[StratumSet, list[Stratum]]] = {}
    for stratum in strata:
        found.setdefault(stratum.stratum_set_id, (stratum.stratum_set, []))[1].append(stratum)
    return sorted(found.values(), key=lambda pair: OUTREACH_SETS.index(pair[0].code))


def count_unmet(of: OutreachSlice, which: OutreachFilter) -> list[UnmetCount]:
    """Members by stratum and site, in their order; every member once."""
    where, values = _where(which)
    rows = _run(
        of,
        f"""select {_column(which)}, u.site_id, count(*), count(*) filter (where u.events > 0)
        from counted u join measures_memberrow m
          on m.submission_id = %s and m.member_number = u.member_number
        where {where} group by 1, 2""",
        [of.submission_id, *values],
    )
    strata = Stratum.objects.in_bulk({row[0] for row in rows})
    sites = Site.objects.in_bulk({row[1] for row in rows if row[1]})
    counts = [UnmetCount(strata[s], sites.get(p), all_, unmet) for s, p, all_, unmet in rows]
    return sorted(
        counts,
        key=lambda c: (c.stratum.position, c.site is None, c.site.name if c.site else ""),
    )


def list_unmet(
    of: OutreachSlice, which: OutreachFilter, *, first: int = 0, limit: int | None = None
) -> list[UnmetMember]:
    """Members by site, then in the order of the file: nobody is put before anybody else."""
    where, values = _where(which)
    rows = _run(
        of,
        f"""select m.member_key, m.sealed_id, u.site_id, {_column(which)}, m.language, m.birth_year,
          u.line_of_business, u.events
        from counted u join measures_memberrow m
          on m.submission_id = %s and m.member_number = u.member_number
        left join teams_site s on s.id = u.site_id
        where {where} and u.events > 0
        order by s.name nulls last, s.id, m.member_number
        offset %s limit %s""",
        [of.submission_id, *values, first, limit],
    )
    keys = MemberKeys(of.source.pk, seal=True)
    strata = Stratum.objects.in_bulk({row[3] for row in rows} | {row[4] for row in rows})
    sites = Site.objects.in_bulk({row[2] for row in rows if row[2]})
    return [
        UnmetMember(
            key=bytes(key),
            member_id=_opened(keys, sealed),
            site=sites.get(site_id),
            stratum=strata[stratum],
            language=strata[language],
            age=of.period.ends_on.year - born if born else None,
            line_of_business=LineOfBusiness(line),
            events=events,
        )
        for key, sealed, site_id, stratum, language, born, line, events in rows
    ]


def list_unmet_keys(of: OutreachSlice, which: OutreachFilter) -> list[bytes]:
    """Keys of all members found."""
    where, values = _where(which)
    rows = _run(
        of,
        f"""select m.member_key from counted u join measures_memberrow m
          on m.submission_id = %s and m.member_number = u.member_number
        where {where} and u.events > 0""",
        [of.submission_id, *values],
    )
    return [bytes(row[0]) for row in rows]


def list_met_keys(of: OutreachSlice, keys: Collection[bytes]) -> set[bytes]:
    """Those of these members who are in the denominator and have met the measure."""
    rows = _run(
        of,
        """select m.member_key from counted u join measures_memberrow m
          on m.submission_id = %s and m.member_number = u.member_number
        where u.events = 0 and m.member_key = any(%s)""",
        [of.submission_id, list(keys)],
    )
    return {bytes(row[0]) for row in rows}


def _run(of: OutreachSlice, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of a statement over `counted`: each member of the denominator once, with what is not met."""
    # In an inverse measure it is the numerator that nobody should be in.
    wanted = _NUMERATOR if of.definition.higher_is_better else 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"""with counted as (
              select member_number, min(site_id) as site_id, min(line_of_business) as line_of_business,
                count(*) filter (where flags & {_NUMERATOR} <> %s) as events
              from measures_memberfact
              where submission_id = %s and team_id = %s and measure_id = %s and period_id = %s
                and flags & {_DENOMINATOR} > 0
              group by member_number
            ) {statement}""",
            [
                wanted,
                of.submission_id,
                of.team.pk,
                of.definition.measure_id,
                of.period.pk,
                *values,
            ],
        )
        return list(cursor.fetchall())


def _column(which: OutreachFilter) -> str:
    if which.stratum_set not in OUTREACH_SETS:
        raise ValueError(f"The outreach list cannot be read by {which.stratum_set!r}.")
    return f"m.{which.stratum_set}"


def _where(which: OutreachFilter) -> tuple[str, list[Any]]:
    parts, values = ["true"], list[Any]()
    if which.stratum_id is not None:
        parts.append(f"{_column(which)} = %s")
        values.append(which.stratum_id)
    if which.site_id == NOT_LISTED:
        parts.append("u.site_id is null")
    elif which.site_id is not None:
        parts.append("u.site_id = %s")
        values.append(which.site_id)
    if which.keys is not None:
        parts.append("m.member_key = any(%s)")
        values.append(list(which.keys))
    if which.not_keys:
        parts.append("not m.member_key = any(%s)")
        values.append(list(which.not_keys))
    return " and ".join(parts), values


def _opened(keys: MemberKeys, sealed: Any) -> str | None:
    if sealed is None:
        return None
    try:
        return keys.unseal(bytes(sealed))
    except InvalidTag:
        return None

"""The outreach list: a group's own members who have not met a measure, with the tests they are part of.

For the group's own staff and nobody else, whatever other roles a person holds. These reads are called
by `pdsa.actions.outreach`, which writes every look down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from measures import queries as measures
from pdsa.models import Cycle, CycleMember
from pdsa.policies.cycles import TRANSITIONS
from teams.models import AuditEvent, Team
from teams.permissions import Permission
from teams.scoping import Scope, member_rows_of

#: Members in no test, as a value of the filter by test.
NO_TEST = "none"
#: Rows of a page of the list.
PAGE = 25
LOOK_ACTS = (
    "view_outreach_list",
    "export_outreach_list",
    "add_members_to_test",
    "remove_members_from_test",
)


@dataclass(frozen=True)
class OutreachChoice:
    """What somebody looks at. test: `NO_TEST`, the number of a test, or empty for all members."""

    of: measures.OutreachSlice
    stratum_set: str = measures.OUTREACH_SETS[0]
    stratum: Any = None
    site_id: int | None = None
    test: str = ""


@dataclass(frozen=True)
class ListedMember:
    member: measures.UnmetMember
    tests: tuple[Cycle, ...]


@dataclass(frozen=True)
class UnmetTotal:
    """Members under one heading (a stratum or a site), and those of them who have not met the measure."""

    label: str
    members: int
    unmet: int


@dataclass(frozen=True)
class CycleTotal:
    """Members of one test whom the file knows, and those who have met the measure since."""

    cycle: Cycle
    members: int
    met: int


@dataclass(frozen=True)
class OutreachPage:
    """One page of the list. first: place of its first row, from 0."""

    rows: tuple[ListedMember, ...]
    total: int
    first: int
    strata: tuple[UnmetTotal, ...]
    sites: tuple[UnmetTotal, ...]
    tests: tuple[CycleTotal, ...]


def list_outreach_teams(scope: Scope) -> QuerySet[Team]:
    """Teams whose outreach list the reader may open: those to whose staff the reader belongs."""
    if not scope.may(Permission.VIEW_OUTREACH):
        return Team.objects.none()
    return Team.objects.filter(id__in=scope.staff_team_ids).order_by("name")


def get_outreach_team(scope: Scope, code: str) -> Team:
    """Raises Team.DoesNotExist also for a group that the reader coaches, directs or pays."""
    return list_outreach_teams(scope).get(code=code)


def list_open_tests(team: Team) -> QuerySet[Cycle]:
    """Tests of the group that members can still join, those changed last first."""
    return (
        Cycle.objects.filter(idea__project__team=team, state__in=TRANSITIONS["take_members"][0])
        .select_related("idea")
        .order_by("-changed_at", "-id")
    )


def list_tests_with_members(team: Team) -> list[Cycle]:
    """Tests of the group that have members, also closed ones."""
    with member_rows_of([team.pk]):
        ids = set(
            CycleMember.objects.filter(team=team).values_list("cycle_id", flat=True).distinct()
        )
    return list(
        Cycle.objects.filter(id__in=ids).select_related("idea").order_by("-changed_at", "-id")
    )


def list_looks(team: Team, *, limit: int = 12) -> QuerySet[AuditEvent]:
    """Who looked at the group's list, took it away or changed who is in a test; newest first."""
    return (
        AuditEvent.objects.filter(team=team, act__in=LOOK_ACTS)
        .select_related("actor")
        .order_by("-at", "-id")[:limit]
    )


def read_page(choice: OutreachChoice, *, first: int = 0, limit: int | None = PAGE) -> OutreachPage:
    """Rows, counts beside them and the tests, in a constant number of queries."""
    of = choice.of
    with member_rows_of([of.team.pk]):
        in_tests = _keys_by_cycle(of)
        which = _filter_of(choice, in_tests)
        counts = measures.count_unmet(of, replace(which, stratum_id=None, site_id=None))
        at_site = [c for c in counts if _is_at(c, choice.site_id)]
        of_stratum = [
            c for c in counts if choice.stratum is None or c.stratum.pk == choice.stratum.pk
        ]
        total = sum(
            c.unmet for c in at_site if choice.stratum is None or c.stratum.pk == choice.stratum.pk
        )
        members = measures.list_unmet(of, which, first=first, limit=limit)
        met = measures.list_met_keys(of, frozenset().union(*in_tests.values()))
    cycles = {c.pk: c for c in Cycle.objects.filter(id__in=in_tests).select_related("idea")}
    tests_of: defaultdict[bytes, list[Cycle]] = defaultdict(list)
    for cycle_id, keys in in_tests.items():
        for key in keys:
            tests_of[key].append(cycles[cycle_id])
    return OutreachPage(
        rows=tuple(ListedMember(m, tuple(tests_of.get(m.key, ()))) for m in members),
        total=total,
        first=first,
        strata=_totals((c.stratum.label, c) for c in at_site),
        sites=_totals((c.site.name if c.site else "Site not listed", c) for c in of_stratum),
        tests=tuple(
            CycleTotal(cycles[pk], len(keys), len(keys & met))
            for pk, keys in sorted(
                in_tests.items(),
                key=lambda pair: (cycles[pair[0]].changed_at, pair[0]),
                reverse=True,
            )
        ),
    )


def list_found_keys(choice: OutreachChoice) -> list[bytes]:
    """Keys of all members that a choice finds, over all pages."""
    with member_rows_of([choice.of.team.pk]):
        return measures.list_unmet_keys(choice.of, _filter_of(choice, _keys_by_cycle(choice.of)))


def list_known_keys(of: measures.OutreachSlice, keys: Collection[bytes]) -> list[bytes]:
    """Those of these keys that belong to somebody on the list; a made-up one belongs to nobody."""
    return measures.list_unmet_keys(of, measures.OutreachFilter(keys=frozenset(keys)))


def _keys_by_cycle(of: measures.OutreachSlice) -> dict[int, set[bytes]]:
    found: defaultdict[int, set[bytes]] = defaultdict(set)
    for cycle_id, key in CycleMember.objects.filter(team=of.team, source=of.source).values_list(
        "cycle_id", "member_key"
    ):
        found[cycle_id].add(bytes(key))
    return dict(found)


def _filter_of(choice: OutreachChoice, in_tests: dict[int, set[bytes]]) -> measures.OutreachFilter:
    return measures.OutreachFilter(
        stratum_set=choice.stratum_set,
        stratum_id=choice.stratum.pk if choice.stratum else None,
        site_id=choice.site_id,
        keys=frozenset(in_tests.get(int(choice.test), ())) if choice.test.isdecimal() else None,
        not_keys=frozenset().union(*in_tests.values()) if choice.test == NO_TEST else frozenset(),
    )


def _is_at(count: measures.UnmetCount, site_id: int | None) -> bool:
    here = count.site.pk if count.site else measures.NOT_LISTED
    return site_id is None or here == site_id


def _totals(labelled: Any) -> tuple[UnmetTotal, ...]:
    sums: dict[str, tuple[int, int]] = {}
    for label, count in labelled:
        members, unmet = sums.get(label, (0, 0))
        sums[label] = members + count.members, unmet + count.unmet
    return tuple(UnmetTotal(label, members, unmet) for label, (members, unmet) in sums.items())

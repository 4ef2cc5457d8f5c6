"""Acts on the outreach list: looking at it is one of them, because every look is written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from pdsa.models import Cycle, CycleMember
from pdsa.policies.cycles import check_can
from pdsa.queries.outreach import (
    PAGE,
    OutreachChoice,
    OutreachPage,
    get_outreach_team,
    list_found_keys,
    list_known_keys,
    read_page,
)
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User
from teams.scoping import Scope, member_rows_of


@transaction.atomic
def look_at_outreach_list(
    *, choice: OutreachChoice, page: int, scope: Scope, by: User
) -> OutreachPage:
    """One page of the list; page: from 1. Raises Team.DoesNotExist for who is not the group's staff.

    Effects: audit event with what was chosen and how many members were shown.
    """
    found = _read(choice, scope, first=(page - 1) * PAGE, limit=PAGE)
    _record("view_outreach_list", choice, by, page=page, members=len(found.rows))
    return found


@transaction.atomic
def export_outreach_list(
    *, choice: OutreachChoice, form: str, scope: Scope, by: User
) -> OutreachPage:
    """The whole list, to be written into a file; form: csv or xlsx. Raises as `look_at_outreach_list`.

    Effects: audit event with what was chosen and how many members left with the file.
    """
    found = _read(choice, scope, first=0, limit=None)
    _record("export_outreach_list", choice, by, form=form, members=len(found.rows))
    return found


@transaction.atomic
def add_members_to_test(
    *, cycle: Cycle, choice: OutreachChoice, keys: Sequence[bytes] | None, scope: Scope, by: User
) -> int:
    """Make members part of a test; keys: None for everybody whom the choice finds. Returns how many are new.

    Raises StateRefused for a closed or cancelled test and where nobody was chosen.
    Effects: rows, audit event with their number.
    """
    team = get_outreach_team(scope, choice.of.team.code)
    cycle = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk, idea__project__team=team)
    check_can("take_members", cycle)
    with member_rows_of([team.pk]):
        known = list_found_keys(choice) if keys is None else list_known_keys(choice.of, keys)
        if not known:
            raise StateRefused("Choose at least one member of the list first.")
        of_cycle = CycleMember.objects.filter(cycle=cycle)
        before = of_cycle.count()
        CycleMember.objects.bulk_create(
            [
                CycleMember(
                    cycle=cycle, team=team, source=choice.of.source, member_key=key, added_by=by
                )
                for key in known
            ],
            batch_size=1000,
            ignore_conflicts=True,
        )
        added = of_cycle.count() - before
    _record("add_members_to_test", choice, by, test=cycle.pk, members=added)
    return added


@transaction.atomic
def remove_members_from_test(
    *, cycle: Cycle, choice: OutreachChoice, keys: Sequence[bytes], scope: Scope, by: User
) -> int:
    """Take members out of a test again. Returns how many were in it.

    Raises StateRefused for a closed or cancelled test: who was part of it stays on record.
    Effects: rows, audit event with their number.
    """
    team = get_outreach_team(scope, choice.of.team.code)
    cycle = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk, idea__project__team=team)
    check_can("take_members", cycle)
    with member_rows_of([team.pk]):
        removed, _ = CycleMember.objects.filter(
            cycle=cycle, team=team, source=choice.of.source, member_key__in=list(keys)
        ).delete()
    _record("remove_members_from_test", choice, by, test=cycle.pk, members=removed)
    return removed


def _read(choice: OutreachChoice, scope: Scope, *, first: int, limit: int | None) -> OutreachPage:
    get_outreach_team(scope, choice.of.team.code)
    return read_page(choice, first=first, limit=limit)


def _record(act: str, choice: OutreachChoice, by: User, **details: Any) -> None:
    chosen = {
        "measure": choice.of.definition.measure.code,
        "period": choice.of.period.label,
        "group_of_people": str(choice.stratum) if choice.stratum else "",
        "site": choice.site_id,
        "in_test": choice.test,
    }
    record_event(
        act=act,
        target=f"outreach_list:{choice.of.source.code}",
        by=by,
        team=choice.of.team,
        details={name: value for name, value in chosen.items() if value not in ("", None)}
        | details,
    )

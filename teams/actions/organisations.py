"""Writes about organisations, their teams, and the programme's settings."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from teams.actions.audit import record_event
from teams.enums import OrganisationKind
from teams.errors import StateRefused
from teams.models import Organisation, Programme, Team, User
from teams.permissions import Permission, check_permission
from teams.queries import get_programme
from teams.scoping import scope_of


@transaction.atomic
def add_organisation(
    *, name: str, kind: str, team_code: str, by: User, as_of: date
) -> Organisation:
    """A new organisation. A provider group gets its team at once, with the code that data files use for it.

    team_code: empty for every other kind.
    """
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_ORGANISATIONS)
    if (kind == OrganisationKind.PROVIDER_GROUP) != bool(team_code):
        raise StateRefused(
            "A provider group needs the code that data files use for it; others have none."
        )
    organisation = Organisation.objects.create(name=name.strip(), kind=kind)
    record_event(
        act="add_organisation",
        target=organisation,
        by=by,
        details={"after": {"name": organisation.name, "kind": kind}},
    )
    if team_code:
        add_team(
            organisation=organisation, code=team_code, name=organisation.name, by=by, as_of=as_of
        )
    return organisation


@transaction.atomic
def rename_organisation(
    *, organisation: Organisation, name: str, by: User, as_of: date
) -> Organisation:
    """The kind stays: roles and scope hang on it."""
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_ORGANISATIONS)
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    before = organisation.name
    organisation.name = name.strip()
    organisation.save(update_fields=["name"])
    record_event(
        act="rename_organisation",
        target=organisation,
        by=by,
        details={"before": {"name": before}, "after": {"name": organisation.name}},
    )
    return organisation


@transaction.atomic
def add_team(*, organisation: Organisation, code: str, name: str, by: User, as_of: date) -> Team:
    """A team of a provider group. Raises StateRefused for an organisation of another kind."""
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_ORGANISATIONS)
    if organisation.kind != OrganisationKind.PROVIDER_GROUP:
        raise StateRefused(f"{organisation.name} is not a provider group, so it has no teams.")
    team = Team.objects.create(organisation=organisation, code=code.strip(), name=name.strip())
    record_event(
        act="add_team",
        target=team,
        by=by,
        team=team,
        details={"after": {"code": code, "name": name}},
    )
    return team


@transaction.atomic
def rename_team(*, team: Team, name: str, by: User, as_of: date) -> Team:
    """The code stays: earlier files carry it."""
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_ORGANISATIONS)
    team = Team.objects.select_for_update().get(pk=team.pk)
    before = team.name
    team.name = name.strip()
    team.save(update_fields=["name"])
    record_event(
        act="rename_team",
        target=team,
        by=by,
        team=team,
        details={"before": {"name": before}, "after": {"name": team.name}},
    )
    return team


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@transaction.atomic
def change_programme(*, values: dict[str, Any], by: User, as_of: date) -> Programme:
    """Set some of the programme's names, words, dates and rules; fields that are not named stay."""
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_PROGRAMME)
    programme = Programme.objects.select_for_update().get(id=get_programme().pk)
    changed = {name: value for name, value in values.items() if getattr(programme, name) != value}
    before = {name: _plain(getattr(programme, name)) for name in changed}
    for name, value in changed.items():
        setattr(programme, name, value)
    programme.save()
    record_event(
        act="change_programme",
        target=programme,
        by=by,
        details={"before": before, "after": {n: _plain(v) for n, v in changed.items()}},
    )
    return programme

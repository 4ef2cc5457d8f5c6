"""People, organisations, teams and sites.

group = make_team(name="Harbor Health")
lead = make_user(Role.GROUP_LEAD, team=group)
coach = make_user(Role.COACH, team=group)        # assigned to the team
analyst = make_user(Role.PAYER_ANALYST)
client = signed_in(lead)
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count

from django.test import Client
from django.utils import timezone

from teams.enums import ROLES_OF_KIND, OrganisationKind, Role
from teams.models import (
    ApiToken,
    CoachAssignment,
    Membership,
    Organisation,
    Site,
    SiteAssignment,
    Team,
    User,
)
from teams.queries import hash_secret

#: Long before every test's day, so that a membership made without dates holds.
LONG_AGO = date(2020, 1, 1)
PASSWORD = "correct horse battery 9"

_numbers = count(1)

_KIND_OF_ROLE: dict[str, str] = {
    role: kind
    for kind in (
        OrganisationKind.EVALUATOR,
        OrganisationKind.PROVIDER_GROUP,
        OrganisationKind.PAYER,
        OrganisationKind.INSTITUTE,  # last: an administrator made without an organisation is the institute's
    )
    for role in ROLES_OF_KIND[kind]
}
_NAME_OF_KIND = {
    OrganisationKind.PAYER: "Test payer",
    OrganisationKind.INSTITUTE: "Test institute",
    OrganisationKind.EVALUATOR: "Test evaluator",
}


def make_organisation(
    kind: str = OrganisationKind.PROVIDER_GROUP, *, name: str | None = None
) -> Organisation:
    """A new organisation; payer, institute and evaluator without a name are the one of the test."""
    if name is None and kind in _NAME_OF_KIND:
        return Organisation.objects.get_or_create(
            name=_NAME_OF_KIND[OrganisationKind(kind)], defaults={"kind": kind}
        )[0]
    return Organisation.objects.create(name=name or f"Group {next(_numbers)}", kind=kind)


def make_team(
    *, name: str | None = None, code: str | None = None, organisation: Organisation | None = None
) -> Team:
    """A team, in a provider group of the same name unless an organisation is given."""
    number = next(_numbers)
    name = name or f"Group {number}"
    return Team.objects.create(
        organisation=organisation or make_organisation(name=name),
        code=code or f"G{number:03d}",
        name=name,
    )


def make_user(
    role: str | None = None,
    *,
    team: Team | None = None,
    organisation: Organisation | None = None,
    email: str | None = None,
    name: str | None = None,
    password: str | None = None,
    starts_on: date = LONG_AGO,
    ends_on: date | None = None,
    is_active: bool = True,
) -> User:
    """A person with one role. Without a role: somebody with an account and no membership.

    team: the group of a group role (made when missing), the assigned team of a coach; nothing else has one.
    starts_on, ends_on: of the membership, and of a coach's assignment.
    """
    number = next(_numbers)
    user = User.objects.create_user(
        email=email or f"person{number}@example.org",
        password=password,
        name=name or f"Person {number}",
        is_active=is_active,
    )
    if role is not None:
        add_role(
            user, role, team=team, organisation=organisation, starts_on=starts_on, ends_on=ends_on
        )
    return user


def add_role(
    user: User,
    role: str,
    *,
    team: Team | None = None,
    organisation: Organisation | None = None,
    starts_on: date = LONG_AGO,
    ends_on: date | None = None,
) -> Membership:
    """One more role for a person, and a coach's assignment to `team`."""
    kind = _KIND_OF_ROLE[role]
    if organisation is None:
        if kind == OrganisationKind.PROVIDER_GROUP:
            organisation = (team or make_team()).organisation
        else:
            organisation = make_organisation(kind)
    if role == Role.COACH and team is not None:
        make_coach_assignment(user, team, starts_on=starts_on, ends_on=ends_on)
    return Membership.objects.create(
        user=user, organisation=organisation, role=role, starts_on=starts_on, ends_on=ends_on
    )


def make_coach_assignment(
    user: User, team: Team, *, starts_on: date = LONG_AGO, ends_on: date | None = None
) -> CoachAssignment:
    return CoachAssignment.objects.create(
        user=user, team=team, starts_on=starts_on, ends_on=ends_on
    )


def make_site(
    *,
    team: Team | None = None,
    name: str | None = None,
    code: str | None = None,
    zip_code: str = "02118",
    starts_on: date = LONG_AGO,
    ends_on: date | None = None,
) -> Site:
    """A practice site that belongs to a team (made when missing) between two days."""
    number = next(_numbers)
    site = Site.objects.create(
        code=code or f"S{number:04d}", name=name or f"Site {number}", zip_code=zip_code
    )
    SiteAssignment.objects.create(
        site=site, team=team or make_team(), starts_on=starts_on, ends_on=ends_on
    )
    return site


def make_token(
    user: User, *, key: str | None = None, expires_at: datetime | None = None, **fields: object
) -> str:
    """An API token of the user; returns the key to send as `Authorization: Token <key>`."""
    key = key or f"test-key-{next(_numbers)}"
    ApiToken.objects.create(
        user=user,
        name="test",
        key_prefix=key[:8],
        key_hash=hash_secret(key),
        expires_at=expires_at or timezone.now() + timedelta(days=30),
        **fields,
    )
    return key


def signed_in(user: User) -> Client:
    """A browser in which the user is signed in."""
    client = Client()
    client.force_login(user)
    return client

"""Every address of the site, and the two teams with whose objects the walk over them fills their parts.

`tests/test_every_address.py` opens every address as every role. What it needs to know of an app stands in
`tests/<app>/other_team.py`, in a function `build(world)` that makes objects of both teams and says

    world.provide("submission_id", mine=own.pk, other=strange.pk)   # a part of an address, for every address
    world.provide("reports:card.pk", mine=…, other=…)               # or for the one that has this name
    world.mark("Strange submission.csv", seen_by={Role.PAYER_ANALYST})

An address with a part that nobody provides fails the walk with a sentence that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from teams.enums import Role
from teams.models import Team, User
from tests.factories.people import PASSWORD, make_team, make_user

APPS = ("teams", "measures", "pdsa", "grants", "learning", "reports")

#: Roles whose scope holds only the own team, or none: for them the other team does not exist.
CLOSED_ROLES = frozenset(
    {
        Role.GROUP_MEMBER,
        Role.GROUP_LEAD,
        Role.SENIOR_SPONSOR,
        Role.COACH,
        Role.EVALUATOR,
    }
)
#: Roles that see the names of all teams: everybody else may not even meet those.
OPEN_ROLES = frozenset(Role) - CLOSED_ROLES


@dataclass(frozen=True)
class Address:
    """One URL pattern. name: with its namespaces, empty when it has none; route: as the browser sends it."""

    name: str
    route: str
    parts: tuple[str, ...]
    view: Callable[..., Any]

    @property
    def title(self) -> str:
        return self.name or self.route

    @property
    def permission(self) -> Any:
        """What the view requires; None when it declares nothing."""
        declared = getattr(self.view, "required_permission", None)
        if declared is None:
            kind = getattr(self.view, "cls", None) or getattr(self.view, "view_class", None)
            declared = getattr(kind, "required_permission", None)
        return declared

    def path(self, values: dict[str, Any]) -> str:
        path = self.route
        for part in self.parts:
            path = path.replace(f"<{part}>", str(values[part]))
        return path


def _route_of(pattern: Any) -> str:
    """The pattern's text with its parts as <name>, both of path() and of re_path()."""
    text = str(pattern)
    text = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<\1>", text)
    text = re.sub(r"<\w+:(\w+)>", r"<\1>", text)
    return text.removeprefix("^").removesuffix("$")


def every_address(
    patterns: Iterable[URLPattern | URLResolver] | None = None,
    route: str = "/",
    namespaces: tuple[str, ...] = (),
) -> Iterator[Address]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        here = route + _route_of(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from every_address(pattern.url_patterns, here, inner)
        else:
            name = ":".join((*namespaces, pattern.name)) if pattern.name else ""
            yield Address(name, here, tuple(re.findall(r"<(\w+)>", here)), pattern.callback)


@dataclass(frozen=True)
class Value:
    """seen_by: roles for which the other team's object exists at this address."""

    mine: Any
    other: Any
    seen_by: frozenset[Role]


@dataclass
class World:
    """Two teams with people and data. Every role has a user who works with `mine` and never with `other`."""

    mine: Team
    other: Team
    users: dict[Role, User]
    values: dict[str, Value] = field(default_factory=dict)
    marks: dict[str, frozenset[Role]] = field(default_factory=dict)
    client: Client = field(default_factory=Client)
    _cookies: dict[Role | None, SimpleCookie] = field(default_factory=dict)

    def cookies_of(self, role: Role | None) -> SimpleCookie:
        """What the browser of a role's user sends once it is signed in; empty for nobody."""
        if role not in self._cookies:
            client = Client()
            if role is not None:
                client.force_login(self.users[role])
            self._cookies[role] = client.cookies
        return self._cookies[role]

    def provide(
        self, part: str, *, mine: Any, other: Any, seen_by: Iterable[Role] = OPEN_ROLES
    ) -> None:
        """A part of an address: `part` or, for one address only, `name.part`."""
        self.values[part] = Value(mine, other, frozenset(seen_by))

    def share(self, part: str, value: Any) -> None:
        """A part that belongs to nobody, such as the code of a measure."""
        self.values[part] = Value(value, value, frozenset(Role))

    def mark(self, text: str, *, seen_by: Iterable[Role] = OPEN_ROLES) -> None:
        """A text of the other team's that must not reach any role but these: a name, a number of its data."""
        if len(text) < 5:
            raise ValueError(f"{text!r} could turn up by chance; mark something longer")
        self.marks[text] = frozenset(seen_by)

    def values_for(self, address: Address, whose: str) -> tuple[dict[str, Any], frozenset[Role]]:
        """Parts of an address ("mine" or "other"), and the roles for which all of these objects exist."""
        seen_by = frozenset(Role)
        filled = {}
        for part in address.parts:
            value = self.values.get(f"{address.name}.{part}") or self.values.get(part)
            if value is None:
                raise LookupError(
                    f"{address.title} has a part <{part}> that nobody provides. Say in tests/<app>/other_team.py"
                    f' what it is: world.provide("{part}", mine=…, other=…) or world.share("{part}", …).'
                )
            filled[part] = getattr(value, whose)
            if value.mine != value.other:
                seen_by &= value.seen_by
        return filled, seen_by


def make_world(apps: Iterable[str] = APPS) -> World:
    """Both teams with everything that the apps' `other_team` modules add to them."""
    mine = make_team(name="Own Meadow Group", code="OWNMEADOW")
    other = make_team(name="Strange Harbor Group", code="STRANGEHARBOR")
    users = {
        role: make_user(
            role,
            team=mine,
            name=f"Walker {role.label}",
            email=f"{role}@walk.example",
            password=PASSWORD,
        )
        for role in Role
    }
    world = World(mine, other, users)
    for app in apps:
        if find_spec(f"tests.{app}") and find_spec(f"tests.{app}.other_team"):
            import_module(f"tests.{app}.other_team").build(world)
    return world

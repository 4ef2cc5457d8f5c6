"""A walk over every address as every role, with another team's data present: nothing of it comes out."""

from __future__ import annotations

import io
import re
import zipfile
from copy import copy
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import escape

from teams.enums import Role
from teams.models import AuditEvent, Team
from teams.permissions import ROLE_PERMISSIONS, Permission, require
from tests.addresses import CLOSED_ROLES, Address, World, every_address, make_world

pytestmark = pytest.mark.django_db

#: Drawn or hashed anew each time: tokens, nonces, hashes of files and of the chain, the request's name on a refusal.
#: Their digits look like numbers of the other team now and then.
RANDOM = re.compile(
    r"[A-Za-z0-9]{32,}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|nonce(?:-|=\")[A-Za-z0-9+/=_-]+"
)

#: Headers that are nobody's numbers: the request's id is drawn anew, the length of a page can be any.
UNREAD = {"X-Request-ID", "Content-Length"}

#: Refusals: not there, not allowed, wrong method, not the state for it, sign in first.
REFUSED = {401, 403, 404, 405, 409, 410}


def said(response: Any) -> str:
    """Everything that reached the reader: headers and body, workbooks unpacked."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    headers = [f"{name}: {value}" for name, value in response.items() if name not in UNREAD]
    texts = [*headers, body.decode("utf-8", "replace")]
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            texts += [archive.read(n).decode("utf-8", "replace") for n in archive.namelist()]
    return RANDOM.sub("", "\n".join(texts))


def is_refusal(response: Any) -> bool:
    to_sign_in = response.status_code == 302 and "/account/" in response["Location"]
    return response.status_code in REFUSED or to_sign_in


def closed_to(address: Address, role: Role | None) -> bool:
    """Whether the address declares a permission that the role does not hold."""
    held = ROLE_PERMISSIONS[role] if role else frozenset()
    return isinstance(address.permission, Permission) and address.permission not in held


def events_of_other(world: World) -> int:
    """How many events the other team's trail has."""
    return AuditEvent.objects.filter(team=world.other).count()


def walk(world: World, role: Role | None, address: Address, before: int | None = None) -> list[str]:
    """What is wrong with an address for a role (None: without sign-in), as sentences.

    before: events on the other team's trail, counted once for many addresses: each request is undone.
    """
    before = events_of_other(world) if before is None else before
    wrong = []
    client = world.client
    who = role.label if role else "nobody"
    owners: tuple[str, ...] = ("mine", "other") if address.parts else ("mine",)
    methods: tuple[str, ...] = ("get", "post")
    if closed_to(address, role):
        # The guard refuses before it looks at anything; one look at the other team's object shows that.
        owners, methods = owners[-1:], ("get",)
    for whose in owners:
        values, seen_by = world.values_for(address, whose)
        strange = whose == "other" and values != world.values_for(address, "mine")[0]
        if not strange and whose != owners[0]:
            continue  # the same address once more: nothing in it belongs to a team
        for method in methods:
            # One client, because making one is slow; its cookies as they were, because pages change them.
            client.cookies = copy(world.cookies_of(role))
            query = f"?team={world.other.code}&organisation={world.other.organisation_id}"
            where = address.path(values) + (query if method == "get" else "")
            with transaction.atomic():
                response = getattr(client, method)(where)
                text = said(response)
                # A view without a transaction of its own, when it refuses, undoes the one around it here.
                undone = transaction.get_rollback()
                looked_at = role in CLOSED_ROLES and not undone
                touched = events_of_other(world) - before if looked_at else 0
                transaction.set_rollback(True)
            at = f"{method.upper()} {where} ({address.title}) as {who}"
            if closed_to(address, role) and not is_refusal(response):
                wrong.append(f"{at}: {response.status_code}, but the role may not do this")
            if response.status_code >= 500:
                wrong.append(f"{at}: {response.status_code}")
            if strange and role not in seen_by and not is_refusal(response):
                wrong.append(f"{at}: {response.status_code} for an object of the other team")
            if touched:
                wrong.append(f"{at}: left an event on the other team's trail")
            # The address itself may come back, in a link to sign-in for example: it came from the reader.
            for sent in (where, query.removeprefix("?")):
                for written in {sent, escape(sent), quote(sent), quote(sent, safe="")}:
                    text = text.replace(written, "")
            for mark, readers in world.marks.items():
                if role not in readers and mark in text:
                    wrong.append(f"{at}: {mark!r} of the other team came out")
    return wrong


@pytest.fixture
def world() -> World:
    return make_world()


#: A role whose walk is within another's, which may open the same and more, with the same eyes.
WITHIN_ANOTHER = {Role.GROUP_MEMBER: Role.GROUP_LEAD}
#: Roles (None: without sign-in) that walk one after the other through the same world: making it takes as long as
#: a short walk.
WALKS: dict[str, tuple[Role | None, ...]] = {
    "group": (Role.GROUP_LEAD, None),
    "direction": (Role.PROGRAMME_DIRECTOR, Role.SENIOR_SPONSOR),
    "company": (Role.COACH, Role.EVALUATOR),
    "payer": (Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.ADMINISTRATOR),
}


@pytest.mark.long
@pytest.mark.parametrize(
    "roles",
    [
        *(pytest.param(roles, id=name) for name, roles in WALKS.items()),
        *(pytest.param((role,), id=role, marks=pytest.mark.heavy) for role in WITHIN_ANOTHER),
    ],
)
def test_nothing_of_the_other_team_comes_out(world: World, roles: tuple[Role | None, ...]) -> None:
    wrong = []
    before = events_of_other(world)
    for role in roles:
        cache.clear()
        wrong += [
            sentence
            for address in every_address()
            for sentence in walk(world, role, address, before)
        ]
    assert not wrong, "\n".join(wrong)


def test_every_role_walks() -> None:
    walking = [role for roles in WALKS.values() for role in roles] + [*WITHIN_ANOTHER]
    assert sorted(map(str, walking)) == sorted(map(str, [*Role, None]))


def test_walks_left_to_the_long_tests_are_within_another() -> None:
    for role, wider in WITHIN_ANOTHER.items():
        assert ROLE_PERMISSIONS[role] <= ROLE_PERMISSIONS[wider]


def test_number_is_read_in_words_and_not_in_what_is_drawn_anew() -> None:
    for text in (
        "of 18461 patients",
        "strange-harbor-group-report-of-18461-patients.pdf",
        "(18461)",
    ):
        assert "18461" in RANDOM.sub("", text)
    for text in (
        f"SHA-256 {'c0ffee18461' * 6}",
        'nonce="bo+18461/Q="',
        f"id={'a' * 30}18461",
        "<code>0c618461-93e5-4a51-8a35-1f0c51846100</code>",
    ):
        assert "18461" not in RANDOM.sub("", text)


def test_walk_finds_each_kind_of_leak() -> None:
    """Breaks each guard once: a view without scope, one that names the other team, one that writes to it."""
    world = make_world(apps=("teams",))

    @require(Permission.VIEW_HOME)
    def unscoped(request: HttpRequest, code: str) -> HttpResponse:
        return HttpResponse(f"found {Team.objects.get(code=code).pk}")

    @require(Permission.VIEW_HOME)
    def naming(request: HttpRequest) -> HttpResponse:
        return HttpResponse(", ".join(Team.objects.values_list("name", flat=True)))

    @require(Permission.VIEW_HOME)
    def in_a_header(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Content-Disposition": f"filename={world.other.name}.csv"})

    def at(route: str, view: Any, parts: tuple[str, ...] = ()) -> Address:
        return Address("", route, parts, view)

    member = Role.GROUP_MEMBER
    patterns = [
        path("leaks/<str:code>/", unscoped),
        path("leaks/", naming),
        path("leaks-header/", in_a_header),
    ]
    from collaborative import urls

    urls.urlpatterns[:0] = patterns
    try:
        from django.urls import clear_url_caches

        clear_url_caches()
        assert any(
            "object of the other" in s
            for s in walk(world, member, at("/leaks/<code>/", unscoped, ("code",)))
        )
        assert any("came out" in s for s in walk(world, member, at("/leaks/", naming)))
        assert any("came out" in s for s in walk(world, member, at("/leaks-header/", in_a_header)))
        assert walk(world, Role.PAYER_ANALYST, at("/leaks/", naming)) == []
    finally:
        del urls.urlpatterns[: len(patterns)]
        clear_url_caches()


def test_address_with_an_unknown_part_says_what_to_do() -> None:
    world = make_world(apps=())
    address = next(a for a in every_address() if a.name == "teams:site")
    with pytest.raises(LookupError, match="nobody provides"):
        world.values_for(replace(address, parts=("not_provided",)), "mine")

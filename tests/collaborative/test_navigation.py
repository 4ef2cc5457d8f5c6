"""What the top bar offers: the sections of the role and the teams in scope, and nothing else."""

from dataclasses import replace

import pytest
from django.test import RequestFactory
from django.urls import resolve

from collaborative.navigation import PERSONAL_SECTIONS, SECTIONS, list_sections, list_team_menu
from teams.enums import Role
from teams.permissions import ROLE_PERMISSIONS, Permission
from teams.scoping import NOBODY
from tests.factories.people import make_team


def scope_with(permissions, **more):
    return replace(NOBODY, permissions=frozenset(permissions), **more)


def test_nobody_is_offered_nothing():
    assert list_sections(SECTIONS + PERSONAL_SECTIONS, NOBODY, "") == []


@pytest.mark.parametrize("section", SECTIONS + PERSONAL_SECTIONS, ids=lambda s: s.label)
def test_every_section_leads_to_a_page_that_asks_for_the_same_permission(section):
    """A link that ends in a refusal is worse than none."""
    [entry] = list_sections((section,), scope_with({section.permission}), "")
    assert resolve(entry["url"]).func.required_permission == section.permission


@pytest.mark.parametrize("role", Role)
def test_a_role_is_offered_exactly_the_sections_it_may_open(role):
    held = ROLE_PERMISSIONS[role]
    offered = {e["label"] for e in list_sections(SECTIONS, scope_with(held), "")}
    assert offered == {s.label for s in SECTIONS if s.permission in held and s.unless not in held}


@pytest.mark.parametrize(
    ("page", "label"),
    [
        ("reports:home", "Home"),
        ("reports:team_sites", "Equity dashboard"),
        ("reports:card", "Report cards"),
        ("measures:mapping", "Data"),
        ("learning:call", "Learning"),
    ],
)
def test_the_section_of_the_present_page_is_marked(page, label):
    entries = list_sections(SECTIONS, scope_with(Permission), page)
    assert [e["label"] for e in entries if e["active"]] == [label]


@pytest.mark.django_db
def test_team_menu_keeps_the_page_and_stays_within_the_scope():
    here, there, other = make_team(), make_team(), make_team()
    scope = scope_with({Permission.VIEW_TEAM_RESULTS}, team_ids=(here.pk, there.pk))
    request = RequestFactory().get(f"/teams/{here.code}/sites/")
    request.resolver_match = resolve(request.path)
    menu = list_team_menu(request, scope)
    assert {e["name"] for e in menu} == {here.name, there.name}
    assert {e["url"] for e in menu} == {f"/teams/{here.code}/sites/", f"/teams/{there.code}/sites/"}
    assert [e["name"] for e in menu if e["active"]] == [here.name]
    assert other.name not in str(menu)


@pytest.mark.django_db
def test_team_menu_is_empty_with_one_team():
    team = make_team()
    scope = scope_with({Permission.VIEW_TEAM_RESULTS}, team_ids=(team.pk,))
    request = RequestFactory().get("/")
    request.resolver_match = None
    assert list_team_menu(request, scope) == []

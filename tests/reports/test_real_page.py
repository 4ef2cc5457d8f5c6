"""The page of race, ethnicity and language data: what is counted as asked, over time, by site, for whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measures.enums import RealCategory as Category
from measures.enums import RealField
from reports.dashboards.real import RealPart
from teams.enums import Role
from teams.models import Team
from tests.factories.people import make_site, make_team, make_user, signed_in
from tests.factories.results import (
    World,
    make_completeness,
    make_definition,
    make_period,
    make_results,
    make_world,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def team(world: World) -> Team:
    team = make_team(code="G01", name="Harbor")
    site = make_site(code="S1", team=team, name="Pier")
    for whose in (team, None):
        make_results(world, whose, {"nh_white": (100, 200), "nh_black": (40, 90)})
    before = make_period("2023")
    make_definition(world.measure, year=2023)
    for whose in (team, None):
        make_results(world, whose, {"nh_white": (100, 200)}, period=before)
    make_completeness(
        world, team, {Category.SELF_REPORTED: 30, Category.UNKNOWN: 70}, period=before
    )
    made = make_completeness(
        world,
        team,
        {
            Category.SELF_REPORTED: 50,
            Category.OTHER_DIRECT: 5,
            Category.DECLINED: 10,
            Category.UNKNOWN: 15,
            Category.NOT_COLLECTED: 12,
            Category.INDIRECT: 8,
        },
        site=site,
    )
    make_completeness(
        world, team, {Category.SELF_REPORTED: 10, Category.UNKNOWN: 90}, submission=made
    )
    return team


def read(role: Role, team: Team, **query: str) -> Any:
    client = signed_in(make_user(role, team=team if role == Role.GROUP_MEMBER else None))
    return client.get(reverse("reports:team_real", args=[team.code]), query)


def test_asked_is_answered_or_declined_and_imputed_is_not_known(team: Team) -> None:
    [part] = read(Role.GROUP_MEMBER, team).context["parts"]
    assert isinstance(part, RealPart) and part.field == RealField.RACE
    latest, before = part.periods
    assert (latest.label, latest.eligible, before.label) == ("2024", 200, "2023")
    assert (latest.asked, latest.answered, latest.declined) == (0.35, 0.3, 0.05)
    assert (latest.other_direct, latest.imputed) == (0.025, 0.04)
    assert (latest.unknown, latest.not_collected) == (0.525, 0.06)
    assert part.over_time is not None and part.by_site is not None
    assert part.over_time.finding == "30% told their race themselves in 2024, 30% in 2023"
    assert part.by_site.finding == "By site, 10% to 50% told their race themselves"
    assert [(s.label, s.eligible, s.answered) for s in part.sites] == [
        ("Pier", 100, 0.5), ("Site not listed", 100, 0.1),
    ]  # fmt: skip


def test_each_site_stands_over_time(team: Team) -> None:
    [part] = read(Role.GROUP_MEMBER, team).context["parts"]
    assert part.columns == ("2023", "2024")
    pier, unlisted = part.sites_over_time
    assert (pier.label, pier.shares) == ("Pier", (None, (0.6, 0.5)))
    assert (unlisted.label, unlisted.shares) == ("Site not listed", ((0.3, 0.3), (0.1, 0.1)))
    [part] = read(Role.GROUP_MEMBER, team, period="2023").context["parts"]
    assert part.sites_over_time == ()


def test_later_periods_are_not_looked_at(team: Team) -> None:
    [part] = read(Role.GROUP_MEMBER, team, period="2023").context["parts"]
    assert [line.label for line in part.periods] == ["2023"]
    assert part.by_site is None


def test_readers_outside_see_rounded_counts_and_are_told(team: Team) -> None:
    page = read(Role.PAYER_ANALYST, team)
    text = page.content.decode()
    assert "Counts are rounded to tens." in text
    [part] = page.context["parts"]
    assert all(line.eligible % 10 == 0 for line in (*part.periods, *part.sites))
    assert "Counts are rounded to tens." not in read(Role.GROUP_MEMBER, team).content.decode()


def test_another_group_is_not_there(team: Team) -> None:
    stranger = signed_in(make_user(Role.GROUP_MEMBER, team=make_team()))
    assert stranger.get(reverse("reports:team_real", args=[team.code])).status_code == 404


def test_page_without_members_says_what_would_help(world: World) -> None:
    team = make_team(code="G02")
    for whose in (team, None):
        make_results(world, whose, {"nh_white": (100, 200)})
    assert "Nothing is known yet" in read(Role.GROUP_MEMBER, team).content.decode()


def test_number_of_queries_does_not_grow_with_sites(team: Team, world: World) -> None:
    client = signed_in(make_user(Role.GROUP_MEMBER, team=team))
    address = reverse("reports:team_real", args=[team.code])
    counts = []
    for extra in range(2):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts.append(len(queries))
        for number in range(3):
            make_completeness(
                world,
                team,
                {Category.SELF_REPORTED: 20},
                site=make_site(code=f"X{extra}{number}", team=team),
                submission=team.slices.get(period=world.period).submission,
            )
    assert counts[0] == counts[1]


def test_filters_replace_their_part_only(team: Team) -> None:
    client = signed_in(make_user(Role.GROUP_MEMBER, team=team))
    address = reverse("reports:team_real", args=[team.code])
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="results">')
    assert "<html" not in part
    assert part.strip() in client.get(address).content.decode()

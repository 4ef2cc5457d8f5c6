"""Tables by site and line of business, and sets without a reference: each number under its own group."""

from __future__ import annotations

import re

import pytest

from teams.enums import Role
from tests.factories.people import make_site, make_team, make_user, signed_in
from tests.factories.results import make_definition, make_period, make_results, make_world

pytestmark = pytest.mark.django_db

PAGE = "/teams/HARBOR/measures/CBP/"


@pytest.fixture
def world():
    made = make_world()
    make_results(made, None, {"nh_white": (4000, 5000), "nh_black": (610, 1010)})
    return made


@pytest.fixture
def team(world):
    made = make_team(name="Harbor Health", code="HARBOR")
    make_definition(world.measure, year=2023)
    counts = {"nh_white": (400, 500), "nh_black": (61, 101), "hispanic": (30, 60)}
    make_results(world, made, counts)
    make_results(world, made, counts, period=make_period("2023"))
    for name, of_site in (
        ("East clinic", {"nh_white": (200, 250), "hispanic": (30, 60)}),
        ("West clinic", {"nh_white": (200, 250), "nh_black": (61, 101)}),
    ):
        make_results(world, made, of_site, site=make_site(team=made, name=name))
    make_results(
        world, made, {"female": (250, 333), "male": (241, 328)}, stratum_set=world.sex, total=False
    )
    make_results(
        world,
        None,
        {"female": (2500, 3330), "male": (2410, 3280)},
        stratum_set=world.sex,
        total=False,
    )
    return made


def page_of(user, address: str) -> str:
    response = signed_in(user).get(address)
    assert response.status_code == 200
    return response.content.decode()


def table_of(page: str, heading: str) -> list[list[str]]:
    """Cells of the first table after a heading, as text."""
    table = page.split(heading, 1)[1].split("</table>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [
        [" ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", c, flags=re.DOTALL).split()) for c in row]
        for row in cells
    ]


@pytest.mark.parametrize(
    ("address", "heading"),
    [(PAGE, "All numbers by site</h3>"), ("/teams/HARBOR/sites/?measure=CBP", "All numbers</h3>")],
)
def test_sites_with_other_groups_keep_each_number_under_its_group(team, address, heading):
    """A site stores no row for a group that nobody there is of; the next group must not move up."""
    head, east, west = table_of(page_of(make_user(Role.GROUP_LEAD, team=team), address), heading)
    assert head == ["Site", "Everyone", "White", "Black", "Hispanic"]
    assert east[0] == "East clinic" and west[0] == "West clinic"
    assert east[3].startswith("None eligible") and east[4].startswith("50% 30 of 60")
    assert west[3].startswith("60.4% 61 of 101") and west[4].startswith("None eligible")


def test_each_number_by_site_says_how_its_group_is_known(team):
    rows = table_of(
        page_of(make_user(Role.GROUP_LEAD, team=team), PAGE), "All numbers by site</h3>"
    )
    assert "10% imputed" in rows[1][2] and "10% imputed" in rows[2][3]


def test_a_plan_says_which_gap_a_site_could_find(team):
    page = page_of(make_user(Role.GROUP_LEAD, team=team), f"{PAGE}?focus=hispanic")
    assert "A gap is shown at 1 of 1 site with numbers" in page
    page = page_of(make_user(Role.GROUP_LEAD, team=team), f"{PAGE}?focus=nh_black")
    plan = page.split("A plan for Black patients")[1].split("</table>")[0]
    # Seen, so no smallest gap is needed beside it.
    assert "would usually be found" not in plan


def test_a_set_without_a_reference_promises_no_gap(team):
    page = page_of(make_user(Role.GROUP_LEAD, team=team), f"{PAGE}?strata=sex")
    assert "no reference, so there is no gap whose change could be told" not in page
    assert "Gap, points" not in page and "gap to the reference" not in page
    assert "self-reported" not in page.split("All numbers</h3>")[1].split("</table>")[0]
    assert "As the sender records it" in page
    assert "q: with the number of comparisons" not in page


def test_over_time_a_set_without_a_reference_shows_the_largest_group_and_no_change(world, team):
    make_results(
        world,
        team,
        {"female": (230, 333), "male": (200, 328)},
        stratum_set=world.sex,
        period=make_period("2023"),
        total=False,
    )
    page = page_of(make_user(Role.GROUP_LEAD, team=team), f"{PAGE}?strata=sex")
    assert "no reference, so there is no gap whose change could be told" in page
    assert "Female: 69.1% in 2023, 75.1% in 2024" in page
    assert "No rate can be shown" not in page and "There is no earlier period" not in page

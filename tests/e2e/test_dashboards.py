"""Dashboards in a browser: accessible, nothing refused by the policy, filters and tables with the keyboard."""

import pytest

from measures.enums import RealCategory, RealField
from teams.enums import Role
from tests.e2e.accessibility import check
from tests.factories.people import make_site, make_team, make_user
from tests.factories.results import (
    make_completeness,
    make_definition,
    make_measure,
    make_period,
    make_results,
    make_submission,
    make_world,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNTS = {
    "nh_white": (412, 552),
    "nh_black": (66, 120),
    "hispanic": (80, 130),
    "nh_asian": (12, 25),
    "nh_multiple": (0, 0),
    "unknown": (20, 40),
}


@pytest.fixture
def team():
    """Six groups with two measures, two periods and sites; the first is the one looked at."""
    world = make_world()
    make_definition(world.measure, year=2023)
    inverse = make_measure("GSD-POOR", position=20)
    for year in (2023, 2024):
        make_definition(inverse, year=year, higher_is_better=False, domain="Diabetes")
    teams = [make_team(name=f"Practice {n}", code=f"G{n}") for n in range(6)]
    for n, one in enumerate([*teams, None]):
        for period in ("2023", "2024"):
            for measure in (world.measure, inverse):
                shifted = {k: (min(x + n, d), d) for k, (x, d) in COUNTS.items()}
                make_results(world, one, shifted, measure=measure, period=make_period(period))
        if one is not None:
            submission = None
            for s in range(2):
                site = make_site(team=one, name=f"Site {s} of {one.name}")
                make_results(world, one, COUNTS, site=site)
                known = {RealCategory.SELF_REPORTED: 300, RealCategory.UNKNOWN: 200 + s}
                for field in RealField:
                    submission = make_completeness(
                        world, one, known, field=field, site=site, submission=submission
                    )
            for line in (1, 2):
                make_results(world, one, COUNTS, line_of_business=line)
    make_submission(world.source, state="needs_confirmation")
    return teams[0]


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), pytest.param(1440, "light", marks=pytest.mark.heavy)]
)
def test_pages_of_a_group_are_accessible(team, open_as, width, scheme):
    user = make_user(Role.GROUP_LEAD, team=team)
    for path in ("/", "/teams/G0/", "/teams/G0/measures/CBP/", "/teams/G0/sites/"):
        page = open_as(user, path, width, scheme)
        if "measures" in path:
            page.wait_for_selector(".main-svg")
        check(page)


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "dark"), pytest.param(390, "light", marks=pytest.mark.heavy)]
)
def test_pages_over_groups_are_accessible(team, open_as, width, scheme):
    analyst = make_user(Role.PAYER_ANALYST)
    for path in ("/", "/teams/", "/programme/", "/teams/G0/"):
        check(open_as(analyst, path, width, scheme))


@pytest.mark.parametrize(
    "role",
    [Role.COACH, Role.PROGRAMME_DIRECTOR, Role.PAYER_FINANCE, Role.EVALUATOR, Role.ADMINISTRATOR],
)
def test_home_of_every_other_role_is_accessible(team, open_as, role):
    check(open_as(make_user(role, team=team), "/", 390))


def test_filter_replaces_the_part_and_keeps_address_and_focus(team, open_as):
    page = open_as(make_user(Role.GROUP_LEAD, team=team), "/teams/G0/")
    page.evaluate("window.sameDocument = true")
    page.focus("#filter-measure")
    page.select_option("#filter-measure", "GSD-POOR")
    page.wait_for_selector("#trend-figure")
    assert page.evaluate("window.sameDocument") is True
    assert "measure=GSD-POOR" in page.url
    assert page.locator("article").count() == 1
    assert page.evaluate("document.activeElement.id") == "filter-measure"
    page.go_back(wait_until="load")
    page.wait_for_selector("#measure-cbp")
    assert page.locator("article").count() == 2
    assert page.said == []


def test_numbers_behind_a_strip_open_with_the_keyboard(team, open_as):
    page = open_as(make_user(Role.GROUP_LEAD, team=team), "/teams/G0/")
    page.focus("#measure-cbp .measure-numbers summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#measure-cbp .figure-table")
    text = page.inner_text("#measure-cbp .measure-numbers")
    assert "412 of 552" in text and "70% self-reported" in text and "method 1.0" in text
    assert "Adults with the condition." in text
    check(page)


def test_dashboard_works_without_scripts(team, open_as):
    page = open_as(make_user(Role.GROUP_LEAD, team=team), "/teams/G0/", scripts=False)
    page.select_option("#filter-period", "2023")
    page.click(".filters button")
    assert "period=2023" in page.url
    page.click("#measure-cbp .measure-numbers summary")
    page.click("#measure-cbp .measure-numbers a")
    assert "412 of 552" in page.inner_text("#now .figure-table")


def test_interactive_trend_follows_the_filters(team, open_as):
    page = open_as(make_user(Role.GROUP_LEAD, team=team), "/teams/G0/measures/CBP/")
    page.wait_for_selector(".main-svg")
    page.select_option("#filter-focus", "hispanic")
    page.wait_for_url("**focus=hispanic**")
    page.wait_for_selector(".interactive-chart .main-svg")
    assert page.said == []

"""Home, dashboards, overview and their downloads: who sees what, and what it costs."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measures.enums import RealCategory, RealField
from teams.enums import Role
from teams.models import AuditEvent
from tests.factories.people import make_coach_assignment, make_site, make_team, make_user, signed_in
from tests.factories.results import (
    make_completeness,
    make_definition,
    make_measure,
    make_period,
    make_results,
    make_source,
    make_submission,
    make_world,
)

pytestmark = pytest.mark.django_db

#: 17 of 23 and the like are private; as shares they are odd enough to be found anywhere.
PRIVATE = {"nh_black": (6, 83), "nh_asian": (19, 23)}
COUNTS = {"nh_white": (4127, 5503), "hispanic": (617, 1009), **PRIVATE, "unknown": (31, 47)}
#: Every way in which the private figures could be written.
RAW = ("6 of 83", "7.2", "7%", "0.0722", "19 of 23", "82.6", "83%", "0.8260", "0.826")


@pytest.fixture
def world():
    made = make_world()
    programme(made)
    return made


@pytest.fixture
def team():
    return make_team(name="Harbor Health", code="HARBOR")


def text_of(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def lines_of(client, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(client, path).removeprefix("\ufeff"))))


def team_pages(code: str) -> list[str]:
    base = f"/teams/{code}/"
    measure = f"{base}measures/CBP/"
    return [
        base,
        f"{base}?measure=CBP",
        f"{base}?focus=nh_asian",
        measure,
        f"{measure}?focus=nh_asian",
        f"{measure}numbers/",
        f"{base}sites/",
        f"{base}figures.csv",
        f"{base}sites.csv",
        f"{base}completeness.csv",
        f"{measure}figures.csv",
        f"{measure}strip.svg",
        f"{measure}trend.svg",
        f"{measure}sites.svg",
    ]


def programme(world, stratum_set=None) -> None:
    """Any numbers of all groups together: what is offered in the filters hangs on them."""
    counts = {"nh_white": (41270, 55030), "nh_black": (6170, 10090)}
    if stratum_set is not None:
        counts = {"female": (300, 500), "male": (200, 500)}
    make_results(world, None, counts, stratum_set=stratum_set, total=stratum_set is None)


def fill(world, team, counts=COUNTS):
    """Two periods, a site and a line of business with the same counts."""
    earlier = make_period("2023")
    make_definition(world.measure, year=2023)
    site = make_site(team=team, name=f"Site of {team.name}")
    make_results(world, team, counts)
    make_results(world, team, counts, period=earlier)
    make_results(world, team, counts, site=site)
    make_results(world, team, counts, line_of_business=1)
    make_results(world, team, counts, line_of_business=2)
    make_completeness(
        world, team, {RealCategory.SELF_REPORTED: 801, RealCategory.UNKNOWN: 207}, site=site
    )


def test_outside_readers_never_get_a_protected_number(world, team):
    fill(world, team)
    analyst = signed_in(make_user(Role.PAYER_ANALYST))
    make_team(name="Another")
    for path in [*team_pages("HARBOR"), "/", "/teams/", "/programme/", "/programme/figures.csv"]:
        found = text_of(analyst, path)
        shown = re.sub(r"<(svg|path|line|rect|circle|polygon|polyline|text)[^>]*>", " ", found)
        for raw in RAW:
            assert raw not in shown, (path, raw)


def test_group_itself_gets_those_numbers(world, team):
    """The other half of the test above: the numbers it looks for do appear where they may."""
    fill(world, team)
    own = signed_in(make_user(Role.GROUP_MEMBER, team=team))
    assert "82.6" not in text_of(
        own, "/teams/HARBOR/measures/CBP/"
    )  # whole percent below a hundred
    assert "19 of 23" in text_of(own, "/teams/HARBOR/measures/CBP/")
    assert "6 of 83" in text_of(own, "/teams/HARBOR/measures/CBP/numbers/")
    lines = {
        row["stratum"]: row for row in lines_of(own, "/teams/HARBOR/figures.csv?strata=combined")
    }
    assert (lines["nh_asian"]["state"], lines["nh_asian"]["caution"]) == ("too_few", "yes")
    assert lines["nh_asian"]["denominator"] == "23"


def test_csv_says_why_a_number_is_missing_and_never_zero(world, team):
    fill(
        world,
        team,
        {"nh_white": (4127, 5503), "nh_black": (6, 83), "nh_asian": (0, 0), "hispanic": (12, 25)},
    )
    analyst = signed_in(make_user(Role.PAYER_ANALYST))
    rows = {
        r["stratum"]: r
        for r in lines_of(analyst, "/teams/HARBOR/figures.csv")
        if r["period"] == "2024"
    }
    assert rows["nh_white"]["state"] == "shown"
    assert rows["nh_white"]["gap_state"] == "reference"
    assert {k: rows[k]["state"] for k in ("nh_black", "nh_asian", "hispanic")} == {
        "nh_black": "protected",
        "nh_asian": "no_denominator",
        "hispanic": "too_few",
    }
    for stratum in ("nh_black", "nh_asian", "hispanic"):
        for column in (
            "denominator",
            "numerator",
            "rate",
            "gap_points",
            "q_value",
            "self_reported_share",
        ):
            assert rows[stratum][column] == ""
    assert rows["all"]["unit"] == "team"
    assert float(rows["nh_white"]["rate"]) == pytest.approx(4127 / 5503, abs=1e-6)


def test_complement_and_small_cell_cannot_be_told_apart(world, team):
    make_results(
        world,
        team,
        {"nh_white": (4127, 5503), "nh_black": (6, 83), "hispanic": (617, 1009)},
        protect=["hispanic"],
    )
    analyst = signed_in(make_user(Role.PAYER_ANALYST))
    rows = {r["stratum"]: r for r in lines_of(analyst, "/teams/HARBOR/figures.csv")}
    a, b = dict(rows["nh_black"]), dict(rows["hispanic"])
    for row in (a, b):
        del row["stratum"], row["stratum_label"]
    assert a == b


@pytest.mark.parametrize(
    "role", [Role.GROUP_MEMBER, Role.GROUP_LEAD, Role.SENIOR_SPONSOR, Role.COACH]
)
def test_other_teams_are_not_there(world, team, role):
    other = make_team(name="Strange Group", code="STRANGE")
    fill(world, team)
    fill(world, other, {"nh_white": (71987, 91997), "nh_black": (31991, 61991)})
    client = signed_in(make_user(role, team=team))
    for path in team_pages("STRANGE"):
        assert client.get(path).status_code == 404, path
    for path in [*team_pages("HARBOR"), "/"]:
        found = text_of(client, path)
        for mark in ("Strange Group", "STRANGE", "71,987", "71987", "61991"):
            assert mark not in found, (path, mark)


def test_peers_are_a_band_without_names_and_only_of_five(world, team):
    make_results(world, team, {"nh_white": (700, 1000), "nh_black": (600, 1000)})
    peers = [make_team(name=f"Peer {n}") for n in range(5)]
    for n, peer in enumerate(peers[:4]):
        make_results(world, peer, {"nh_white": (700, 1000), "nh_black": (500 + n, 1000)})
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    assert "Fewer than five other groups" in text_of(client, "/teams/HARBOR/")
    make_results(world, peers[4], {"nh_white": (700, 1000), "nh_black": (504, 1000)})
    found = text_of(client, "/teams/HARBOR/")
    assert "middle half" in found and "Peer median" in found
    assert "Peer 0" not in found


def test_evaluator_sees_the_programme_and_no_group(world, team):
    fill(world, team)
    client = signed_in(make_user(Role.EVALUATOR))
    for path in ("/", "/programme/", "/programme/figures.csv"):
        found = text_of(client, path)
        assert "Harbor" not in found and "HARBOR" not in found
    rows = lines_of(client, "/programme/figures.csv")
    assert {row["unit"] for row in rows} == {"programme"}
    for path in team_pages("HARBOR"):
        assert client.get(path).status_code in (403, 404)


def extra_measure(code="EED"):
    measure = make_measure(code)
    make_definition(measure, domain="Diabetes")
    return measure


def test_roles_without_results_are_refused(world, team):
    fill(world, team)
    for role in (Role.PAYER_FINANCE, Role.ADMINISTRATOR):
        client = signed_in(make_user(role))
        for path in [*team_pages("HARBOR"), "/programme/", "/programme/figures.csv", "/teams/"]:
            assert client.get(path).status_code == 403, (role, path)


def test_three_states_are_said_in_words_on_the_dashboard(world, team):
    make_results(
        world,
        team,
        {"nh_white": (4127, 5503), "nh_black": (6, 83), "nh_asian": (0, 0), "hispanic": (12, 25)},
    )
    found = text_of(signed_in(make_user(Role.PAYER_ANALYST)), "/teams/HARBOR/")
    for css, words in (
        ("no-data-suppressed", "Protected"),
        ("no-data-few", "Too few"),
        ("no-data-none", "None eligible"),
    ):
        assert css in found and words in found


def test_measures_stand_in_page_order_whatever_their_gap(world, team):
    later = make_measure("ZZZ", position=20)
    make_definition(later, domain="Heart and circulation")
    make_results(world, team, {"nh_white": (600, 1000), "nh_black": (590, 1000)})
    make_results(world, team, {"nh_white": (900, 1000), "nh_black": (300, 1000)}, measure=later)
    found = text_of(signed_in(make_user(Role.GROUP_LEAD, team=team)), "/teams/HARBOR/")
    assert found.index('id="measure-cbp"') < found.index('id="measure-zzz"')


def test_filters_narrow_and_fall_back(world, team):
    fill(world, team)
    own = make_source(team=team, code="own", name="Harbor records")
    make_results(world, team, {"nh_white": (40, 80), "nh_black": (30, 70)}, source=own)
    make_results(world, None, {"nh_white": (40, 80), "nh_black": (30, 70)}, source=own)
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    assert "40 of 80" in text_of(client, "/teams/HARBOR/measures/CBP/numbers/?source=own")
    assert "4,127 of 5,503" in text_of(
        client, "/teams/HARBOR/measures/CBP/numbers/?source=nonsense&period=1850"
    )
    assert "not comparable" in text_of(client, "/teams/HARBOR/?source=own")
    assert "Choose “All payers together”" in text_of(client, "/teams/HARBOR/?line=1")
    # Another group's own source is no source at all here.
    assert "Harbor records" not in text_of(
        signed_in(make_user(Role.PAYER_ANALYST)), "/teams/HARBOR/?source=own"
    )


def test_set_without_reference_shows_rates_and_claims_no_gap(world, team):
    make_results(world, team, {"female": (300, 500), "male": (200, 500)}, stratum_set=world.sex)
    programme(world, world.sex)
    found = text_of(signed_in(make_user(Role.GROUP_LEAD, team=team)), "/teams/HARBOR/?strata=sex")
    assert "Rates only" in found and "60.0%" in found
    block = found.split('id="measure-cbp"')[1].split("</article>")[0]
    assert "Not compared: Female 60.0%" in block
    assert "No clear difference" not in block


def test_htmx_gets_the_part_and_history_the_page(world, team):
    fill(world, team)
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    part = client.get("/teams/HARBOR/", headers={"HX-Request": "true"})
    assert b"<html" not in part.content and b'id="results"' in part.content
    assert "HX-Request" in part["Vary"]
    back = client.get(
        "/teams/HARBOR/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )
    assert b"<html" in back.content


@pytest.mark.parametrize(
    ("path", "act_target"),
    [
        ("/teams/HARBOR/figures.csv", "figures"),
        ("/teams/HARBOR/sites.csv", "sites"),
        ("/teams/HARBOR/completeness.csv", "completeness"),
        ("/teams/HARBOR/measures/CBP/figures.csv", "cbp"),
        ("/teams/HARBOR/measures/CBP/strip.png", "cbp-strip"),
        ("/programme/figures.csv", "overview"),
    ],
)
def test_downloads_are_written_down(world, team, path, act_target):
    fill(world, team)
    user = make_user(Role.PAYER_ANALYST)
    response = signed_in(user).get(path)
    assert response.status_code == 200
    assert "attachment" in response["Content-Disposition"]
    event = AuditEvent.objects.get(act="download_results")
    assert (event.actor, event.object_id) == (user, act_target)
    assert event.details["filters"]["period"] == "2024"


def test_csv_runs_no_formula(world):
    team = make_team(name="=HYPERLINK(1)", code="EVIL")
    make_results(world, team, {"nh_white": (700, 1000), "nh_black": (600, 1000)})
    rows = lines_of(signed_in(make_user(Role.PAYER_ANALYST)), "/teams/EVIL/figures.csv")
    assert {row["team"] for row in rows} == {"'=HYPERLINK(1)"}
    gap = next(row["gap_points"] for row in rows if row["stratum"] == "nh_black")
    assert float(gap) == pytest.approx(-10)  # a negative number stays a number


def test_chart_file_stands_alone(world, team):
    fill(world, team)
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    svg = text_of(client, "/teams/HARBOR/measures/CBP/strip.svg")
    assert svg.startswith("<svg") and "Harbor Health" in svg and "method 1.0" in svg
    assert "may show small numbers" in svg
    assert client.get("/teams/HARBOR/measures/CBP/strip.png").content.startswith(b"\x89PNG")
    assert client.get("/teams/HARBOR/measures/CBP/nothing.svg").status_code == 404
    assert client.get("/teams/HARBOR/measures/CBP/strip.gif").status_code == 404
    assert client.get("/teams/HARBOR/measures/NOPE/").status_code == 404


def test_home_says_what_waits(world, team):
    analyst = make_user(Role.PAYER_ANALYST)
    fill(world, team)
    make_submission(world.source, state="needs_confirmation", file_name="january.csv")
    make_submission(world.source, state="rejected", file_name="broken.csv")
    without = make_team(name="Silent Group")
    found = text_of(signed_in(analyst), "/")
    assert "Decide about january.csv" in found
    assert "Mend broken.csv" in found and "The file has no header row." in found
    assert without.name in found.split("No data for this period")[1][:200]
    coach = make_user(Role.COACH, team=team)
    assert "The groups you coach" in text_of(signed_in(coach), "/")
    assert "january.csv" not in text_of(signed_in(coach), "/")
    finance = text_of(signed_in(make_user(Role.PAYER_FINANCE)), "/")
    assert "What waits for you, the payments" in finance
    assert "Audit trail" in text_of(signed_in(make_user(Role.ADMINISTRATOR)), "/")


def test_home_of_a_group_names_the_gaps_that_most_people_stand_behind(world, team):
    make_results(
        world, team, {"nh_white": (4000, 5000), "nh_black": (60, 100), "hispanic": (700, 1000)}
    )
    found = text_of(signed_in(make_user(Role.GROUP_LEAD, team=team)), "/")
    assert found.index("Short CBP: Hispanic patients") < found.index("Short CBP: Black patients")
    assert "100 more in the numerator would close it" in found


def test_empty_programme_leads_on():
    for role in Role:
        user = make_user(role)
        found = text_of(signed_in(user), "/")
        assert "<h1>" in found
    lead = make_user(Role.GROUP_LEAD)
    code = lead.memberships.get().organisation.teams.get().code
    assert "No results yet" in text_of(signed_in(lead), f"/teams/{code}/")
    assert "No results yet" in text_of(signed_in(make_user(Role.EVALUATOR)), "/programme/")


# ---- cost ----


def count_queries(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


QUERIES = {
    "/": 28,
    "/programme/": 25,
    "/teams/HARBOR/": 30,
    "/teams/HARBOR/measures/CBP/": 30,
    "/teams/HARBOR/measures/CBP/numbers/": 19,
    "/teams/HARBOR/sites/": 25,
}


@pytest.mark.parametrize("path", QUERIES)
@pytest.mark.parametrize("teams", [1, 3])
def test_number_of_queries_is_the_same_for_one_team_and_three(world, team, path, teams):
    fill(world, team)
    for n in range(teams - 1):
        fill_more(world, make_team(name=f"More {n}"), n)
    client = signed_in(make_user(Role.PAYER_ANALYST))
    # With two teams and more the top bar reads their names, to switch between them.
    menu = teams > 1 and not path.endswith("numbers/")
    assert count_queries(client, path) == QUERIES[path] + menu


@pytest.mark.parametrize("measures", [1, 3])
def test_number_of_queries_is_the_same_for_one_measure_and_three(world, team, measures):
    fill(world, team)
    for n in range(measures - 1):
        # With a site each: which of equal measures the page looks at by site is left open.
        measure = extra_measure(f"M{n}")
        make_results(world, team, COUNTS, measure=measure)
        make_results(world, team, COUNTS, measure=measure, site=make_site(team=team))
    client = signed_in(make_user(Role.PAYER_ANALYST))
    assert count_queries(client, "/teams/HARBOR/") == QUERIES["/teams/HARBOR/"]


def fill_more(world, team, n):
    make_results(world, team, COUNTS)
    make_results(world, team, COUNTS, site=make_site(team=team))
    make_completeness(world, team, {RealCategory.SELF_REPORTED: 80 + n}, field=RealField.RACE)


@pytest.mark.parametrize("path", ["/", "/teams/"])
@pytest.mark.parametrize("more", [1, 3])
def test_coach_with_four_teams_asks_no_more_than_with_two(world, team, path, more):
    fill(world, team)
    coach = make_user(Role.COACH, team=team)
    for n in range(more):
        another = make_team(name=f"More {n}")
        fill_more(world, another, n)
        make_coach_assignment(coach, another)
    assert count_queries(signed_in(coach), path) == {"/": 24, "/teams/": 24}[path]


def test_only_team_is_opened_at_once(world, team):
    client = signed_in(make_user(Role.COACH, team=team))
    assert client.get("/teams/")["Location"] == "/teams/HARBOR/"


def test_every_column_of_a_csv_file_is_described():
    from django.conf import settings

    from reports.dashboards.downloads import COMPLETENESS_COLUMNS, FIGURE_COLUMNS

    described = (settings.BASE_DIR / "docs" / "export-columns.md").read_text(encoding="utf-8")
    assert [c for c in (*FIGURE_COLUMNS, *COMPLETENESS_COLUMNS) if f"`{c}`" not in described] == []

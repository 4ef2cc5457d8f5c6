"""What the measure page says beyond rates and gaps: who sees it, its expert view and its files."""

from __future__ import annotations

import csv
import io
import re

import openpyxl
import pptx
import pytest

from measures.stats.gaps import two_proportion_p
from measures.stats.odds import mantel_haenszel
from measures.stats.reliability import fit_beta_binomial, shrunken_rate
from teams.enums import Role
from teams.models import AuditEvent, Programme
from teams.queries import get_programme
from tests.factories.people import make_site, make_team, make_user, signed_in
from tests.factories.results import (
    make_definition,
    make_measure,
    make_period,
    make_results,
    make_world,
)

pytestmark = pytest.mark.django_db

COUNTS = {
    "nh_white": (4127, 5503),
    "nh_black": (617, 1009),
    "hispanic": (90, 123),
    "nh_asian": (19, 23),
    "nh_multiple": (6, 83),
}
PAGE = "/teams/HARBOR/measures/CBP/"
#: Every way in which the counts that outside readers may not see could be written.
PRIVATE = ("19 of 23", "6 of 83", "82.6", "7.2", "0.826", "0.072")


@pytest.fixture
def world():
    made = make_world()
    make_results(
        made, None, {"nh_white": (41270, 55030), "nh_black": (6170, 10090), "hispanic": (900, 1300)}
    )
    return made


@pytest.fixture
def team(world):
    made = make_team(name="Harbor Health", code="HARBOR")
    earlier = make_period("2023")
    make_definition(world.measure, year=2023)
    make_results(world, made, COUNTS)
    make_results(world, made, COUNTS | {"nh_black": (505, 1009)}, period=earlier)
    site = make_site(team=made, name="North clinic")
    make_results(world, made, {"nh_white": (400, 500), "nh_black": (61, 101)}, site=site)
    return made


def text_of(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def test_page_says_what_can_be_concluded(world, team):
    found = text_of(signed_in(make_user(Role.GROUP_LEAD, team=team)), f"{PAGE}?focus=nh_black")
    assert "Black patients and patients of two or more races are behind White patients" in found
    assert "The gap between Black patients and White patients narrowed since 2023" in found
    assert "Black patients went from 50.0% to 61.1%" in found
    assert "or more would usually be found" in found
    assert "named in advance" in found and "seed 20250101" in found
    assert "AHRQ: National Healthcare" in found and "Worse" in found
    rows = found.split('<th scope="row">')
    small = next(row for row in rows if row.startswith("Two or more"))
    assert "Unreliable: the exact 95% interval is wide beside so small a rate (NCHS rule)." in small
    assert "NCHS" not in next(row for row in rows if row.startswith("Black"))
    assert 'Ratio <span class="muted cell-under">higher is better</span>' in found


def test_dashboard_says_above_its_charts_what_can_be_concluded(world, team):
    found = text_of(
        signed_in(make_user(Role.GROUP_LEAD, team=team)),
        "/teams/HARBOR/?measure=CBP&focus=nh_black",
    )
    assert "The gap between Black patients and White patients narrowed since 2023" in found
    assert "A gap is shown at 1 of 1 site with numbers." in found
    hispanic = text_of(
        signed_in(make_user(Role.GROUP_LEAD, team=team)),
        "/teams/HARBOR/?measure=CBP&focus=hispanic",
    )
    assert "No site has numbers of both groups" in hispanic
    assert "Whether the gap between Hispanic patients and White patients changed" in hispanic


def test_plan_by_site_is_for_the_group_itself(world, team):
    own = text_of(signed_in(make_user(Role.GROUP_LEAD, team=team)), f"{PAGE}?focus=nh_black")
    plan = own.split("A plan for Black patients, site by site")[1].split("</table>")[0]
    cells = re.findall(r'<td class="cell-num">([^<]*)', plan)
    assert "North clinic" in plan and cells[1:4:2] == ["20", "10"]
    others = text_of(signed_in(make_user(Role.PAYER_ANALYST)), f"{PAGE}?focus=nh_black")
    assert "A plan for" not in others and "reliability" not in others


def test_nothing_derived_gives_a_hidden_count_away(world, team):
    """The same page, expert view and files as if the hidden groups were not there at all."""
    client = signed_in(make_user(Role.PAYER_ANALYST))
    files = (f"{PAGE}expert/", f"{PAGE}indices.csv", f"{PAGE}comparisons.csv")
    with_hidden = [text_of(client, path) for path in files]
    for found in (text_of(client, PAGE), *with_hidden):
        words = re.sub(r"<(svg|path|line|rect|circle|polygon|polyline|text)[^>]*>", " ", found)
        for raw in PRIVATE:
            assert not re.search(rf"(?<![\d.]){re.escape(raw)}(?!\d)", words), raw
    rows = list(csv.DictReader(io.StringIO(with_hidden[1].removeprefix("\ufeff"))))
    assert {row["groups"] for row in rows} == {"nh_white nh_black hispanic"}
    another = make_team(name="Shown only", code="SHOWN")
    make_results(world, another, {k: COUNTS[k] for k in ("nh_white", "nh_black", "hispanic")})
    shown = text_of(client, "/teams/SHOWN/measures/CBP/indices.csv")
    same = csv.DictReader(io.StringIO(shown.removeprefix("\ufeff")))
    assert [(r["index"], r["value"], r["lower"]) for r in same] == [
        (r["index"], r["value"], r["lower"]) for r in rows
    ]


def test_seed_of_the_programme_is_used_and_written_down(world, team):
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    before = text_of(client, f"{PAGE}indices.csv")
    assert before == text_of(client, f"{PAGE}indices.csv")
    get_programme()
    Programme.objects.update(simulation_seed=99)
    after = text_of(client, f"{PAGE}indices.csv")
    assert ",99," in after and before != after


def test_comparisons_have_odds_and_the_family_of_all_measures(world, team):
    """Another measure's comparisons count too; who reads from outside gets only those that it may see."""
    other = make_measure("COL")
    make_definition(other)
    make_results(world, team, {"nh_white": (300, 500), "nh_black": (150, 300)}, measure=other)
    own = signed_in(make_user(Role.GROUP_LEAD, team=team))
    outside = signed_in(make_user(Role.PAYER_ANALYST))
    for client, groups in ((own, 5), (outside, 3)):
        body = text_of(client, f"{PAGE}comparisons.csv").removeprefix("\ufeff")
        rows = {row["stratum"]: row for row in csv.DictReader(io.StringIO(body))}
        assert len(rows) == groups and {row["family_size"] for row in rows.values()} == {"3"}
        black = rows["nh_black"]
        p = float(two_proportion_p(617, 1009, 4127, 5503))
        assert float(black["odds_ratio"]) == pytest.approx(617 / 392 / (4127 / 1376), abs=1e-4)
        assert float(black["odds_ratio_lower"]) < float(black["odds_ratio"])
        assert black["p_value_bonferroni"] == str(round(3 * p, 6) + 0.0)
        adjusted = ("q_value", "q_value_benjamini_yekutieli", "p_value_holm", "p_value_bonferroni")
        for row in rows.values():
            values = [row[name] for name in adjusted]
            assert all(values) == (row["stratum"] in ("nh_black", "hispanic"))
            assert all(values) or not any(values)
        assert rows["nh_white"]["odds_ratio"] == "" and rows["nh_white"]["nchs_rule"] == "present"
        assert float(rows["hispanic"]["p_value_holm"]) >= float(rows["hispanic"]["p_value"])
    page = text_of(own, f"{PAGE}expert/")
    assert "3 comparisons of this group" in page and "Holm" in page
    assert "Unreliable: fewer than 30 people" in page
    assert "Unreliable: the exact 95% interval is wide beside so small a rate" in page


def test_within_sites_and_sites_with_chance_taken_out(world, team):
    for number, (white, black) in enumerate([((80, 100), (30, 60)), ((70, 120), (20, 55))]):
        site = make_site(team=team, name=f"Clinic {number}")
        make_results(world, team, {"nh_white": white, "nh_black": black}, site=site)
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    found = text_of(client, f"{PAGE}expert/?focus=nh_black")
    common = mantel_haenszel([61, 30, 20], [101, 60, 55], [400, 80, 70], [500, 100, 120])
    assert f"at the same 3 sites, the odds ratio is {common.odds_ratio:.2f}" in found
    fit = fit_beta_binomial([61, 30, 20], [101, 60, 55])
    for rate in shrunken_rate([61, 30, 20], [101, 60, 55], fit):
        assert f"{100 * rate:.1f}%" in found
    assert f"{100 * fit.variance**0.5:.1f} points (" in found
    outside = text_of(signed_in(make_user(Role.PAYER_ANALYST)), f"{PAGE}expert/?focus=nh_black")
    assert "Rate with chance taken out" not in outside


def test_second_reference_is_that_of_the_programme(world, team):
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    assert "has settled no second reference" in text_of(client, f"{PAGE}expert/")
    get_programme()
    Programme.objects.update(second_reference="largest")
    found = text_of(client, f"{PAGE}expert/")
    assert (
        "the group with the most people. Over all groups together this is White, not Hispanic."
        in found
    )


def test_expert_view_is_a_part_for_htmx_and_not_there_for_strangers(world, team):
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    part = client.get(f"{PAGE}expert/", headers={"HX-Request": "true"}).content
    assert b"<html" not in part and b"Theil index" in part
    stranger = signed_in(make_user(Role.GROUP_LEAD))
    for name in ("expert/", "indices.csv", "comparisons.csv", "figures.xlsx", "strip.pptx"):
        assert stranger.get(f"{PAGE}{name}").status_code == 404


def test_workbook_has_figures_and_indices(world, team):
    user = make_user(Role.GROUP_LEAD, team=team)
    body = signed_in(user).get(f"{PAGE}figures.xlsx").content
    book = openpyxl.load_workbook(io.BytesIO(body))
    assert book.sheetnames == ["Read me", "Gaps", "Rates", "Figures", "Comparisons", "Indices"]
    assert book["Comparisons"].max_row == 6
    assert book["Indices"].max_row == 25
    assert AuditEvent.objects.get(act="download_results").actor == user


@pytest.mark.parametrize(
    ("chart", "categories", "series"),
    [
        ("strip", ["White", "Black", "Hispanic"], {"Rate": (75.0, 61.1, 73.2)}),
        ("trend", ["2023", "2024"], {"Black": (50.0, 61.1), "White": (75.0, 75.0)}),
        ("sites", ["North clinic"], {"Black": (60.4,), "White": (80.0,)}),
    ],
)
def test_slide_has_a_chart_whose_numbers_are_those_that_the_reader_sees(
    world, team, chart, categories, series
):
    client = signed_in(make_user(Role.PAYER_ANALYST))
    response = client.get(f"{PAGE}{chart}.pptx?focus=nh_black")
    assert response.status_code == 200
    (slide,) = pptx.Presentation(io.BytesIO(response.content)).slides
    (drawn,) = [shape.chart for shape in slide.shapes if shape.has_chart]
    assert list(drawn.plots[0].categories) == categories
    assert {s.name: tuple(s.values) for s in drawn.plots[0].series} == series
    words = " ".join(s.text_frame.text for s in slide.shapes if s.has_text_frame)
    assert "Small numbers are hidden" in words and "named in advance" in words
    assert not any(raw in words for raw in PRIVATE)
    assert client.get(f"{PAGE}peers.pptx").status_code == 404

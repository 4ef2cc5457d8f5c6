"""The slide of the chart beside the other groups: the numbers of the page, to be edited, and nobody's name."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pptx
import pytest
from pptx.enum.text import MSO_AUTO_SIZE

from measures import queries
from teams.enums import Role
from teams.scoping import scope_of
from tests.factories.members import LoadedWorld, load_members, make_members
from tests.factories.people import make_user, signed_in

NOW = datetime(2025, 4, 1, 9, tzinfo=UTC)
TEAMS = tuple(
    f"{name} Health" for name in ("Amber", "Birch", "Cedar", "Dune", "Elm", "Fern", "Gale")
)
PAGE = "/teams/{}/measures/CBP/"


@pytest.fixture
def world(db: None) -> LoadedWorld:
    return load_members(make_members(teams=TEAMS, members=2500, measures=["CBP"], seed=6))


def test_slide_holds_own_gaps_and_the_band_of_the_page(world: LoadedWorld) -> None:
    team = world.team("Dune Health")
    lead = make_user(Role.GROUP_LEAD, team=team)
    client = signed_in(lead)
    answer = client.get(f"{PAGE.format(team.code)}peers.pptx?focus=nh_black")
    assert answer.status_code == 200
    (slide,) = pptx.Presentation(io.BytesIO(answer.content)).slides
    (chart,) = [shape.chart for shape in slide.shapes if shape.has_chart]
    drawn = {s.name: list(s.values) for s in chart.plots[0].series}
    sets = {s.code: s for s in queries.list_stratum_sets(world.source)}
    chosen = {"source": world.source, "stratum_set": sets["combined"]}
    scope = scope_of(lead, on=NOW.date())
    (result,) = queries.list_team_results(scope, team=team, periods=[world.period()], **chosen)
    bands = queries.list_peer_bands(scope, team=team, period=world.period(), **chosen)
    wanted = [
        (f, band.gap_points)
        for f in result.compared
        if (band := bands.get((result.definition.measure_id, f.stratum.id)))
        and band.gap_points
        and f.stratum.code != "nh_white"
    ]
    assert len(wanted) >= 2
    assert list(chart.plots[0].categories) == [f.stratum.short_label for f, _ in wanted]
    assert drawn["Yours"] == [pytest.approx(f.gap_points, abs=0.51) for f, _ in wanted]
    for at, name in enumerate(("lower quartile", "median", "upper quartile")):
        assert drawn[f"Peers’ {name}"] == [band[at] for _, band in wanted]
    # Each series says what it is by its name and by its shape, and no line joins groups of people.
    shapes = [(s.marker.style, s.marker.size) for s in chart.plots[0].series]
    assert len(set(shapes)) == 3
    assert [s.format.line.fill.type for s in chart.plots[0].series] == [5] * 4  # background: none
    assert chart.has_legend
    words = " ".join(s.text_frame.text for s in slide.shapes if s.has_text_frame)
    assert "not who they are" in words and "of 6 peers" in words
    assert not [name for name in TEAMS if name in words and name != "Dune Health"]
    texts = [s.text_frame for s in slide.shapes if s.has_text_frame]
    assert all(t.auto_size == MSO_AUTO_SIZE.TEXT_TO_FIT_SHAPE for t in texts)
    page = client.get(f"{PAGE.format(team.code)}?focus=nh_black").content.decode()
    assert "peers.pptx" in page


def test_no_slide_without_a_band(db: None) -> None:
    """Of five groups four are left: fewer than five peers."""
    world = load_members(make_members(teams=TEAMS[:5], members=900, measures=["CBP"], seed=6))
    team = world.team("Dune Health")
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    assert client.get(f"{PAGE.format(team.code)}peers.pptx?focus=nh_black").status_code == 404
    assert client.get(f"{PAGE.format(team.code)}strip.pptx?focus=nh_black").status_code == 200

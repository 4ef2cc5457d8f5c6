"""Where a programme's gap arises and which groups differ: only from numbers that the reader sees."""

from __future__ import annotations

import re

import pytest

from measures.stats.decomposition import decompose
from reports.dashboards.across import funnel_of, splits_of
from teams.enums import Audience, Role
from tests.factories.people import make_team, make_user, signed_in
from tests.factories.results import make_results, make_world
from tests.reports.test_conclusions import hide, result
from tests.reports.test_dashboard_wording import BLACK, WHITE


def of(x: int, n: int, name: str, *, white=(750, 1000)):
    return result({WHITE: white, BLACK: (x, n)}, name=name, audience=Audience.OTHERS)


GROUPS = [of(600, 1000, "A"), of(140, 200, "B"), of(250, 400, "C", white=(1400, 2000))]


def test_split_adds_up_and_is_over_shown_groups_only():
    (split,) = splits_of(GROUPS)
    found = decompose([600, 140, 250], [1000, 200, 400], [750, 750, 1400], [1000, 1000, 2000])
    assert split.total == f"{100 * float(found.total):+.1f}".replace("-", "−")
    assert split.within == f"{100 * float(found.within):+.1f}".replace("-", "−")
    assert split.groups == "3 of 3"
    (without,) = splits_of([*GROUPS, hide(of(6, 90, "D"), BLACK)])
    assert (without.total, without.within, without.between) == (
        split.total,
        split.within,
        split.between,
    )
    assert without.groups == "3 of 4"
    assert splits_of(GROUPS[:1]) == ()


def test_split_tells_inside_from_between():
    same = [of(800, 1000, "A", white=(80, 100)), of(50, 100, "B", white=(500, 1000))]
    (split,) = splits_of(same)
    assert (split.within, split.between) == ("0.0", "+24.5")


def test_funnel_needs_five_groups_and_names_in_the_drawing_only_who_differs():
    many = [of(700 + k, 1000, f"Group {k}") for k in range(6)]
    assert funnel_of(many[:4]) is None
    level = funnel_of(many)
    assert "none of 6 groups differs clearly" in level.finding
    out = funnel_of([*many, of(300, 1000, "Far off")])
    assert "1 of 7 groups differs from the others by more than usual" in out.finding
    drawn = re.sub(r"<title>.*?</title>", "", out.wide)
    assert "Far off" in drawn and "Group 3" not in drawn
    assert ("Far off", "−45.0") in [row[:2] for row in out.rows]
    hidden = funnel_of([*many, hide(of(300, 1000, "Far off"), BLACK)])
    assert "Far off" not in hidden.wide and "none of 6" in hidden.finding


@pytest.mark.django_db
def test_overview_shows_groups_to_those_who_see_them_by_name_only():
    world = make_world()
    make_results(world, None, {"nh_white": (41270, 55030), "nh_black": (6170, 10090)})
    for k in range(6):
        team = make_team(name=f"Harbor {k}")
        make_results(world, team, {"nh_white": (750, 1000), "nh_black": (600 + k, 1000)})
    few = make_team(name="Small harbor")
    make_results(world, few, {"nh_white": (750, 1000), "nh_black": (6, 83)})
    analyst = (
        signed_in(make_user(Role.PAYER_ANALYST)).get("/programme/?measure=CBP").content.decode()
    )
    assert "Where the gap arises" in analyst and "6 of 7" in analyst
    assert 'id="funnel-figure"' in analyst and "7.2%" not in analyst
    director = (
        signed_in(make_user(Role.PROGRAMME_DIRECTOR))
        .get("/programme/?measure=CBP")
        .content.decode()
    )
    assert "7 of 7" in director
    evaluator = signed_in(make_user(Role.EVALUATOR)).get("/programme/?measure=CBP").content.decode()
    assert "Where the gap arises" not in evaluator and 'id="funnel-figure"' not in evaluator
    assert "All groups together: Black patients are behind White patients" in evaluator

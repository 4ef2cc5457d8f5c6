"""What readers get of imputed results: ranges with their basis, coarse for others, nothing out of scope."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from measures.models import ImputedSlice, Period, Source, StratumResult
from measures.queries import get_match_report, list_imputed, list_validity
from measures.queries.imputation import list_programme_imputed
from measures.queries.imputed_protection import GROUP_STRATA
from measures.queries.protection import list_unprotected
from measures.queries.site_finder import list_site_areas
from measures.stats.imputed import Sums
from measures.stats.states import PRIVATE_STATES
from teams.enums import Role
from teams.models import Team
from teams.scoping import Scope, scope_of
from tests.factories.people import make_site, make_team, make_user
from tests.factories.submissions import csv_bytes, make_groups, make_source, send
from tests.measures.test_imputing import person, state, tables  # noqa: F401

pytestmark = pytest.mark.django_db

SAID = {
    "ethnicity": "not hispanic",
    "race_source": "self-reported",
    "ethnicity_source": "self-reported",
}
PRIVATE = PRIVATE_STATES
NAMES = ("Smith", "Garcia", "Nguyen", "Jones", "Qxzy")


@pytest.fixture
def world(tables):  # noqa: F811
    """600 members of G01: 200 known (5 of them Black), 380 by name, 20 declined; 40 of G02."""
    first, second = make_groups()
    rows = []
    for n in range(600):
        values = {
            "last_name": NAMES[n % 5],
            "zip": ("02139", "01532")[n % 2],
            "numerator": n % 3 == 0,
        }
        values["numerator"] = int(values["numerator"])
        if n < 200:
            values |= SAID | {"race": "black" if n < 5 else "white"}
        elif n >= 580:
            values["race"] = "asked but no answer"
        rows.append(person(n, **values))
    rows += [
        person(1000 + n, group_id="G02", site_id="S2", last_name=NAMES[n % 5]) for n in range(40)
    ]
    submission = send(make_source(), csv_bytes(rows))
    assert submission.state == "published", submission.refusal
    return submission, first, second


def reader(role: str, team: Team | None = None) -> Scope:
    return scope_of(make_user(role, team=team), on=date(2026, 6, 16))


def read(scope: Scope, team: Team):
    return list_imputed(
        scope, team=team, source=Source.objects.get(), period=Period.objects.get(label="2024")
    )


def test_own_reader_sees_ranges_with_their_basis(world):
    submission, team, _ = world
    (result,) = read(reader(Role.GROUP_LEAD, team), team)
    assert result.definition.measure.code == "CBP" and result.row_count == 600
    assert result.basis == "mixed"
    assert (result.direct_share, result.imputed_share) == (200 / 600, 380 / 600)
    assert (result.no_estimate_share, result.declined_share) == (0, 20 / 600)
    assert result.tables == tuple(submission.imputation.tables) and len(result.tables) == 2
    shown = {rate.group: rate.range for rate in result.rates}
    assert list(shown) == ["white", "black", "hispanic", "api"]
    for one in shown.values():
        assert one is not None
        assert one.lower <= one.low <= one.high <= one.upper
    assert {gap.group for gap in result.gaps} == {"black", "hispanic", "api"}
    assert all(rate.most_likely is not None for rate in result.rates)


def test_outside_reader_gets_whole_percentages_and_no_small_groups(world):
    _, team, _ = world
    (result,) = read(reader(Role.PAYER_ANALYST), team)
    rates = {rate.group: rate for rate in result.rates}
    assert rates["black"].range is None and "fewer than 11" in rates["black"].why_not
    assert {gap.group for gap in result.gaps} == {"hispanic", "api"}
    white = rates["white"].range
    assert white is not None and white.low == round(white.low, 2)
    assert white.expected % 10 == 0 and rates["white"].most_likely is None
    # Shares of counts that are rounded to ten, so that none of them can be worked out.
    assert (result.direct_share, result.imputed_share) == (200 / 600, 380 / 600)
    assert result.row_count == 600


def test_other_team_does_not_exist(world):
    _, team, other = world
    assert read(reader(Role.GROUP_LEAD, other), team) == []
    assert read(reader(Role.GROUP_LEAD, team), other) == []
    assert read(scope_of(None, on=date(2026, 6, 16)), team) == []


def test_few_people_have_no_number(world):
    _, _, other = world
    (result,) = read(reader(Role.GROUP_LEAD, other), other)
    assert all(rate.range is None and rate.why_not for rate in result.rates)
    assert result.gaps == ()


def test_replaced_data_are_gone(world):
    _, team, _ = world
    send(
        Source.objects.get(),
        csv_bytes([person(n, last_name="Garcia") for n in range(50)]),
        replace_confirmed=True,
    )
    (result,) = read(reader(Role.GROUP_LEAD, team), team)
    assert result.row_count == 50 and result.basis == "imputed"


def test_validity_is_for_own_readers(world):
    _, team, _ = world
    source, period = Source.objects.get(), Period.objects.get(label="2024")
    rows = list_validity(reader(Role.GROUP_LEAD, team), team=team, source=source, period=period)
    figures = {row.group: row for row in rows}
    assert figures["white"].plain.answered == 200
    assert figures["white"].plain.said_share == pytest.approx(195 / 200)
    assert figures["white"].plain.expected_share < 0.9
    assert 0 < figures["white"].like_silent.covered <= 1
    assert list_validity(reader(Role.PAYER_ANALYST), team=team, source=source, period=period) == []


def test_match_report_says_how_many_were_matched_how(world):
    submission, *_ = world
    report = get_match_report(submission)
    assert report is not None
    rows = {(row.part, row.reason): row.members for row in report.rows}
    assert rows["Surname", "found as written"] == 512 and rows["Surname", "not in the table"] == 128
    assert rows["Place", "found by ZIP code"] == 640
    assert rows["Estimate", "name and place"] == 640
    assert "Garcia" not in json.dumps([row.reason for row in report.rows])


def test_site_areas_are_by_name_and_only_of_the_team(world):
    _, team, other = world
    for code, name, zip_code in (
        ("S0", "Able", "02139"),
        ("S9", "Zebra", "99999"),
        ("S5", "Mid", ""),
    ):
        site = make_site(code=code, team=team)
        type(site).objects.filter(pk=site.pk).update(name=name, zip_code=zip_code)
    scope = reader(Role.GROUP_LEAD, team)
    found = list_site_areas(
        scope,
        team=team,
        source=Source.objects.get(),
        period=Period.objects.get(label="2024"),
        day=date(2026, 6, 16),
    )
    names = [area.site.name for area in found.areas]
    assert names == sorted(names) and len(names) == 4
    by_name = {area.site.name: area for area in found.areas}
    able = by_name["Able"]
    assert able.shares is not None and able.per_million is not None
    assert able.shares["black"] == pytest.approx(0.202, abs=0.01)
    # All Black adults of the table live in two ZIP areas.
    assert able.per_million["black"] == pytest.approx(1e6 * 204 / 216, rel=0.02)
    assert by_name["Zebra"].shares is None and "nobody in this ZIP" in by_name["Zebra"].why_not
    assert "no ZIP code" in next(
        a.why_not for n, a in by_name.items() if n not in ("Able", "Zebra")
    )
    assert found.known_share == pytest.approx(220 / 600)
    assert found.table.startswith("ZIP areas 2010")
    assert (
        list_site_areas(scope, team=other, source=None, period=None, day=date.today()).areas == ()
    )


def test_programme_of_two_groups_has_no_imputed_rates(world):
    """G01 knows its own 600 people; what is left would be the 40 of G02."""
    assert ImputedSlice.objects.count() == 2
    source, period = Source.objects.get(), Period.objects.get(label="2024")
    assert list_programme_imputed(source=source, period=period) == []


def test_programme_adds_up_the_groups_and_hides_what_others_may_not_see(tables):  # noqa: F811
    """Three groups of 400; only in the first two is anybody likely to be Hispanic."""
    make_groups()
    make_site(code="S3", team=make_team(code="G03"))
    names = {1: NAMES, 2: NAMES, 3: ("Smith", "Nguyen", "Jones")}
    rows = [
        person(1000 * g + n, group_id=f"G0{g}", site_id=f"S{g}", numerator=int(n % 3 == 0),
               last_name=of_group[n % len(of_group)], zip="02139",
               **(SAID | {"race": "black" if n < 2 else "white"} if n < 100 else {}))
        for g, of_group in names.items()
        for n in range(400)
    ]  # fmt: skip
    submission = send(make_source(), csv_bytes(rows))
    assert submission.state == "published", submission.refusal
    source, period = Source.objects.get(), Period.objects.get(label="2024")
    (result,) = list_programme_imputed(source=source, period=period)
    assert result.team is None and result.audience == "others"
    assert (result.row_count, result.direct_share) == (1200, 0.25)
    rates = {rate.group: rate for rate in result.rates}
    api = rates["api"].range
    assert api is not None and api.expected % 10 == 0
    assert rates["api"].most_likely is None
    assert "fewer than 11" in rates["black"].why_not
    expected = [
        Sums.unpacked(np.array(row.sums)).expected[list(GROUP_STRATA).index("hispanic")]
        for row in ImputedSlice.objects.order_by("team__code")
    ]
    assert min(expected[:2]) > 50 and expected[2] < 9
    assert rates["hispanic"].range is None and "another one" in rates["hispanic"].why_not


def test_a_hidden_number_that_nobody_blurs_takes_its_estimate_along(world):
    """400 of 600 are known and White is hidden as a complement: its estimate would be the number itself."""
    _, team, _ = world
    source, period = Source.objects.get(), Period.objects.get(label="2024")
    row = ImputedSlice.objects.get(team=team)
    sums = Sums.unpacked(np.array(row.sums))
    row.direct = [round(v) for v in (*sums.expected, *sums.expected_met)]
    row.save()
    assert list_unprotected(source, period) == []
    rates = {rate.group: rate for rate in read(reader(Role.PAYER_ANALYST), team)[0].rates}
    hidden = set(
        StratumResult.objects.filter(team=team, state__in=PRIVATE).values_list(
            "stratum__code", flat=True
        )
    )
    assert {"nh_black"} <= hidden
    assert "nh_white" in hidden
    assert rates["white"].range is None and "hidden elsewhere" in rates["white"].why_not
    own = {rate.group: rate for rate in read(reader(Role.GROUP_LEAD, team), team)[0].rates}
    assert own["white"].range is not None

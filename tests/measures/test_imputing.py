from __future__ import annotations

import math

import numpy as np
import pytest

from measures.actions.race_tables import load_race_tables
from measures.ingest.race_tables import read_race_table
from measures.models import Imputation, ImputationValidity, ImputedSlice, RaceTable
from measures.stats.imputed import RATED, REPORTED, Sums, ValidityBins, rate_ranges, weighted
from tests.factories.submissions import csv_bytes, make_groups, make_source, row, send

pytestmark = pytest.mark.django_db

SURNAMES = """name,rank,count,pctwhite,pctblack,pctapi,pctaian,pct2prace,pcthispanic
SMITH,1,2442977,70.9,23.11,0.5,0.89,2.19,2.4
GARCIA,6,1166120,5.38,0.45,1.41,0.47,0.26,92.03
NGUYEN,38,437645,1.06,0.3,96.5,0.11,1.45,0.58
JONES,5,1425470,55.19,38.48,0.44,1.0,2.61,2.29
ALL OTHER NAMES,0,29312001,66.65,8.53,7.97,0.86,2.32,13.67
"""
_PLACE_HEADER = (
    "ZCTA5,State_FIPS10,County_FIPS10,Total_Pop,Hispanic_Total,Non_Hispanic_Total,NH_White_alone,"
    "NH_Black_alone,NH_AIAN_alone,NH_API_alone,NH_Other_alone,NH_Mult_Total,NH_White_Other,"
    "NH_Black_Other,NH_AIAN_Other,NH_Asian_HPI,NH_API_Other,NH_Asian_HPI_Other\n"
)
ZIPS = (
    _PLACE_HEADER
    + "02139,,,1000,100,900,500,200,5,150,10,35,5,2,0,1,1,0\n"
    + "01532,,,1000,30,970,900,10,1,40,5,14,3,0,0,1,0,0\n"
    + "00601,,,1000,990,10,5,1,1,1,0,2,0,0,0,0,0,0\n"
)


@pytest.fixture
def state(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    return settings.STATE_DIR


@pytest.fixture
def tables(state, tmp_path):
    (tmp_path / "names.csv").write_text(SURNAMES)
    (tmp_path / "zips.csv").write_text(ZIPS)
    read = [
        read_race_table(tmp_path / "names.csv", vintage="2010"),
        read_race_table(tmp_path / "zips.csv"),
    ]
    return load_race_tables(tables=read)


def person(number, **values):
    return row(member_id=f"m{number}", **{"zip": "02139", "last_name": "Smith", **values})


def test_probabilities_add_up_per_slice(tables):
    make_groups()
    rows = [
        person(1, last_name="García", numerator=1),
        person(2, last_name="Nguyen-Smith"),
        person(3, last_name="Qxzy", zip="1532.0", numerator=1),
        person(
            4,
            race="black",
            ethnicity="not hispanic",
            race_source="self-reported",
            last_name="Jones",
        ),
        person(5, race="white", ethnicity="hispanic", ethnicity_source="ehr", numerator=1),
        person(6, race="asked but no answer"),
        person(7, last_name="", zip=""),
        person(8, denominator=0),
        person(9, group_id="G02", site_id="S2"),
    ]
    submission = send(make_source(), csv_bytes(rows))
    assert submission.state == "published", submission.refusal
    slices = {s.team.code: s for s in ImputedSlice.objects.select_related("team")}
    one = slices["G01"]
    assert (one.direct_count, one.imputed_count) == (2, 3)
    assert (one.declined_count, one.no_estimate_count) == (1, 1)
    sums = Sums.unpacked(np.array(one.sums))
    assert sums.expected.sum() == pytest.approx(5)
    assert sums.expected_met.sum() == pytest.approx(3)
    assert one.direct == [0, 1, 1, 0, 0, 0, 0, 1, 0, 0]
    assert sum(one.hard[:5]) == 5
    assert len(one.most_likely) == len(RATED)
    assert Sums.unpacked(np.array(slices["G02"].sums)).expected.sum() == pytest.approx(1)
    # García in 02139 by hand: of 130, 1400 … adults in two places.
    white = np.array([500 + 5, 900 + 3])
    assert weighted(sums).rates[REPORTED.index("hispanic")] > 0.9
    assert white.sum() > 0


def test_result_names_its_tables_and_how_members_were_matched(tables):
    make_groups()
    rows = [
        person(1),
        person(2, last_name="Qxzy-Smith"),
        person(3, last_name="Qxzy", zip="99999"),
        person(4, last_name="", zip="02139"),
        person(5, last_name="", zip=""),
    ]
    submission = send(make_source(), csv_bytes(rows))
    imputation = Imputation.objects.get(submission=submission)
    assert imputation.tables == [str(t) for t in RaceTable.objects.order_by("kind")]
    assert all(table.sha256[:8] in str(table) and "2010" in str(table) for table in tables)
    report = imputation.report
    assert report["surname"]["as_written"] == 1 and report["surname"]["second_part"] == 1
    assert report["surname"]["not_listed"] == 1 and report["surname"]["missing"] == 2
    assert report["place"] == {
        "block_group": 0, "tract": 0, "zip": 3, "not_listed": 1, "nobody_counted": 0, "missing": 1,
    }  # fmt: skip
    assert report["basis"]["name_only"] == 1 and report["basis"]["place_only"] == 1
    assert report["basis"]["nothing"] == 1


def test_half_an_answer_holds(tables):
    """Race without ethnicity: only whether the person is Hispanic is imputed."""
    make_groups()
    rows = [
        person(1, race="black", race_source="self-reported"),
        person(2, ethnicity="not hispanic", ethnicity_source="self-reported", last_name="Garcia",
               period="2023"),
    ]  # fmt: skip
    send(make_source(), csv_bytes(rows))
    by_period = {s.period.label: s for s in ImputedSlice.objects.select_related("period")}
    black = dict(zip(RATED, Sums.unpacked(np.array(by_period["2024"].sums)).expected, strict=True))
    assert black["black"] > 0.9 and black["black"] + black["hispanic"] == pytest.approx(1)
    other = dict(zip(RATED, Sums.unpacked(np.array(by_period["2023"].sums)).expected, strict=True))
    assert other["hispanic"] == 0 and sum(other.values()) == pytest.approx(1)
    assert by_period["2024"].imputed_count == by_period["2023"].imputed_count == 1


def test_senders_own_probabilities_go_before(tables):
    make_groups()
    own = {"p_white": 0.1, "p_black": 0.9, "p_hispanic": 0, "p_api": 0, "p_aian": 0, "p_multi": 0}
    send(make_source(), csv_bytes([person(1, **own), person(2, last_name="Nguyen")]))
    one = ImputedSlice.objects.get()
    assert Sums.unpacked(np.array(one.sums)).expected[REPORTED.index("black")] == pytest.approx(
        0.9, abs=0.01
    )
    assert Imputation.objects.get().report["sender"] == {"own_probabilities": 1}


def test_without_tables_names_are_not_read(state):
    make_groups()
    submission = send(make_source(), csv_bytes([person(1)]))
    assert submission.state == "published"
    assert not Imputation.objects.exists() and not ImputedSlice.objects.exists()


def test_without_names_nothing_is_imputed(tables):
    make_groups()
    send(make_source(), csv_bytes([row(member_id="m1", zip="02139")]))
    assert not Imputation.objects.exists()


def test_several_events_of_a_person_count_as_one_person(tables):
    make_groups()
    rows = [person(1, measure_id="FUH-7", event_id=f"e{n}", numerator=n % 2) for n in range(4)] + [
        person(2, measure_id="FUH-7", event_id="e9", last_name="Nguyen")
    ]
    submission = send(make_source(), csv_bytes(rows))
    assert submission.state == "published", submission.refusal
    sums = Sums.unpacked(np.array(ImputedSlice.objects.get().sums))
    assert sums.expected.sum() == pytest.approx(5)
    # k² of the first person is 16.
    assert sums.second[:, 2].sum() > sums.second[:, 0].sum()


def test_validity_compares_with_what_members_said(tables):
    make_groups()
    said = {"race": "white", "ethnicity": "not hispanic", "race_source": "self-reported"}
    rows = [
        person(1, **said),
        person(2, **{**said, "race_source": "ehr"}),
        person(3),
        person(4, **said, denominator=0),
    ]
    send(make_source(), csv_bytes(rows))
    bins = ValidityBins.unpacked(np.array(ImputationValidity.objects.get().bins))
    white = REPORTED.index("white")
    assert bins.answered[white].sum() == 1 and bins.said[white].sum() == 1
    assert bins.silent[white].sum() == 2


def test_correction_replaces_and_second_load_is_the_same(tables):
    make_groups()
    source = make_source()
    first = send(source, csv_bytes([person(n, last_name="Garcia") for n in range(40)]))
    before = ImputedSlice.objects.get().sums
    send(source, csv_bytes([person(n, last_name="Garcia", numerator=1) for n in range(40)]),
         replace_confirmed=True)  # fmt: skip
    assert ImputedSlice.objects.filter(submission=first).get().sums == before
    latest = ImputedSlice.objects.exclude(submission=first).get()
    ranges = {r.group: r for r in rate_ranges(Sums.unpacked(np.array(latest.sums)))}
    assert ranges["hispanic"].weighted == pytest.approx(1.0)
    assert math.isnan(ranges["hispanic"].linear) and not ranges["hispanic"].is_shown


def test_nobody_in_a_denominator(tables):
    make_groups()
    submission = send(make_source(), csv_bytes([person(1, denominator=0)]))
    assert submission.state == "published", submission.refusal
    assert Imputation.objects.exists() and not ImputedSlice.objects.exists()

"""The demo's generator and its people: the same every time, near the published rates, whole."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db.models import Count

from collaborative.demo import files as demo_files
from collaborative.demo.load import SIGN_INS_NAME, load_demo
from collaborative.demo.people import (
    COACHES,
    DEMO_SIGN_INS,
    PROGRAMME,
    make_people,
    write_sign_ins,
)
from collaborative.demo.world import RACES, YEARS, read_world
from collaborative.management.commands.load_demo import new_password
from measures.enums import SubmissionState
from measures.ingest.definitions import read_definitions
from measures.models import Slice, Source, StratumResult, Submission
from reports.enums import CardState
from reports.models import ReportCard
from teams.enums import Role
from teams.models import AuditEvent, CoachAssignment, Membership, Programme, Site, Team, User
from teams.permissions import ROLE_PERMISSIONS

RACE_OF_CODE = {
    "2106-3": "white",
    "2054-5": "black",
    "2028-9": "asian",
    "1002-5": "aian",
    "2076-8": "nhpi",
    "2131-1": "other",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[demo_files.DemoFile]:
    return demo_files.write_files(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def payer(written: list[demo_files.DemoFile]) -> pl.DataFrame:
    """The payer's three yearly files, as sent."""
    frames = [
        pl.read_csv(file.path, infer_schema=False)
        for file in written
        if file.name.startswith("member_results")
    ]
    return pl.concat(frames).with_columns(
        pl.col("denominator", "numerator", "exclusion").cast(pl.Int8)
    )


@pytest.fixture(scope="module")
def counted(payer: pl.DataFrame) -> pl.DataFrame:
    """Rows that count, with race and ethnicity combined as on file."""
    combined = (
        pl.when(pl.col("ethnicity") == "2135-2")
        .then(pl.lit("hispanic"))
        .when(pl.col("ethnicity") == "2186-5")
        .then(pl.col("race").replace_strict(RACE_OF_CODE, default="multiple"))
        .when(pl.col("race") == "ASKU")
        .then(pl.lit("declined"))
        .otherwise(pl.lit("unknown"))
    )
    return payer.filter(pl.col("denominator") == 1, pl.col("exclusion") == 0).with_columns(
        combined.alias("combined")
    )


# --- the files --------------------------------------------------------------------------------


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    def digests(name: str, seed: int) -> list[str]:
        written = demo_files.write_files(tmp_path / name, seed=seed, size=0.02)
        return [hashlib.sha256(file.path.read_bytes()).hexdigest() for file in written]

    first = digests("one", 5)
    assert first == digests("two", 5)
    assert not set(first) & set(digests("three", 6))


def test_files_stand_in_the_order_of_sending(written: list[demo_files.DemoFile]) -> None:
    assert [(file.source, file.year, file.replaces) for file in written] == [
        ("payer", 2023, False),
        ("payer", 2024, False),
        ("payer", 2024, True),
        ("payer", 2025, False),
        ("g05", 2025, False),
        ("g09", 2025, False),
        ("g07", 2025, False),
    ]


def test_size_of_the_demo(payer: pl.DataFrame) -> None:
    assert 110_000 <= payer["member_id"].n_unique() <= 130_000
    assert len(payer) <= 600_000
    assert set(payer["group_id"]) == {f"G{number:02d}" for number in range(1, 13)}
    assert set(payer["period"]) == {str(year) for year in YEARS}


def test_every_measure_of_the_files_is_defined(payer: pl.DataFrame) -> None:
    defined = {(row.code, str(row.year)) for row in read_definitions().years}
    sent = set(payer.select("measure_id", "period").unique().rows())
    assert {pair for pair in sent - defined if pair[0] != "CBP-OLD"} == set()
    assert {pair[0] for pair in sent} >= set(read_world().anchors)


def test_statewide_rates_of_the_first_year_are_near_the_published_ones(
    counted: pl.DataFrame,
) -> None:
    """Within 3.5 standard errors (wider by half: a member's results hang together) and 0.5 points."""
    world = read_world()
    rates = (
        counted.filter(pl.col("period") == str(YEARS[0]))
        .group_by("measure_id", "combined")
        .agg(pl.len().alias("n"), pl.col("numerator").mean().alias("rate"))
    )
    checked = 0
    for row in rates.iter_rows(named=True):
        if row["combined"] not in ("white", "black", "hispanic", "asian") or row["n"] < 30:
            continue
        if row["measure_id"] not in world.anchors:
            continue
        anchor = world.anchors[row["measure_id"]].rates[row["combined"]]
        error = 1.5 * math.sqrt(anchor * (1 - anchor) / row["n"])
        assert abs(row["rate"] - anchor) < 3.5 * error + 0.005, row
        checked += 1
    assert checked >= 55


def test_published_gaps_are_visible_statewide(counted: pl.DataFrame) -> None:
    def gap(measure: str, race: str, year: int) -> float:
        mine = counted.filter(pl.col("measure_id") == measure, pl.col("period") == str(year))
        rate = dict(mine.group_by("combined").agg(pl.col("numerator").mean()).rows())
        return 100 * (rate[race] - rate["white"])

    assert gap("CBP", "black", 2023) < -5
    assert gap("EED", "hispanic", 2023) < -5
    assert gap("GSD-POOR", "hispanic", 2023) > 4  # lower is better
    assert gap("CBP", "black", 2025) > gap("CBP", "black", 2023) + 1
    assert gap("COL-E", "hispanic", 2025) > gap("COL-E", "hispanic", 2023) + 1.5


def test_one_gap_narrows_because_the_group_improves_and_one_because_the_reference_falls(
    counted: pl.DataFrame,
) -> None:
    def rates(group: str, measure: str, race: str) -> list[float]:
        mine = counted.filter(
            pl.col("group_id") == group,
            pl.col("measure_id") == measure,
            pl.col("combined") == race,
        )
        return [
            100 * mine.filter(pl.col("period") == str(year))["numerator"].mean() for year in YEARS
        ]

    improved, steady = rates("G01", "CBP", "black"), rates("G01", "CBP", "white")
    assert improved[2] - improved[0] > 4
    assert abs(steady[2] - steady[0]) < 4
    fell = rates("G02", "COL-E", "white")
    assert fell[2] - fell[0] < -5


def test_two_rates_of_one_denominator_fit_each_other(payer: pl.DataFrame) -> None:
    def numerators(measure: str) -> pl.DataFrame:
        return payer.filter(pl.col("measure_id") == measure, pl.col("period") == "2024").select(
            "member_id", "event_id", pl.col("numerator").alias(measure)
        )

    key = ["member_id", "event_id"]
    good_poor = numerators("GSD-GOOD").join(
        numerators("GSD-POOR"), on=key, nulls_equal=True, validate="1:1"
    )
    assert len(good_poor) == len(numerators("GSD-GOOD"))
    assert (good_poor["GSD-GOOD"] + good_poor["GSD-POOR"]).max() == 1
    for name in ("FUH", "FUA"):
        pair = numerators(f"{name}-7").join(numerators(f"{name}-30"), on=key, nulls_equal=True)
        assert (pair[f"{name}-7"] <= pair[f"{name}-30"]).all()
    births = numerators("PPC-TIMELY").join(numerators("PPC-POST"), on=key, nulls_equal=True)
    assert len(births) == len(numerators("PPC-POST")) == len(numerators("PPC-TIMELY")) > 0


def test_events_have_ids_and_persons_do_not(payer: pl.DataFrame) -> None:
    unit = {row.code: row.counting_unit for row in read_definitions().years}
    for measure, ids, rows in (
        payer.filter(pl.col("measure_id") != "CBP-OLD")
        .group_by("measure_id")
        .agg(pl.col("event_id").count(), pl.len())
        .iter_rows()
    ):
        assert ids == (rows if unit[measure] == "event" else 0), measure


def test_race_is_often_unknown_and_less_every_year(counted: pl.DataFrame) -> None:
    shares = counted.group_by("group_id", "period").agg(
        (pl.col("race").is_null() | (pl.col("race") == "UNK")).mean().alias("share")
    )
    by_key = {(group, year): share for group, year, share in shares.iter_rows()}
    for number in range(1, 13):
        code = f"G{number:02d}"
        assert by_key[code, "2023"] > by_key[code, "2025"]
    first = [by_key[f"G{number:02d}", "2023"] for number in range(1, 13)]
    assert min(first) < 0.45
    assert max(first) > 0.55


def test_answers_name_a_source_unless_nobody_asked(payer: pl.DataFrame) -> None:
    assert payer.filter(pl.col("race").is_null() != pl.col("race_source").is_null()).is_empty()
    unknown = payer.filter(pl.col("race") == "UNK")["race_source"]
    assert set(unknown) == {"unknown"}
    assert {"self-reported", "ehr", "surname", "geocoding"} <= set(payer["race_source"])


def test_small_strata_stay_small_so_that_protection_shows(counted: pl.DataFrame) -> None:
    sizes = (
        counted.filter(pl.col("measure_id") == "CBP", pl.col("period") == "2024")
        .group_by("group_id", "combined")
        .len()
    )
    count = {(group, race): n for group, race, n in sizes.iter_rows()}
    assert all(count.get((f"G{number:02d}", "aian"), 0) < 11 for number in range(1, 13))
    assert 0 < count["G12", "black"] < 11
    assert 11 <= count["G11", "black"] < 30
    assert count["G01", "black"] > 300


def test_people_keep_their_answers_from_year_to_year(payer: pl.DataFrame) -> None:
    """Who told the race and ethnicity is not described otherwise later."""
    answers = payer.filter(pl.col("race_source") == "self-reported", pl.col("race") != "ASKU")
    different = answers.group_by("member_id").agg(pl.col("race").n_unique())
    assert (different["race"] == 1).all()


def test_first_file_has_flaws_and_the_others_have_none(payer: pl.DataFrame) -> None:
    wrong = payer.filter(pl.col("numerator") > pl.col("denominator"))
    assert set(wrong["period"]) == {"2023"}
    assert 0 < len(wrong) < 100
    short = payer.filter(pl.col("zip").str.len_chars() == 4)
    assert set(short["period"]) == {"2023"}
    assert set(payer.filter(pl.col("measure_id") == "CBP-OLD")["period"]) == {"2023"}
    key = ["member_id", "measure_id", "period", "event_id", "line_of_business"]
    later = payer.filter(pl.col("period") != "2023")
    assert later.select(key).is_duplicated().sum() == 0


def test_correction_holds_the_whole_slice_with_more_numerators(
    written: list[demo_files.DemoFile], payer: pl.DataFrame
) -> None:
    correction = pl.read_csv(written[2].path, infer_schema=False)
    before = payer.filter(
        pl.col("group_id") == demo_files.CORRECTED_GROUP,
        pl.col("measure_id") == demo_files.CORRECTED_MEASURE,
        pl.col("period") == str(demo_files.CORRECTED_YEAR),
    )
    assert correction["member_id"].to_list() == before["member_id"].to_list()
    added = correction["numerator"].cast(pl.Int8) - before["numerator"]
    assert added.min() == 0
    assert added.sum() > 10


def test_site_that_moves_sends_its_patients_under_the_new_group(payer: pl.DataFrame) -> None:
    moved = payer.filter(pl.col("site_id") == "S0404")
    assert dict(moved.group_by("period").agg(pl.col("group_id").unique().first()).rows()) == {
        "2023": "G04",
        "2024": "G04",
        "2025": "G09",
    }


def test_own_extract_knows_more_and_leaves_out_the_group(
    written: list[demo_files.DemoFile],
) -> None:
    own = pl.read_csv(written[4].path, infer_schema=False)
    assert "group_id" not in own.columns
    assert own["race"].is_null().mean() < 0.15
    assert {"self-reported", "ehr", "unknown", None} == set(own["race_source"])
    assert {"Transgender woman", "Declined", None} <= set(own["gender_identity"])


def test_zip_codes_are_of_massachusetts_and_known_to_the_mix() -> None:
    world = read_world()
    for group in world.groups:
        for site in group.sites:
            assert site.zip_code.startswith("0") and len(site.zip_code) == 5
            assert math.isclose(sum(world.mix[site.zip_code]), 1)
            assert len(world.mix[site.zip_code]) == len(RACES)


def test_published_anchors_equal_the_published_table() -> None:
    """Second reading of the published figures (BCBSMA Health Equity Report, 2022 data), in percent."""
    published = {
        "AMR": (90.0, 71.1, 78.4, 82.8),
        "BPD": (80.7, 72.0, 74.0, 79.2),
        "GSD-POOR": (21.8, 25.7, 31.9, 23.9),
        "EED": (64.9, 62.2, 54.2, 62.7),
        "CBP": (74.2, 66.1, 69.0, 74.7),
        "COL-E": (67.0, 63.8, 65.4, 70.8),
    }
    anchors = read_world().anchors
    for measure, rates in published.items():
        stated = [anchors[measure].rates[race] for race in ("asian", "black", "hispanic", "white")]
        assert np.allclose(stated, np.array(rates) / 100)
        assert anchors[measure].published
    assert {code for code, anchor in anchors.items() if anchor.published} == {*published, "WCV"}


# --- people -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_people_hold_every_role_and_running_again_changes_nothing() -> None:
    world = read_world()
    make_people(world, password="a long demo password")
    counts = [model.objects.count() for model in (User, Membership, Team, Site, CoachAssignment)]
    make_people(world, password="another demo password")
    again = [model.objects.count() for model in (User, Membership, Team, Site, CoachAssignment)]
    assert counts == again == [45, 45, 12, 67, 13]
    assert set(Membership.objects.values_list("role", flat=True)) == set(Role)
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert Programme.objects.get().name == PROGRAMME["name"]
    user = User.objects.get(email=DEMO_SIGN_INS[0][1])
    assert user.check_password("another demo password")
    assert not user.check_password("a long demo password")


@pytest.mark.django_db
def test_coaches_have_four_groups_each_and_one_hand_over_is_on_record() -> None:
    make_people(read_world(), password="a long demo password")
    for email in COACHES:
        current = CoachAssignment.objects.filter(user__email=email, ends_on__isnull=True)
        assert current.count() == 4
    assert CoachAssignment.objects.filter(ends_on__isnull=False).get().team.code == "G06"
    assert AuditEvent.objects.filter(act="move_site").count() == 2  # one for each group


@pytest.mark.django_db
def test_sign_ins_that_are_printed_exist() -> None:
    make_people(read_world(), password="a long demo password")
    for _, email in DEMO_SIGN_INS:
        assert User.objects.filter(email=email, memberships__isnull=False).exists()
        assert email in write_sign_ins("secret words")
    assert "secret words" in write_sign_ins("secret words")


# --- loading ----------------------------------------------------------------------------------

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SMALL = 0.04


class Interrupted(Exception):
    """Stands for the end of the process in the middle of a load."""


def stop_at(text: str) -> Callable[[str], None]:
    def say(line: str) -> None:
        if text in line:
            raise Interrupted

    return say


def load(say: Callable[[str], None] = lambda line: None) -> None:
    load_demo(now=NOW, password="a long demo password", say=say, size=SMALL)


def states() -> list[tuple[str, str]]:
    return list(
        Submission.objects.order_by("received_at", "pk").values_list("source__code", "state")
    )


@pytest.mark.heavy  # protection and cards take minutes
@pytest.mark.django_db(transaction=True)
def test_load_sends_the_files_as_any_file_makes_cards_and_can_be_interrupted() -> None:
    with pytest.raises(Interrupted):
        load(stop_at("correction_"))
    assert len(states()) == 2
    load()
    assert states() == [
        ("payer", SubmissionState.PUBLISHED),
        ("payer", SubmissionState.PUBLISHED),
        ("payer", SubmissionState.PUBLISHED),
        ("payer", SubmissionState.PUBLISHED),
        ("g05", SubmissionState.PUBLISHED),
        ("g09", SubmissionState.PUBLISHED),
        ("g07", SubmissionState.NEEDS_MAPPING),
    ]
    first = Submission.objects.order_by("received_at").first()
    assert first.set_aside_count > 0
    superseded = Slice.objects.filter(superseded_by__isnull=False)
    assert [(s.team.code, s.measure.code, s.period.label) for s in superseded] == [
        ("G07", "CBP", "2024")
    ]
    cards = ReportCard.objects.values_list("period__label", "state").annotate(Count("pk"))
    counted = {(year, state): number for year, state, number in cards.order_by()}
    assert counted["2024", CardState.PUBLISHED] >= 12
    assert counted["2025", CardState.REVIEWED] >= 1
    assert counted["2025", CardState.DRAFT] >= 8
    path = settings.STATE_DIR / SIGN_INS_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert "a long demo password" in path.read_text()

    # Once more, with everything there: nothing is added and nothing changes.
    def counts() -> list[int]:
        models = (Submission, Slice, StratumResult, ReportCard, User, Site, Source)
        return [model.objects.count() for model in models]

    before = counts()
    load()
    assert counts() == before


@pytest.mark.long
@pytest.mark.django_db
def test_dates_of_the_demo_never_lie_ahead() -> None:
    """On a machine whose clock stands early, files came in at the latest today."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    load_demo(
        now=now,
        password="a long demo password",
        say=lambda line: None,
        size=0.01,
        for_outside=False,
    )
    assert not Submission.objects.filter(received_at__gt=now).exists()
    assert not Submission.objects.filter(published_at__gt=now).exists()


def test_password_that_is_drawn_is_a_good_one() -> None:
    password = new_password()
    validate_password(password)
    assert password != new_password()

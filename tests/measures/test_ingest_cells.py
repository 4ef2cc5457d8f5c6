"""Cells, slices and completeness against an independent count in pandas, on real extracts and on made-up rows."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from measures.models import Cell, MemberFact, Period, RealCount, Slice, Source, Submission
from teams.models import Site, Team
from teams.scoping import member_rows_of
from tests.factories.people import make_site, make_team
from tests.factories.submissions import csv_bytes, make_source, row, send

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parents[1] / "data"
REAL = os.environ.get("REAL_DATA_DIR")

NHANES_MAPPING = {
    "columns": {
        "member_id": {"header": "SEQN"},
        "period": {"header": "CYCLE"},
        "group_id": {"constant": "G01"},
        "measure_id": {"constant": "CBP"},
        "denominator": {"header": "HYPERTENSION"},
        "numerator": {"header": "BP UNDER 140/90"},
        "age": {"header": "AGE"},
        "sex": {"header": "GENDER"},
        "race": {"header": "RACE/ETHNICITY"},
        "race_source": {"constant": "self-reported"},
    },
    "values": {"denominator": {"yes": "1", "no": "0"}, "numerator": {"yes": "1", "no": "0"}},
    "last_year_of_range": True,
}


def files(small: str, whole: str) -> list[Any]:
    paths = [pytest.param(DATA / small, id="extract")]
    if REAL:
        paths.append(pytest.param(Path(REAL) / whole, id="whole"))
    return paths


def stored_cells(submission: Submission, set_code: str, *, by_site: bool) -> pd.DataFrame:
    rows = Cell.objects.filter(
        submission=submission, by_site=by_site, stratum__stratum_set__code=set_code
    ).values_list(
        "team__code", "measure__code", "period__label", "site__code", "line_of_business",
        "stratum__code", "denominator", "numerator", "excluded", "self_reported", "indirect",
    )  # fmt: skip
    return pd.DataFrame(
        rows,
        columns=[
            "team",
            "measure",
            "period",
            "site",
            "line",
            "stratum",
            "den",
            "num",
            "exc",
            "self",
            "ind",
        ],
    )


def as_counts(frame: pd.DataFrame, keys: list[str]) -> dict[Any, tuple[int, ...]]:
    """Key → (den, num, exc, self, ind), without empty cells."""
    sums = frame.fillna({"site": ""}).groupby(keys)[["den", "num", "exc", "self", "ind"]].sum()
    return {
        k: tuple(int(v) for v in s)
        for k, s in zip(sums.index, sums.to_numpy(), strict=True)
        if s.any()
    }


def expect(people: pd.DataFrame, set_code: str) -> pd.DataFrame:
    """Rows of a file, already decoded by the test, as rows of one set: one row per row of the file."""
    counted = people["exc"] == 0
    out = people[["team", "measure", "period", "site", "line", "exc"]].copy()
    out["stratum"] = people[set_code]
    out["den"] = people["den"].where(counted, 0)
    out["num"] = people["num"].where(counted, 0)
    basis = people.get(f"{set_code}_basis", "")
    out["self"] = ((basis == "self") & (out["den"] == 1)).astype(int)
    out["ind"] = ((basis == "indirect") & (out["den"] == 1)).astype(int)
    return out


def assert_cells(submission: Submission, people: pd.DataFrame, sets: Iterable[str]) -> None:
    for set_code in sets:
        expected = expect(people, set_code)
        for by_site, axis in ((True, "site"), (False, "line")):
            keys = ["team", "measure", "period", axis, "stratum"]
            got = as_counts(stored_cells(submission, set_code, by_site=by_site), keys)
            assert got == as_counts(expected, keys), (set_code, axis)


RACES = {
    "2106-3": "white",
    "2054-5": "black",
    "2028-9": "asian",
    "1002-5": "aian",
    "2076-8": "nhpi",
}
ETHNICITIES = {"2135-2": "hispanic", "2186-5": "not_hispanic"}
LINES = {"commercial": 1, "medicare": 2, "medicaid": 3, "": 0}


def age_band(age: int) -> str:
    for low, high in ((0, 2), (3, 11), (12, 17), (18, 44), (45, 64), (65, 74)):
        if low <= age <= high:
            return f"{low}-{high}"
    return "75-"


@pytest.mark.parametrize("path", files("synthea_members.csv", "synthea_ma_members.csv"))
def test_synthea_as_it_is(path: Path) -> None:
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    codes = sorted(raw["group_id"].unique())
    for code in codes:
        make_team(code=code)
    # Half of the sites are known, so that both kinds of rows occur.
    sites = raw[["site_id", "group_id"]].drop_duplicates("site_id").sort_values("site_id")[::2]
    for site, group in sites.itertuples(index=False):
        make_site(code=site, team=Team.objects.get(code=group))
    submission = send(make_source(), path.read_bytes())
    assert (submission.state, submission.refusal) == ("published", "")
    assert submission.accepted_count == len(raw)

    known = set(map(tuple, sites.to_numpy()))
    people = pd.DataFrame(
        {
            "team": raw["group_id"],
            "measure": raw["measure_id"],
            "period": raw["period"],
            "site": [
                s if (s, g) in known else ""
                for s, g in zip(raw["site_id"], raw["group_id"], strict=True)
            ],
            "line": raw["line_of_business"].map(LINES),
            "den": raw["denominator"].astype(int),
            "num": raw["numerator"].astype(int),
            "exc": raw["exclusion"].astype(int),
        }
    )
    # The first line of a member describes it.
    first = raw.drop_duplicates("member_id").set_index("member_id")
    of = first.loc[raw["member_id"]].reset_index(drop=True)
    people["all"] = "all"
    people["race"] = of["race"].map(RACES).fillna("unknown")
    people["ethnicity"] = of["ethnicity"].map(ETHNICITIES).fillna("unknown")
    people["combined"] = ("nh_" + people["race"]).where(people["race"] != "unknown", "unknown")
    people.loc[people["ethnicity"] == "hispanic", "combined"] = "hispanic"
    people["sex"] = of["sex"].map({"F": "female", "M": "male"})
    people["language"] = "unknown"
    people["age_band"] = [
        age_band(int(p) - int(b)) for p, b in zip(raw["period"], of["birth_year"], strict=True)
    ]
    for name in ("race", "ethnicity"):
        told = (of[f"{name}_source"] == "self-reported") & (people[name] != "unknown")
        people[f"{name}_basis"] = told.map({True: "self", False: ""})
    people["combined_basis"] = people["race_basis"].where(
        people["combined"] != "hispanic", people["ethnicity_basis"]
    )
    people.loc[people["combined"] == "unknown", "combined_basis"] = ""
    assert_cells(
        submission, people, ["all", "race", "ethnicity", "combined", "sex", "language", "age_band"]
    )
    assert_slices(submission, people)
    assert_completeness(submission, raw, people, of)
    assert not Cell.objects.filter(stratum__stratum_set__code="gender_identity").exists()


def assert_slices(submission: Submission, people: pd.DataFrame) -> None:
    expected = people.groupby(["team", "measure", "period"]).agg(
        rows=("den", "size"), den=("den", "sum"), num=("num", "sum")
    )
    got = Slice.objects.filter(submission=submission).values_list(
        "team__code", "measure__code", "period__label", "row_count", "denominator", "numerator"
    )
    assert {r[:3]: r[3:] for r in got} == {
        k: tuple(int(x) for x in v)
        for k, v in zip(expected.index, expected.to_numpy(), strict=True)
    }


def assert_completeness(
    submission: Submission, raw: pd.DataFrame, people: pd.DataFrame, of: pd.DataFrame
) -> None:
    counted = people["den"] == 1
    whole = people.assign(member=raw["member_id"], race_source=of["race_source"])[counted]
    first = whole.drop_duplicates(["member", "team", "period"])
    words = {"self-reported": "self_reported", "ehr": "other_direct", "": "not_collected"}
    expected = (
        first.assign(category=first["race_source"].map(words))
        .groupby(["team", "period", "site", "category"])
        .size()
    )
    got = RealCount.objects.filter(submission=submission, field="race").values_list(
        "team__code", "period__label", "site__code", "category", "member_count"
    )
    assert {(t, p, s or "", c): n for t, p, s, c, n in got} == expected.to_dict()


@pytest.mark.parametrize("path", files("nhanes_blood_pressure.csv", "nhanes_bp_control.csv"))
def test_nhanes_through_a_mapping(path: Path) -> None:
    make_team(code="G01")
    submission = send(make_source(), path.read_bytes(), mapping=NHANES_MAPPING)
    raw = pd.read_csv(path, dtype=str)
    assert (submission.state, submission.refusal) == ("published", "")
    assert submission.accepted_count == len(raw)
    assert set(Period.objects.values_list("label", flat=True)) == {c[-4:] for c in raw["CYCLE"]}
    race = raw["RACE/ETHNICITY"]
    people = pd.DataFrame({"team": "G01", "measure": "CBP", "period": raw["CYCLE"].str[-4:]})
    people["site"], people["line"], people["exc"], people["den"] = "", 0, 0, 1
    people["num"] = (raw["BP UNDER 140/90"] == "Yes").astype(int)
    people["race"] = race.map(
        {"Non-Hispanic White": "white", "Non-Hispanic Black": "black", "Non-Hispanic Asian": "asian",
         "Other": "other", "Hispanic": "unknown"}
    )  # fmt: skip
    people["combined"] = "nh_" + people["race"]
    people.loc[race == "Hispanic", "combined"] = "hispanic"
    # "Other" does not say whether Hispanic or not.
    people.loc[race == "Other", "combined"] = "unknown"
    people["race_basis"] = (people["race"] != "unknown").map({True: "self", False: ""})
    # Who said "Hispanic" in the one question told the ethnicity too.
    people["combined_basis"] = (race != "Other").map({True: "self", False: ""})
    people["sex"] = raw["GENDER"].map({"Men": "male", "Women": "female"})
    people["age_band"] = raw["AGE"].astype(int).map(age_band)
    assert_cells(submission, people, ["race", "combined", "sex", "age_band"])


def test_made_up_rows_with_everything_in_them() -> None:
    """Exclusions, several sites, lines and groups, imputed and declined answers, and order does not matter."""
    rng = random.Random(3)
    for group in ("G01", "G02"):
        team = make_team(code=group)
        for number in (1, 2):
            make_site(code=f"{group}S{number}", team=team)
    races = ["white", "black", "ASKU", "UNK", "", "2106-3|2054-5"]
    described = {
        f"m{i}": {
            "race": rng.choice(races),
            "race_source": rng.choice(["", "self-reported", "surname", "ehr"]),
            "ethnicity": "not hispanic",
            "gender_identity": rng.choice(["", "woman", "nonbinary"]),
        }
        for i in range(300)
    }
    rows = []
    for member, about in described.items():
        if about["race"] in {"", "UNK"}:
            about["race_source"] = ""
        for measure in ("CBP", "COL-E", "BCS-E"):
            for line in ("medicare", ""):
                group = rng.choice(["G01", "G02"])
                den = rng.randint(0, 1)
                rows.append(
                    row(
                        member_id=member,
                        group_id=group,
                        site_id=rng.choice([f"{group}S1", f"{group}S2", ""]),
                        measure_id=measure,
                        line_of_business=line,
                        denominator=den,
                        numerator=den * rng.randint(0, 1),
                        exclusion=rng.choice(["0", "1", ""]),
                        **about,
                    )
                )
    rng.shuffle(rows)
    source = make_source()
    submission = send(source, csv_bytes(rows))
    assert (submission.state, submission.refusal) == ("published", "")
    raw = pd.DataFrame(rows)
    people = pd.DataFrame(
        {
            "team": raw["group_id"], "measure": raw["measure_id"], "period": raw["period"],
            "site": raw["site_id"], "line": raw["line_of_business"].map(LINES),
            "den": raw["denominator"].astype(int), "num": raw["numerator"].astype(int),
            "exc": (raw["exclusion"] == "1").astype(int),
        }
    )  # fmt: skip
    words = {"white": "white", "black": "black", "ASKU": "declined", "UNK": "unknown", "": "unknown",
             "2106-3|2054-5": "multiple"}  # fmt: skip
    people["race"] = raw["race"].map(words)
    specified = people["race"].isin({"white", "black", "multiple"})
    people["race_basis"] = (
        raw["race_source"]
        .map({"self-reported": "self", "surname": "indirect"})
        .fillna("")
        .where(specified, "")
    )
    people["combined"] = ("nh_" + people["race"]).where(specified, people["race"])
    people["combined_basis"] = people["race_basis"]
    people["gender_identity"] = raw["gender_identity"].replace("", "unknown")
    assert_cells(submission, people, ["race", "combined", "gender_identity"])
    assert_same_numbers_in_another_order(source, rows, submission)


def assert_same_numbers_in_another_order(
    source: Source, rows: list[dict[str, str]], submission: Submission
) -> None:
    again = send(source, csv_bytes(rows[::-1]), replace_confirmed=True)
    assert numbers(again) == numbers(submission)


def numbers(submission: Submission) -> list[set[Any]]:
    """Everything that was counted, without the submission's own id; completeness without sites."""
    cells = Cell.objects.filter(submission=submission).values_list(
        "team", "measure", "period", "by_site", "site", "line_of_business", "stratum", "denominator",
        "numerator", "excluded", "self_reported", "indirect",
    )  # fmt: skip
    slices = Slice.objects.filter(submission=submission).values_list(
        "team", "measure", "period", "row_count", "denominator", "numerator"
    )
    return [set(cells), set(slices)]


def test_facts_hold_ids_and_flags() -> None:
    team = make_team(code="G01")
    site = make_site(code="S1", team=team)
    rows = [row(numerator="1"), row(member_id="m2", exclusion="1"), row(member_id="m3", site_id="")]
    submission = send(make_source(), csv_bytes(rows))
    with member_rows_of([team.pk]):
        got = list(
            MemberFact.objects.filter(submission_id=submission.pk)
            .order_by("member_number")
            .values_list("team_id", "site_id", "flags", "line_of_business", "event_number")
        )
    assert got == [
        (team.pk, site.pk, 3, 0, 0),
        (team.pk, site.pk, 4, 0, 0),
        (team.pk, None, 1, 0, 0),
    ]
    assert Site.objects.count() == 1

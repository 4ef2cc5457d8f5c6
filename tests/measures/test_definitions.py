"""Reviewed files of definitions: that ours load, that bad ones are refused in words, that maps are right."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from measures.actions.definitions import load_definitions
from measures.enums import LineOfBusiness, RealField, ReportingSource, SourceKind, StratumKind
from measures.errors import DefinitionProblem
from measures.ingest.definitions import FOLDER, read_definitions
from measures.models import (
    CodeMap,
    Measure,
    MeasureDefinition,
    Period,
    Slice,
    Source,
    Stratum,
    StratumSet,
    Submission,
)
from teams.enums import OrganisationKind
from teams.models import AuditEvent
from tests.factories import definitions as factory
from tests.factories.people import make_organisation, make_team

REQUIRED_CODES = {
    "BCS-E", "COL-E", "CBP", "GSD-GOOD", "GSD-POOR", "EED", "KED", "BPD", "PPC-TIMELY", "PPC-POST",
    "W30-15M", "WCV", "AMR", "FUH-7", "FUH-30", "FUA-7", "FUA-30", "CIS-E", "IMA-E",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the product's files that a test may spoil."""
    return Path(shutil.copytree(FOLDER, tmp_path / "definitions"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- the product's own files ------------------------------------------------------------------


def test_files_define_every_required_measure_for_the_years_of_the_programme() -> None:
    years = {(row.code, row.year) for row in read_definitions().years}
    missing = {(code, year) for code in REQUIRED_CODES for year in range(2020, 2027)} - years
    assert not missing


def test_files_define_blood_pressure_control_for_every_survey_year() -> None:
    years = {row.year for row in read_definitions().years if row.code == "CBP"}
    assert set(range(2000, 2021)) <= years


def test_inverse_measure_and_shared_denominators() -> None:
    rows = {row.code: row for row in read_definitions().years if row.year == 2024}
    assert [code for code, row in rows.items() if row.direction == "lower"] == ["GSD-POOR"]
    assert rows["GSD-GOOD"].shared_denominator == rows["GSD-POOR"].shared_denominator != ""
    assert rows["PPC-TIMELY"].shared_denominator == rows["PPC-POST"].shared_denominator != ""
    assert {code for code, row in rows.items() if row.counting_unit == "event"} == {
        "PPC-TIMELY", "PPC-POST", "FUH-7", "FUH-30", "FUA-7", "FUA-30",
    }  # fmt: skip


def test_stratified_years_follow_the_stewards_list() -> None:
    stratified: dict[int, set[str]] = {}
    for row in read_definitions().years:
        if row.stratified:
            stratified.setdefault(row.year, set()).add(row.code)
    first_five = {"COL-E", "CBP", "GSD-GOOD", "GSD-POOR", "PPC-TIMELY", "PPC-POST", "WCV"}
    assert min(stratified) == 2022
    assert stratified[2022] == first_five
    assert first_five < stratified[2023] < stratified[2024]
    assert "BPD" not in stratified[2026]


def test_completeness_measures_say_what_they_count() -> None:
    marked = {row.code: row.completeness_of for row in read_definitions().measures}
    assert {code: field for code, field in marked.items() if field} == {
        "REAL-RACE": RealField.RACE,
        "REAL-ETHNICITY": RealField.ETHNICITY,
        "REAL-LANGUAGE": RealField.LANGUAGE,
    }


def test_measures_stand_in_the_order_of_domains_and_natural_codes() -> None:
    codes = [row.code for row in read_definitions().measures]
    assert codes.index("COL-E") < codes.index("CBP") < codes.index("BPD")
    assert codes.index("FUA-7") < codes.index("FUA-30")


def test_every_set_adds_up_and_references_are_as_agreed() -> None:
    sets = {data.code: data for data in read_definitions().sets}
    references = {
        code: [s.code for s in data.strata if s.is_reference] for code, data in sets.items()
    }
    assert references == {
        "all": [],
        "race": ["white"],
        "ethnicity": ["not_hispanic"],
        "combined": ["nh_white"],
        "race2024": ["white"],
        "language": ["english"],
        "sex": [],
        "gender_identity": [],
        "sexual_orientation": [],
        "age_band": [],
        "deprivation": ["q1"],
        "combined_sex": ["nh_white-female"],
        "payer": [],
    }
    for code in ("race", "ethnicity", "combined", "language"):
        kinds = [s.kind for s in sets[code].strata]
        assert kinds.count(StratumKind.DECLINED) == kinds.count(StratumKind.UNKNOWN) == 1


# --- code maps --------------------------------------------------------------------------------


def meaning(field: str, code: str, *, own: bool = False) -> set[str]:
    """What a code means, by any system (or by senders' own), as "set:code"."""
    strata: set[int] = set()
    for row in read_definitions().codes:
        if row.field == field and row.code == code and row.system.startswith("own:") == own:
            strata |= set(row.strata)
    names = {s.id: f"{data.code}:{s.code}" for data in read_definitions().sets for s in data.strata}
    return {names[i] for i in strata}


@pytest.mark.parametrize(
    ("field", "code", "expected"),
    [
        ("race", "2106-3", {"race:white", "race2024:white"}),
        ("race", "2054-5", {"race:black", "race2024:black"}),
        ("race", "2071-9", {"race:black", "race2024:black"}),  # Haitian
        ("race", "2034-7", {"race:asian", "race2024:asian"}),  # Chinese
        ("race", "2118-8", {"race:white", "race2024:mena"}),
        ("race", "middle eastern or north african", {"race:white", "race2024:mena"}),
        ("race", "01", {"race:white", "race2024:white"}),
        ("race", "3", {"race:aian", "race2024:aian"}),
        ("race", "08", {"race:declined", "race2024:declined"}),
        ("race", "09", {"race:unknown", "race2024:unknown"}),
        ("race", "asku", {"race:declined", "race2024:declined"}),
        ("race", "unk", {"race:unknown", "race2024:unknown"}),
        ("race", "hispanic", {"race2024:hispanic", "ethnicity:hispanic"}),
        ("race", "non-hispanic black", {"race:black", "race2024:black", "ethnicity:not_hispanic"}),
        ("race", "other", {"race:other", "race2024:other"}),
        ("ethnicity", "2135-2", {"ethnicity:hispanic"}),
        ("ethnicity", "2180-8", {"ethnicity:hispanic"}),  # Puerto Rican
        ("ethnicity", "2186-5", {"ethnicity:not_hispanic"}),
        ("ethnicity", "asku", {"ethnicity:declined"}),
        ("ethnicity", "ni", {"ethnicity:unknown"}),
        ("language", "por", {"language:portuguese"}),
        ("language", "yue", {"language:chinese"}),
        ("language", "hat", {"language:haitian"}),
        ("language", "kea", {"language:other"}),
        ("sex", "f", {"sex:female"}),
        ("gender_identity", "407376001", {"gender_identity:trans_man"}),
        ("sexual_orientation", "38628009", {"sexual_orientation:gay_lesbian"}),
        ("age", "17", {"age_band:12-17"}),
        ("age", "18", {"age_band:18-44"}),
        ("age", "75", {"age_band:75-"}),
        ("age", "120", {"age_band:75-"}),
    ],
)
def test_code_means(field: str, code: str, expected: set[str]) -> None:
    assert meaning(field, code) == expected


def test_a_senders_own_code_may_contradict_the_others() -> None:
    assert meaning("race", "1") == {"race:white", "race2024:white"}
    assert meaning("race", "1", own=True) == {"race:asian", "race2024:asian"}


def test_lines_of_business_and_sources_name_the_enums() -> None:
    codes = {(row.field, row.code): row.strata for row in read_definitions().codes}
    assert codes["line_of_business", "commercial"] == (LineOfBusiness.COMMERCIAL,)
    assert codes["line_of_business", "hivsnp"] == (LineOfBusiness.MEDICAID,)
    qarr = {code: codes["race_source", code] for code in ("20", "22", "23", "24", "28", "30")}
    assert qarr == {
        "20": (ReportingSource.SELF_REPORTED,),
        "22": (ReportingSource.STATE,),
        "23": (ReportingSource.SURNAME,),
        "24": (ReportingSource.GEOCODING,),
        "28": (ReportingSource.UNKNOWN,),
        "30": (ReportingSource.OTHER_INDIRECT,),
    }


def test_race_codes_name_one_answer_and_at_most_one_race() -> None:
    names = {s.id: data.code for data in read_definitions().sets for s in data.strata}
    for row in read_definitions().codes:
        if row.field == "race":
            sets = [names[i] for i in row.strata]
            assert sets.count("race2024") == 1, row
            assert len(sets) == len(set(sets)), row


def test_cdc_codes_carry_a_right_check_digit() -> None:
    """The last digit is a check digit (Luhn), so a mistyped code shows."""
    codes = [row.code for row in read_definitions().codes if row.system == "cdc"]
    assert len(codes) > 100
    for code in codes:
        assert re.fullmatch(r"\d{4}-\d", code)
        digits = [int(d) for d in code.replace("-", "")]
        doubled = [d * 2 if i % 2 else d for i, d in enumerate(reversed(digits))]
        assert sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0, code


# --- refusals: one test per reason ------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('steward = "NCQA (HEDIS)"', 'stewart = "NCQA"', "measures/cbp.toml has the unknown key “stewart”"),
        ('name = "Controlling', '# = "', "has no “name”. Add name = a text"),
        ('short_name = "Blood pressure control"', 'short_name = ""', "“short_name” is empty"),
        ("target_rate = 0.80", "target_rate = 80", "target_rate = 80 is not between 0 and 1. Write 74.7"),
        ("target_rate = 0.80", 'target_rate = "80%"', "“target_rate” must be a number"),
        ("target_rate = 0.80", "target_rate = true", "“target_rate” must be a number"),
        ("benchmark_source", "# benchmark_source", "benchmark_rate and benchmark_source belong together"),
        ('"higher"', '"up"', "direction = “up” is not known. Write one of: higher, lower"),
        ('"person"', '"visit"', "counting_unit = “visit” is not known"),
        ("Heart and circulation", "Hearts", "domain = “Hearts” is not known"),
        ('"2018-"', '"since 2018"', "years = “since 2018” cannot be read. Write \"2024\""),
        ('"2018-"', '"2020-2018"', "must run upwards within 1999 and"),
        ('"2018-"', '"2017-"', "both define CBP for 2017. Shorten the years of one"),
        ('"CBP"', '"cbp"', "must be capital letters and digits"),
        ('"CBP"', '"COL-E"', "both define COL-E for"),
        ("target_rate", "minimum_denominator = 0\ntarget_rate", "minimum_denominator must be 1 or more"),
        ("target_rate", 'completeness_of = "sex"\ntarget_rate', "completeness_of = “sex” is not known"),
        ("target_rate", 'completeness_of = "race"\ntarget_rate', "disagree on completeness_of"),
        ('"NCQA (HEDIS)"', '"' + "N" * 61 + '"', "“steward” has 61 characters. Shorten it to 60"),
        ('"NCQA (HEDIS)"', "NCQA", "is not valid TOML"),
    ],
)  # fmt: skip
def test_bad_measure_file_is_refused(folder: Path, old: str, new: str, sentence: str) -> None:
    edit(folder / "measures" / "cbp.toml", old, new)
    with pytest.raises(DefinitionProblem) as refusal:
        read_definitions(folder)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("strata.toml", "id = 11,", "id = 10,", "has the id 10 of"),
        ("strata.toml", 'code = "black"', 'code = "white"', "has the stratum “white” twice"),
        ("strata.toml", 'label = "Asian", kind = "specified"', 'label = "Asian", kind = "specified", reference = true', "two references"),
        ("strata.toml", 'kind = "declined"', 'kind = "refused"', "kind = “refused” is not known"),
        ("strata.toml", 'kind = "declined"', 'kind = "declined", reference = true', "cannot be the reference"),
        ("strata.toml", 'label = "Unknown", kind = "unknown"', 'label = "Unknown", kind = "declined"', "one stratum of kind “unknown”"),
        ("strata.toml", "id = 3\n", "id = 2\n", "id and code of a set may occur once"),
        ("strata.toml", 'short = "Black"', 'short = "Black or African American"', "“short” label of at most 24"),
        ("strata.toml", 'code = "12-17"', 'code = "13-17"', "must start at 12"),
        ("strata.toml", 'code = "75-"', 'code = "75-90"', "the last band must be open"),
        ("codes/race.toml", 'field = "race"', 'field = "colour"', "field = “colour” is not known"),
        ("codes/race.toml", '"race:white"]', '"race:whit"]', "“race:whit” is not a stratum"),
        ("codes/race.toml", '"w"]', '"W"]', "write the code “W” in lower case"),
        ("codes/race.toml", '"w"]', "1]", "the code 1 must be a text"),
        ("codes/race.toml", '"w"]', '"white|black"]', "holds “|”"),
        ("codes/race.toml", '"w"]', '"white"]', "stands twice in race, system names"),
        ("codes/race.toml", '"w"]', '"asku"]', "“asku” in race means one thing in"),
        ("codes/race.toml", "[systems.names]\nwhite", "[systems.names]\nblanc", "meaning = “blanc” is not known"),
        ("codes/own/example-payer.toml", 'sender = "example-payer"', 'sender = "a-payer-with-a-very-long-name"', "sender is too long"),
        ("stratified.toml", "COL-E =", "COL-F =", "COL-F is not a defined measure"),
        ("stratified.toml", "from = 2022", 'from = "2022"', "“from” must be a whole number"),
        ("measures/gsd-good-2024.toml", "Adults aged 18", "People aged 18", "share the denominator"),
        ("common.toml", "last_year = 2027", "", "common.toml has no “last_year”"),
    ],
)  # fmt: skip
def test_bad_shared_file_is_refused(
    folder: Path, file: str, old: str, new: str, sentence: str
) -> None:
    edit(folder / file, old, new)
    with pytest.raises(DefinitionProblem) as refusal:
        read_definitions(folder)
    assert sentence in str(refusal.value)


def test_missing_file_and_wrong_encoding_are_refused(folder: Path) -> None:
    (folder / "measures" / "cbp.toml").write_bytes(b'code = "\xff"')
    with pytest.raises(DefinitionProblem, match=r"cbp.toml is not UTF-8 text"):
        read_definitions(folder)
    (folder / "common.toml").unlink()
    with pytest.raises(DefinitionProblem, match=r"common.toml is missing"):
        read_definitions(folder)


# --- loading ----------------------------------------------------------------------------------


@pytest.fixture
def loaded(db: None) -> None:
    factory.load()


def published_slice(code: str, year: int) -> Slice:
    source = Source.objects.create(
        organisation=make_organisation(OrganisationKind.PAYER),
        code="payer",
        name="Payer",
        kind=SourceKind.PAYER,
    )
    period = Period.objects.create(
        label=str(year), starts_on=date(year, 1, 1), ends_on=date(year, 12, 31)
    )
    submission = Submission.objects.create(
        source=source, sha256="0" * 64, file_name="a.csv", byte_count=1, stored_as="a"
    )
    return Slice.objects.create(
        submission=submission,
        source=source,
        team=make_team(),
        measure=factory.measure(code),
        period=period,
        row_count=1,
        denominator=1,
        numerator=1,
    )


@pytest.mark.django_db
def test_load_writes_rows_and_one_audit_event_and_is_idempotent() -> None:
    load_definitions()
    assert MeasureDefinition.objects.get(measure__code="CBP", year=2024).benchmark_rate == 0.747
    assert Stratum.objects.get(id=10).stratum_set == StratumSet.objects.get(code="race")
    assert CodeMap.objects.get(field="race", system="cdc", code="2106-3").strata == [50, 10]
    assert Measure.objects.count() == len(read_definitions().measures)
    assert not load_definitions()
    assert AuditEvent.objects.filter(act="load_definitions").count() == 1


@pytest.mark.usefixtures("loaded")
def test_change_without_data_is_reported_with_its_years(folder: Path) -> None:
    edit(folder / "measures" / "cbp.toml", "Adults aged 18 to 85", "Adults aged 18 to 90")
    changes = load_definitions(folder=folder)
    assert changes.sentences == ("CBP denominator_meaning changed for 2018 to 2027.",)
    assert factory.definition("CBP", 2024).denominator_meaning.startswith("Adults aged 18 to 90")


@pytest.mark.usefixtures("loaded")
def test_change_of_meaning_under_data_needs_agreement(folder: Path) -> None:
    published_slice("CBP", 2024)
    edit(folder / "measures" / "cbp.toml", '"higher"', '"lower"')
    with pytest.raises(DefinitionProblem, match=r"change their meaning: CBP for 2024\..*--accept"):
        load_definitions(folder=folder)
    assert factory.definition("CBP", 2024).direction == "higher"
    assert factory.definition("CBP", 2023).direction == "higher"
    load_definitions(folder=folder, accept_changes=True)
    assert factory.definition("CBP", 2024).direction == "lower"
    event = AuditEvent.objects.filter(act="load_definitions").latest("at")
    assert event.details["accepted"] == ["CBP for 2024."]


@pytest.mark.usefixtures("loaded")
def test_name_and_benchmark_may_change_under_data(folder: Path) -> None:
    published_slice("CBP", 2024)
    edit(folder / "measures" / "cbp.toml", "benchmark_rate = 0.747", "benchmark_rate = 0.75")
    load_definitions(folder=folder)
    assert factory.definition("CBP", 2024).benchmark_rate == 0.75


@pytest.mark.usefixtures("loaded")
def test_year_or_measure_with_data_cannot_be_removed(folder: Path) -> None:
    published_slice("CBP", 2018)
    edit(folder / "measures" / "cbp.toml", '"2018-"', '"2019-"')
    with pytest.raises(DefinitionProblem, match=r"CBP has data for 2018 but no definition"):
        load_definitions(folder=folder)
    for path in (folder / "measures").glob("cbp*.toml"):
        path.unlink()
    edit(folder / "stratified.toml", "CBP =", "# CBP =")
    with pytest.raises(DefinitionProblem, match=r"CBP has data but no file any more"):
        load_definitions(folder=folder)


@pytest.mark.usefixtures("loaded")
def test_measure_without_data_can_be_removed(folder: Path) -> None:
    (folder / "measures" / "amr.toml").unlink()
    edit(folder / "stratified.toml", "AMR =", "# AMR =")
    assert "Measure AMR removed." in load_definitions(folder=folder).sentences
    assert not Measure.objects.filter(code="AMR").exists()


@pytest.mark.usefixtures("loaded")
def test_reference_moves_freely_before_data_and_by_agreement_after(folder: Path) -> None:
    published_slice("CBP", 2024)
    edit(folder / "strata.toml", 'kind = "specified", reference = true', 'kind = "specified"')
    edit(
        folder / "strata.toml",
        'label = "Asian", kind = "specified"',
        'label = "Asian", kind = "specified", reference = true',
    )
    with pytest.raises(DefinitionProblem, match=r"the reference of race becomes Asian"):
        load_definitions(folder=folder)
    load_definitions(folder=folder, accept_changes=True)
    assert Stratum.objects.get(stratum_set__code="race", is_reference=True).code == "asian"


@pytest.mark.usefixtures("loaded")
def test_ids_of_strata_keep_their_meaning(folder: Path) -> None:
    edit(folder / "strata.toml", 'id = 137, code = "unknown"', 'id = 137, code = "no_year"')
    with pytest.raises(DefinitionProblem, match="Give the new stratum a new id"):
        load_definitions(folder=folder)


@pytest.mark.usefixtures("loaded")
def test_ids_of_sets_keep_their_meaning(folder: Path) -> None:
    edit(folder / "strata.toml", 'code = "all"\nname', 'code = "everyone"\nname')
    with pytest.raises(DefinitionProblem, match="Give the new set a new id"):
        load_definitions(folder=folder)


@pytest.mark.usefixtures("loaded")
def test_strata_cannot_be_removed(folder: Path) -> None:
    edit(
        folder / "strata.toml", '  { id = 36, code = "nh_other"', '  # { id = 36, code = "nh_other"'
    )
    with pytest.raises(DefinitionProblem, match="no longer has combined:nh_other"):
        load_definitions(folder=folder)


@pytest.mark.django_db
def test_command_says_what_is_wrong_and_what_changed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("load_definitions")
    assert "CBP defined for 1999 to 2027." in capsys.readouterr().out
    call_command("load_definitions")
    assert capsys.readouterr().out == "The definitions are up to date.\n"
    edit(folder / "measures" / "cbp.toml", '"higher"', '"better"')
    with pytest.raises(CommandError, match=r"direction = “better” is not known"):
        call_command("load_definitions", folder=folder)

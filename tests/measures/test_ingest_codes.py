"""What codes of race, ethnicity, language and their sources become: strata, data basis, member rows."""

from __future__ import annotations

import pytest

from measures.enums import ReportingSource as From
from measures.member_keys import MemberKeys
from measures.models import Source
from tests.factories.definitions import stratum
from tests.factories.submissions import check, csv_bytes, found, make_groups, make_source, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    make_groups()
    return make_source()


def members(
    source: Source, rows: list[dict[str, str]], **options: object
) -> list[dict[str, object]]:
    """Member rows of one member per given row, in order."""
    data = csv_bytes([row(member_id=f"m{i:03d}") | values for i, values in enumerate(rows)])
    checked = check(source, data, **options)  # type: ignore[arg-type]
    assert checked.set_aside_count == 0, found(checked)
    return checked.members.to_dicts()


def test_race_codes_of_every_system(source: Source) -> None:
    cases = {
        "2106-3": "white", "white": "white", "WHITE ": "white", "01": "white",
        "2054-5": "black", "Black or African American": "black", "02": "black",
        "1002-5": "aian", "03": "aian", "2028-9": "asian", "04": "asian", "2076-8": "nhpi", "05": "nhpi",
        "2131-1": "other", "06": "other", "07": "multiple", "08": "declined", "ASKU": "declined",
        "09": "unknown", "UNK": "unknown", "": "unknown",
        "2106-3|2054-5": "multiple", "2106-3|2106-3": "white", "2106-3|": "white",
        "2106-3|ASKU": "white", "UNK|ASKU": "declined", "mena": "white",
    }  # fmt: skip
    got = members(source, [{"race": text} for text in cases])
    assert {t: m["race"] for t, m in zip(cases, got, strict=True)} == {
        t: stratum(f"race:{code}").pk for t, code in cases.items()
    }


def test_every_answer_given_is_kept(source: Source) -> None:
    [several, mena] = members(source, [{"race": "2106-3|2054-5"}, {"race": "mena"}])
    assert several["race_codes"] == sorted(
        [stratum("race2024:white").pk, stratum("race2024:black").pk]
    )
    assert mena["race_codes"] == [stratum("race2024:mena").pk]


def test_race_code_that_states_an_ethnicity(source: Source) -> None:
    got = members(
        source,
        [
            {"race": "Non-Hispanic White", "ethnicity": ""},
            {"race": "hispanic", "ethnicity": ""},
            {"race": "hispanic", "ethnicity": "2186-5"},
            {"race": "2106-3", "ethnicity": "2135-2"},
        ],
    )
    names = [(m["race"], m["ethnicity"], m["combined"]) for m in got]
    pk = lambda name: stratum(name).pk
    assert names == [
        (pk("race:white"), pk("ethnicity:not_hispanic"), pk("combined:nh_white")),
        (pk("race:unknown"), pk("ethnicity:hispanic"), pk("combined:hispanic")),
        (pk("race:unknown"), pk("ethnicity:not_hispanic"), pk("combined:unknown")),
        (pk("race:white"), pk("ethnicity:hispanic"), pk("combined:hispanic")),
    ]


def test_combined_stratum(source: Source) -> None:
    cases = [
        ("2054-5", "2186-5", "nh_black"),
        ("2054-5", "2135-2", "hispanic"),
        ("2054-5", "", "unknown"),
        ("2054-5", "ASKU", "declined"),
        ("2106-3|2054-5", "2186-5", "nh_multiple"),
        ("ASKU", "2186-5", "declined"),
        ("", "2186-5", "unknown"),
        ("", "2135-2", "hispanic"),
        ("", "", "unknown"),
        ("ASKU", "ASKU", "declined"),
    ]
    got = members(source, [{"race": race, "ethnicity": e} for race, e, _ in cases])
    assert [m["combined"] for m in got] == [stratum(f"combined:{c}").pk for _, _, c in cases]


def test_source_of_an_answer(source: Source) -> None:
    cases = [
        ("white", "self-reported", From.SELF_REPORTED),
        ("white", "20", From.SELF_REPORTED),
        ("white", "EHR", From.EHR),
        ("white", "23", From.SURNAME),
        ("white", "geocoding", From.GEOCODING),
        ("white", "", From.UNKNOWN),
        ("white", "not collected", From.UNKNOWN),
        ("ASKU", "self-reported", From.SELF_REPORTED),
        ("UNK", "", From.UNKNOWN),
        ("UNK", "unknown", From.UNKNOWN),
        ("", "", From.NOT_COLLECTED),
        ("", "unknown", From.UNKNOWN),
        ("NASK", "", From.NOT_COLLECTED),
    ]
    got = members(source, [{"race": race, "race_source": s} for race, s, _ in cases])
    assert [From(m["race_source"]) for m in got] == [expected for _, _, expected in cases]


def test_unknown_with_a_source_is_corrected_and_told(source: Source) -> None:
    checked = check(source, csv_bytes([row(race="UNK", race_source="surname")]))
    assert found(checked) == {("unknown_with_source", "race_source"): [2]}
    assert checked.members["race_source"].to_list() == [From.UNKNOWN]


def test_senders_own_codes_count_only_where_the_mapping_names_them(source: Source) -> None:
    [member] = members(source, [{"race": "1"}], mapping={"code_systems": ["own:example-payer"]})
    assert member["race"] == stratum("race:asian").pk
    plain = check(source, csv_bytes([row(race="d")]))
    assert found(plain) == {("unknown_code", "race"): [2]}


def test_unknown_codes_are_offered_for_mapping_and_nothing_personal(source: Source) -> None:
    rows = [
        row(member_id=f"secret{i}", sex=sex, birth_year="57", zip="x1", race="2106-3")
        for i, sex in enumerate(["xx", "XX", "yy"])
    ]
    assert check(source, csv_bytes(rows)).unmapped == {"sex": {"xx": 2, "yy": 1}}


def test_column_of_free_text_is_not_offered(source: Source) -> None:
    rows = [row(member_id=f"m{i}", race=f"Person Number {i}") for i in range(70)]
    assert check(source, csv_bytes(rows)).unmapped == {}


def test_mapping_of_values_columns_and_constants(source: Source) -> None:
    data = b"SEQN,CYCLE,WHO\n7,2017-2020,Wht\n8,1999-2000,Wht\n"
    mapping = {
        "columns": {
            "member_id": {"header": "SEQN"},
            "period": {"header": "CYCLE"},
            "group_id": {"constant": "G01"},
            "measure_id": {"constant": "CBP"},
            "denominator": {"constant": "1"},
            "numerator": {"constant": "0"},
            "race": {"header": "WHO"},
            "ethnicity": {"header": "WHO"},
        },
        "values": {"race": {"wht": "white"}, "ethnicity": {"wht": "not hispanic"}},
        "last_year_of_range": True,
    }
    checked = check(source, data, mapping=mapping)
    assert found(checked) == {}
    assert [p.label for p in checked.periods] == ["2020", "2000"]
    assert set(checked.members["combined"]) == {stratum("combined:nh_white").pk}


def test_member_key_is_keyed_and_the_same_every_time(source: Source) -> None:
    other = make_source(code="other")
    data = csv_bytes([row(member_id="A 1"), row(member_id=" A 1 ", measure_id="COL-E")])
    checked = check(source, data)
    [key] = checked.members["member_key"]
    assert len(key) == 16
    assert checked.members["sealed_id"].to_list() == [None]
    assert check(source, data).members["member_key"].to_list() == [key]
    assert check(other, data).members["member_key"].to_list() != [key]


def test_groups_own_ids_are_sealed_and_open_again() -> None:
    first, _ = make_groups()
    own = make_source(team=first, code="own")
    checked = check(own, csv_bytes([row(member_id="MRN 0017")]))
    [sealed] = checked.members["sealed_id"]
    assert b"0017" not in sealed
    assert MemberKeys(own.pk, seal=True).unseal(sealed) == "MRN 0017"


def test_member_of_two_groups_has_a_row_in_each(source: Source) -> None:
    rows = [
        row(period="2023"),
        row(period="2024", group_id="G02", site_id="S2"),
        row(member_id="m2", period="2024", group_id="G02", site_id="S2"),
    ]
    checked = check(source, csv_bytes(rows))
    teams = dict(zip(checked.members["member_number"], checked.members["team_id"], strict=True))
    assert len(teams) == 3
    assert [teams[n] for n in checked.facts["member_number"]] == checked.facts["team_id"].to_list()
    keys = checked.members["member_key"].to_list()
    assert len(set(keys)) == 2

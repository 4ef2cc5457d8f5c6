"""Each rule of the contract with the smallest file that breaks it: which line, which column, what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from measures.enums import LineOfBusiness, Severity
from measures.ingest.contract import ROW_RULES, RULE_BY_CODE
from measures.ingest.readers import delimited
from measures.models import Source
from tests.factories.people import make_site
from tests.factories.submissions import (
    check,
    csv_bytes,
    found,
    make_groups,
    make_source,
    row,
)

pytestmark = pytest.mark.django_db

_EVEN = dict.fromkeys(("p_black", "p_hispanic", "p_api", "p_aian", "p_multi"), "0.1")


@pytest.fixture
def source() -> Source:
    make_groups()
    return make_source()


#: (rule, column, what the bad row says). The good row stands in line 2, the bad one in line 3.
BROKEN: list[tuple[str, str, dict[str, Any]]] = [
    ("missing_value", "member_id", {"member_id": " "}),
    ("missing_value", "group_id", {"group_id": ""}),
    ("missing_value", "measure_id", {"measure_id": ""}),
    ("missing_value", "period", {"period": ""}),
    ("missing_value", "denominator", {"denominator": ""}),
    ("missing_value", "numerator", {"numerator": ""}),
    ("too_long", "member_id", {"member_id": "x" * 65}),
    ("unknown_group", "group_id", {"group_id": "G99"}),
    ("unknown_measure", "measure_id", {"measure_id": "XYZ"}),
    ("unknown_measure", "measure_id", {"measure_id": "REAL-RACE"}),
    ("measure_not_defined_for_year", "measure_id", {"measure_id": "GSD-POOR", "period": "2015", "site_id": ""}),
    ("bad_period", "period", {"period": "last year"}),
    ("bad_period", "period", {"period": "2024-13"}),
    ("bad_period", "period", {"period": "2017-2020"}),
    ("future_period", "period", {"period": "2027"}),
    ("not_zero_or_one", "denominator", {"denominator": "2"}),
    ("not_zero_or_one", "numerator", {"numerator": "-1"}),
    ("not_zero_or_one", "exclusion", {"exclusion": "maybe"}),
    ("numerator_without_denominator", "numerator", {"denominator": "0", "numerator": "1"}),
    ("event_missing", "event_id", {"measure_id": "FUH-7"}),
    ("unknown_code", "race", {"race": "martian"}),
    ("unknown_code", "race", {"race": "white|martian"}),
    ("unknown_code", "ethnicity", {"ethnicity": "maybe so"}),
    ("unknown_code", "sex", {"sex": "q?"}),
    ("unknown_code", "language", {"language": "klingon"}),
    ("unknown_code", "race_source", {"race": "white", "race_source": "gossip"}),
    ("unknown_code", "line_of_business", {"line_of_business": "lottery"}),
    ("several_codes", "ethnicity", {"ethnicity": "2135-2|2186-5"}),
    ("future_birth", "birth_year", {"birth_year": "2031"}),
    ("future_birth", "birth_date", {"birth_date": "2026-12-24"}),
    ("implausible_birth", "birth_year", {"birth_year": "1850"}),
    ("implausible_birth", "birth_year", {"birth_year": "57"}),
    ("bad_birth_date", "birth_date", {"birth_date": "31.12.1957"}),
    ("bad_birth_date", "birth_date", {"birth_date": "1957-02-30"}),
    ("bad_age", "age", {"age": "121"}),
    ("bad_age", "age", {"age": "80+"}),
    ("bad_probability", "p_white", {"p_white": "1.5", **_EVEN}),
    ("bad_probability", "p_white", {"p_white": "high", **_EVEN}),
    ("probabilities_do_not_add_up", "p_white", {"p_white": "0.4", **_EVEN}),
    ("unknown_site", "site_id", {"site_id": "S99"}),
    ("site_of_other_group", "site_id", {"site_id": "S2"}),
    ("period_not_ended", "period", {"period": "2026"}),
    ("excluded_in_numerator", "exclusion", {"numerator": "1", "exclusion": "1"}),
    ("unknown_with_source", "race_source", {"race": "unknown", "race_source": "ehr"}),
    ("unknown_with_source", "ethnicity_source", {"ethnicity": "", "ethnicity_source": "self-reported"}),
    ("zip_zero_restored", "zip", {"zip": "2139"}),
    ("zip_cut", "zip", {"zip": "02139-1234"}),
    ("bad_zip", "zip", {"zip": "ABCDE"}),
    ("bad_zip", "zip", {"zip": "00000"}),
    ("bad_tract", "tract", {"tract": "123"}),
    ("bad_block_group", "block_group", {"block_group": "25017350100"}),
]  # fmt: skip


def test_every_rule_names_line_and_column(source: Source) -> None:
    """One test for all of them, because loading the definitions costs more than the checks."""
    expected, got = {}, {}
    for rule, column, values in BROKEN:
        case = f"{column} {values}"
        checked = check(source, csv_bytes([row(), row(member_id="m2") | values]))
        is_error = RULE_BY_CODE[rule].severity == Severity.ERROR
        expected[case] = ({(rule, column): [3]}, 2, 1 if is_error else 2, int(is_error))
        got[case] = (
            found(checked),
            checked.row_count,
            checked.accepted_count,
            checked.set_aside_count,
        )
    assert got == expected


#: Rules that need more than one bad row; each has a test of its own below.
_OWN_TESTS = {"ragged_row", "other_group", "duplicates_disagree", "duplicates_agree", "described_differently", "unknown_payer"}  # fmt: skip


def test_every_rule_is_tested() -> None:
    assert {rule for rule, _, _ in BROKEN} | _OWN_TESTS == {rule.code for rule in ROW_RULES}


def test_ragged_rows_are_set_aside(source: Source) -> None:
    data = csv_bytes([row()]) + b"m2,G01\n" + csv_bytes([row(member_id="m3")]).split(b"\n", 1)[1]
    checked = check(source, data)
    assert found(checked) == {("ragged_row", ""): [3]}
    assert (checked.row_count, checked.accepted_count, checked.set_aside_count) == (3, 2, 1)


def test_rows_of_another_group_in_a_groups_own_file() -> None:
    first, _ = make_groups()
    source = make_source(team=first, code="own")
    rows = [row(), row(member_id="m2", group_id="G02"), row(member_id="m3", group_id="")]
    checked = check(source, csv_bytes(rows))
    assert found(checked) == {("other_group", "group_id"): [3]}
    assert checked.facts["team_id"].to_list() == [first.pk, first.pk]


def test_groups_own_file_needs_no_group_column() -> None:
    first, _ = make_groups()
    checked = check(make_source(team=first, code="own"), csv_bytes([row(group_id=None)]))
    assert found(checked) == {}
    assert checked.facts["team_id"].to_list() == [first.pk]


def test_duplicates_that_agree_count_once(source: Source) -> None:
    checked = check(source, csv_bytes([row(), row(member_id="m2"), row(), row()]))
    assert found(checked) == {("duplicates_agree", ""): [4, 5]}
    assert (checked.accepted_count, checked.duplicate_count, checked.set_aside_count) == (2, 2, 0)


def test_duplicates_that_disagree_are_all_set_aside(source: Source) -> None:
    rows = [row(), row(member_id="m2"), row(numerator="1"), row()]
    checked = check(source, csv_bytes(rows))
    assert found(checked) == {("duplicates_disagree", ""): [2, 4, 5]}
    assert (checked.accepted_count, checked.duplicate_count, checked.set_aside_count) == (1, 0, 3)


def test_rows_with_another_key_are_no_duplicates(source: Source) -> None:
    for other in (
        {"measure_id": "COL-E"},
        {"period": "2023"},
        {"line_of_business": "medicare"},
        {"member_id": "m2"},
    ):
        checked = check(source, csv_bytes([row(), row(numerator="1") | other]))
        assert (found(checked), checked.accepted_count) == ({}, 2), other


def test_events_of_a_member_are_told_apart(source: Source) -> None:
    rows = [
        row(measure_id="FUH-7", event_id=event, numerator=met)
        for event, met in [("e1", 1), ("e2", 0), ("e1", 1), ("e3", 0), ("e3", 1)]
    ]
    checked = check(source, csv_bytes(rows))
    assert found(checked) == {("duplicates_agree", ""): [4], ("duplicates_disagree", ""): [5, 6]}
    assert checked.facts["event_number"].to_list() == [0, 1]


def test_first_line_describes_the_member(source: Source) -> None:
    rows = [
        row(race="white"),
        row(race="black", measure_id="COL-E"),
        row(race="white", period="2023"),
    ]
    checked = check(source, csv_bytes(rows))
    assert found(checked) == {("described_differently", ""): [3]}
    white = [s.pk for s in _strata("race", "white")]
    assert checked.members["race"].to_list() == white


def test_row_that_was_set_aside_does_not_describe_the_member(source: Source) -> None:
    rows = [row(race="black", denominator="5"), row(race="white")]
    checked = check(source, csv_bytes(rows))
    assert checked.members["race"].to_list() == [s.pk for s in _strata("race", "white")]


def test_row_with_several_faults_is_set_aside_once(source: Source) -> None:
    checked = check(source, csv_bytes([row(), row(group_id="G99", period="x", denominator="7")]))
    assert len(checked.tallies) == 3
    assert (checked.set_aside_count, checked.accepted_count) == (1, 1)


def test_site_counts_in_the_years_in_which_it_belonged(source: Source) -> None:
    from datetime import date

    from teams.models import SiteAssignment, Team

    first, second = Team.objects.get(code="G01"), Team.objects.get(code="G02")
    moved = make_site(code="S3", team=first, ends_on=date(2023, 6, 30))
    SiteAssignment.objects.create(site=moved, team=second, starts_on=date(2023, 7, 1))
    rows = [
        row(site_id="S3", member_id=f"m{i}", period=period, group_id=group)
        for i, (period, group) in enumerate(
            [("2022", "G01"), ("2023", "G01"), ("2024", "G01"), ("2023", "G02"), ("2022", "G02")]
        )
    ]
    checked = check(source, csv_bytes(rows))
    assert found(checked) == {("site_of_other_group", "site_id"): [4, 6]}
    assert checked.facts["site_id"].to_list() == [moved.pk, moved.pk, 0, moved.pk, 0]


def test_many_faults_name_the_first_twenty_lines_and_count_all(source: Source) -> None:
    rows = [row(member_id=f"m{i}", denominator="9") for i in range(100)]
    checked = check(source, csv_bytes(rows))
    [tally] = checked.tallies
    assert (tally.line_count, tally.first_lines) == (100, list(range(2, 22)))


def test_lines_of_business(source: Source) -> None:
    texts = ["", "Medicare", "COMMERCIAL", "exchange", "other", " medicaid "]
    rows = [row(member_id=str(i), line_of_business=text) for i, text in enumerate(texts)]
    checked = check(source, csv_bytes(rows))
    Line = LineOfBusiness
    assert checked.facts["line_of_business"].to_list() == [
        Line.NOT_STATED, Line.MEDICARE, Line.COMMERCIAL, Line.EXCHANGE, Line.OTHER, Line.MEDICAID,
    ]  # fmt: skip


def test_periods_are_years_and_months_that_end(source: Source) -> None:
    rows = [
        row(period=p, member_id=p) for p in ("2024", "2024-06", "2023-12", "2024-12", "2024-02")
    ]
    checked = check(source, csv_bytes(rows))
    spans = {p.label: (p.starts_on.isoformat(), p.ends_on.isoformat()) for p in checked.periods}
    assert spans == {
        "2024": ("2024-01-01", "2024-12-31"),
        "2024-06": ("2023-07-01", "2024-06-30"),
        "2023": ("2023-01-01", "2023-12-31"),
        "2024-02": ("2023-03-01", "2024-02-29"),
    }


def test_birth_is_kept_as_the_year(source: Source) -> None:
    for values, year in (
        ({"birth_year": "1957"}, 1957),
        ({"birth_year": "1957.0"}, 1957),
        ({"birth_date": "1957-03-31"}, 1957),
        ({"birth_date": "03/31/1957"}, 1957),
        ({"birth_date": "19570331"}, 1957),
        ({"birth_date": "1957-03-31T00:00:00"}, 1957),
        ({"age": "67"}, 1957),
        ({"birth_year": "1957", "age": "20"}, 1957),
        ({"birth_year": ""}, None),
    ):
        checked = check(source, csv_bytes([row(period="2024") | values]))
        assert (found(checked), checked.members["birth_year"].to_list()) == ({}, [year]), values


def test_zip_codes(source: Source) -> None:
    cases = {
        "02139": 2139, "2139": 2139, "501": 501, "02139-0001": 2139, "021390001": 2139, "21390001": 2139,
        "2139.0": 2139, "90210": 90210, "x": None, "12": None, "": None,
    }  # fmt: skip
    rows = [row(member_id=f"m{i}", zip=text) for i, text in enumerate(cases)]
    checked = check(source, csv_bytes(rows))
    assert checked.members["zip_code"].to_list() == list(cases.values())


def test_probabilities_are_kept_where_they_add_up(source: Source) -> None:
    given = {"p_white": "0.5005", **_EVEN}
    nothing = dict.fromkeys(given, "")
    partly = nothing | {"p_white": "1"}
    rows = [row(member_id=m) | p for m, p in (("a", given), ("b", nothing), ("c", partly))]
    checked = check(source, csv_bytes(rows))
    assert found(checked) == {}
    first, second, third = checked.members["probabilities"].to_list()
    assert first == pytest.approx([0.5005, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert second is None
    assert third == [1, 0, 0, 0, 0, 0]


def test_excluded_rows_are_kept_and_do_not_count(source: Source) -> None:
    rows = [
        row(exclusion="1"),
        row(member_id="m2", exclusion="0"),
        row(member_id="m3", exclusion=""),
    ]
    checked = check(source, csv_bytes(rows))
    assert checked.facts["flags"].to_list() == [4, 1, 1]


def _strata(set_code: str, code: str) -> list[Any]:
    from measures.models import Stratum

    return list(Stratum.objects.filter(stratum_set__code=set_code, code=code))


@pytest.mark.parametrize("size", [200, 1000, 16 * 1024**2])
def test_description_is_known_again_in_whatever_piece_of_the_file_it_stands(
    source: Source, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(delimited, "CHUNK_BYTES", size)
    measures = ("CBP", "COL-E", "BCS-E", "EED", "KED")
    people = [
        ("m1", "white", "2139"),  # a zip that is restored, in every row
        ("m2", "martian", "02139"),  # an unknown code, in every row
        ("m3", "black", "02139"),
        ("m4", "black", "02139"),  # the same description as another member
    ]
    rows = [
        row(member_id=member, race=race, zip=zip_code, measure_id=measure)
        for measure in measures
        for member, race, zip_code in people
    ]
    rows[2]["race"] = " BLACK "  # other text, same meaning
    rows[10]["race"] = "white"  # m3 of the third measure: described differently
    checked = check(source, csv_bytes(rows))
    assert found(checked) == {
        ("zip_zero_restored", "zip"): [2, 6, 10, 14, 18],
        ("unknown_code", "race"): [3, 7, 11, 15, 19],
        ("described_differently", ""): [12],
    }
    assert checked.unmapped == {"race": {"martian": 5}}
    assert checked.accepted_count == 15
    white, black = (_strata("race", code)[0].pk for code in ("white", "black"))
    assert checked.members["race"].to_list() == [white, black, black]
    assert checked.members["zip_code"].to_list() == [2139] * 3

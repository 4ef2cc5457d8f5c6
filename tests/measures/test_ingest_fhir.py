"""FHIR MeasureReports: what they become, the published examples as they are, and files that are none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from measures.enums import FileForm
from measures.enums import SubmissionState as State
from measures.errors import FileRefused
from measures.ingest.readers import open_table
from measures.models import Cell, MemberRow, Source, Stratum
from tests.factories.submissions import LIMIT, check, found, make_groups, make_source, send

EXAMPLES = Path(__file__).parents[1] / "data" / "fhir"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
Json = dict[str, Any]


def population(**counts: int) -> list[Json]:
    return [
        {"code": {"coding": [{"code": code.replace("_", "-")}]}, "count": count}
        for code, count in counts.items()
    ]


def stratifier(name: str, strata: dict[str, tuple[int, int]]) -> Json:
    return {
        "code": [{"coding": [{"code": name}]}],
        "stratum": [
            {
                "value": {"coding": [{"code": code}]},
                "population": population(denominator=n, numerator=x),
            }
            for code, (x, n) in strata.items()
        ],
    }


def report(**values: Any) -> Json:
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "summary",
        "measure": "http://example.org/Measure/CBP|1.0.0",
        "period": {"start": "2024-01-01", "end": "2024-12-31"},
        "reporter": {"reference": "Organization/G01"},
        "group": [
            {
                "population": population(denominator=100, numerator=60),
                "stratifier": [
                    stratifier(
                        "sde-race", {"2106-3": (40, 60), "2054-5": (15, 30), "ASKU": (5, 10)}
                    )
                ],
            }
        ],
    } | values


def individual(number: int, **counts: int) -> Json:
    return report(
        type="individual",
        subject={"reference": f"Patient/p{number}"},
        group=[{"population": population(**(counts or {"denominator": 1, "numerator": 1}))}],
    )


def patient(number: int, race: list[str], ethnicity: str, **values: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "name": [{"family": "Secret", "given": ["Name"]}],
        "gender": "female",
        "birthDate": "1960-05-01",
        "address": [{"postalCode": "02139"}],
        "communication": [
            {"language": {"coding": [{"code": "fr"}]}},
            {"language": {"coding": [{"code": "es-US"}]}, "preferred": True},
        ],
        "extension": [
            {
                "url": f"{US_CORE}race",
                "extension": [
                    *({"url": "ombCategory", "valueCoding": {"code": c}} for c in race),
                    {"url": "text", "valueString": "as said"},
                ],
            },
            {
                "url": f"{US_CORE}ethnicity",
                "extension": [{"url": "ombCategory", "valueCoding": {"code": ethnicity}}],
            },
        ],
    } | values


def bundle(*resources: Json) -> bytes:
    return json.dumps(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": r} for r in resources],
        }
    ).encode()


def ndjson(*resources: Json) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in resources)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read(data: bytes) -> tuple[FileForm | None, list[str], list[Json]]:
        path = tmp_path / "reports.json"
        path.write_bytes(data)
        table = open_table(path, byte_limit=LIMIT)
        frames = [c.frame for c in table.chunks(range(len(table.headers)))]
        frame = pl.concat(frames).rename({str(i): h for i, h in enumerate(table.headers)})
        return table.form, list(table.places), frame.to_dicts()

    return read


# --- what the reader makes of a report ---------------------------------------------------------------------


def test_summary_report_becomes_counts(read: Any) -> None:
    form, places, rows = read(json.dumps(report()).encode())
    assert form == FileForm.COUNTS
    assert places == [
        "group[0]",
        *(f"group[0].stratifier[0].stratum[{i}]" for i in range(3)),
    ]
    common = {
        "group_id": "G01",
        "measure_id": "CBP",
        "period": "2024",
        "exclusion": "0",
        "rate": "",
    }
    assert rows == [
        common | {"stratum_set": s, "stratum": t, "denominator": n, "numerator": x}
        for s, t, x, n in (
            ("all", "", "60", "100"),
            ("sde-race", "2106-3", "40", "60"),
            ("sde-race", "2054-5", "15", "30"),
            ("sde-race", "ASKU", "5", "10"),
        )
    ]


def test_exclusions_and_exceptions_are_taken_off_the_denominator(read: Any) -> None:
    counts = population(
        initial_population=120, denominator=110, denominator_exclusion=7, denominator_exception=3,
        numerator=62, numerator_exclusion=2,
    )  # fmt: skip
    _, _, [row] = read(json.dumps(report(group=[{"population": counts}])).encode())
    assert (row["denominator"], row["numerator"], row["exclusion"]) == ("100", "60", "10")


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2024-01-01", "2024-12-31", "2024"),
        ("2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z", "2024"),
        ("2023-07-01", "2024-06-30", "2024-06"),
        ("2023-03-01", "2024-02-29", "2024-02"),
        ("2018-08-01", "2018-09-01", "2018-08-01 to 2018-09-01"),
        ("2024", "2024", "2024 to 2024"),
    ],
)
def test_period_is_a_year_or_twelve_months_or_left_as_it_is(
    read: Any, start: str, end: str, text: str
) -> None:
    _, _, rows = read(json.dumps(report(period={"start": start, "end": end})).encode())
    assert rows[0]["period"] == text


def test_several_rates_of_one_measure_have_names_of_their_own(read: Any) -> None:
    groups = [
        {"code": {"text": "poor"}, "population": population(denominator=10, numerator=2)},
        {"population": population(denominator=10, numerator=6)},
    ]
    _, places, rows = read(json.dumps(report(group=groups)).encode())
    assert [r["measure_id"] for r in rows] == ["CBP#poor", "CBP#2"]
    assert places == ["group[0]", "group[1]"]


def test_reporter_is_known_by_its_identifier(read: Any) -> None:
    organisation = {
        "resourceType": "Organization",
        "id": "x7",
        "identifier": [{"system": "urn:codes", "value": "G02"}],
    }
    _, places, rows = read(bundle(report(reporter={"reference": "Organization/x7"}), organisation))
    assert {r["group_id"] for r in rows} == {"G02"}
    assert places[0] == "entry[0].resource.group[0]"
    contained = report(reporter={"reference": "#me"}, contained=[organisation | {"id": "me"}])
    assert read(json.dumps(contained).encode())[2][0]["group_id"] == "G02"
    named = report(reporter={"identifier": {"value": "G01"}})
    assert read(json.dumps(named).encode())[2][0]["group_id"] == "G01"


def test_individual_reports_become_members_with_their_patient(read: Any) -> None:
    data = ndjson(
        individual(1),
        individual(2, denominator=1, numerator=0, denominator_exclusion=1),
        patient(1, ["2106-3", "2054-5"], "2186-5"),
        patient(2, ["UNK"], "ASKU", communication=[], address=[]),
    )
    form, places, rows = read(gzip.compress(data))
    assert (form, places) == (FileForm.MEMBERS, ["line 1, group[0]", "line 2, group[0]"])
    common = {
        "group_id": "G01", "measure_id": "CBP", "period": "2024", "sex": "female", "birth_date": "1960-05-01",
        "gender_identity": "",
    }  # fmt: skip
    assert rows == [
        common
        | {
            "member_id": "p1", "denominator": "1", "numerator": "1", "exclusion": "0",
            "race": "2106-3|2054-5", "ethnicity": "2186-5", "language": "es", "zip": "02139",
        },
        common
        | {
            "member_id": "p2", "denominator": "1", "numerator": "0", "exclusion": "1",
            "race": "UNK", "ethnicity": "ASKU", "language": "", "zip": "",
        },
    ]  # fmt: skip
    assert "Secret" not in str(rows)


def test_contained_patients_of_two_reports_are_two_people(read: Any) -> None:
    def own(race: str, key: str) -> Json:
        someone = patient(1, [race], "2186-5", identifier=[{"value": key}])
        return individual(1) | {"contained": [someone], "subject": {"reference": "#p1"}}

    _, _, rows = read(ndjson(own("2106-3", "A"), own("2054-5", "B")))
    assert [(r["member_id"], r["race"]) for r in rows] == [("A", "2106-3"), ("B", "2054-5")]
    nameless = individual(1) | {
        "contained": [patient(1, ["2106-3"], "2186-5")],
        "subject": {"reference": "#p1"},
    }
    assert read(json.dumps(nameless).encode())[2][0]["member_id"] == ""


def test_stratum_of_several_components_is_no_set_of_ours(read: Any) -> None:
    crossed = {
        "stratum": [
            {
                "component": [
                    {"code": {"text": "race"}, "value": {"text": "white"}},
                    {"code": {"text": "sex"}, "value": {"text": "male"}},
                ],
                "population": population(denominator=5, numerator=1),
            }
        ]
    }
    group = {"population": population(denominator=5, numerator=1), "stratifier": [crossed]}
    _, _, rows = read(json.dumps(report(group=[group])).encode())
    assert (rows[1]["stratum_set"], rows[1]["stratum"]) == ("race+sex", "white+male")


REFUSED = [
    ("damaged_json", b'{"resourceType": "MeasureReport",\n "status": }', "Line 2 "),
    ("damaged_json", b'{"resourceType": "MeasureReport", "x": NaN}', "Line 1 "),
    ("damaged_json", b'{"resourceType": "\xff"}', "Line 1 "),
    ("damaged_json", ndjson(report(), report()) + b'{"cut', "Line 3 "),
    ("damaged_json", b"[" * 100_000, ""),
    ("not_fhir", b'{"results": []}', ""),
    ("not_fhir", b"[1, 2]", ""),
    ("no_reports", bundle(patient(1, [], "")), ""),
    ("no_reports", b'{"resourceType": "Bundle"}', ""),
    ("mixed_reports", bundle(report(), individual(1)), ""),
    ("report_not_complete", bundle(report(), report(status="pending")), "entry[1].resource"),
    ("report_without_results", json.dumps(report(type="data-collection")).encode(), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "data", "says"), REFUSED, ids=[f"{c}-{i}" for i, (c, *_) in enumerate(REFUSED)]
)
def test_what_is_no_report_is_refused_with_a_sentence(
    tmp_path: Path, code: str, data: bytes, says: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(FileRefused) as refused:
        open_table(path, byte_limit=LIMIT)
    assert refused.value.code == code
    assert says in str(refused.value)


def test_nothing_that_may_stand_in_a_report_breaks_the_reader(tmp_path: Path) -> None:
    """Every part of a report replaced by something that does not belong there."""
    path = tmp_path / "file"

    def variants(value: Any) -> list[Any]:
        found: list[Any] = [None, 7, "text", [], {}, [[]], [None], True]
        if isinstance(value, dict):
            found += [value | {k: v} for k in value for v in variants(value[k])]
        if isinstance(value, list):
            found += [[v] for one in value[:1] for v in variants(one)]
        return found

    small = report(
        contained=[patient(1, ["2106-3"], "2186-5")],
        subject={"reference": "#p1"},
        type="individual",
    )
    tried = 0
    for key in small:
        for value in variants(small[key]):
            path.write_bytes(json.dumps(small | {key: value}).encode())
            tried += 1
            try:
                for _ in open_table(path, byte_limit=LIMIT).chunks([0, 1, 2]):
                    pass
            except FileRefused:
                pass
    assert tried > 500


# --- through the whole way ---------------------------------------------------------------------------------


@pytest.fixture
def source(db: None) -> Source:
    make_groups()
    return make_source()


def test_summary_report_is_published_as_it_is(source: Source) -> None:
    submission = send(source, json.dumps(report(), indent=1).encode(), file_name="cbp.json")
    assert (submission.state, submission.form) == (State.PUBLISHED, FileForm.COUNTS)
    cells = Cell.objects.filter(submission=submission, by_site=True)
    assert {c.stratum.code: (c.numerator, c.denominator) for c in cells} == {
        "all": (60, 100), "white": (40, 60), "black": (15, 30), "declined": (5, 10),
    }  # fmt: skip


def test_individual_reports_are_published_as_members(source: Source) -> None:
    data = bundle(
        *(individual(i, denominator=1, numerator=i % 2) for i in range(3)),
        patient(0, ["2106-3", "2028-9"], "2186-5"),
        patient(1, ["ASKU"], "2135-2"),
        patient(2, ["UNK"], "UNK"),
    )
    submission = send(source, data)
    assert (submission.state, submission.form) == (State.PUBLISHED, FileForm.MEMBERS)
    cells = Cell.objects.filter(submission=submission, by_site=True).select_related("stratum")
    combined = [c for c in cells if c.stratum.stratum_set.code == "combined"]
    assert {c.stratum.code: (c.numerator, c.denominator) for c in combined} == {
        "nh_multiple": (0, 1), "hispanic": (1, 1), "unknown": (0, 1),
    }  # fmt: skip
    assert {c.stratum.code for c in cells if c.stratum.stratum_set.code == "race"} == {
        "multiple", "declined", "unknown",
    }  # fmt: skip
    assert MemberRow.objects.count() == 0, "row-level security holds without a scope"


def test_findings_name_the_place_in_the_report(source: Source) -> None:
    bad = report()
    bad["group"][0]["stratifier"][0]["stratum"][1]["population"] = population(
        denominator=30, numerator=31
    )
    submission = send(source, ndjson(report(measure="Measure/COL-E"), bad))
    place = "line 2, group[0].stratifier[0].stratum[1]"
    finding = submission.findings.get(rule="numerator_above_denominator")
    assert (finding.first_lines, finding.first_places) == ([7], [place])
    assert place in submission.refusal
    from measures.ingest.store import path_of

    lines = gzip.decompress(path_of(submission.findings_stored_as).read_bytes()).decode()
    assert lines.startswith("line,column,rule,severity,place\n")
    assert f'7,numerator,numerator_above_denominator,error,"{place}"\n' in lines


# --- the examples of the guide, as they are published ------------------------------------------------------


def test_published_summary_with_foreign_names_needs_only_the_mapping(source: Source) -> None:
    data = (EXAMPLES / "MeasureReport-summ-measurereport01.json").read_bytes()
    submission = send(source, data)
    assert submission.state == State.NEEDS_MAPPING
    assert submission.unmapped == {
        "group_id": {"organization01": 1},
        "measure_id": {"measure-mrp-example": 1},
        "period": {"2018-08-01 to 2018-09-01": 1},
    }
    mapping = {
        "values": {
            "group_id": {"organization01": "G01"},
            "measure_id": {"measure-mrp-example": "CBP"},
            "period": {"2018-08-01 to 2018-09-01": "2018-08"},
        }
    }
    again = send(source, data, mapping=mapping)
    assert again.state == State.PUBLISHED
    cells = Cell.objects.filter(submission=again, by_site=True)
    assert {c.stratum.code: (c.numerator, c.denominator) for c in cells} == {"all": (80, 100)}


def test_published_supplemental_example_has_its_exclusions_taken_off(source: Source) -> None:
    data = (EXAMPLES / "MeasureReport-summ-contained-supplemental.json").read_bytes()
    mapping = {
        "values": {
            "group_id": {"organization01": "G01"},
            "measure_id": {"alaractfhirmeasure": "CBP"},
        }
    }
    checked = check(source, data, mapping=mapping)
    # The example's own score (0.6) is not what its counts give (15 of 40): that is said.
    assert found(checked) == {("rate_differs", "rate"): [1]}
    [cell] = checked.facts.to_dicts()
    assert (cell["numerator"], cell["denominator"], cell["excluded"]) == (15, 40, 10)


def test_published_example_of_another_scoring_is_set_aside_with_its_places(source: Source) -> None:
    """Its group has a measure population and no denominator: there is no rate to be had."""
    data = (EXAMPLES / "MeasureReport-summ-medicare-stratification-example.json").read_bytes()
    mapping = {
        "values": {
            "group_id": {"organization01": "G01"},
            "measure_id": {"exm55-fhir": "CBP"},
            "stratum_set": {
                "stratification 1": "left out",
                "stratification 2": "left out",
                "stratification 3": "left out",
            },
        }
    }
    submission = send(source, data, mapping=mapping)
    assert (submission.state, submission.refusal_code) == (State.REJECTED, "too_many_bad_rows")
    missing = submission.findings.filter(rule="missing_value")
    assert {f.column: f.first_places for f in missing} == {
        "denominator": ["group[0]"],
        "numerator": ["group[0]"],
    }


def test_published_individual_example_is_described_by_its_stratifiers(source: Source) -> None:
    path = EXAMPLES / "MeasureReport-indv-measurreport-stratification-example.json"
    mapping = {
        "values": {
            "group_id": {"organization01": "G01"},
            "measure_id": {"example-stratification-measure": "CBP"},
            "period": {"2018-12-31 to 2019-01-01": "2018"},
        }
    }
    checked = check(source, path.read_bytes(), mapping=mapping)
    assert (checked.form, checked.row_count, checked.accepted_count) == (FileForm.MEMBERS, 1, 1)
    [member] = checked.members.to_dicts()
    names = dict(Stratum.objects.values_list("pk", "code"))
    said = {name: names[member[name]] for name in ("race", "ethnicity", "sex")}
    assert said["ethnicity"] == "hispanic"
    assert found(checked) == {}
    print(said)

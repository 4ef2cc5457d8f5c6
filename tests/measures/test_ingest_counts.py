"""Files of counts: each rule with the smallest file that breaks it, and cells that hold everybody once."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from typing import Any

import pytest

from measures.enums import FileForm, Severity
from measures.enums import SubmissionState as State
from measures.ingest.contract import COUNT_RULES, RULE_BY_CODE
from measures.models import (
    Cell,
    Measure,
    MemberRow,
    RealCount,
    Slice,
    Source,
    Stratum,
    StratumResult,
    Submission,
)
from tests.factories.people import make_site
from tests.factories.submissions import (
    check,
    csv_bytes,
    found,
    make_groups,
    make_source,
    row,
    send,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    first, _ = make_groups()
    make_site(code="S3", team=first)
    return make_source()


def counts(
    set_code: str, strata: MappingType[str, tuple[int, int]], **values: Any
) -> list[dict[str, str]]:
    """Rows of one set: stratum → (numerator, denominator). Good unless the values say otherwise."""
    base = {"group_id": "G01", "measure_id": "CBP", "period": "2024"} | values
    return [
        {
            **{k: str(v) for k, v in base.items()},
            "stratum_set": set_code,
            "stratum": stratum,
            "denominator": str(n),
            "numerator": str(x),
        }
        for stratum, (x, n) in strata.items()
    ]


EVERYONE = counts("all", {"": (60, 100)})
RACES = {"white": (40, 60), "black": (15, 30), "unknown": (5, 10)}


def aside(*rows: list[dict[str, str]]) -> dict[tuple[str, str], list[int]]:
    """(rule, column) → lines, without those that only follow from the others."""
    source = Source.objects.get()
    lines = found(check(source, csv_bytes([one for some in rows for one in some])))
    lines.pop(("slice_incomplete", ""), None)
    return lines


def changed(rows: list[dict[str, str]], number: int, **values: str) -> list[dict[str, str]]:
    return [one | values if i == number else one for i, one in enumerate(rows)]


def test_counts_become_cells_by_site_and_by_line(source: Source) -> None:
    at_sites = [
        *counts("all", {"": (40, 70)}, site_id="S1", line_of_business="commercial"),
        *counts("all", {"": (20, 30)}, site_id="S3", line_of_business="medicaid"),
        *counts("race", {"white": (30, 50), "black": (10, 20)}, site_id="S1", line_of_business="commercial", stratum_source="self-reported"),
        *counts("race", {"white": (10, 10)}, site_id="S3", line_of_business="medicaid", stratum_source="surname"),
        *counts("race", {"unknown": (10, 20)}, site_id="S3", line_of_business="medicaid"),
    ]  # fmt: skip
    submission = send(source, csv_bytes(at_sites))
    assert (submission.state, submission.form) == (State.PUBLISHED, FileForm.COUNTS)
    assert (submission.row_count, submission.accepted_count) == (6, 6)
    cells = {
        (c.site.code if c.site else "", c.line_of_business, c.stratum.code): (
            c.numerator, c.denominator, c.self_reported, c.indirect,
        )
        for c in Cell.objects.filter(submission=submission).select_related("site", "stratum")
    }  # fmt: skip
    assert cells == {
        ("S1", None, "all"): (40, 70, 0, 0),
        ("S3", None, "all"): (20, 30, 0, 0),
        ("S1", None, "white"): (30, 50, 50, 0),
        ("S1", None, "black"): (10, 20, 20, 0),
        ("S3", None, "white"): (10, 10, 0, 10),
        ("S3", None, "unknown"): (10, 20, 0, 0),
        ("", 1, "all"): (40, 70, 0, 0),
        ("", 3, "all"): (20, 30, 0, 0),
        ("", 1, "white"): (30, 50, 50, 0),
        ("", 1, "black"): (10, 20, 20, 0),
        ("", 3, "white"): (10, 10, 0, 10),
        ("", 3, "unknown"): (10, 20, 0, 0),
    }
    [slice_] = Slice.objects.all()
    assert (slice_.numerator, slice_.denominator, slice_.row_count) == (60, 100, 100)
    assert slice_.is_current
    result = StratumResult.objects.get(team__code="G01", stratum__code="white")
    assert (result.numerator, result.denominator, result.self_reported, result.indirect) == (
        40, 60, 50, 10,
    )  # fmt: skip
    assert not RealCount.objects.exists()
    assert not MemberRow.objects.filter(submission_id=submission.pk).exists()


def test_exclusions_are_kept_and_do_not_count(source: Source) -> None:
    rows = changed(EVERYONE, 0, exclusion="7") + changed(counts("race", RACES), 0, exclusion="4")
    submission = send(source, csv_bytes(rows))
    cells = Cell.objects.filter(submission=submission, by_site=True)
    assert {c.stratum.code: (c.denominator, c.excluded) for c in cells} == {
        "all": (100, 7), "white": (60, 4), "black": (30, 0), "unknown": (10, 3),
    }  # fmt: skip
    assert Slice.objects.get().row_count == 107


def test_what_a_set_lacks_counts_as_unknown(source: Source) -> None:
    rows = EVERYONE + counts("race", {"white": (40, 60), "black": (15, 30)})
    submission = send(source, csv_bytes(rows))
    [finding] = submission.findings.all()
    assert (finding.rule, finding.column, finding.first_lines) == (
        "rest_is_unknown", "stratum", [3],
    )  # fmt: skip
    unknown = Cell.objects.get(submission=submission, by_site=True, stratum__code="unknown")
    assert (unknown.numerator, unknown.denominator) == (5, 10)


def test_without_the_set_all_the_sets_say_how_many_there_are(source: Source) -> None:
    rows = counts("race", RACES) + counts("sex", {"female": (35, 55), "male": (25, 45)})
    submission = send(source, csv_bytes(rows))
    assert submission.state == State.PUBLISHED
    assert not submission.findings.exists()
    everyone = Cell.objects.get(submission=submission, by_site=True, stratum__code="all")
    assert (everyone.numerator, everyone.denominator) == (60, 100)


def test_sites_that_only_one_set_has_are_added_up(source: Source) -> None:
    at_sites = counts("all", {"": (40, 70)}, site_id="S1") + counts(
        "all", {"": (20, 30)}, site_id="S3"
    )
    whole = [one | {"site_id": ""} for one in counts("race", RACES)]
    submission = send(source, csv_bytes(at_sites + whole))
    assert submission.state == State.PUBLISHED
    assert [(f.rule, f.first_lines) for f in submission.findings.all()] == [
        ("breakdown_dropped", [2, 3])
    ]
    cells = Cell.objects.filter(submission=submission, by_site=True)
    assert {(c.site_id, c.stratum.code, c.denominator) for c in cells} == {
        (None, "all", 100), (None, "white", 60), (None, "black", 30), (None, "unknown", 10),
    }  # fmt: skip


def test_one_bad_stratum_takes_its_slice_along_and_no_other(source: Source) -> None:
    bad = EVERYONE + changed(counts("race", RACES), 1, numerator="31")
    good = [one | {"measure_id": "COL-E"} for one in EVERYONE + counts("race", RACES)]
    checked = check(source, csv_bytes(bad + good))
    assert found(checked) == {
        ("numerator_above_denominator", "numerator"): [4],
        ("slice_incomplete", ""): [2, 3, 5],
    }
    assert (checked.row_count, checked.accepted_count, checked.set_aside_count) == (8, 4, 4)
    [measure] = set(checked.facts["measure_id"])
    assert Measure.objects.get(pk=measure).code == "COL-E"


RACE_ROWS = counts("race", RACES)
#: rule, column → (rows, lines). EVERYONE stands in line 2, the first race in line 3.
BROKEN: list[tuple[str, str, list[dict[str, str]], list[int]]] = [
    ("not_a_count", "denominator", EVERYONE + changed(RACE_ROWS, 0, denominator="-1"), [3]),
    ("not_a_count", "denominator", EVERYONE + changed(RACE_ROWS, 0, denominator="6.5"), [3]),
    ("not_a_count", "numerator", EVERYONE + changed(RACE_ROWS, 0, numerator="many"), [3]),
    ("not_a_count", "denominator", changed(EVERYONE, 0, denominator="100000001"), [2]),
    ("not_a_count", "exclusion", changed(EVERYONE, 0, exclusion="-2"), [2]),
    ("missing_value", "denominator", EVERYONE + changed(RACE_ROWS, 0, denominator=""), [3]),
    ("missing_value", "stratum", EVERYONE + changed(RACE_ROWS, 0, stratum=""), [3]),
    ("missing_value", "stratum_set", EVERYONE + changed(RACE_ROWS, 0, stratum_set=""), [3]),
    ("unknown_code", "stratum_set", EVERYONE + changed(RACE_ROWS, 0, stratum_set="star sign"), [3]),
    ("unknown_code", "stratum", EVERYONE + changed(RACE_ROWS, 0, stratum="martian"), [3]),
    ("unknown_group", "group_id", changed(EVERYONE, 0, group_id="G99"), [2]),
    ("unknown_measure", "measure_id", changed(EVERYONE, 0, measure_id="XYZ"), [2]),
    ("measure_not_defined_for_year", "measure_id", changed(EVERYONE, 0, measure_id="GSD-POOR", period="2015"), [2]),
    ("bad_period", "period", changed(EVERYONE, 0, period="last year"), [2]),
    ("future_period", "period", changed(EVERYONE, 0, period="2027"), [2]),
    ("numerator_above_denominator", "numerator", EVERYONE + changed(RACE_ROWS, 0, numerator="61"), [3]),
    ("other_set", "stratum", EVERYONE + changed(RACE_ROWS, 0, stratum="hispanic"), [3]),
    ("other_set", "stratum", changed(EVERYONE, 0, stratum="white"), [2]),
    ("strata_above_total", "stratum_set", EVERYONE + changed(RACE_ROWS, 0, denominator="61"), [3, 4, 5]),
    ("strata_below_total", "stratum_set", EVERYONE + changed(RACE_ROWS, 0, denominator="59"), [3, 4, 5]),
    # Fewer people, and yet more numerators missing than people.
    ("strata_below_total", "stratum_set", EVERYONE + counts("race", {"white": (40, 95)}), [3]),
    ("sets_disagree", "stratum_set", RACE_ROWS + counts("sex", {"female": (35, 55), "male": (25, 46)}), [2, 3, 4, 5, 6]),
    ("total_beside_parts", "site_id", [one | {"site_id": ""} for one in EVERYONE] + counts("all", {"": (40, 70)}, site_id="S1") + counts("all", {"": (20, 30)}, site_id="S3"), [2]),
    ("total_beside_parts", "line_of_business", [one | {"line_of_business": ""} for one in EVERYONE] + counts("all", {"": (60, 100)}, line_of_business="medicaid"), [2]),
    ("sets_contradict", "stratum_set", RACE_ROWS + counts("combined", {"nh_white": (40, 61), "unknown": (20, 39)}), [2, 3, 4, 5, 6]),
    ("sets_contradict", "stratum_set", counts("ethnicity", {"hispanic": (6, 10), "unknown": (54, 90)}) + counts("combined", {"hispanic": (6, 11), "unknown": (54, 89)}), [2, 3, 4, 5]),
    ("duplicates_disagree", "", EVERYONE + RACE_ROWS + counts("race", {"white": (41, 60)}), [3, 6]),
    ("duplicates_agree", "", EVERYONE + RACE_ROWS + counts("race", {"white": (40, 60)}), [6]),
    ("rest_is_unknown", "stratum", EVERYONE + RACE_ROWS[:2], [3]),
    ("rate_differs", "rate", changed(EVERYONE, 0, rate="0.7"), [2]),
    ("site_of_other_group", "site_id", changed(EVERYONE, 0, site_id="S2"), [2]),
    ("unknown_site", "site_id", changed(EVERYONE, 0, site_id="S99"), [2]),
    ("period_not_ended", "period", changed(EVERYONE, 0, period="2026"), [2]),
]  # fmt: skip


def test_every_rule_names_line_and_column(source: Source) -> None:
    """One test for all of them, because loading the definitions costs more than the checks."""
    expected, got = {}, {}
    for number, (rule, column, rows, lines) in enumerate(BROKEN):
        checked = check(source, csv_bytes(rows))
        found_lines = found(checked)
        found_lines.pop(("slice_incomplete", ""), None)
        is_error = RULE_BY_CODE[rule].severity == Severity.ERROR
        # An error takes the whole slice along, and here there is only one.
        repeated = checked.duplicate_count
        expected[number] = (
            {(rule, column): lines},
            0 if is_error else len(rows) - repeated,
            len(rows) if is_error else 0,
        )
        got[number] = (found_lines, checked.accepted_count, checked.set_aside_count)
    assert got == expected


_OWN_TESTS = {"slice_incomplete", "breakdown_dropped", "set_left_out"}


def test_every_rule_of_counts_is_tested() -> None:
    assert {rule.code for rule in COUNT_RULES} <= {rule for rule, *_ in BROKEN} | _OWN_TESTS


@pytest.mark.parametrize("rate", ["0.6", "60", "60.4%", "0.604", ""])
def test_a_rate_may_be_rounded_and_in_percent(source: Source, rate: str) -> None:
    assert aside(changed(EVERYONE, 0, rate=rate)) == {}


def test_strata_may_be_written_in_many_ways(source: Source) -> None:
    combined = {
        "Hispanic or Latino": "hispanic", "2135-2": "hispanic", "White": "nh_white", "nh_black": "nh_black",
        "Black or African American": "nh_black", "Asian, not Hispanic": "nh_asian", "ASKU": "declined",
        "UNK": "unknown",
    }  # fmt: skip
    races = {"2106-3": "white", "White": "white", "ASKU": "declined", "unknown": "unknown"}
    for set_code, texts in {
        "combined": combined,
        "race": races,
        "Race/Ethnicity": combined,
    }.items():
        for text, code in texts.items():
            checked = check(source, csv_bytes(counts(set_code, {text: (5, 10)})))
            name = "race" if set_code == "race" else "combined"
            of_set = Stratum.objects.filter(
                pk__in=set(checked.facts["stratum_id"]), stratum_set__code=name
            )
            assert [s.code for s in of_set] == [code], (set_code, text, found(checked))


def test_several_codes_of_one_stratum_are_added_up(source: Source) -> None:
    rows = EVERYONE + counts(
        "race", {"2034-7": (10, 20), "2047-9": (20, 30), "zz": (5, 9), "qq": (25, 41)}
    )
    mapping = {"values": {"stratum": {"zz": "white", "qq": "White"}}}
    submission = send(source, csv_bytes(rows), mapping=mapping)
    assert submission.state == State.PUBLISHED
    assert not submission.findings.exists()
    cells = Cell.objects.filter(submission=submission, by_site=True)
    assert {c.stratum.code: (c.numerator, c.denominator) for c in cells} == {
        "all": (60, 100), "asian": (30, 50), "white": (30, 50),
    }  # fmt: skip


def test_what_one_set_says_of_another_is_kept(source: Source) -> None:
    """Both "Hispanic" are the same people, and "White, not Hispanic" is White: results rest on that."""
    combined = {"hispanic": (10, 20), "nh_white": (40, 60), "declined": (10, 20)}
    send(source, csv_bytes(EVERYONE + counts("combined", combined)))
    apart = counts("race", RACES, period="2023") + counts(
        "ethnicity", {"hispanic": (20, 30), "not hispanic": (40, 70)}, period="2023"
    )
    send(source, csv_bytes(apart))
    found_: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for cell in Cell.objects.filter(by_site=True).select_related("stratum__stratum_set", "period"):
        place = found_.setdefault((cell.period.label, cell.stratum.stratum_set.code), {})
        place[cell.stratum.code] = (cell.numerator, cell.denominator)
    assert found_["2024", "ethnicity"] == {
        "hispanic": (10, 20), "not_hispanic": (40, 60), "unknown": (10, 20),
    }  # fmt: skip
    assert found_["2024", "race"] == {"white": (40, 60), "unknown": (20, 40)}
    assert found_["2023", "combined"] == {"hispanic": (20, 30), "unknown": (40, 70)}
    assert Slice.objects.filter(is_current=True).count() == 2
    assert StratumResult.objects.filter(team__code="G01", stratum__code="hispanic").exists()


def test_set_without_meaning_can_be_left_out_on_the_mapping(source: Source) -> None:
    rows = EVERYONE + RACE_ROWS + counts("star sign", {"leo": (1, 2)})
    submission = send(source, csv_bytes(rows))
    assert submission.state == State.NEEDS_MAPPING
    assert submission.unmapped == {"stratum_set": {"star sign": 1}}
    left_out = {"values": {"stratum_set": {"star sign": "left out"}}}
    checked = check(source, csv_bytes(rows), mapping=left_out)
    assert found(checked) == {("set_left_out", "stratum_set"): [6]}
    assert (checked.accepted_count, checked.set_aside_count) == (4, 0)
    submission.delete()
    nothing = send(source, csv_bytes(rows[-1:]), mapping=left_out)
    assert (nothing.state, nothing.refusal_code) == (State.REJECTED, "nothing_left")


def test_foreign_headers_are_mapped_as_counts(source: Source) -> None:
    data = b"Practice group,Measure,Year,How,Who,Den,Num\n" + b"".join(
        b"G01,CBP,2024,%s,%d,%d\n" % one
        for one in ((b"total,", 100, 60), (b"race,white", 60, 40), (b"race,black", 40, 20))
    )
    submission = send(source, data)
    assert (submission.state, submission.form) == (State.NEEDS_MAPPING, FileForm.MEMBERS)
    columns = {
        "group_id": "Practice group", "measure_id": "Measure", "period": "Year", "stratum_set": "How",
        "stratum": "Who", "denominator": "Den", "numerator": "Num",
    }  # fmt: skip
    mapping = {
        "form": "counts",
        "columns": {name: {"header": header} for name, header in columns.items()},
    }
    again = send(source, data, mapping=mapping)
    assert (again.state, again.form, again.accepted_count) == (State.PUBLISHED, FileForm.COUNTS, 3)


def test_counts_replace_members_and_the_other_way_round(source: Source) -> None:
    members = send(
        source,
        csv_bytes([row(member_id=f"m{i}", numerator=i % 2, race="white") for i in range(40)]),
    )
    sent = send(source, csv_bytes(EVERYONE + RACE_ROWS))
    assert sent.state == State.NEEDS_CONFIRMATION
    sent = send(source, csv_bytes(EVERYONE + RACE_ROWS), replace_confirmed=True)
    assert sent.state == State.PUBLISHED
    assert Slice.objects.get(is_current=True).submission == sent
    total = StratumResult.objects.get(team__code="G01", stratum__code="all")
    assert (total.numerator, total.denominator) == (60, 100)
    assert Submission.objects.get(pk=members.pk).state == State.PUBLISHED


def test_a_group_sends_counts_of_its_own() -> None:
    first, _ = make_groups()
    source = make_source(team=first, code="own")
    rows = [{k: v for k, v in one.items() if k != "group_id"} for one in EVERYONE + RACE_ROWS]
    assert send(source, csv_bytes(rows)).state == State.PUBLISHED
    assert Slice.objects.get().team == first

"""Sets for the group itself: right against the rows, and nothing for anybody else."""

from __future__ import annotations

import hashlib

import pytest

from measures import queries
from measures.actions.deprivation import load_deprivation
from measures.enums import LineOfBusiness
from measures.errors import FileRefused
from measures.ingest.deprivation import read_deprivation
from measures.models import Cell, DeprivationTable, Period, Stratum, StratumResult, StratumSet
from measures.queries.axis import OWN_SETS, read_stratum_axis
from measures.queries.own_sets import list_own_set_codes
from measures.stats.states import CellState
from teams.actions.audit import AuditEvent
from teams.enums import Role
from teams.scoping import scope_of
from tests.factories.people import make_user, signed_in
from tests.factories.results import list_line_results
from tests.factories.submissions import AS_OF, csv_bytes, make_groups, make_source, row, send

TABLE = "ZIP,ADI_NATRANK\n02139,7\n2140,95\n02141,40\n02142,21\n02143,61\n02144,GQ\n"


@pytest.fixture
def table_file(tmp_path):
    path = tmp_path / "adi.csv"
    path.write_text(TABLE)
    return path


def test_table_is_cut_into_fifths_with_its_checksum(table_file):
    read = read_deprivation(table_file)
    # Ranks 21 and 40 are in the second fifth, 61 in the fourth; the zero in front is given back.
    assert read.areas == {2139: 1, 2140: 5, 2141: 2, 2142: 2, 2143: 4}
    assert read.left_out_count == 1
    assert read.sha256 == hashlib.sha256(TABLE.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("zip,other\n02139,1\n", "columns"),
        ("zip,quintile\n02139,x\n02140,9\n", "rank"),
        ("zip,quintile\n25017350100,1\n", "zip"),
        ("zip,quintile\n02139,1\n2139,2\n", "zip"),
    ],
)
def test_other_tables_are_refused(tmp_path, text, rule):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(FileRefused) as refused:
        read_deprivation(path)
    assert refused.value.code == rule


def test_the_same_table_is_loaded_once(db, table_file):
    read = read_deprivation(table_file)
    first = load_deprivation(read=read, vintage="2022")
    assert load_deprivation(read=read, vintage="2022") == first
    assert first.areas.count() == 5
    assert AuditEvent.objects.filter(act="load_deprivation").count() == 1
    assert DeprivationTable.objects.get().is_current


ZIPS = ("02139", "02140", "2141", "02144", "")
RACES = (("white", "not hispanic"), ("black", "not hispanic"), ("unknown", "unknown"))


@pytest.fixture
def world(db, table_file):
    """Two teams whose rows are known here; the second team's are few and different."""
    load_deprivation(read=read_deprivation(table_file), vintage="2022")
    teams = make_groups()
    rows = []
    for number in range(300):
        race, ethnicity = RACES[number % 3]
        rows.append(
            row(
                member_id=f"a{number}", zip=ZIPS[number % 5], sex=("F", "M")[number % 2],
                race=race, ethnicity=ethnicity, numerator=int(number % 7 < 4),
                race_source="unknown" if race == "unknown" else "self-reported",
                ethnicity_source="unknown" if race == "unknown" else "self-reported",
                exclusion=0, line_of_business=("commercial", "medicaid")[number % 4 == 0],
            )
        )  # fmt: skip
    rows += [
        row(member_id="gone", zip="02140", sex="F", denominator=0, numerator=0, exclusion=1),
        row(member_id="b1", group_id="G02", site_id="S2", zip="02140", sex="F"),
    ]
    source = make_source()
    submission = send(source, csv_bytes(rows))
    assert submission.state == "published", submission.state
    return source, teams


def scope_for(role, team=None):
    return scope_of(make_user(role, team=team), on=AS_OF.date())


def result(world, scope, code, reader=queries.list_team_results, **more):
    source, teams = world
    period = Period.objects.get()
    when = {"periods": [period]} if reader is queries.list_team_results else {"period": period}
    return reader(
        scope, team=teams[0], source=source, stratum_set=StratumSet.objects.get(code=code),
        **when, **more,
    )  # fmt: skip


def test_deprivation_is_right_against_the_rows(world):
    [found] = result(world, scope_for(Role.GROUP_LEAD, world[1][0]), "deprivation")
    fifth = {"02139": "q1", "02140": "q5", "2141": "q2"}
    expected: dict[str, list[int]] = {}
    for number in range(300):
        of = expected.setdefault(fifth.get(ZIPS[number % 5], "unknown"), [0, 0])
        of[0] += 1
        of[1] += int(number % 7 < 4)
    told = {f.stratum.code: [f.denominator, f.numerator] for f in found.figures if f.denominator}
    assert told == expected
    assert found.total.denominator == 300
    assert found.reference.code == "q1"
    most = found.figure("q5")
    assert most.gap_points == pytest.approx(
        100 * (expected["q5"][1] / expected["q5"][0] - expected["q1"][1] / expected["q1"][0])
    )
    assert most.q_value is not None
    assert found.figure("q3").state == CellState.NO_DENOMINATOR


def test_two_answers_at_once(world):
    [found] = result(world, scope_for(Role.GROUP_LEAD, world[1][0]), "combined_sex")
    told = {f.stratum.code: f.denominator for f in found.figures if f.denominator}
    assert told == {
        "nh_white-female": 50, "nh_white-male": 50, "nh_black-female": 50, "nh_black-male": 50,
        "unknown": 100,
    }  # fmt: skip


def test_sites_and_lines_add_up_to_the_team(world):
    scope = scope_for(Role.GROUP_LEAD, world[1][0])
    for reader in (queries.list_site_results, list_line_results):
        parts = result(world, scope, "deprivation", reader)
        assert sum(r.total.denominator for r in parts) == 300
        assert sum((r.figure("q5") and r.figure("q5").denominator) or 0 for r in parts) == 60
    line = result(world, scope, "deprivation", line_of_business=int(LineOfBusiness.MEDICAID))
    assert [r.total.denominator for r in line] == [75]


@pytest.mark.parametrize(
    "code", sorted(OWN_SETS - {"payer"})
)  # of groups’ own files: test_payers.py
def test_nobody_else_gets_anything(world, code):
    source, teams = world
    own = scope_for(Role.GROUP_LEAD, teams[0])
    assert code in list_own_set_codes(own, team=teams[0], source=source)
    for scope in (
        scope_for(Role.GROUP_LEAD, teams[1]),
        scope_for(Role.PAYER_ANALYST),
        scope_for(Role.EVALUATOR),
        own.as_outsider(),
    ):
        assert list_own_set_codes(scope, team=teams[0], source=source) == frozenset()
        assert result(world, scope, code) == []
        for reader in (queries.list_site_results, list_line_results):
            assert result(world, scope, code, reader) == []
    assert result(world, scope_for(Role.PROGRAMME_DIRECTOR), code) != []


def test_nothing_of_them_is_stored_or_published(world):
    """So they tie no published numbers to each other: the tables that are protected do not know them."""
    assert not {s.stratum_set.code for s in read_stratum_axis().strata} & OWN_SETS
    own = Stratum.objects.filter(stratum_set__code__in=OWN_SETS).values("pk")
    assert own.count() > 20
    assert not StratumResult.objects.filter(stratum__in=own).exists()
    assert not Cell.objects.filter(stratum__in=own).exists()
    assert not queries.list_stratum_sets(world[0]).filter(code__in=OWN_SETS).exists()


def test_measure_page_offers_them_to_the_group_alone(world):
    team = world[1][0]
    page = f"/teams/{team.code}/measures/CBP/?strata=deprivation"
    own = signed_in(make_user(Role.GROUP_LEAD, team=team)).get(page).content.decode()
    assert "Most deprived" in own
    assert "Reference: Least deprived fifth of areas, named in advance." in own
    analyst = signed_in(make_user(Role.PAYER_ANALYST)).get(page).content.decode()
    assert "eprived" not in analyst


def test_race_by_sex_says_how_race_is_known(world):
    [found] = result(world, scope_for(Role.GROUP_LEAD, world[1][0]), "combined_sex")
    assert found.figure("nh_black-male").self_reported_share == 1
    assert found.figure("nh_black-male").indirect_share == 0
    assert found.figure("unknown").self_reported_share == 0
    [other] = result(world, scope_for(Role.GROUP_LEAD, world[1][0]), "deprivation")
    assert other.figure("q1").self_reported_share is None

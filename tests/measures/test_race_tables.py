from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from measures.actions.race_tables import load_race_tables
from measures.ingest.imputing import current_tables
from measures.ingest.race_tables import open_table, packaged_tables, read_race_table, store_table
from measures.models import RaceTable
from measures.queries.imputation import has_missing_race_tables
from measures.stats.bisg import CATEGORIES, MalformedTable, PlaceKind, PlaceTable
from teams.models import AuditEvent
from tests.measures.test_imputing import SURNAMES, ZIPS, state  # noqa: F401

FIRST_NAMES = """firstname,obs,pcthispanic,pctwhite,pctblack,pctapi,pctaian,pct2prace
MARIA,2000,65,24,3,6,1,1
JAMES,3000,2,84,11,1,1,1
"""


def write(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


def census_places(geo_ids, prefix, *, adults=1000):
    """A census table with White, Black, Hispanic, Asian and NHPI people, some with some other race."""
    lines = {
        1: adults, 2: 100, 3: adults - 100, 4: adults - 150, 5: 500, 6: 200, 7: 5, 8: 140, 9: 5, 10: 0,
        11: 50, 12: 50, 13: 30, 17: 5, 21: 2, 24: 1, 25: 3, 26: 1, 27: 2, 48: 1,
    }  # fmt: skip
    names = [prefix(n) for n in range(1, 74)]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["GEO_ID", "NAME", *names])
    for geo_id in geo_ids:
        writer.writerow([geo_id, "x", *(lines.get(n, 0) for n in range(1, 74))])
    return out.getvalue()


def test_surnames_of_the_census(tmp_path):
    read = read_race_table(write(tmp_path, "names.csv", SURNAMES), vintage="2010")
    assert (read.kind, read.layout, read.vintage, read.row_count) == (
        "surname",
        "census",
        "2010",
        4,
    )
    smith = dict(zip(CATEGORIES, read.table.shares[0], strict=True))
    assert smith["black"] == pytest.approx(0.2311) and smith["hispanic"] == pytest.approx(0.024)
    assert read.table.has_other


def test_withheld_values_and_odd_names(tmp_path):
    text = SURNAMES + "NAN,9,500,95,(S),(S),0,1,2\nNULL,10,400,(S),90,(S),1,1,0\n"
    table = read_race_table(write(tmp_path, "names.csv", text), vintage="2010").table
    assert table.names.to_list()[-2:] == ["nan", "null"]
    np.testing.assert_allclose(table.shares[-2], [0.95, 0.01, 0.02, 0.01, 0.0, 0.01], atol=1e-12)


def test_first_names_need_counts(tmp_path):
    read = read_race_table(write(tmp_path, "first.csv", FIRST_NAMES), vintage="2018")
    assert read.kind == "first_name"
    people = np.array([0.65 * 2000, 0.02 * 3000])
    np.testing.assert_allclose(read.table.likelihood[:, 2], people / people.sum())
    with pytest.raises(MalformedTable, match="no known table"):
        without = FIRST_NAMES.replace("obs,", "")
        without = without.replace("2000,", "").replace("3000,", "")
        read_race_table(write(tmp_path, "bad.csv", without), vintage="2018")


def test_bureau_layout_leaves_the_islands_out_and_shows_its_year(tmp_path):
    read = read_race_table(write(tmp_path, "zips.csv", ZIPS))
    assert (read.kind, read.layout, read.vintage) == ("zip", "cfpb", "2010")
    assert read.table.codes.tolist() == [1532, 2139]
    np.testing.assert_allclose(read.table.likelihood.sum(axis=0), 1)
    with pytest.raises(MalformedTable, match="2010, not of 2020"):
        read_race_table(tmp_path / "zips.csv", vintage="2020")


def test_bureau_layout_in_stata(tmp_path):
    frame = pd.read_csv(io.StringIO(ZIPS), dtype={"ZCTA5": str}).drop(
        columns=["State_FIPS10", "County_FIPS10"]
    )
    frame.to_stata(tmp_path / "zips.dta", write_index=False)
    stata = read_race_table(tmp_path / "zips.dta", vintage="2010").table
    text = read_race_table(write(tmp_path, "zips.csv", ZIPS)).table
    np.testing.assert_allclose(stata.likelihood, text.likelihood)


@pytest.mark.parametrize("year", ["10", "20"])
def test_bureau_layout_of_tracts_and_block_groups(tmp_path, year):
    lines = ZIPS.replace("State_FIPS10,County_FIPS10", f"State_FIPS{year},County_FIPS{year}").split(
        "\n"
    )
    for column, codes, kind in (
        (f"GEOID{year}_Tract", ("25017350100", "01001020100", "72001956300"), PlaceKind.TRACT),
        (
            f"GEOID{year}_BlkGrp",
            ("250173501001", "010010201001", "720019563001"),
            PlaceKind.BLOCK_GROUP,
        ),
    ):
        rows = [lines[0].replace("ZCTA5", column)]
        rows += [code + line[5:] for code, line in zip(codes, lines[1:4], strict=True)]
        read = read_race_table(write(tmp_path, f"{kind}.csv", "\n".join(rows)))
        assert (read.kind, read.vintage) == (kind.value, f"20{year}")
        assert read.table.codes.tolist() == sorted(int(c) for c in codes[:2])


@pytest.mark.parametrize(
    ("prefix", "vintage"),
    [
        (lambda n: f"P011{n:03d}", "2010"),
        (lambda n: f"P4_{n:03d}N", "2020"),
        (lambda n: f"P11_{n:03d}N", "2020"),
    ],
)
def test_census_layout(tmp_path, prefix, vintage):
    for kind, geo_ids in (
        (PlaceKind.ZIP, ["8600000US02139", "860Z200US01532", "860Z200US00601"]),
        (PlaceKind.TRACT, ["1400000US25017350100", "1400000US01001020100"]),
        (PlaceKind.BLOCK_GROUP, ["1500000US250173501001"]),
    ):
        read = read_race_table(write(tmp_path, "p.csv", census_places(geo_ids, prefix)))
        assert (read.kind, read.layout, read.vintage) == (kind.value, "census", vintage)
        share = dict(zip(CATEGORIES, read.table.shares[0], strict=True))
        # 500 + 5, 200 + 2, 140 + 5 + 1 + 2 + 3 + 1, 5 + 1; the rest is 50 - 15.
        assert share["white"] == pytest.approx(0.505) and share["black"] == pytest.approx(0.202)
        assert share["api"] == pytest.approx(0.152) and share["aian"] == pytest.approx(0.006)
        assert share["hispanic"] == pytest.approx(0.1) and share["multi"] == pytest.approx(0.035)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "no known table"),
        (SURNAMES.replace("70.9", "many"), "not a number"),
        (SURNAMES.replace("70.9", "7.09"), "do not add up"),
        (SURNAMES.replace("GARCIA", "SMITH"), "twice"),
        (ZIPS.replace("02139", "2139"), "5 digits"),
        (ZIPS.replace("02139,,,1000", "02139,,,1500"), "do not add up"),
        (ZIPS.replace("ZCTA5", "place"), "No column names the places"),
        ("", "cannot be read"),
    ],
)
def test_malformed_files_are_refused_in_words(tmp_path, text, says):
    with pytest.raises(MalformedTable, match=says):
        read_race_table(write(tmp_path, "t.csv", text), vintage="2010")


def test_year_must_be_known(tmp_path):
    with pytest.raises(MalformedTable, match="--vintage"):
        read_race_table(write(tmp_path, "names.csv", SURNAMES))


def test_stored_tables_are_what_was_read(state, tmp_path):  # noqa: F811
    for name, text, vintage in (
        ("names.csv", SURNAMES, "2010"),
        ("first.csv", FIRST_NAMES, "2018"),
        ("zips.csv", ZIPS, ""),
    ):
        read = read_race_table(write(tmp_path, name, text), vintage=vintage)
        again = open_table(read.kind, store_table(read))
        np.testing.assert_array_equal(again.padded, read.table.padded)
        if isinstance(read.table, PlaceTable):
            np.testing.assert_array_equal(again.codes, read.table.codes)
        else:
            assert again.names.equals(read.table.names)


def test_packaged_tables_are_complete():
    tables = {read.kind: read for read in packaged_tables()}
    assert {kind: read.row_count for kind, read in tables.items()} == {
        "surname": 162_253, "zip": 33_120, "tract": 74_002,
    }  # fmt: skip
    assert tables["zip"].table.is_empty.sum() == 144
    assert tables["tract"].table.is_empty.sum() == 576
    assert all(read.vintage == "2010" and len(read.sha256) == 64 for read in tables.values())


@pytest.mark.django_db
def test_command_registers_tables_and_a_later_one_takes_over(state, tmp_path, capsys):  # noqa: F811
    call_command("load_race_tables", str(write(tmp_path, "names.csv", SURNAMES)), vintage="2010")
    call_command("load_race_tables", str(write(tmp_path, "zips.csv", ZIPS)))
    told = capsys.readouterr().out
    assert all(row.sha256 in told for row in RaceTable.objects.all())
    newer = ZIPS.replace("State_FIPS10,County_FIPS10", "State_FIPS20,County_FIPS20")
    call_command("load_race_tables", str(write(tmp_path, "newer.csv", newer)))
    assert {(r.vintage, r.is_current) for r in RaceTable.objects.filter(kind="zip")} == {
        ("2010", False),
        ("2020", True),
    }
    assert AuditEvent.objects.filter(act="load_race_table").count() == 3
    # The older one again: nothing new, but in use again.
    call_command("load_race_tables", str(tmp_path / "zips.csv"))
    assert RaceTable.objects.count() == 3
    assert RaceTable.objects.get(kind="zip", is_current=True).vintage == "2010"
    found = current_tables()
    assert found is not None and [v.split(" (")[0] for v in found.versions.values()] == [
        "Surnames 2010",
        "ZIP areas 2010",
    ]


@pytest.mark.django_db
def test_command_refuses_in_words(state, tmp_path):  # noqa: F811
    with pytest.raises(CommandError, match="no known table"):
        call_command("load_race_tables", str(write(tmp_path, "x.csv", "a,b\n1,2\n")))
    assert not RaceTable.objects.exists()


@pytest.mark.django_db
def test_missing_files_are_made_anew_and_choices_are_kept(state, tmp_path):  # noqa: F811
    assert has_missing_race_tables()
    call_command("load_race_tables", missing=True, verbosity=0)
    assert not has_missing_race_tables() and RaceTable.objects.filter(is_current=True).count() == 3
    load_race_tables(tables=[read_race_table(write(tmp_path, "zips.csv", ZIPS))])
    packaged = RaceTable.objects.get(kind="tract")
    (state / packaged.stored_as).unlink()
    assert has_missing_race_tables()
    call_command("load_race_tables", missing=True, verbosity=0)
    assert not has_missing_race_tables()
    assert RaceTable.objects.get(kind="zip", is_current=True).layout == "cfpb"


@pytest.mark.django_db
def test_table_whose_file_is_gone_is_said(state, tmp_path):  # noqa: F811
    (row,) = load_race_tables(
        tables=[read_race_table(write(tmp_path, "n.csv", SURNAMES + "\n"), vintage="2010")]
    )
    (state / row.stored_as).unlink()
    open_table.cache_clear()
    with pytest.raises(MalformedTable, match="Load it again"):
        current_tables()

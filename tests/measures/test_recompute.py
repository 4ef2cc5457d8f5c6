"""From cells to results: right against an independent computation, and no wider than the change."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import pandas as pd
import pytest
from django.utils import timezone

from measures.actions.recompute import publish_submission
from measures.models import (
    Computation,
    PartResult,
    Slice,
    Source,
    Stratum,
    StratumResult,
    StratumSet,
    Submission,
)
from measures.queries.parts import read_parts, work_out_parts
from measures.stats.states import CellState, GapState
from teams.enums import OrganisationKind
from teams.errors import StateRefused
from teams.models import Organisation
from tests.factories import definitions
from tests.factories.cells import load_rows, make_period, make_source, random_rows
from tests.factories.people import make_site, make_team


class World(NamedTuple):
    source: Source
    teams: dict[int, list[int]]
    rows: pd.DataFrame
    submission: Submission


@pytest.fixture
def world(db: None) -> World:
    definitions.load()
    payer = Organisation.objects.create(name="Payer", kind=OrganisationKind.PAYER)
    teams = {}
    for _ in range(4):
        team = make_team()
        teams[team.pk] = [make_site(team=team).pk for _ in range(3)]
    period = make_period("2024")
    measures = [definitions.measure(c).pk for c in ("CBP", "COL-E", "BCS-E")]
    rows = random_rows(1, teams=teams, measures=measures, period_id=period.pk, size=9000)
    source = make_source(payer)
    return World(source, teams, rows, load_rows(source, rows))


def publish(submission: Submission) -> Submission:
    return publish_submission(submission_id=submission.pk, as_of=timezone.now())


#: The measures of these tests are all better the higher they are.
HIGHER: dict[tuple[int, int], bool] = defaultdict(lambda: True)
UNIT = ["measure_id", "team_id", "by_site", "site_id", "line_of_business"]


def rules_of(source: Source) -> dict[int, Any]:
    return dict(Computation.objects.filter(source=source).values_list("pk", "reference_rules"))


def results(source: Source) -> pd.DataFrame:
    """Results of all units: those of the programme and the teams as stored, their parts as read."""
    fields = [f.attname for f in StratumResult._meta.concrete_fields if f.attname != "id"]
    whole = pd.DataFrame(
        StratumResult.objects.filter(source=source).values_list(*fields), columns=fields
    ).assign(by_site=False, site_id=None, line_of_business=None)
    parts, rules = read_parts(PartResult.objects.filter(source=source)), rules_of(source)
    rows = []
    for number, stratum_set in enumerate(StratumSet.objects.exclude(code="all")):
        found = work_out_parts(
            parts,
            rules=rules,
            strata=Stratum.objects.filter(stratum_set__code__in=[stratum_set.code, "all"]),
            higher_is_better=HIGHER,
            measure_ids=None,
        )
        # Everyone comes with each set.
        rows += [row for row in found if number == 0 or row["stratum_id"] != 1]
    table = pd.concat([whole, pd.DataFrame(rows)], ignore_index=True)
    table[["site_id", "line_of_business"]] = table[["site_id", "line_of_business"]].astype("Int64")
    return table.sort_values([*UNIT, "stratum_id"], ignore_index=True)


def written_by(source: Source, data_version: int) -> pd.DataFrame:
    table = results(source)
    made = Computation.objects.filter(source=source, data_version=data_version)
    return table[table.computation_id.isin(made.values_list("pk", flat=True))]


def test_every_count_equals_a_plain_group_by(world: World) -> None:
    publish(world.submission)
    table = results(world.source)
    keys = {
        "programme": [],
        "team": ["team_id"],
        "site": ["team_id", "site_id"],
        "line": ["team_id", "line_of_business"],
    }
    checked = 0
    for name, unit in keys.items():
        stored = table[
            (table.team_id.notna() == ("team_id" in unit))
            & (table.by_site == ("site_id" in unit))
            & (table.line_of_business.notna() == ("line_of_business" in unit))
        ]
        for stratum_set in ("all", "race", "ethnicity", "combined"):
            rows = world.rows.assign(
                stratum_id=world.rows[stratum_set] if stratum_set != "all" else 1
            )
            counts = ["denominator", "numerator"]
            if name in ("programme", "team"):
                counts.append("excluded")
            expected = rows.groupby(["measure_id", *unit, "stratum_id"])[counts].sum()
            expected = expected[expected.sum(axis=1) > 0]
            got = stored.set_index(["measure_id", *unit, "stratum_id"])[counts]
            got = got[got.index.get_level_values("stratum_id").isin(rows.stratum_id.unique())]
            got = got[got.sum(axis=1) > 0]
            got.index = got.index.set_levels([level.astype(int) for level in got.index.levels])
            pd.testing.assert_frame_equal(
                got.sort_index(), expected.sort_index(), check_names=False, check_dtype=False
            )
            checked += len(got)
        assert len(stored), name
    assert checked > 400


def test_rates_and_gaps_follow_from_the_counts(world: World) -> None:
    publish(world.submission)
    table = results(world.source)
    table = table[table.denominator > 0]
    assert (table.rate == table.numerator / table.denominator).all()
    assert (table.rate_lower <= table.rate).all() and (table.rate <= table.rate_upper).all()
    black = table[table.stratum_id == 11]
    white = table[table.stratum_id == 10].set_index(
        [table[u].fillna(-1)[table.stratum_id == 10] for u in UNIT]
    )
    compared = black[black.gap.notna()]
    assert len(compared) > 60
    for row in compared.itertuples():
        key = tuple(-1 if pd.isna(v := getattr(row, u)) else v for u in UNIT)
        reference = white.loc[key]
        assert row.gap == pytest.approx(row.rate - reference.rate, abs=1e-12)
        assert row.gap_lower < row.gap < row.gap_upper
        short = -(
            -(row.denominator * reference.numerator - row.numerator * reference.denominator)
            // reference.denominator
        )
        assert row.patients_to_parity == max(short, 0)
        assert row.reference_id == 10


def test_small_strata_are_hidden_from_others_and_not_from_the_group(world: World) -> None:
    publish(world.submission)
    table = results(world.source)
    small = table[(table.denominator > 0) & (table.denominator < 11)]
    assert len(small) > 50
    assert set(small.state) <= {
        int(CellState.PRIVACY_PRIMARY),
        int(CellState.PRIVACY_COMPLEMENTARY),
    }
    combined = small[small.stratum_id.between(30, 39)]
    assert set(combined.state) == {int(CellState.PRIVACY_PRIMARY)}
    assert set(small.own_state) == {int(CellState.SMALL_DENOMINATOR)}
    assert not (small.gap_state == int(GapState.SHOWN)).any()
    assert small.q_value.isna().all()


def test_adjusted_p_spans_all_measures_of_a_unit(world: World) -> None:
    from scipy.stats import false_discovery_control

    publish(world.submission)
    table = results(world.source)
    shown = table[
        (table.gap_state == int(GapState.SHOWN)) & table.team_id.isna() & (~table.by_site)
    ]
    programme = shown[shown.line_of_business.isna() & shown.stratum_id.between(30, 39)]
    assert programme.measure_id.nunique() == 3
    expected = false_discovery_control(programme.p_value.to_numpy())
    assert programme.q_value.to_numpy() == pytest.approx(expected, abs=1e-12)


def test_a_correction_writes_only_what_it_touches(world: World) -> None:
    publish(world.submission)
    before = results(world.source)
    team = next(iter(world.teams))
    measure = definitions.measure("CBP").pk
    corrected = world.rows[(world.rows.team_id == team) & (world.rows.measure_id == measure)].copy()
    site = world.teams[team][0]
    changed_rows = corrected.index[
        (corrected.site_id == site) & (corrected.race == 10) & (corrected.denominator == 1)
    ][:5]
    corrected.loc[changed_rows, "numerator"] = 1 - corrected.loc[changed_rows, "numerator"]
    submission = publish(load_rows(world.source, corrected))
    after = results(world.source)

    fresh = written_by(world.source, 2)
    assert set(fresh.measure_id) == {measure}
    kept = after.drop(fresh.index).set_index([*UNIT, "stratum_id"])
    numbers = ["denominator", "numerator", "rate", "gap", "state", "gap_state"]
    pd.testing.assert_frame_equal(
        before.set_index([*UNIT, "stratum_id"]).loc[kept.index, numbers], kept[numbers]
    )
    # The parts that hold the corrected rows, the team and the programme; no other part of the team.
    parts = fresh[fresh.team_id.eq(team) & fresh.by_site]
    assert set(parts.site_id) == {site}
    assert 0 < len(fresh) < 0.1 * len(before)
    computation = Computation.objects.filter(source=world.source).latest("computed_at")
    assert Computation.objects.filter(data_version=2).count() == 1
    assert (computation.measure_id, computation.changed_count) == (measure, len(fresh))
    assert submission.data_version == 2


def test_superseded_slices_stay_answerable(world: World) -> None:
    publish(world.submission)
    team = next(iter(world.teams))
    corrected = world.rows[world.rows.team_id == team]
    second = publish(load_rows(world.source, corrected))
    old = Slice.objects.filter(submission=world.submission, team_id=team)
    assert {(s.is_current, s.superseded_by_id) for s in old} == {(False, second.pk)}
    assert world.submission.cells.filter(team_id=team).exists()
    assert Slice.objects.filter(is_current=True, team_id=team).count() == 3


def test_publishing_twice_is_refused_and_changes_nothing(world: World) -> None:
    publish(world.submission)
    before = results(world.source)
    with pytest.raises(StateRefused, match="only a loaded one can be published"):
        publish(world.submission)
    pd.testing.assert_frame_equal(before, results(world.source))


def test_the_same_data_again_writes_no_result(world: World) -> None:
    publish(world.submission)
    publish(load_rows(world.source, world.rows))
    assert {c.changed_count for c in Computation.objects.filter(data_version=2)} == {0}


def test_what_is_read_of_one_measure_is_adjusted_over_all(world: World) -> None:
    from scipy.stats import false_discovery_control

    publish(world.submission)
    every = results(world.source)
    place = PartResult.objects.filter(
        source=world.source, by_site=False, team_id=next(iter(world.teams)), line_of_business=1
    )
    strata = list(Stratum.objects.filter(stratum_set__code__in=["combined", "all"]))
    one = work_out_parts(
        read_parts(place),
        rules=rules_of(world.source),
        strata=strata,
        higher_is_better=HIGHER,
        measure_ids=[definitions.measure("CBP").pk],
    )
    assert {row["measure_id"] for row in one} == {definitions.measure("CBP").pk}
    family = every[
        (every.team_id == next(iter(world.teams)))
        & (every.line_of_business == 1)
        & every.stratum_id.isin([s.pk for s in strata])
        & (every.gap_state == int(GapState.SHOWN))
    ]
    assert family.measure_id.nunique() > 1
    expected = false_discovery_control(family.p_value.to_numpy(dtype=float))
    wanted = dict(
        zip(
            family.stratum_id[family.measure_id == one[0]["measure_id"]],
            expected[(family.measure_id == one[0]["measure_id"]).to_numpy()],
            strict=True,
        )
    )
    assert wanted
    got = {row["stratum_id"]: row["q_value"] for row in one if row["q_value"] is not None}
    assert got == pytest.approx(wanted, abs=1e-12)

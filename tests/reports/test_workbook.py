"""The workbook of a dashboard holds what the page's reader may see: numbers as numbers, states as words."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.utils import timezone

from measures.actions.recompute import publish_submission
from measures.models import StratumResult
from measures.stats.states import CellState
from teams.enums import OrganisationKind, Role
from teams.models import AuditEvent, Team
from tests.factories import definitions
from tests.factories.cells import load_rows, make_period, make_source, random_rows
from tests.factories.people import make_organisation, make_site, make_team, make_user, signed_in


@pytest.fixture
def teams(db: None) -> list[Team]:
    definitions.load()
    teams = [make_team(name=name) for name in ("Alder Health", "=Birch & Co", "Cedar Care")]
    rows = random_rows(
        5,
        teams={team.pk: [make_site(team=team).pk] for team in teams},
        measures=[definitions.measure(code).pk for code in ("CBP", "COL-E")],
        period_id=make_period("2024").pk,
        size=4000,
    )
    source = make_source(make_organisation(OrganisationKind.PAYER))
    publish_submission(submission_id=load_rows(source, rows).pk, as_of=timezone.now())
    return teams


def sheet(content: bytes, name: str) -> list[dict[str, object]]:
    rows = list(openpyxl.load_workbook(io.BytesIO(content))[name].iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_overview_has_a_row_per_measure_and_group_and_words_for_hidden_numbers(
    teams: list[Team],
) -> None:
    analyst = make_user(Role.PAYER_ANALYST)
    content = signed_in(analyst).get("/programme/figures.xlsx").content
    rates = sheet(content, "Rates")
    groups = {"All groups"} | {team.name for team in teams}
    assert {(r["Measure"], r["Group"]) for r in rates} == {
        (code, group) for code in ("CBP", "COL-E") for group in groups
    }
    by_name = {team.name: team for team in teams}
    shown = 0
    for stratum in ("nh_white", "nh_asian", "nh_aian"):
        label = definitions.stratum(f"combined:{stratum}").label
        for row in rates:
            stored = StratumResult.objects.filter(
                measure__code=row["Measure"],
                stratum__code=stratum,
            ).get(team=None if row["Group"] == "All groups" else by_name[row["Group"]])
            if stored.state == CellState.SHOWN:
                shown += 1
                assert row[label] == pytest.approx(100 * stored.rate, abs=0.051)
            else:
                assert isinstance(row[label], str), row
    assert shown > 3


def test_a_group_gets_its_own_small_numbers_and_nobody_elses(teams: list[Team]) -> None:
    lead = make_user(Role.GROUP_LEAD, team=teams[1])
    client = signed_in(lead)
    content = client.get(f"/teams/{teams[1].code}/figures.xlsx").content
    figures = sheet(content, "Figures")
    assert {row["team"] for row in figures} == {"=Birch & Co"}
    assert any(row["denominator"] and row["denominator"] < 11 for row in figures)
    assert client.get(f"/teams/{teams[0].code}/figures.xlsx").status_code == 404
    event = AuditEvent.objects.get(act="download_results")
    assert (event.actor, event.team, event.details["form"]) == (lead, teams[1], "xlsx")


def test_names_are_never_formulas(teams: list[Team]) -> None:
    content = signed_in(make_user(Role.PAYER_ANALYST)).get("/programme/figures.xlsx").content
    book = openpyxl.load_workbook(io.BytesIO(content))
    kinds = {cell.data_type for page in book for row in page.iter_rows() for cell in row}
    assert "f" not in kinds and {"n", "s"} <= kinds

"""What a group takes away says the same, and costs the same, whatever other groups have.

Which of a group's cells are hidden from others (and so which comparisons count for q) depends on all groups;
here both have enough people before and after. Numbers of another group must not show in any file of a group: not
as a number, a count of rows, a size, an error or the work that the answer takes. Work is counted in statements;
of rows a group has as many results for ten people as for a million.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from measures.models import StratumResult
from teams.enums import Role
from tests.factories.people import make_token, make_user, signed_in
from tests.factories.submissions import csv_bytes, make_groups, make_source, row, send

pytestmark = pytest.mark.django_db

EXPORTS = (
    "/teams/G01/figures.csv",
    "/teams/G01/figures.xlsx",
    "/teams/G01/sites.csv",
    "/teams/G01/completeness.csv",
    "/teams/G01/measures/CBP/figures.csv",
    "/teams/G01/measures/CBP/indices.csv",
    "/api/v1/results/?team=G01&unit=site",
    "/api/v1/results/",
)
RACES = ("white", "black", "asian")


def rows_of(group: str, people: int, met: int) -> list[dict[str, Any]]:
    return [
        row(
            member_id=f"{group}-{n}",
            group_id=group,
            site_id=f"{group}-S{n % 2}",
            race=RACES[n % 3],
            ethnicity="not hispanic",
            numerator=int(n % 10 < met),
        )
        for n in range(people)
    ]


#: When a number was computed last and after how many loads of the source: not a number of anybody.
AS_OF = ("computed_at", "data_version")


def content(answer: Any) -> Any:
    """What is in a file. A workbook is a zip with the hour in it, so its cells are compared."""
    kind = answer["Content-Type"]
    if kind.startswith("application/vnd"):
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        rows = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
        at = [i for row in rows for i, cell in enumerate(row) if cell in AS_OF]
        return [[cell for i, cell in enumerate(row) if i not in at] for row in rows]
    if kind.startswith("text/csv"):
        lines = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        return [{k: v for k, v in line.items() if k not in AS_OF} for line in lines]
    found = answer.json()
    return found | {
        "results": [{k: v for k, v in r.items() if k not in AS_OF} for r in found["results"]]
    }


def take_away(client: Client, path: str) -> tuple[int, Any, int]:
    """(status, content, statements) of an export."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    return answer.status_code, content(answer), len(queries)


def everything(client: Client) -> dict[str, tuple[int, Any, int]]:
    return {path: take_away(client, path) for path in EXPORTS}


def test_exports_do_not_depend_on_another_groups_data() -> None:
    make_groups()
    source = make_source()
    send(source, csv_bytes([*rows_of("G01", 400, 6), *rows_of("G02", 600, 3)]))
    lead = make_user(Role.GROUP_LEAD, team=StratumResult.objects.filter(team__code="G01")[0].team)
    client = signed_in(lead)
    client.get(EXPORTS[0])  # whatever is kept from the first look on
    before = everything(client)
    assert {status for status, _, _ in before.values()} == {200}

    results = StratumResult.objects.count()
    submission = send(source, csv_bytes(rows_of("G02", 1500, 8)), replace_confirmed=True)
    assert submission.state == "published", submission.refusal
    mine = StratumResult.objects.filter(team__code="G02", stratum__code="all").get()
    assert (mine.denominator, mine.numerator) == (1500, 1200)
    assert StratumResult.objects.count() == results
    for path, answer in everything(client).items():
        assert answer == before[path], path


def test_an_error_says_nothing_of_another_group() -> None:
    """A group that has data and one that does not exist are answered alike."""
    make_groups()
    source = make_source()
    send(source, csv_bytes([*rows_of("G01", 400, 6), *rows_of("G02", 400, 6)]))
    lead = make_user(Role.GROUP_LEAD, team=StratumResult.objects.filter(team__code="G01")[0].team)
    client = signed_in(lead)
    key = {"authorization": f"Token {make_token(lead)}"}
    for path in (EXPORTS[0], EXPORTS[4], EXPORTS[6]):
        for of in (Client(headers=key),) if path.startswith("/api") else (client,):
            there = of.get(path.replace("G01", "G02"))
            nowhere = of.get(path.replace("G01", "G99"))
            assert there.status_code == nowhere.status_code
            assert there.status_code in (302, 401, 403, 404), path
            if there.status_code == 404:
                assert len(there.content) == len(nowhere.content), path

"""Member rows are walled off by the database itself, and names are nowhere."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from measures.ingest.load import WALLED, partition_of
from measures.models import MemberFact, MemberRow, Source, Submission
from teams.models import Team
from teams.scoping import member_rows_of
from tests.factories.submissions import csv_bytes, make_groups, make_source, row, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def groups() -> tuple[Team, Team]:
    return make_groups()


@pytest.fixture
def submission(groups: tuple[Team, Team]) -> Submission:
    rows = [row(member_id=f"a{i}") for i in range(5)]
    rows += [row(member_id=f"b{i}", group_id="G02", site_id="S2") for i in range(7)]
    return send(make_source(), csv_bytes(rows))


def count(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def test_rows_exist_for_their_team_alone(groups: tuple[Team, Team], submission: Submission) -> None:
    first, second = groups
    for model in (MemberRow, MemberFact):
        assert model.objects.count() == 0
        for teams, expected in (([first], 5), ([second], 7), (groups, 12), ([], 0)):
            with member_rows_of([t.pk for t in teams]):
                assert model.objects.count() == expected
        assert model.objects.count() == 0


def test_partition_itself_shows_nothing(groups: tuple[Team, Team], submission: Submission) -> None:
    for parent, rows in zip(WALLED, (12, 2), strict=True):  # members; a block of facts per group
        partition = partition_of(parent, submission.pk)
        with member_rows_of([t.pk for t in groups]):
            assert count(f"select count(*) from {parent}") == rows
            assert count(f"select count(*) from {partition}") == 0
        with connection.cursor() as cursor:
            cursor.execute(
                "select relrowsecurity, relforcerowsecurity from pg_class where relname = %s",
                [partition],
            )
            assert cursor.fetchone() == (True, True)


def test_role_of_the_application_cannot_walk_around_the_wall() -> None:
    assert (
        count(
            "select count(*) from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)"
        )
        == 0
    )


SECRETS = ("Zulauf-Quetzal", "Wilhelmina-Xyzzy", "MEMBER-KEY-7319")


@pytest.mark.parametrize("own_file", [False, True])
def test_names_and_keys_are_nowhere(
    groups: tuple[Team, Team],
    own_file: bool,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """Good rows and bad ones: the whole database and every file but the upload are searched."""
    source = make_source(team=groups[0], code="own") if own_file else make_source()
    last, first, key = SECRETS
    rows = [
        row(member_id=f"{key}-{i}", last_name=last, first_name=first, zip="2139", race="white")
        for i in range(90)
    ]
    rows[3]["numerator"] = "9"
    rows.append(rows[5] | {"numerator": "1"})
    Source.objects.update(name="Claims")
    # The file as it was sent is deleted once its copy without names is committed.
    with django_capture_on_commit_callbacks(execute=True):
        submission = send(source, csv_bytes(rows))
    assert submission.state == "published"
    with caplog.at_level("DEBUG"):
        everything = dump()
        assert "zip_zero_restored" in everything  # the search does see what is there
        root = Path(settings.STATE_DIR)
        for path in root.rglob("*"):
            if path.is_file() and str(path.relative_to(root)) != submission.stored_as:
                everything += path.read_bytes().decode("latin-1")
    for secret in SECRETS:
        for form in (secret, secret.lower(), secret.encode().hex()):
            assert form not in everything + caplog.text


def dump() -> str:
    """Every row of every table as text, the partitions of member rows through their parents."""
    with connection.cursor() as cursor, member_rows_of(Team.objects.values_list("id", flat=True)):
        cursor.execute(
            "select c.oid::regclass::text from pg_class c where c.relkind in ('r', 'p')"
            " and c.relnamespace = 'public'::regnamespace and not c.relispartition"
        )
        tables = [name for (name,) in cursor.fetchall()]
        out = io.StringIO()
        for table in tables:
            cursor.execute(f"select t::text from {table} t")
            for (text,) in cursor.fetchall():
                out.write(text + "\n")
    assert "measures_memberrow" in tables
    return out.getvalue()

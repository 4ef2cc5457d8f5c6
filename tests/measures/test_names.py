"""Names pass through and are nowhere afterwards: not in the database, the file store, the logs."""

from __future__ import annotations

import gzip
import logging
import zipfile
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from django.db import connection
from django.utils import timezone

from collaborative.celery import app
from measures import tasks
from measures.actions import submissions
from measures.actions.submissions import process_submission
from measures.enums import SubmissionState
from measures.ingest.without_names import SUFFIX
from measures.models import ImputedSlice, Submission
from tests.factories.submissions import (
    AS_OF,
    csv_bytes,
    make_groups,
    make_source,
    receive,
    row,
    send,
)
from tests.measures.test_imputing import state, tables  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def commits(django_capture_on_commit_callbacks):
    """What is done on commit is done when the block ends."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


LAST, FIRST = "Zyxwvutsmith-García", "Qponmlkmaria"
#: Pieces of the names that would betray them in any case or encoding.
PIECES = ("zyxwvut", "qponmlk")


def person(number, **values):
    return row(member_id=f"m{number}", last_name=LAST, first_name=FIRST, zip="02139", **values)


def in_database() -> list[str]:
    """Tables in which a piece stands in any column, as text or as bytes."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("select string_agg(id::text, ',') from teams_team")
        # Without this the member rows would look empty.
        cursor.execute("select set_config('app.team_ids', %s, false)", [cursor.fetchone()[0]])
        cursor.execute(
            "select tablename from pg_tables where schemaname = 'public'"
            " union select 'measures_memberrow' union select 'measures_memberfact'"
        )
        for (table,) in cursor.fetchall():
            for piece in PIECES:
                cursor.execute(
                    f'select exists (select 1 from "{table}" t where t::text ilike %s or t::text ilike %s)',
                    [f"%{piece}%", f"%{piece.encode().hex()}%"],
                )
                if cursor.fetchone()[0]:
                    found.append(f"{table}: {piece}")
        cursor.execute("select set_config('app.team_ids', '', false)")
    return found


def in_files(folder: Path) -> list[str]:
    """Files below the folder that hold a piece, packed ones unpacked."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if data.startswith(b"\x1f\x8b"):
                data += gzip.decompress(data)
            if data.startswith(b"PK"):
                with zipfile.ZipFile(BytesIO(data)) as archive:
                    data += b"".join(archive.read(name) for name in archive.namelist())
            if data.startswith(b"PAR1"):
                data += pl.read_parquet(BytesIO(data)).write_csv().encode()
            text = data.decode("utf-8", "ignore").lower()
            found += [f"{path.name}: {piece}" for piece in PIECES if piece in text]
    return found


def nowhere(folder, caplog) -> None:
    assert in_database() == []
    assert in_files(folder) == []
    assert not any(piece in caplog.text.lower() for piece in PIECES)


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data)


def zipped(data: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("results.csv", data)
    return buffer.getvalue()


def as_parquet(data: bytes) -> bytes:
    buffer = BytesIO()
    pl.read_csv(data, infer_schema=False).write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("packed", [bytes, gzipped, zipped, as_parquet])
def test_names_are_nowhere_after_a_load(packed, state, tables, caplog, commits):  # noqa: F811
    caplog.set_level(logging.DEBUG)
    make_groups()
    data = packed(csv_bytes([person(1), person(2, numerator=1), person(3, tract="12")]))
    source = make_source()
    waiting = receive(source, data)
    assert in_files(state) != [], "the search must find names where there are some"
    with commits():
        process_submission(submission_id=waiting.pk, as_of=AS_OF)
    waiting.refresh_from_db()
    assert waiting.state == SubmissionState.PUBLISHED, waiting.refusal
    assert waiting.findings.exists()
    assert ImputedSlice.objects.exists()
    nowhere(state, caplog)
    assert waiting.stored_as.endswith(SUFFIX)


def test_kept_file_holds_everything_else(state, tables):  # noqa: F811
    make_groups()
    submission = send(make_source(), csv_bytes([person(1), person(2, numerator=1)]))
    kept = pl.read_csv(state / submission.stored_as, infer_schema=False)
    assert kept.columns == [*row(), "zip"]
    assert kept["member_id"].to_list() == ["m1", "m2"] and kept["zip"].to_list() == ["02139"] * 2
    assert submission.stored_as.split("/")[-1] == submission.sha256 + SUFFIX


def test_names_under_other_headers_go_too(state, tables, caplog, commits):  # noqa: F811
    make_groups()
    rows = [
        {**row(member_id="m1"), "Patient Last Name": LAST, "Given_Name": FIRST, "Full name": FIRST}
    ]
    mapping = {"columns": {"last_name": {"header": "Patient Last Name"}}}
    with commits():
        submission = send(make_source(), csv_bytes(rows), mapping=mapping)
    assert submission.state == SubmissionState.PUBLISHED
    nowhere(state, caplog)


def test_same_file_again_is_the_same_submission_and_leaves_no_names(state, tables, caplog, commits):  # noqa: F811
    make_groups()
    source, data = make_source(), csv_bytes([person(1)])
    with commits():
        first = send(source, data)
    with commits():
        again = send(source, data)
    assert again.pk == first.pk and again.stored_as == first.stored_as
    nowhere(state, caplog)


def test_names_stay_for_another_source_that_has_not_read_them(state, tables, commits):  # noqa: F811
    make_groups()
    data = csv_bytes([person(1)])
    one, two = make_source(), make_source(code="second")
    waiting = receive(two, data)
    with commits():
        send(one, data)
    assert in_files(state) != []
    with commits():
        process_submission(submission_id=waiting.pk, as_of=AS_OF)
    waiting.refresh_from_db()
    assert waiting.state == SubmissionState.PUBLISHED, waiting.refusal
    assert Submission.objects.filter(stored_as__endswith=SUFFIX).count() == 2
    assert in_files(state) == []


def test_file_without_names_is_kept_as_it_came(state):  # noqa: F811
    make_groups()
    data = csv_bytes([row()])
    submission = send(make_source(), data)
    assert (state / submission.stored_as).read_bytes() == data


def test_file_of_a_worker_that_was_killed_after_publishing_is_swept(state, tables, caplog, commits):  # noqa: F811
    make_groups()
    source = make_source()
    waiting = receive(source, csv_bytes([person(1)]))
    while Submission.objects.get(pk=waiting.pk).state != SubmissionState.PUBLISHED:
        submissions._take_step(waiting.pk, timezone.now())
    assert in_files(state) != []
    app.conf.task_always_eager = True
    try:
        with commits():
            tasks.sweep_submissions.delay()
    finally:
        app.conf.task_always_eager = False
    nowhere(state, caplog)

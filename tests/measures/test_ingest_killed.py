"""A worker that is killed in the middle of any step leaves the state before, and the next attempt the same numbers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from measures.actions.submissions import process_submission
from measures.enums import SubmissionState as State
from measures.models import (
    Cell,
    Computation,
    MemberFact,
    MemberRow,
    PartResult,
    RealCount,
    Slice,
    StratumResult,
    Submission,
)
from teams.models import AuditEvent, Team
from teams.scoping import member_rows_of
from tests.factories.submissions import (
    AS_OF,
    csv_bytes,
    make_groups,
    make_source,
    receive,
    row,
    send,
)

pytestmark = pytest.mark.django_db(transaction=True)

REPOSITORY = Path(__file__).parents[2]
WORK = "import django; django.setup(); from measures.tasks import process_submission; process_submission({})"


def make_file() -> bytes:
    rows = [
        row(
            member_id=f"m{i % 400}",
            measure_id=("CBP", "COL-E", "BCS-E")[i // 400],
            group_id=f"G0{1 + i % 2}",
            site_id=f"S{1 + i % 2}",
            numerator=(i * 7) % 3 == 0,
            race=("white", "black", "", "ASKU")[i % 4],
            zip="2139",
        )
        for i in range(1200)
    ]
    for one in rows:
        one["numerator"] = str(int(one["numerator"] == "True"))
    rows[7]["denominator"] = "x"
    return csv_bytes(rows)


FILE = make_file()


def start_worker(submission_id: int) -> subprocess.Popen[bytes]:
    database = connection.settings_dict
    host, port = database["HOST"] or "", database["PORT"] or ""
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    query = f"?host={host}" if host.startswith("/") else ""
    place = "" if query else f"{host}:{port}" if port else host
    url = f"postgres://{database['USER']}{password}@{place}/{database['NAME']}{query}"
    return subprocess.Popen(
        [sys.executable, "-c", WORK.format(submission_id)],
        cwd=REPOSITORY,
        env=os.environ
        | {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "collaborative.settings",
            "STATE_DIR": str(settings.STATE_DIR),
            "DATA_KEY": settings.DATA_KEY,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def kill_while_it_waits_for(table: str, submission_id: int) -> None:
    """Let a worker run until it wants to write to a table that is locked, and kill it there."""
    holder = psycopg2.connect(**connection.get_connection_params())
    with holder.cursor() as cursor:
        cursor.execute(f"lock table {table} in exclusive mode")
        worker = start_worker(submission_id)
        try:
            for _ in range(600):
                cursor.execute(
                    "select count(*) from pg_locks where not granted and relation = %s::regclass",
                    [table],
                )
                if cursor.fetchone()[0]:
                    break
                assert worker.poll() is None, worker.stderr.read().decode()  # type: ignore[union-attr]
                time.sleep(0.05)
            else:
                pytest.fail(f"The worker never came to {table}.")
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            worker.stderr.close()  # type: ignore[union-attr]
    holder.rollback()
    holder.close()
    wait_until_alone()


def wait_until_alone() -> None:
    """The server ends a dead worker's transaction when it notices that nobody is there any more."""
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute(
                "select count(*) from pg_locks where locktype = 'advisory'"
                " and database = (select oid from pg_database where datname = current_database())"
            )
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.05)
    pytest.fail("The dead worker's lock is still held.")


def everything(submission: Submission) -> dict[str, list[Any]]:
    """All numbers of a submission and the results that rest on it, without what depends on source and attempt."""
    own = {"submission_id": submission.pk}
    with member_rows_of(Team.objects.values_list("id", flat=True)):
        return {
            "cells": listed(Cell.objects.filter(**own)),
            "slices": listed(Slice.objects.filter(**own)),
            "real": listed(RealCount.objects.filter(**own)),
            "findings": listed(submission.findings),
            "members": listed(MemberRow.objects.filter(**own)),
            "facts": listed(MemberFact.objects.filter(**own)),
            "results": listed(StratumResult.objects.filter(source=submission.source)),
            "parts": listed(PartResult.objects.filter(source=submission.source)),
        }


#: Keys of members are hashed with a key of the source.
_LEFT_OUT = {"id", "submission_id", "source_id", "computation_id", "member_key"}


def listed(rows: Any) -> list[str]:
    return sorted(
        str(sorted((k, v) for k, v in r.items() if k not in _LEFT_OUT)) for r in rows.values()
    )


#: A table that a step wants to write to, and the state that a worker killed there leaves behind.
MOMENTS = [
    ("measures_finding", State.RECEIVED),
    ("measures_cell", State.CHECKED),
    ("measures_factblock", State.CHECKED),  # after the rows are copied, before they are attached
    ("measures_stratumresult", State.LOADED),
    ("measures_partresult", State.LOADED),  # after the results of teams are written
]


def test_killed_worker_costs_nothing() -> None:
    """Each moment with a source of its own, against one undisturbed run of the same file."""
    make_groups()
    undisturbed = send(make_source(), FILE)
    expected = everything(undisturbed)
    assert undisturbed.state == State.PUBLISHED
    assert len(expected["facts"]) == 1199
    assert expected["results"] and expected["parts"]
    for number, (table, left_at) in enumerate(MOMENTS):
        submission = receive(make_source(code=f"payer{number}"), FILE)
        kill_while_it_waits_for(table, submission.pk)
        submission.refresh_from_db()
        assert submission.state == left_at, table
        assert not Slice.objects.filter(submission=submission, is_current=True).exists()
        if left_at != State.LOADED:
            assert not Cell.objects.filter(submission=submission).exists()
            with connection.cursor() as cursor:
                cursor.execute(
                    "select count(*) from pg_class where relname like %s", [f"%_s{submission.pk}"]
                )
                assert cursor.fetchone() == (0,)

        assert process_submission(submission_id=submission.pk, as_of=AS_OF) == State.PUBLISHED
        submission.refresh_from_db()
        assert submission.attempt_count == 0
        assert everything(submission) == expected, table
        told = AuditEvent.objects.filter(object_id=str(submission.pk), act="advance_submission")
        assert [e.details["to"] for e in told.order_by("at")] == ["checked", "loaded"]
        assert Computation.objects.filter(source=submission.source).count() == 3


def test_second_worker_leaves_a_busy_submission_alone() -> None:
    make_groups()
    submission = receive(make_source(), FILE)
    holder = psycopg2.connect(**connection.get_connection_params())
    with holder.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(7201, %s)", [submission.pk])
        assert process_submission(submission_id=submission.pk, as_of=AS_OF) is None
    holder.close()
    submission.refresh_from_db()
    assert submission.state == State.RECEIVED
    wait_until_alone()
    assert process_submission(submission_id=submission.pk, as_of=AS_OF) == State.PUBLISHED


def test_progress_is_seen_from_outside_while_the_step_is_at_work() -> None:
    make_groups()
    submission = receive(make_source(), FILE)
    holder = psycopg2.connect(**connection.get_connection_params())
    with holder.cursor() as cursor:
        cursor.execute("lock table measures_factblock in exclusive mode")
        worker = start_worker(submission.pk)
        try:
            for _ in range(600):
                submission.refresh_from_db()
                if submission.state == State.CHECKED and submission.progress_total > 1199:
                    break
                time.sleep(0.05)
        finally:
            worker.kill()
            worker.wait()
            worker.stderr.close()  # type: ignore[union-attr]
    holder.close()
    assert submission.progress_total >= 1199
    assert 0 < submission.progress_done <= submission.progress_total
    assert submission.attempt_count == 1
    wait_until_alone()

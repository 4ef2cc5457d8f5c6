"""`manage.py up`, started and stopped like a person does it, with its real servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dj_database_url
import psycopg2
import pytest

from tests.collaborative.installation import (
    PROJECT,
    Installation,
    children,
    clean_environment,
    left_after,
    wait_until,
    waits,
)

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder that a first start leaves; starting from a copy of it spares the migrations."""
    installation = Installation(tmp_path_factory.mktemp("first") / "state")
    assert installation.stop(signal.SIGINT) == 0
    return installation.state


def copied(state: Path, folder: Path) -> Path:
    """A copy with owners and modes: PostgreSQL refuses a folder of somebody else."""
    subprocess.run(["cp", "-a", state, folder], check=True)
    return folder / state.name


@pytest.fixture(scope="module")
def installation(
    first_start: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A running copy that no test breaks; its folder has mode 0700, like a home."""
    installation = Installation(copied(first_start, tmp_path_factory.mktemp("up")))
    yield installation
    processes = installation.processes()
    sockets = Path(installation.running["sockets"])
    assert installation.stop(signal.SIGTERM) == 0
    assert left_after(processes, 0) == {}
    assert not sockets.exists()
    assert installation.said().rstrip().endswith("Stopped.")


def manage(state: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), *arguments],
        env=clean_environment(STATE_DIR=str(state), **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def database(installation: Installation) -> psycopg2.extensions.connection:
    parts = dj_database_url.parse(installation.running["environment"]["DATABASE_URL"])
    connection = psycopg2.connect(
        host=parts["HOST"], port=parts["PORT"], user=parts["USER"], dbname=parts["NAME"]
    )
    connection.autocommit = True
    return connection


def ask(installation: Installation, statement: str) -> list[tuple]:
    with closing(database(installation)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_page_is_answered_on_the_printed_address(installation: Installation) -> None:
    with urllib.request.urlopen(installation.address, timeout=30) as answer:
        assert answer.status == 200
        page = answer.read().decode()
    # Hashed and compressed by the build: the page names a file that is answered, to be cached for ever.
    path = page.partition('href="/static/')[2].partition('"')[0]
    with urllib.request.urlopen(f"{installation.address}static/{path}", timeout=30) as answer:
        assert "immutable" in answer.headers["Cache-Control"]


def test_role_of_the_application_has_no_powers_but_its_own_database(
    installation: Installation,
) -> None:
    assert ask(
        installation,
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user",
    ) == [(False, False, False, True)]
    assert ask(
        installation,
        "select pg_get_userbyid(datdba) = current_user from pg_database where datname = current_database()",
    ) == [(True,)]
    ask(installation, "create extension if not exists pg_trgm")
    ask(installation, "create extension if not exists unaccent")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(installation, "create role other superuser")


def test_servers_listen_on_no_port_and_their_folder_is_private(installation: Installation) -> None:
    assert ask(installation, "show listen_addresses") == [("",)]
    sockets = Path(installation.running["sockets"])
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert len(str(sockets / ".s.PGSQL.5432.lock")) <= 107


def test_servers_do_not_run_as_root(installation: Installation) -> None:
    for part in ("bin/postgres", "valkey-server"):
        number = installation.process_named(part)
        assert Path(f"/proc/{number}").stat().st_uid == (os.getuid() or 65534)


def test_database_is_migrated(installation: Installation) -> None:
    assert manage(installation.state, "migrate", "--check").returncode == 0


def test_worker_answers_over_the_broker(installation: Installation) -> None:
    def answers() -> bool:
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "celery",
                "--app",
                "collaborative",
                "inspect",
                "ping",
                "-t",
                "5",
            ],
            cwd=PROJECT,
            env=clean_environment(
                SECRET_KEY="x" * 50,
                STATE_DIR=str(installation.state),
                **installation.running["environment"],
            ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return "1 node online" in result.stdout

    # Another test may have killed the worker a moment ago; its successor needs some seconds.
    wait_until(answers, 90)


def test_second_start_of_the_same_copy_is_refused(installation: Installation) -> None:
    result = manage(installation.state, "up", "--port", "0")
    assert result.returncode != 0
    assert f"This copy is already running at {installation.address}" in result.stderr
    assert "Traceback" not in result.stderr


def test_taken_port_is_refused_with_a_sentence(installation: Installation, tmp_path: Path) -> None:
    port = installation.address.rstrip("/").rpartition(":")[2]
    result = manage(tmp_path / "state", "up", "--port", port)
    assert result.returncode != 0
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in result.stderr
    assert "Traceback" not in result.stderr


def test_killed_worker_leaves_no_process_and_is_started_again(installation: Installation) -> None:
    worker = installation.process_named("collaborative\0worker")
    log = installation.state / "logs" / "worker.log"
    wait_until(lambda: log.exists() and " ready." in log.read_text(), 60)
    pool = wait_until(lambda: children(worker), 30)
    wait_until(lambda: all(waits(process) for process in pool), 30)
    # Busy with a task, as far as its parent can tell; an idle one would end by itself.
    for process in pool:
        os.kill(process, signal.SIGSTOP)
    os.kill(worker, signal.SIGKILL)
    installation.wait_for(r"worker has ended \(signal 9\); it starts again in \d+ s", 10)
    assert left_after(pool, 5) == {}
    wait_until(lambda: "collaborative\0worker" in installation.command_lines(), 30)


def test_kill_9_leaves_nothing_and_the_next_start_has_the_data(
    first_start: Path, tmp_path: Path
) -> None:
    first = Installation(copied(first_start, tmp_path))
    ask(first, "create table kept as select 42 as answer")
    processes = first.processes()
    # PostgreSQL, Valkey, web server and worker with a child each, beat, and PostgreSQL's own.
    assert len(processes) > 10
    stale = Path(first.running["sockets"])
    first.process.kill()
    first.process.wait()
    # At once, while the database of the first may still be ending.
    second = Installation(tmp_path / "state")
    try:
        assert left_after(processes, 15) == {}
        assert not stale.exists()
        assert ask(second, "select answer from kept") == [(42,)]

        processes = second.processes()
        os.kill(second.process_named("bin/postgres"), signal.SIGKILL)
        assert second.process.wait(60) == 1
        assert "PostgreSQL has ended (signal 9) and nothing works without it" in second.said()
        assert "Traceback" not in second.said()
        assert left_after(processes, 15) == {}
    finally:
        second.process.kill()


def test_servers_of_the_users_own_replace_the_embedded_ones(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nothing:
        port = nothing.getsockname()[1]
    result = manage(
        tmp_path / "state",
        *("up", "--port", "0"),
        DATABASE_URL=f"postgres://somebody@127.0.0.1:{port}/nowhere",
        REDIS_URL=f"redis://127.0.0.1:{port}/0",
    )
    assert result.returncode == 1
    assert "The database of DATABASE_URL does not answer" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert not (tmp_path / "state" / "postgresql").exists()

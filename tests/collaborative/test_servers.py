"""The embedded servers and what watches them, with real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collaborative.servers import ServerProblem, postgresql
from collaborative.servers.postgresql import PostgreSQL, start_postgresql
from collaborative.servers.processes import Account, server_account, spawn, stop
from collaborative.servers.sockets import socket_folder
from collaborative.servers.supervisor import Child, Supervisor
from collaborative.servers.valkey import start_valkey
from tests.collaborative.installation import PROJECT, clean_environment, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]


@pytest.fixture
def sockets() -> Iterator[Path]:
    with socket_folder(server_account()) as folder:
        yield folder


def start(data: Path, sockets: Path) -> PostgreSQL:
    return start_postgresql(
        data, sockets, server_account(), data.with_suffix(".log"), throw_away=True
    )


@pytest.fixture(scope="module")
def used_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that a server has used and left in order."""
    data = tmp_path_factory.mktemp("used") / "data"
    with socket_folder(server_account()) as sockets:
        stop(start(data, sockets).process, signal.SIGINT, 30)
    return data


def test_interrupted_first_start_is_begun_again(tmp_path: Path, sockets: Path) -> None:
    half = tmp_path / "data.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = start(tmp_path / "data", sockets)
    stop(server.process, signal.SIGINT, 30)
    assert server.process.returncode == 0
    assert not half.exists()


def test_lock_file_of_a_crash_names_a_process_of_somebody_else(
    used_data: Path, sockets: Path
) -> None:
    """After a restart of the machine the old number may belong to anything; here to this test."""
    (used_data / "postmaster.pid").write_text(f"{os.getpid()}\n{used_data}\n1\n5432\n\n\n")
    server = start(used_data, sockets)
    stop(server.process, signal.SIGINT, 30)
    assert server.process.returncode == 0


def test_data_of_another_major_version_is_refused(used_data: Path, sockets: Path) -> None:
    version = used_data / "PG_VERSION"
    kept = version.read_text()
    version.write_text("17\n")
    try:
        with pytest.raises(
            ServerProblem, match="written by PostgreSQL 17 and this is PostgreSQL 18"
        ):
            start(used_data, sockets)
    finally:
        version.write_text(kept)


def test_reason_of_a_failed_start_is_passed_on(
    used_data: Path, sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgresql.SETTINGS, "shared_buffers", "nonsense")
    with pytest.raises(ServerProblem, match="PostgreSQL did not start: .*shared_buffers"):
        start(used_data, sockets)


def test_valkey_keeps_nothing_and_ends_cleanly(sockets: Path, tmp_path: Path) -> None:
    server = start_valkey(sockets, server_account(), tmp_path / "log")
    stop(server.process, signal.SIGTERM, 10)
    assert server.process.returncode == 0
    assert list(sockets.iterdir()) == []


def test_command_with_fresh_servers_gets_them_and_gives_its_exit_code() -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "collaborative.servers", sys.executable, "-c"),
            "import os, sys; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); sys.exit(7)",
        ],
        cwd=PROJECT,
        env=clean_environment(REDIS_URL="redis://mine.example.org/0"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 7
    database, broker = result.stdout.split()
    assert broker == "redis://mine.example.org/0"
    found = re.fullmatch(
        r"postgres://collaborative@%2F(\w+)%2F([\w-]+):5432/collaborative", database
    )
    assert found
    assert not Path("/", *found.groups()).exists()


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o700, False), (0o711, True), (0o755, True), (0o770, False)]
)
def test_account_sees_what_the_kernel_would_let_it(
    tmp_path: Path, mode: int, expected: bool
) -> None:
    closed = tmp_path / "closed"
    inside = closed / "inside"
    inside.mkdir(parents=True)
    inside.chmod(0o755)
    stranger = Account(54321, 54321)
    # What lies above is not the test's, so the answer for it is taken as given.
    above = stranger.can_enter(tmp_path)
    closed.chmod(mode)
    assert stranger.can_enter(inside) == (expected and above)
    assert Account(os.getuid(), os.getgid()).can_enter(inside)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a program as somebody else")
def test_program_runs_as_the_account_without_the_groups_of_root(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = spawn(
            ["/bin/sh", "-c", "id -u; id -G"],
            death_signal=signal.SIGTERM,
            output=output,
            account=server_account(),
            folder=Path("/"),
        )
        assert process.wait(10) == 0
    user, groups = log.read_text().split("\n", 1)
    assert user == str(server_account().user)
    assert groups.split() == [str(server_account().group)]


class Console:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(text)


def shell(script: str, log: Path, **more: object) -> Child:
    def begin() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return spawn(["/bin/sh", "-c", script], death_signal=signal.SIGKILL, output=output)

    return Child(log.stem, begin, log, **more)  # type: ignore[arg-type]


def test_failing_child_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    console = Console()
    supervisor = Supervisor(console)
    child = supervisor.add(shell("exit 3", tmp_path / "worker.log"))

    def failures_are(number: int) -> bool:
        supervisor.look()
        return child.failures == number

    began = time.monotonic()
    wait_until(lambda: failures_are(2), 20)
    assert time.monotonic() - began >= 1.0
    assert [
        re.search(r"exit code 3.*starts again in (\d+) s", line)[1] for line in console.lines
    ] == [  # type: ignore[index]
        "1",
        "2",
    ]
    supervisor.children.clear()


def test_end_of_what_all_need_ends_the_watch(tmp_path: Path) -> None:
    supervisor = Supervisor(Console())
    child = supervisor.add(
        shell("sleep 0.2; echo could not write; exit 1", tmp_path / "database.log", restarts=False)
    )
    assert child.process
    child.process.wait(10)
    with pytest.raises(ServerProblem, match="database has ended .*could not write"):
        supervisor.look()


def test_errors_in_a_log_reach_the_console_and_the_rest_does_not(tmp_path: Path) -> None:
    console = Console()
    supervisor = Supervisor(console)
    child = supervisor.add(
        shell("sleep 0.3; echo fine INFO; echo 2026 ERROR it broke; sleep 60", tmp_path / "web.log")
    )

    def heard() -> bool:
        supervisor.look()
        return bool(console.lines)

    wait_until(heard, 10)
    assert console.lines == ["web: 2026 ERROR it broke"]
    assert child.process
    stop(child.process, signal.SIGKILL, 5)


def test_child_that_does_not_end_when_asked_is_ended(tmp_path: Path) -> None:
    restore = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    supervisor = Supervisor(Console())
    log = tmp_path / "stubborn.log"
    child = supervisor.add(
        shell("trap '' TERM; echo ready; while :; do sleep 1; done", log, patience=0.5)
    )
    wait_until(lambda: "ready" in log.read_text(), 10)
    try:
        supervisor.stop()
    finally:
        for number, handler in restore.items():
            signal.signal(number, handler)
    assert child.process
    assert child.process.returncode == -signal.SIGKILL

"""The embedded PostgreSQL: data folder, start, the application's role and database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from collaborative.servers import ServerProblem
from collaborative.servers.processes import Account, spawn
from collaborative.servers.programs import postgresql_programs

SUPERUSER = "postgres"
# The application's role and its database. The role may create databases (for tests), nothing more.
NAME = "collaborative"
PORT = 5432  # part of the socket's name; there is no TCP port
SECONDS_TO_START = 120
SECONDS_TO_STOP = 60

# A share of a laptop: the same machine runs the web server, the worker and a browser.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No replica reads the log, and loading into a table of the same transaction may skip it.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
}
# A database that nobody will miss after a crash.
THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "5s",
    "max_connections": "200",
}


@dataclass
class PostgreSQL:
    """A started server. ``sockets`` is its folder of sockets, ``process`` its first process."""

    process: subprocess.Popen[bytes]
    sockets: Path

    @property
    def url(self) -> str:
        """DATABASE_URL of the application's role."""
        return f"postgres://{NAME}@{quote(str(self.sockets), safe='')}:{PORT}/{NAME}"


def start_postgresql(
    data: Path, sockets: Path, account: Account, log: Path, *, throw_away: bool = False
) -> PostgreSQL:
    """Make the data folder if need be, start the server, wait for it, see that role and database exist.

    ``sockets`` is a folder of the account with mode 0700: whoever can enter it may connect as any role, nobody
    else can connect at all.

    Raises:
        ServerProblem: with the reason, and where the log is.
    """
    programs = postgresql_programs(account)
    data.parent.mkdir(parents=True, exist_ok=True)
    if not (data / "PG_VERSION").exists():
        _make_data_folder(programs, data, account, log, throw_away)
    _check_version(programs, data)
    _wait_for_previous_server(data)

    settings = SETTINGS | (THROW_AWAY_SETTINGS if throw_away else {})
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with log.open("ab") as output:
            process = spawn(
                [
                    str(programs / "postgres"),
                    "-D",
                    _name_of(folder, data, account),
                    "-k",
                    str(sockets),
                    "-p",
                    str(PORT),
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                death_signal=signal.SIGINT,  # "fast shutdown"
                output=output,
                environment=_environment(),
                account=account,
                folder=Path("/"),
                pass_fds=(folder,),
            )
    finally:
        os.close(folder)
    _wait_until_ready(process, sockets, log)
    _make_role_and_database(sockets)
    return PostgreSQL(process, sockets)


def _environment() -> dict[str, str]:
    # Nothing of the caller's PG… variables or locale.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _name_of(descriptor: int, data: Path, account: Account) -> str:
    """Path under which the server finds its data.

    Where the folder lies under a home that the account may not enter, the server gets there through the
    descriptor that it inherits; opening up somebody's home for it is not ours to do.
    """
    return str(data) if account.can_enter(data.parent) else f"/proc/self/fd/{descriptor}"


def _make_data_folder(
    programs: Path, data: Path, account: Account, log: Path, throw_away: bool
) -> None:
    # Made beside its place and then renamed, so that an interrupted start leaves no half of one.
    unfinished = data.with_name(data.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(unfinished, account.user, account.group)
    folder = os.open(unfinished, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with log.open("ab") as output:
            process = spawn(
                [
                    str(programs / "initdb"),
                    "-D",
                    _name_of(folder, unfinished, account),
                    f"--username={SUPERUSER}",
                    "--auth=trust",
                    "--encoding=UTF8",
                    # The same order and case rules on every machine.
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--no-instructions",
                    *(["--no-sync"] if throw_away else []),
                ],
                death_signal=signal.SIGTERM,
                output=output,
                environment=_environment(),
                account=account,
                folder=Path("/"),
                pass_fds=(folder,),
                as_listed_user=not account.listed,
            )
            result = process.wait()
    finally:
        os.close(folder)
    if result != 0:
        raise ServerProblem(f"PostgreSQL could not make its data folder: {last_line(log)}")
    unfinished.rename(data)


def _check_version(programs: Path, data: Path) -> None:
    written_by = (data / "PG_VERSION").read_text().strip()
    # "…/bin/postgres" answers "postgres (PostgreSQL) 18.6".
    answer = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    ours = answer.split()[2].split(".")[0]
    if written_by != ours:
        raise ServerProblem(
            f"{data} was written by PostgreSQL {written_by} and this is PostgreSQL {ours}; "
            "docs/operations.md says how to move the data."
        )


def _wait_for_previous_server(data: Path) -> None:
    """After an unclean stop: let a server that is still ending end, and forget one that is gone.

    PostgreSQL itself takes any process with the number in its lock file for a running server.
    """
    lock = data / "postmaster.pid"
    deadline = time.monotonic() + SECONDS_TO_STOP
    while True:
        try:
            number = int(lock.read_text().split("\n", 1)[0])
            running = os.path.samefile(f"/proc/{number}/cwd", data)
        except (OSError, ValueError):
            running = False
        if not running:
            lock.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise ServerProblem(
                f"An earlier PostgreSQL (process {number}) still uses {data}; end it first."
            )
        time.sleep(0.1)


def _connect(sockets: Path, database: str) -> psycopg2.extensions.connection:
    connection = psycopg2.connect(
        host=str(sockets), port=PORT, user=SUPERUSER, dbname=database, connect_timeout=5
    )
    connection.autocommit = True
    return connection


def _wait_until_ready(process: subprocess.Popen[bytes], sockets: Path, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        if process.poll() is not None:
            raise ServerProblem(f"PostgreSQL did not start: {last_line(log)}")
        try:
            _connect(sockets, "postgres").close()
        except psycopg2.OperationalError as problem:
            if time.monotonic() > deadline:
                process.send_signal(signal.SIGINT)
                raise ServerProblem(
                    f"PostgreSQL did not answer within {SECONDS_TO_START} seconds; see {log}."
                ) from problem
            time.sleep(0.05)
        else:
            return


def _make_role_and_database(sockets: Path) -> None:
    name = sql.Identifier(NAME)
    with closing(_connect(sockets, "postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [NAME])
        if not cursor.fetchone():
            cursor.execute(
                sql.SQL(
                    "create role {} login createdb nosuperuser nocreaterole nobypassrls"
                ).format(name)
            )
        cursor.execute("select 1 from pg_database where datname = %s", [NAME])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("create database {} owner {}").format(name, name))


def last_line(log: Path) -> str:
    """The last line of a log that says anything, for a message to a person."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    telling = [
        line for line in lines if any(word in line for word in ("FATAL", "rror", "ould not"))
    ]
    return f"{(telling or lines or ['(no output)'])[-1].strip()} (log: {log})"

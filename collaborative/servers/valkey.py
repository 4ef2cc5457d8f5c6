"""The embedded Valkey: broker of the tasks and cache, kept in memory only.

Work is a state in the database, so losing what is in here costs a minute and no data.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from collaborative.servers import ServerProblem
from collaborative.servers.postgresql import last_line
from collaborative.servers.processes import Account, spawn
from collaborative.servers.programs import valkey_program

SECONDS_TO_START = 30


@dataclass
class Valkey:
    """A started server and its socket."""

    process: subprocess.Popen[bytes]
    path: Path

    @property
    def url(self) -> str:
        """REDIS_URL of the first database."""
        return f"unix://{self.path}?db=0"


def start_valkey(sockets: Path, account: Account, log: Path) -> Valkey:
    """Start the server on a socket in ``sockets``, a folder of the account with mode 0700, and wait for it.

    Raises:
        ServerProblem: with the reason, and where the log is.
    """
    path = sockets / "valkey"
    with log.open("ab") as output:
        process = spawn(
            [
                str(valkey_program(account)),
                *("--port", "0"),
                *("--unixsocket", str(path)),
                *("--unixsocketperm", "700"),
                *("--save", ""),
                *("--appendonly", "no"),
                *("--databases", "64"),  # one for each worker of a parallel test run
                *("--dir", str(sockets)),
            ],
            death_signal=signal.SIGTERM,
            output=output,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            account=account,
            folder=Path("/"),
        )
    deadline = time.monotonic() + SECONDS_TO_START
    while not _answers(path):
        if process.poll() is not None:
            raise ServerProblem(f"Valkey did not start: {last_line(log)}")
        if time.monotonic() > deadline:
            process.kill()
            raise ServerProblem(
                f"Valkey did not answer within {SECONDS_TO_START} seconds; see {log}."
            )
        time.sleep(0.05)
    return Valkey(process, path)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

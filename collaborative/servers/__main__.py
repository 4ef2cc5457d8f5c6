"""Run a command with fresh servers: ``python -m collaborative.servers [--durable] COMMAND [ARGUMENT…]``.

The command finds them in DATABASE_URL and REDIS_URL; where one of these is set already, that server is used.
Everything is gone afterwards. With ``--durable`` PostgreSQL writes to the disk as it does for `script/run`, for
measurements; without, it does not wait for the disk.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from collaborative.servers import ServerProblem
from collaborative.servers.postgresql import start_postgresql
from collaborative.servers.processes import server_account, stop
from collaborative.servers.sockets import socket_folder
from collaborative.servers.valkey import start_valkey


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(command: list[str], *, durable: bool) -> int:
    """Exit code of the command."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    environment = dict(os.environ)
    account = server_account()
    servers: list[subprocess.Popen[bytes]] = []
    with (
        tempfile.TemporaryDirectory(prefix="collaborative-servers-") as folder,
        socket_folder(account) as sockets,
    ):
        state = Path(folder)
        try:
            if not environment.get("DATABASE_URL"):
                postgresql = start_postgresql(
                    state / "postgresql",
                    sockets,
                    account,
                    state / "postgresql.log",
                    throw_away=not durable,
                )
                servers.append(postgresql.process)
                environment["DATABASE_URL"] = postgresql.url
            if not environment.get("REDIS_URL"):
                valkey = start_valkey(sockets, account, state / "valkey.log")
                servers.append(valkey.process)
                environment["REDIS_URL"] = valkey.url
            return subprocess.run(command, env=environment, check=False).returncode
        except ServerProblem as problem:
            print(problem, file=sys.stderr)
            return 1
        finally:
            for process in servers:
                stop(process, signal.SIGINT, 30)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    durable = arguments[:1] == ["--durable"]
    if not arguments[durable:]:
        sys.exit(__doc__)
    sys.exit(main(arguments[durable:], durable=durable))

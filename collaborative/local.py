"""The local installation that `script/run` keeps in the state folder: its lock, its key, where it answers."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from collaborative import environment

LOCK = "up.lock"
RUNNING = "running.json"
SECRET_KEY = "secret-key"


class AlreadyRunning(Exception):
    """This copy has been started already; the message says where it answers."""


def complete_environment(*, starting: bool = False) -> None:
    """Give a manage.py command what `script/run` knows: the secret key and, while it runs, its servers.

    Variables that are set already stay as they are. ``starting`` makes the key where there is none yet.
    """
    state: Path = environment.read("STATE_DIR")
    found: dict[str, str] = {}
    try:
        if starting:
            _make_secret_key(state)
        found["SECRET_KEY"] = (state / SECRET_KEY).read_text().strip()
        found |= running(state).get("environment", {})
    except OSError:
        pass  # nothing there, or somebody else's: the settings say what is missing
    for name, value in found.items():
        if not os.environ.get(name):
            os.environ[name] = value


def _make_secret_key(state: Path) -> None:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = state / SECRET_KEY
    if path.exists():
        return
    # Written aside first: half a key would be kept for ever.
    fresh = path.with_name(f"{SECRET_KEY}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    fresh.replace(path)


def running(state: Path) -> dict:
    """What the running installation wrote about itself; empty where none runs."""
    try:
        with (state / LOCK).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return json.loads((state / RUNNING).read_text())
    except (OSError, ValueError):
        pass
    return {}


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Hold the state folder for this process; the kernel lets go of it however the process ends.

    Raises:
        AlreadyRunning: another process holds it.
    """
    with (state / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = running(state)
            where = f" at {other['address']} (process {other['process']})" if other else ""
            raise AlreadyRunning(
                f"This copy is already running{where}; stop it first, or start a second copy from a folder of its own."
            ) from None
        _clear_up_after_unclean_stop(state)
        try:
            yield
        finally:
            (state / RUNNING).unlink(missing_ok=True)


def _clear_up_after_unclean_stop(state: Path) -> None:
    try:
        sockets = json.loads((state / RUNNING).read_text())["sockets"]
    except (OSError, ValueError, KeyError):
        return
    shutil.rmtree(sockets, ignore_errors=True)


def announce(state: Path, address: str, sockets: Path, variables: Mapping[str, str]) -> None:
    """Leave the address and the servers' addresses for other commands of this copy.

    ``sockets`` is the folder that the next start removes where this one is not given the time to.
    """
    fresh = state / f"{RUNNING}.new"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(
            {
                "address": address,
                "process": os.getpid(),
                "sockets": str(sockets),
                "environment": dict(variables),
            },
            file,
        )
    fresh.replace(state / RUNNING)

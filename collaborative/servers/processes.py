"""Children that end with their parent, and the account that servers run under."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from collaborative.servers import ServerProblem

LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Account:
    """User and group of a server process. ``listed`` is False without an entry in /etc/passwd."""

    user: int
    group: int
    listed: bool = True

    def can_enter(self, folder: Path) -> bool:
        """Whether every folder down to this one, and it itself, may be read and entered (access lists ignored)."""
        folder = folder.resolve()
        return all(
            self._allows(step, 0o5 if step == folder else 0o1) for step in (folder, *folder.parents)
        )

    def can_read(self, file: Path) -> bool:
        """Whether this file and the folders above it may be read."""
        return self.can_enter(file.parent) and self._allows(file, 0o4)

    def _allows(self, path: Path, bits: int) -> bool:
        status = path.stat()
        if self.user == 0:
            return True
        if status.st_uid == self.user:
            bits <<= 6
        elif status.st_gid == self.group:
            bits <<= 3
        return stat.S_IMODE(status.st_mode) & bits == bits


def server_account() -> Account:
    """The account for the servers: this one, or "nobody" where this one is root (PostgreSQL refuses root)."""
    user = os.geteuid()
    if user == 0:
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError as problem:
            raise ServerProblem(
                'PostgreSQL does not run as root and this machine has no user "nobody"; '
                "start as an ordinary user."
            ) from problem
        return Account(entry.pw_uid, entry.pw_gid)
    try:
        pwd.getpwuid(user)
    except KeyError:
        return Account(user, os.getegid(), listed=False)
    return Account(user, os.getegid())


def spawn(
    program: Sequence[str],
    *,
    death_signal: signal.Signals,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    account: Account | None = None,
    folder: Path | None = None,
    pass_fds: Sequence[int] = (),
    as_listed_user: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a program that receives ``death_signal`` when this process ends, however it ends.

    Call it from the main thread: the kernel watches the thread that started the child. The child is a session
    of its own, so that Ctrl-C reaches only the parent, which stops its children in order.
    ``as_listed_user`` wraps it in a user namespace, for an account without a passwd entry.
    """
    user, group = (account.user, account.group) if account else (os.geteuid(), os.getegid())
    return subprocess.Popen(
        [
            sys.executable,
            "-I",
            "-S",
            str(LAUNCHER),
            str(os.getpid()),
            str(int(death_signal)),
            str(user),
            str(group),
            str(int(as_listed_user)),
            *program,
        ],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        cwd=folder,
        pass_fds=pass_fds,
        start_new_session=True,
    )


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when ``parent``, which has just forked it, ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # the parent ended before the line above could take effect


def stop(process: subprocess.Popen[bytes], number: signal.Signals, patience: float) -> None:
    """Ask a child to end, wait up to ``patience`` seconds, then end its whole session."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

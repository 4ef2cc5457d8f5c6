"""The private folder in which the servers' sockets lie."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collaborative.servers import ServerProblem
from collaborative.servers.processes import Account

LONGEST_SOCKET_PATH = 107  # bytes, a limit of the kernel
LONGEST_NAME = len("/.s.PGSQL.5432.lock")


@contextmanager
def socket_folder(account: Account) -> Iterator[Path]:
    """A new folder that only the account (and root) can enter, under a path short enough for sockets."""
    for place in dict.fromkeys(
        ["/run" if os.geteuid() == 0 else "/tmp", "/tmp", "/var/tmp", "/dev/shm"]
    ):
        try:
            folder = Path(tempfile.mkdtemp(prefix="collaborative-", dir=place))
            break
        except OSError:
            continue
    else:
        raise ServerProblem("There is no place for sockets: /tmp cannot be written to.")
    try:
        if os.geteuid() == 0:
            os.chown(folder, account.user, account.group)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

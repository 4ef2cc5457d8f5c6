"""A copy of the system, started for a test the way a person starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PROJECT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 120
# What the test run sets for itself and a person at a keyboard does not.
OF_THE_TEST_RUN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "STATE_DIR", "DJANGO_SETTINGS_MODULE")


def clean_environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OF_THE_TEST_RUN}
    return kept | more


def parents() -> dict[int, int]:
    """Process number → number of its parent, from /proc."""
    found: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # "number (name) state parent …"; the name may hold spaces.
            found[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def children(process: int) -> set[int]:
    return {child for child, parent in parents().items() if parent == process}


def descendants(process: int) -> set[int]:
    """Numbers of all processes below one."""
    parent_of = parents()
    found: set[int] = set()
    waiting = {process}
    while waiting:
        waiting = {child for child, parent in parent_of.items() if parent in waiting} - found
        found |= waiting
    return found


def wait_until(asked: Callable[[], T], seconds: float) -> T:
    """The first answer that is not empty."""
    deadline = time.monotonic() + seconds
    while not (answer := asked()):
        assert time.monotonic() < deadline, f"still not after {seconds} s"
        time.sleep(0.1)
    return answer


def alive(processes: set[int]) -> set[int]:
    """Those that still exist and are not only waiting for their parent to notice their end."""
    found = set()
    for number in processes:
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.add(number)
    return found


def waits(process: int) -> bool:
    """Whether a process has done what it had to at its start: it only sleeps, for a second."""
    for _ in range(10):
        stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        if stat[0] != "S":
            return False
        time.sleep(0.1)
    return True


def left_after(processes: set[int], seconds: float) -> dict[int, str]:
    """Processes that are still there after a time of grace, with their command lines."""
    deadline = time.monotonic() + seconds
    while alive(processes) and time.monotonic() < deadline:
        time.sleep(0.1)
    return {
        number: Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ")
        for number in alive(processes)
    }


class Installation:
    """`manage.py up` with a state folder of its own."""

    def __init__(self, state: Path, *options: str):
        self.state = state
        self.output = state.with_name(f"{state.name}.out")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", "0", "--no-demo", *options],
                cwd=PROJECT,
                env=clean_environment(
                    STATE_DIR=str(state), WEB_PROCESSES="1", WORKER_PROCESSES="1"
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self.address = self.wait_for(r"is running at (http://localhost:\d+/)")
        except BaseException:
            self.stop()
            raise

    def wait_for(self, pattern: str, seconds: float = SECONDS_TO_START) -> str:
        """The first group of a pattern, once the console shows it."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.said())):
            assert self.process.poll() is None, f"ended early:\n{self.said()}"
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{self.said()}"
            time.sleep(0.1)
        return found[1] if found.groups() else found[0]

    def said(self) -> str:
        return self.output.read_text()

    @property
    def running(self) -> dict:
        return json.loads((self.state / "running.json").read_text())

    def processes(self) -> set[int]:
        return descendants(self.process.pid)

    def command_lines(self) -> str:
        """Of the direct children of `up`."""
        return "\n".join(
            Path(f"/proc/{number}/cmdline").read_text() for number in children(self.process.pid)
        )

    def process_named(self, part: str) -> int:
        """The child of `up` whose command line has this part."""
        found = [
            number
            for number in children(self.process.pid)
            if part in Path(f"/proc/{number}/cmdline").read_text()
        ]
        assert len(found) == 1, f"{part}: {found}"
        return found[0]

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(90)

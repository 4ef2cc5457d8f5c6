"""Keeps the processes of one installation alive together and ends them together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from collaborative.servers import ServerProblem
from collaborative.servers.postgresql import last_line

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
# A child that has run this long has recovered: the next failure waits the shortest pause again.
SECONDS_OF_HEALTH = 60.0
LARGEST_LOG_BYTES = 50 * 1024**2

Say = Callable[[str], None]


@dataclass
class Child:
    """One process under supervision. ``restarts`` is False where its end is the end of everything."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 15.0
    restarts: bool = True
    telling: re.Pattern[str] = re.compile(r"\b(?:ERROR|CRITICAL)\b|^Traceback")
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float = 0.0
    read_bytes: int = 0


@dataclass
class Supervisor:
    """Starts children in order, restarts those that fail with growing pauses, stops them in reverse order.

    Times are those of the monotonic clock, in seconds.
    """

    say: Say
    children: list[Child] = field(default_factory=list)
    hurried: bool = False

    def add(self, child: Child) -> Child:
        """Start a child and watch it from now on."""
        child.process = child.start()
        child.started_at = time.monotonic()
        # What earlier starts, and the attempts to reach this one, left in the log is no news.
        child.read_bytes = child.log.stat().st_size
        self.children.append(child)
        return child

    def look(self) -> None:
        """One round: pass errors on to the console, notice ends, start again what is due.

        Raises:
            ServerProblem: a child has ended that everything depends on.
        """
        now = time.monotonic()
        for child in self.children:
            self._pass_on_errors(child)
            if child.process is None:
                if now >= child.restart_at:
                    child.process = child.start()
                    child.started_at = now
            elif (result := child.process.poll()) is not None:
                self._notice_end(child, result, now)

    def _notice_end(self, child: Child, result: int, now: float) -> None:
        how = f"signal {-result}" if result < 0 else f"exit code {result}"
        if not child.restarts:
            raise ServerProblem(
                f"{child.name} has ended ({how}) and nothing works without it: {last_line(child.log)}"
            )
        if now - child.started_at > SECONDS_OF_HEALTH:
            child.failures = 0
        pause = min(SHORTEST_PAUSE * 2**child.failures, LONGEST_PAUSE)
        child.failures += 1
        child.process = None
        child.restart_at = now + pause
        self.say(
            f"{child.name} has ended ({how}); it starts again in {pause:.0f} s. Log: {child.log}"
        )

    def _pass_on_errors(self, child: Child) -> None:
        try:
            size = child.log.stat().st_size
            if size <= child.read_bytes:
                return
            with child.log.open("rb") as file:
                file.seek(child.read_bytes)
                # At most a part of a flood; the log has it all.
                lines = file.read(min(size - child.read_bytes, 100_000)).decode(errors="replace")
        except OSError:
            return
        child.read_bytes = size
        for line in lines.splitlines():
            if child.telling.search(line):
                self.say(f"{child.name}: {line}")
        if size > LARGEST_LOG_BYTES:
            # Children keep the file open for appending, so it is emptied in place.
            child.log.with_suffix(".old.log").write_bytes(child.log.read_bytes())
            os.truncate(child.log, 0)
            child.read_bytes = 0

    def stop(self) -> None:
        """End every child, the last one first. A second Ctrl-C meanwhile cuts the waiting short."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hurry)
        # What may end at the same time does; what others depend on ends after them.
        helpers = [child for child in self.children if child.restarts]
        for group in (helpers, [child for child in self.children if not child.restarts]):
            for child in group:
                if child.process and child.process.poll() is None:
                    child.process.send_signal(child.stop_signal)
            for child in group:
                self._wait_for_end(child)

    def _wait_for_end(self, child: Child) -> None:
        if child.process is None:
            return
        deadline = time.monotonic() + child.patience
        while child.process.poll() is None:
            if self.hurried or time.monotonic() > deadline:
                if child.restarts:
                    os.killpg(child.process.pid, signal.SIGKILL)
                else:
                    # PostgreSQL ends its own children and recovers on the next start.
                    child.process.send_signal(signal.SIGQUIT)
                child.process.wait()
                return
            time.sleep(0.05)

    def _hurry(self, number: int, frame: FrameType | None) -> None:
        self.hurried = True

"""Start everything on this machine, keep it running, stop it together."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collaborative import environment, local
from collaborative.servers import ServerProblem
from collaborative.servers.postgresql import SECONDS_TO_STOP, last_line, start_postgresql
from collaborative.servers.processes import server_account, spawn
from collaborative.servers.sockets import socket_folder
from collaborative.servers.supervisor import Child, Supervisor
from collaborative.servers.valkey import start_valkey

FREE_BYTES_NEEDED = 1_000_000_000
SECONDS_TO_ANSWER = 120
# PostgreSQL writes ERROR for what a program does wrong, and the program says so itself.
PANIC = re.compile(r"\b(?:PANIC|FATAL):")


class Command(BaseCommand):
    """`manage.py up`: what `script/run` ends in."""

    help = "Start PostgreSQL, Valkey, web server, worker and beat; Ctrl-C stops them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument(
            "--port", type=int, default=None, help="port to listen on (8000); 0 for any free one"
        )
        parser.add_argument("--no-demo", action="store_true", help="start with an empty database")

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        os.umask(0o077)
        state: Path = environment.read("STATE_DIR")
        port = options["port"] if options["port"] is not None else environment.read("PORT")
        demo = environment.read("LOAD_DEMO") and not options["no_demo"]
        try:
            with local.only_one(state):
                _check_disk(state)
                with _listen(options["host"], port) as listener:
                    Installation(self, state, listener, demo).run()
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        except (ServerProblem, local.AlreadyRunning, environment.EnvironmentProblem) as problem:
            raise CommandError(str(problem)) from problem
        except PermissionError as problem:
            raise CommandError(
                f"{problem.filename} belongs to another user; start as that user or set STATE_DIR."
            ) from problem
        except OSError as problem:
            raise CommandError(f"{problem.filename or state}: {problem.strerror}.") from problem


class Installation:
    """One run: the servers, the preparation, the processes of the site."""

    def __init__(self, command: BaseCommand, state: Path, listener: socket.socket, demo: bool):
        self.command = command
        self.state = state
        self.listener = listener
        self.demo = demo
        self.port = listener.getsockname()[1]
        self.address = f"http://localhost:{self.port}/"
        self.logs = state / "logs"
        self.supervisor = Supervisor(self.say)
        self.environment = dict(os.environ)

    def say(self, text: str) -> None:
        """One line to the console, at once."""
        self.command.stdout.write(text)
        self.command.stdout.flush()

    def run(self) -> None:
        """Start, watch until interrupted or until something has ended that everything needs, stop."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                self.start_servers(stack)
                self.environment.setdefault("BASE_URL", self.address.rstrip("/"))
                self.prepare()
                self.start_site()
                self.wait_for_answer()
                self.greet()
                while True:
                    self.supervisor.look()
                    time.sleep(0.3)
            finally:
                if self.supervisor.children:
                    self.say("Stopping …")
                self.supervisor.stop()

    def start_servers(self, stack: ExitStack) -> None:
        """The embedded servers, each unless a variable names one of the user's own."""
        account = server_account()
        sockets = stack.enter_context(socket_folder(account))
        own: dict[str, str] = {}
        local.announce(self.state, self.address, sockets, own)
        if not os.environ.get("DATABASE_URL"):
            self.say("Starting PostgreSQL")
            log = self.logs / "postgresql.log"

            def start_database() -> subprocess.Popen[bytes]:
                server = start_postgresql(self.state / "postgresql", sockets, account, log)
                own["DATABASE_URL"] = server.url
                return server.process

            self.supervisor.add(
                Child(
                    "PostgreSQL",
                    start_database,
                    log,
                    stop_signal=signal.SIGINT,
                    patience=SECONDS_TO_STOP,
                    restarts=False,
                    telling=PANIC,
                )
            )
        if not os.environ.get("REDIS_URL"):
            self.say("Starting Valkey")
            log_of_valkey = self.logs / "valkey.log"

            def start_broker() -> subprocess.Popen[bytes]:
                server = start_valkey(sockets, account, log_of_valkey)
                own["REDIS_URL"] = server.url
                return server.process

            self.supervisor.add(Child("Valkey", start_broker, log_of_valkey))
        self.environment |= own
        local.announce(self.state, self.address, sockets, own)

    def prepare(self) -> None:
        """Migrations, static files, demo: in a process of its own, which sees the servers' addresses."""
        arguments = ["--demo"] if self.demo else []
        process = spawn(
            [sys.executable, "manage.py", "prepare", *arguments],
            death_signal=signal.SIGKILL,
            output=sys.stdout.fileno(),
            environment=self.environment,
            folder=environment.REPOSITORY,
        )
        try:
            while process.poll() is None:
                self.supervisor.look()
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if process.returncode != 0:
            raise ServerProblem("The site could not be prepared; the reason is above.")

    def start_site(self) -> None:
        """Web server, worker, beat."""
        python = sys.executable
        bind = f"fd://{self.listener.fileno()}"
        celery = [python, "-m", "celery", "--app", "collaborative"]
        self.add(
            "web",
            [
                *(python, "-m", "gunicorn", "--config", "python:collaborative.web_server"),
                *("--bind", bind, "collaborative.wsgi"),
            ],
            pass_fds=(self.listener.fileno(),),
        )
        self.add(
            "worker",
            [
                *celery,
                "worker",
                "--loglevel=INFO",
                f"--concurrency={environment.read('WORKER_PROCESSES')}",
                "--without-gossip",
                "--without-mingle",
            ],
        )
        self.add(
            "beat",
            [*celery, "beat", "--loglevel=INFO", "--pidfile=", f"--schedule={self.state / 'beat'}"],
        )

    def add(self, name: str, program: list[str], pass_fds: Sequence[int] = ()) -> None:
        """One process of the site, killed when this one dies: work in progress is a state, it goes on later."""
        log = self.logs / f"{name}.log"

        def start() -> subprocess.Popen[bytes]:
            with log.open("ab") as output:
                return spawn(
                    program,
                    death_signal=signal.SIGKILL,
                    output=output,
                    environment=self.environment,
                    folder=environment.REPOSITORY,
                    pass_fds=pass_fds,
                )

        self.supervisor.add(Child(name, start, log))

    def wait_for_answer(self) -> None:
        """Until a request gets an answer that is not an error of the server."""
        web = next(child for child in self.supervisor.children if child.name == "web")
        deadline = time.monotonic() + SECONDS_TO_ANSWER
        while not _answers(self.listener):
            if time.monotonic() > deadline or web.failures > 2:
                raise ServerProblem(f"The web server does not answer: {last_line(web.log)}")
            self.supervisor.look()
            time.sleep(0.1)

    def greet(self) -> None:
        """What the person at the keyboard wants to know now."""
        self.say(f"\nThe collaborative is running at {self.address}")
        sign_ins = self.state / "demo-sign-ins.txt"
        if sign_ins.exists():
            self.say(sign_ins.read_text().rstrip())
        self.say(f"Logs are in {self.logs}. Ctrl-C stops everything.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _check_disk(state: Path) -> None:
    free = shutil.disk_usage(state).free
    if free < FREE_BYTES_NEEDED:
        raise ServerProblem(
            f"There is not enough disk space: {state} has {free / 1e9:.1f} GB free, "
            f"{FREE_BYTES_NEEDED / 1e9:.0f} GB are needed."
        )


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket: taken before anything starts and kept while the web server restarts."""
    try:
        listener = socket.create_server((host, port), backlog=512)
    except OverflowError:
        raise ServerProblem(f"{port} is not a port: choose one from 1 to 65535.") from None
    except OSError as problem:
        raise ServerProblem(
            f"Port {port} on {host} cannot be used ({os.strerror(problem.errno or 0)}); "
            "choose another: script/run --port 8001."
        ) from problem
    listener.set_inheritable(True)
    return listener


def _answers(listener: socket.socket) -> bool:
    host, port = listener.getsockname()[:2]
    host = "127.0.0.1" if host == "0.0.0.0" else host
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

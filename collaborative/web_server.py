"""Configuration of gunicorn: ``gunicorn -c python:collaborative.web_server collaborative.wsgi``."""

from __future__ import annotations

import os
from typing import Any

from collaborative import environment
from collaborative.servers.processes import end_with_parent

# Threads wait for the database; a large upload occupies one thread and nobody else.
worker_class = "gthread"
workers = environment.read("WEB_PROCESSES")
threads = 8
timeout = 120
graceful_timeout = 15
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
# Heartbeats of the processes are files; a disk that is busy loading data must not delay them.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
accesslog = "-"
# Without the query: it may hold what somebody searched for.
access_log_format = "%(t)s %(h)s %(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"


def post_fork(server: Any, worker: Any) -> None:
    """A web process never outlives the one that started it."""
    end_with_parent(worker.ppid)

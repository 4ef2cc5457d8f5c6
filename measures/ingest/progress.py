"""How far a step has come, for the people who wait: written outside of the step's own transaction."""

from __future__ import annotations

import time
from typing import Any

import psycopg2
from django.db import connection

_PAUSE_SECONDS = 0.5


class ProgressWriter:
    """Writes progress of one submission through a connection of its own, twice a second at most.

    Progress is a courtesy: when it cannot be written at once it is left out.
    """

    def __init__(self, submission_id: int) -> None:
        self._submission_id = submission_id
        self._connection: Any = psycopg2.connect(**connection.get_connection_params())
        self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '200ms'")
        self._written_at = 0.0

    def begin(self) -> None:
        """Count one more attempt at the step."""
        self._execute(
            "update measures_submission set attempt_count = attempt_count + 1, progress_done = 0,"
            " progress_total = 0 where id = %s",
            [self._submission_id],
        )

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._written_at < _PAUSE_SECONDS:
            return
        self._written_at = now
        self._execute(
            "update measures_submission set progress_done = %s, progress_total = %s where id = %s",
            [done, total, self._submission_id],
        )

    def _execute(self, statement: str, parameters: list[Any]) -> None:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, parameters)
        except psycopg2.errors.LockNotAvailable:
            pass

    def close(self) -> None:
        self._connection.close()

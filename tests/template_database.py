"""A migrated database that test databases are copied from.

Migrating takes most of a minute on a busy machine, copying less than a second. The template's name says which
migrations made it; so every worker, and the next run against the same server, copies what the first has made.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

REPOSITORY = Path(__file__).resolve().parent.parent
PREFIX = "collaborative_template_"
#: How many templates stay when one more is made.
KEPT = 5
#: Number of the advisory lock that is held while the template is made: any, as long as it is always this one.
_LOCK = 7_204_913


def template_name() -> str:
    """Name of the template of the migrations as they stand now."""
    content = hashlib.sha256()
    for path in sorted(REPOSITORY.glob("*/migrations/*.py")):
        content.update(path.relative_to(REPOSITORY).as_posix().encode() + path.read_bytes())
    for package in ("Django", "django-allauth"):
        content.update(version(package).encode())
    return PREFIX + content.hexdigest()[:12]


def ensure_template(settings: dict[str, Any]) -> str:
    """Name of the template, made if it is not there. settings: those of the default database."""
    name = template_name()
    connection = psycopg2.connect(
        dbname="postgres",
        user=settings["USER"],
        password=settings["PASSWORD"],
        host=settings["HOST"],
        port=settings["PORT"] or None,
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [_LOCK])
            cursor.execute("select 1 from pg_database where datname = %s", [name])
            if cursor.fetchone() is None:
                _make_template(cursor, name)
    finally:
        connection.close()  # gives the lock back
    return name


def _make_template(cursor: Any, name: str) -> None:
    # The last ones stay: runs of other trees on this server may be about to copy them. An oid tells the age.
    cursor.execute(
        "select datname from pg_database where datname like %s order by oid desc offset %s",
        [PREFIX.replace("_", r"\_") + "%", KEPT],
    )
    for (old,) in cursor.fetchall():
        try:
            cursor.execute(sql.SQL("drop database {}").format(sql.Identifier(old)))
        except psycopg2.errors.ObjectInUse:
            pass  # another run is copying it
    # Under another name until it is whole: a run that is stopped in between leaves nothing that looks ready.
    unfinished = f"{name}_unfinished"
    cursor.execute(sql.SQL("create database {}").format(sql.Identifier(unfinished)))
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--settings=tests.settings", "--verbosity=0"],
        cwd=REPOSITORY,
        env={
            **{k: v for k, v in os.environ.items() if k != "PYTEST_XDIST_WORKER"},
            "TEST_TEMPLATE_OF": unfinished,
        },
        check=True,
    )
    cursor.execute(
        sql.SQL("alter database {} rename to {}").format(
            sql.Identifier(unfinished), sql.Identifier(name)
        )
    )

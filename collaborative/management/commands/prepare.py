"""Bring the database, the static files and, where wanted, the demo up to date."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

LOADING, LOADED = "loading", "loaded"


class Command(BaseCommand):
    """`manage.py prepare`: before every start of the site, and after every upgrade."""

    help = "Migrate, build the static files where they changed, load the demo with --demo."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="load the demo where there is no data"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as problem:
            reason = str(problem).strip().splitlines()[0]
            raise CommandError(
                f"The database of DATABASE_URL does not answer: {reason}"
            ) from problem
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_library", stdout=StringIO())
        call_command("load_race_tables", missing=True, stdout=StringIO())
        self.build_static_files()
        if options["demo"]:
            self.load_demo()

    def build_static_files(self) -> None:
        """Hashing and compressing takes seconds, so only when a file has changed."""
        note = settings.STATIC_ROOT.with_name("static.fingerprint")
        fingerprint = _fingerprint_of_static_files()
        if note.exists() and note.read_text() == fingerprint and settings.STATIC_ROOT.is_dir():
            return
        self.stdout.write("Building static files")
        note.unlink(missing_ok=True)
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        note.write_text(fingerprint)

    def load_demo(self) -> None:
        """Into an empty database, or further where an earlier start was interrupted; never among real data."""
        if "load_demo" not in get_commands():
            return
        note = settings.STATE_DIR / "demo"
        state = note.read_text() if note.exists() else ""
        has_people = get_user_model().objects.exists()
        if has_people and state != LOADING:
            return
        self.stdout.write("Loading the demo collaborative, once; this takes a few minutes")
        note.write_text(LOADING)
        call_command("load_demo")
        note.write_text(LOADED)


def _fingerprint_of_static_files() -> str:
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list(ignore_patterns=[]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()

"""`manage.py load_definitions`: measures, strata and code maps from the reviewed files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measures.actions.definitions import load_definitions
from measures.errors import DefinitionProblem
from measures.ingest.definitions import FOLDER


class Command(BaseCommand):
    help = "Check the files of measures/definitions and write them to the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--folder", type=Path, default=FOLDER, help="Another folder of the same layout."
        )
        parser.add_argument(
            "--accept-changes",
            action="store_true",
            help="Agree that definitions of data already loaded change their meaning.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changes = load_definitions(
                folder=options["folder"], accept_changes=options["accept_changes"]
            )
        except DefinitionProblem as problem:
            raise CommandError(str(problem)) from problem
        if not changes:
            self.stdout.write("The definitions are up to date.")
        for sentence in changes.sentences:
            self.stdout.write(sentence)

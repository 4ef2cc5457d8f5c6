"""`manage.py load_race_tables`: tables of names and places by race, packaged or from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measures.actions.race_tables import load_race_tables
from measures.ingest.race_tables import packaged_tables, read_race_table
from measures.queries.imputation import has_missing_race_tables
from measures.stats.bisg import MalformedTable


class Command(BaseCommand):
    help = (
        "Load tables that race is imputed from. Without a file: surnames, ZIP areas and tracts of the"
        " census of 2010 that come with the system. Files: census surnames, first names with counts,"
        " adults by race in the layout of the Consumer Financial Protection Bureau or of the census tables"
        " P11 (2010) and P4 or P11 (2020); CSV, Parquet or Stata."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, help="Published tables, one kind each.")
        parser.add_argument(
            "--vintage", default="", help="Census year, where the columns do not show it."
        )

        parser.add_argument(
            "--missing",
            action="store_true",
            help="Only what comes with the system, and only where no table, or not its file, is there.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        files: list[Path] = options["files"]
        if options["missing"] and not has_missing_race_tables():
            return
        try:
            if files and not options["missing"]:
                tables = [read_race_table(path, vintage=options["vintage"]) for path in files]
            else:
                tables = packaged_tables()
        except (MalformedTable, OSError) as problem:
            raise CommandError(str(problem)) from problem
        for row in load_race_tables(tables=tables, keep_current=options["missing"]):
            self.stdout.write(f"{row.version}: {row.row_count:,} rows, SHA-256 {row.sha256}")

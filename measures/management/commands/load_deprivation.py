"""`manage.py load_deprivation`: a published index of deprivation by ZIP area."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measures.actions.deprivation import load_deprivation
from measures.errors import FileRefused
from measures.ingest.deprivation import read_deprivation


class Command(BaseCommand):
    help = (
        "Load an index of deprivation by ZIP area, from which groups see their own patients by fifths."
        " CSV with a column zip (or zcta5 …) and one of quintile, percentile, adi_natrank or rpl_themes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The published table.")
        parser.add_argument("--vintage", required=True, help="Year that its numbers are of.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            read = read_deprivation(options["file"])
        except (FileRefused, OSError) as problem:
            raise CommandError(str(problem)) from problem
        table = load_deprivation(read=read, vintage=options["vintage"])
        self.stdout.write(
            f"{table}: {table.row_count:,} areas by {table.layout}, {table.left_out_count:,} without a rank,"
            f" SHA-256 {table.sha256}"
        )

"""`manage.py audit_disclosure`: every hidden count of report cards, and all that it could be."""

from __future__ import annotations

import csv
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measures.enums import SourceKind
from measures.models import Period, Source
from measures.queries import list_hidden_counts


class Command(BaseCommand):
    help = (
        "List for each hidden count the smallest and largest value that fits everything that cards "
        "of programme and groups show together, as CSV. Ends with an error where one is surely 1 to 10."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("period", help="Label of the period, 2024 for example.")
        parser.add_argument(
            "--source", help="Code of the source; may be left out where there is one of a payer."
        )
        parser.add_argument(
            "--measure", action="append", default=[], help="Only this measure; may be repeated."
        )
        parser.add_argument(
            "--leaks",
            action="store_true",
            help="List only what is surely 1 to 10: seconds instead of minutes.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sources = Source.objects.filter(kind=SourceKind.PAYER)
        if options["source"]:
            sources = Source.objects.filter(code=options["source"])
        period = Period.objects.filter(label=options["period"]).first()
        if sources.count() != 1 or period is None:
            codes = ", ".join(Source.objects.values_list("code", flat=True))
            labels = ", ".join(Period.objects.values_list("label", flat=True))
            raise CommandError(f"Name one source ({codes}) and one period ({labels}).")
        writer = csv.writer(self.stdout)
        writer.writerow(
            ["measure", "unit", "stratum", "count_of", "reader", "lowest", "highest", "leaks"]
        )
        leaking = 0
        for found in list_hidden_counts(
            sources.get(), period, measure_codes=options["measure"], only_leaks=options["leaks"]
        ):
            leaking += found.leaks
            writer.writerow(
                [
                    found.measure_code,
                    found.unit,
                    found.stratum,
                    found.quantity,
                    found.reader or "anybody",
                    found.lowest,
                    "any" if found.highest is None else found.highest,
                    "yes" if found.leaks else "no",
                ]
            )
        if leaking:
            raise CommandError(f"Surely 1 to 10: {leaking} hidden counts.")
        self.stderr.write("No hidden count is surely 1 to 10.")

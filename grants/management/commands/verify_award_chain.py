"""Checks the chain of events of one award or of all."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from grants.queries.checks import list_all_awards, list_chain_problems


class Command(BaseCommand):
    help = "Check that no event of an award was changed, removed or put in between."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", nargs="?", help="Number of one award; all without it.")

    def handle(self, *args: Any, **options: Any) -> None:
        awards = list_all_awards()
        if options["number"]:
            awards = [a for a in awards if a.number == options["number"]]
            if not awards:
                raise CommandError(f"There is no award {options['number']}.")
        problems = [problem for award in awards for problem in list_chain_problems(award)]
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} problems in the chains of {len(awards)} awards.")
        self.stdout.write(f"{len(awards)} chains hold.")

"""`manage.py load_demo`: the fictional collaborative with three years of results, and its sign-ins."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from collaborative.demo.load import DemoFailed, load_demo

_WORDS = (
    "amber", "birch", "cedar", "dune", "ember", "fern", "gull", "harbor", "iris", "juniper", "kelp",
    "lantern", "maple", "north", "oxbow", "pebble", "quartz", "river", "spruce", "tide", "umber",
    "violet", "willow", "yarrow",
)  # fmt: skip


class Command(BaseCommand):
    help = "Make the demo collaborative, or finish one that was interrupted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password", help="Of all demo people; drawn at random where it is not given."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or new_password()
        try:
            load_demo(now=timezone.now(), password=password, say=self._say)
        except DemoFailed as problem:
            raise CommandError(f"The demo could not be made: {problem}") from problem

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def new_password() -> str:
    """Four words and two digits: to be read aloud and typed."""
    words = "-".join(secrets.choice(_WORDS) for _ in range(4))
    return f"{words}-{secrets.randbelow(90) + 10}"

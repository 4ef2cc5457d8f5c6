"""`manage.py load_library`: the change ideas of the library from their reviewed file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from pdsa.actions.library import load_library


class Command(BaseCommand):
    help = (
        "Bring the library of change ideas to what its file says. Loading it again changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        count = load_library()
        self.stdout.write(f"The library holds {count} change ideas.")

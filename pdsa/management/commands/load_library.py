"""`manage.py load_library`: change ideas and scripts of the library from their reviewed files."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from pdsa.actions.asking import load_scripts
from pdsa.actions.library import load_library


class Command(BaseCommand):
    help = "Bring change ideas and scripts to what their files say. Loading them again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        count = load_library()
        self.stdout.write(f"The library holds {count} change ideas and {load_scripts()} scripts.")

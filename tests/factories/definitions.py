"""The product's own definitions, for tests that need measures, strata and codes.

load()                              # every measure, stratum and code of measures/definitions
cbp = measure("CBP")
black = stratum("combined:nh_black")
"""

from __future__ import annotations

import io

from django.db import connection

from measures.actions.definitions import load_definitions
from measures.models import CodeMap, Measure, MeasureDefinition, Stratum, StratumSet

_TABLES = [
    model._meta.db_table for model in (StratumSet, Stratum, Measure, MeasureDefinition, CodeMap)
]
#: The rows of each table after the first load of this process. Their ids stay theirs: no sequence goes back.
_rows: dict[str, str] = {}


def load() -> None:
    """Definitions, strata and code maps as the product ships them; does nothing when they are there.

    Every second test needs them and reading the files takes a tenth of a second: later tests get copied rows.
    """
    if Measure.objects.exists():
        return
    with connection.cursor() as cursor:
        if _rows:
            for table, rows in _rows.items():
                cursor.copy_expert(f"copy {table} from stdin", io.StringIO(rows))
            return
        load_definitions()
        for table in _TABLES:
            found = io.StringIO()
            cursor.copy_expert(f"copy {table} to stdout", found)
            _rows[table] = found.getvalue()


def measure(code: str) -> Measure:
    return Measure.objects.get(code=code)


def definition(code: str, year: int) -> MeasureDefinition:
    return MeasureDefinition.objects.get(measure__code=code, year=year)


def stratum(name: str) -> Stratum:
    """A stratum by "set:code"."""
    set_code, code = name.split(":")
    return Stratum.objects.get(stratum_set__code=set_code, code=code)

"""The product's own definitions, for tests that need measures, strata and codes.

load()                              # every measure, stratum and code of measures/definitions
cbp = measure("CBP")
black = stratum("combined:nh_black")
"""

from __future__ import annotations

from measures.actions.definitions import load_definitions
from measures.models import Measure, MeasureDefinition, Stratum


def load() -> None:
    """Definitions, strata and code maps as the product ships them; does nothing when they are there."""
    if not Measure.objects.exists():
        load_definitions()


def measure(code: str) -> Measure:
    return Measure.objects.get(code=code)


def definition(code: str, year: int) -> MeasureDefinition:
    return MeasureDefinition.objects.get(measure__code=code, year=year)


def stratum(name: str) -> Stratum:
    """A stratum by "set:code"."""
    set_code, code = name.split(":")
    return Stratum.objects.get(stratum_set__code=set_code, code=code)

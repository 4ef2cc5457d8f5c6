"""The last look before publishing: could anybody work out a number that is hidden?"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from measures.queries import get_data_version, list_unprotected
from measures.stats.registry import METHOD_VERSION
from reports.models import ProtectionCheck

#: So many of the numbers that give a cell away are named in a refusal.
NAMED = 6


@transaction.atomic
def check_protection(*, source: Any, period: Any) -> ProtectionCheck:
    """The check of a source's period at its present data; made now (some seconds) unless it was made before.

    Effects: one ProtectionCheck row where there was none.
    """
    key = {
        "source": source,
        "period": period,
        "data_version": get_data_version(source),
        "method_version": METHOD_VERSION,
    }
    known = ProtectionCheck.objects.filter(**key).first()
    if known is not None:
        return known
    cells = list_unprotected(source, period)
    problem = ""
    if cells:
        first = cells[0]
        others = f" ({len(cells) - 1} more like it)" if len(cells) > 1 else ""
        beside = "; ".join(first.told_by[:NAMED]) or "the numbers beside it"
        further = len(first.told_by) - NAMED
        problem = (
            f"in {period} {first.measure_code}, the hidden number of “{first.stratum}” of {first.unit} "
            f"could be worked out from {beside}{f' and {further} more' if further > 0 else ''}{others}."
        )
    return ProtectionCheck.objects.get_or_create(**key, defaults={"problem": problem})[0]

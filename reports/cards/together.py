"""Groups of people that a card has no numbers for, put together, so that they do not vanish behind holes.

Everyone less the shown groups: whoever holds the card can subtract it, so it tells nothing new, and the
protection of everyone's number has seen to it that it is not small.
"""

from __future__ import annotations

from typing import Any

from measures.enums import StratumKind
from measures.queries import SetResult
from measures.stats.presentation import Presentation, present_counts
from measures.stats.rates import wilson
from measures.stats.reliability import LEAST_DENOMINATOR
from measures.stats.rounding import published_decimals
from measures.stats.states import CellState
from measures.stats.suppression import is_sensitive
from reports.dashboards.reliability import PRESENTATION_CODES


def together_content(result: SetResult) -> dict[str, Any] | None:
    """The groups without numbers as one, as JSON values; None where there are fewer than two, or too few people."""
    left = [
        f for f in result.figures if not f.numbers_shown and f.state != CellState.NO_DENOMINATOR
    ]
    named = [f for f in left if f.stratum.kind == StratumKind.SPECIFIED]
    if len(left) < 2 or not named or result.total is None or not result.total.numbers_shown:
        return None
    shown = [f for f in result.figures if f.numbers_shown]
    n = (result.total.denominator or 0) - sum(f.denominator or 0 for f in shown)
    x = (result.total.numerator or 0) - sum(f.numerator or 0 for f in shown)
    if n < LEAST_DENOMINATOR or bool(is_sensitive(n, x)):
        return None
    limits = wilson(x, n)
    return {
        "strata": [f.stratum.code for f in left],
        "labels": [f.stratum.short_label for f in left],
        "denominator": n,
        "numerator": x,
        "rate": round(x / n, 6),
        "rate_lower": round(float(limits.lower), 6),
        "rate_upper": round(float(limits.upper), 6),
        "decimals": int(published_decimals(n)),
        "nchs_rule": PRESENTATION_CODES[Presentation(int(present_counts(x, n)))],
    }

"""How numbers are written: one way for pages, charts, documents and messages. Pure, no Django.

Rates come as proportions 0 to 1, gaps as percentage points. A minus is U+2212, and a value that
rounds to zero has no sign.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

MINUS = "\u2212"
NO_NUMBER = "\u2013"


def _fixed(value: float, digits: int) -> str:
    """A number with grouped thousands and a true minus; raises ValueError for NaN and infinity."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that can be shown; show a no-data state instead")
    text = f"{value:,.{digits}f}"
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.,") else MINUS + text[1:]
    return text


def format_percent(rate: float, digits: int = 1) -> str:
    """A proportion as a percentage: 0.661 → "66.1%"."""
    return f"{_fixed(100 * rate, digits)}%"


def format_points(points: float, digits: int = 1) -> str:
    """A signed difference in percentage points, without the unit: −9.8, +1.2, 0.0."""
    text = _fixed(points, digits)
    return text if text.startswith(MINUS) or not text.strip("0.,") else f"+{text}"


def format_count(count: float) -> str:
    """A whole count with grouped thousands: 12,345."""
    return _fixed(round(count), 0)


def format_money(amount: Decimal, *, cents: bool = True) -> str:
    """US dollars, exact: Decimal("250000") → "$250,000.00", without cents "$250,000"."""
    amount = amount.quantize(Decimal("0.01") if cents else Decimal(1), ROUND_HALF_UP)
    sign = MINUS if amount < 0 else ""
    return f"{sign}${abs(amount):,}"


def format_ratio(ratio: float, digits: int = 2) -> str:
    """A ratio: 0.87."""
    return _fixed(ratio, digits)


def format_bytes(count: int) -> str:
    """A file size: 812 B, 34 kB, 1.2 MB, 2.0 GB (powers of 1000, as file managers show them)."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5 or unit == "GB":
            return f"{size:.1f} {unit}" if unit in ("MB", "GB") else f"{size:.0f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")

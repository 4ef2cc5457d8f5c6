"""How amounts are written on pages."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import template

from teams.formats import NO_NUMBER, format_money

register = template.Library()

_AMOUNT = re.compile(r"-?\d+(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@register.filter
def money(amount: Any) -> str:
    """Dollars and cents: $250,000.00; a dash for nothing."""
    return NO_NUMBER if amount is None else format_money(Decimal(amount))


@register.filter
def dollars(amount: Any) -> str:
    """Whole dollars, for tables and cards: $250,000. Never for what is added up by a reader."""
    return NO_NUMBER if amount is None else format_money(Decimal(amount), cents=False)


@register.filter
def rounded_dollars(amount: Any) -> str:
    """Large amounts for the eye: $85.0 million; below a million whole dollars. The exact one stands in a table."""
    if amount is None:
        return NO_NUMBER
    value = Decimal(amount)
    return (
        f"${value / 1_000_000:.1f} million"
        if value >= 1_000_000
        else format_money(value, cents=False)
    )


@register.filter
def share_of(part: Any, whole: Any) -> str:
    """A part of a whole in percent without decimals; a dash of nothing."""
    return f"{100 * Decimal(part) / Decimal(whole):.0f}%" if whole else NO_NUMBER


@register.simple_tag
def bar_width(part: Any, whole: Any) -> int:
    """Width 0 to 100 of a bar."""
    if not whole:
        return 0
    return max(0, min(100, round(100 * Decimal(part) / Decimal(whole))))


@register.filter
def as_said(value: Any, what: str) -> str:
    """A value out of a version or an event, as a reader says it. what: its name, which tells amounts apart."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(str(part) for part in value) or "none"
    name = what.rpartition(" ")[2].lower()
    if name == "state":
        return str(value).replace("_", " ")
    if name in ("amount", "actual", "committed") and _AMOUNT.fullmatch(str(value)):
        return format_money(Decimal(str(value)))
    if _DAY.fullmatch(str(value)):
        return f"{date.fromisoformat(value):%-d %b %Y}"
    return str(value)


@register.filter
def minus(amount: Any, other: Any) -> Decimal:
    """amount − other."""
    return Decimal(amount) - Decimal(other)

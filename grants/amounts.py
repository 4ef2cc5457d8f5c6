"""Amounts and days as people and spreadsheets write them. Pure."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation

_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")


def amount_in(text: str) -> Decimal:
    """Dollars as people and spreadsheets write them: 1,200.50, $1,200.50, (300.00) for a minus, empty for 0.

    Raises ValueError.
    """
    plain = (
        text.strip().replace("$", "").replace(",", "").replace("\u00a0", "").replace("\u2212", "-")
    )
    if plain in ("", "-", "–"):
        return Decimal("0.00")
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        raise ValueError(f"“{text.strip()}” is not an amount in dollars.") from None
    if not amount.is_finite() or abs(amount) >= Decimal("1e12"):
        raise ValueError(f"“{text.strip()}” is not an amount in dollars.")
    return amount.quantize(Decimal("0.01"))


def day_in(text: str) -> date:
    """A day: 2026-03-31, 3/31/2026, 31 Mar 2026, March 31, 2026; a time after it does not count.

    Raises ValueError.
    """
    plain = " ".join(text.split())
    if len(plain) > 10 and plain[4:5] == "-" and plain[10] in " T":
        plain = plain[:10]
    for form in _DAYS:
        try:
            return datetime.strptime(plain, form).date()
        except ValueError:
            continue
    raise ValueError(f"“{text.strip()[:40]}” is not a day. Write it as 2026-03-31.")

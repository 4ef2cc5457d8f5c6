"""The arithmetic of a five-year plan. Pure: dollars in, dollars out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Row:
    """One cost (source empty) or one source of money, dollars in years 1 to 5."""

    description: str
    source: str
    years: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        return sum(self.years, _ZERO)


@dataclass(frozen=True)
class Case:
    """Sums of a plan by year. gap: need that no source covers, never below zero.

    cliff: the first year without the grant in which need is not covered; None when there is none.
    break_even: the first year from which on sources other than grants cover the need, year after year.
    """

    need: tuple[Decimal, ...]
    sources: tuple[Decimal, ...]
    grant: tuple[Decimal, ...]
    gap: tuple[Decimal, ...]
    cliff: int | None
    break_even: int | None

    @property
    def total_need(self) -> Decimal:
        return sum(self.need, _ZERO)

    @property
    def total_sources(self) -> Decimal:
        return sum(self.sources, _ZERO)

    @property
    def total_grant(self) -> Decimal:
        return sum(self.grant, _ZERO)

    @property
    def total_gap(self) -> Decimal:
        return sum(self.gap, _ZERO)

    @property
    def grant_share(self) -> Decimal | None:
        """Part of the five years' need that the grant covers, 0 to 1; None without a need."""
        return self.total_grant / self.total_need if self.total_need else None


_GRANTS = {"grant", "other_grant"}


def make_case(rows: Sequence[Row], *, grant_ends_in: int) -> Case:
    """Sums of the rows. grant_ends_in: the last year with the grant, 1 to 5."""

    def by_year(wanted: Sequence[Row]) -> tuple[Decimal, ...]:
        return tuple(sum((row.years[year] for row in wanted), _ZERO) for year in range(5))

    need = by_year([row for row in rows if not row.source])
    sources = by_year([row for row in rows if row.source])
    grant = by_year([row for row in rows if row.source == "grant"])
    own = by_year([row for row in rows if row.source and row.source not in _GRANTS])
    gap = tuple(max(n - s, _ZERO) for n, s in zip(need, sources, strict=True))
    cliff = next((y + 1 for y in range(grant_ends_in, 5) if gap[y] > 0), None)
    covered = [own[y] >= need[y] and need[y] > 0 for y in range(5)]
    break_even = next((y + 1 for y in range(5) if all(covered[y:])), None)
    return Case(need, sources, grant, gap, cliff, break_even)


def list_warnings(
    rows: Sequence[Row], *, first_use: int, has_decisions: bool, savings_ceiling: Decimal | None
) -> list[str]:
    """What a reader would ask about. first_use: the first year in which anything costs money.

    savings_ceiling: a year's avoided use at its high assumption, dollars; None without one.
    """
    found = []
    for row in rows:
        if row.source != "savings":
            continue
        early = [y + 1 for y in range(5) if row.years[y] > 0 and y + 1 < first_use]
        if early:
            found.append(
                f"“{row.description}” counts savings in year {early[0]}, before anything is in place."
            )
        if savings_ceiling is not None and max(row.years) > savings_ceiling:
            found.append(
                f"“{row.description}” counts more in a year than the high assumption of avoided use gives."
            )
        if savings_ceiling is None:
            found.append(f"“{row.description}” has no assumption of avoided use behind it.")
    if not has_decisions:
        found.append("No change has a decision yet: embed, scale or stop.")
    return found


@dataclass(frozen=True)
class Assumed:
    """What moves rows of one source (or of the need): dollars or counts, low to high."""

    drives: str
    low: Decimal
    middle: Decimal
    high: Decimal


#: How much one believes: sources at their low and costs at their high, as written, the other way round.
OUTLOOKS = ("cautious", "expected", "hopeful")


def rows_at(rows: Sequence[Row], assumed: Sequence[Assumed], outlook: str) -> list[Row]:
    """Rows as they would be under an outlook. Rows that no assumption drives stay as they are.

    Several assumptions that drive the same rows are added up before they are compared with their middle.
    """
    factors: dict[str, Decimal] = {}
    for drives in {a.drives for a in assumed if a.drives}:
        mine = [a for a in assumed if a.drives == drives]
        middle = sum((a.middle for a in mine), _ZERO)
        wants_low = (outlook == "cautious") != (drives == "need")
        level = sum((a.low if wants_low else a.high for a in mine), _ZERO)
        if outlook != "expected" and middle > 0:
            factors[drives] = level / middle
    cent = Decimal("0.01")
    return [
        Row(
            row.description,
            row.source,
            tuple(
                (y * factors.get(row.source or "need", Decimal(1))).quantize(cent)
                for y in row.years
            ),
        )
        for row in rows
    ]

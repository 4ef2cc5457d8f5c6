"""What can be said of money and of the gap that it aimed at, side by side. Pure.

Nothing here says that the money moved the gap: there is no comparison with groups that had none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from measures.stats.change import Movement, Verdict, change_of_gaps
from measures.stats.rates import Interval
from teams.formats import format_count, format_money, format_points


@dataclass(frozen=True)
class Arm:
    """A gap in one period: points with their 95 percent interval, rates 0 to 1, people of the stratum."""

    period: str
    gap_points: float
    gap_lower: float
    gap_upper: float
    rate: float
    reference_rate: float
    people: int


@dataclass(frozen=True)
class Moved:
    """From the period before the award to the latest one after it began.

    closed_points: points by which the group came closer to the reference, below 0 where it fell back, with
    interval. patients: how many people more (below 0: fewer) of the stratum now have the good result than if
    the gap were as before.
    """

    before: Arm
    after: Arm
    closed_points: float
    closed_lower: float
    closed_upper: float
    patients: float
    patients_lower: float
    patients_upper: float
    is_clear: bool
    is_levelled_down: bool


def movement(before: Arm, after: Arm, *, higher_is_better: bool) -> Moved:
    """How a gap moved between two periods; people of the two are taken to be different ones."""
    found = change_of_gaps(
        before.gap_points / 100,
        Interval(np.float64(before.gap_lower / 100), np.float64(before.gap_upper / 100)),  # type: ignore[arg-type]
        after.gap_points / 100,
        Interval(np.float64(after.gap_lower / 100), np.float64(after.gap_upper / 100)),  # type: ignore[arg-type]
        group_change=after.rate - before.rate,
        reference_change=after.reference_rate - before.reference_rate,
        higher_is_better=higher_is_better,
    )
    sign = 1.0 if higher_is_better else -1.0
    low, high = sorted((sign * float(found.interval.lower), sign * float(found.interval.upper)))
    closed = sign * float(found.change)
    return Moved(
        before=before,
        after=after,
        closed_points=100 * closed,
        closed_lower=100 * low,
        closed_upper=100 * high,
        patients=closed * after.people,
        patients_lower=low * after.people,
        patients_upper=high * after.people,
        is_clear=int(found.verdict) in (Verdict.NARROWED, Verdict.WIDENED),
        is_levelled_down=closed > 0
        and int(found.movement) in (Movement.NEITHER_BETTER, Movement.ONLY_REFERENCE_BETTER),
    )


@dataclass(frozen=True)
class Cost:
    """Dollars spent for each patient to parity that was gained; None where the interval holds no gain."""

    middle: Decimal
    low: Decimal
    high: Decimal


def cost_per_patient(spent: Decimal, moved: Moved) -> Cost | None:
    """None where nothing was spent, or where the interval of the patients gained reaches 0: dividing by a
    number that may be none gives any cost one likes."""
    if spent <= 0 or moved.patients_lower <= 0 or not math.isfinite(moved.patients_upper):
        return None

    def each(patients: float) -> Decimal:
        return (spent / Decimal(repr(patients))).quantize(Decimal(1), ROUND_HALF_UP)

    return Cost(each(moved.patients), each(moved.patients_upper), each(moved.patients_lower))


def movement_words(moved: Moved) -> str:
    """The gap then and now, and whether that is more than chance."""
    said = (
        f"The gap was {format_points(moved.before.gap_points)} points in {moved.before.period} and"
        f" {format_points(moved.after.gap_points)} in {moved.after.period}."
    )
    interval = (
        f"95% interval {format_points(moved.closed_lower)} to {format_points(moved.closed_upper)}"
    )
    if not moved.is_clear:
        return f"{said} That is no change beyond chance ({interval} points closer)."
    if moved.closed_points < 0:
        return f"{said} The group fell back by {-moved.closed_points:.1f} points ({interval} points closer)."
    said += f" The group came {moved.closed_points:.1f} points closer ({interval})."
    if moved.is_levelled_down:
        said += " Its own rate did not rise: the reference's fell. Nobody is better off by that."
    return said


def cost_words(spent: Decimal, moved: Moved, cost: Cost | None) -> str:
    if spent <= 0:
        return "No spending is reported yet, so there is no cost to give."
    if cost is None:
        return (
            "The interval of the patients gained includes no gain, so a cost per patient cannot be given:"
            " it could be any amount, or the money may have gained none."
        )
    return (
        f"{format_money(cost.middle, cents=False)} for each patient to parity gained, by the interval"
        f" {format_money(cost.low, cents=False)} to {format_money(cost.high, cents=False)}"
        f" ({format_count(moved.patients)} patients,"
        f" {format_count(moved.patients_lower)} to {format_count(moved.patients_upper)})."
    )


#: What the cost per patient divides. Each award of a group claims the same patients.
COST_BASIS = (
    "The cost per patient divides what all awards of the group spent since this one began: they share the same"
    " patients."
)
#: Under every number of this kind.
NO_CAUSE = (
    "Spending and gap stand side by side. Groups without an award are not compared here and other work went on"
    " at the same time, so this does not say that the money moved the gap."
)

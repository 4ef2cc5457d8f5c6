"""The aim as one sentence, made from parts; what is still missing stands in it as a gap to fill.

Source of the pattern: "how good, for whom, by when" of the Model for Improvement, with the gap beside the level.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

INCREASE, DECREASE = "increase", "decrease"
PERCENT = "%"


@dataclass(frozen=True)
class AimParts:
    """What a team fills in. Texts are empty and numbers None where nothing was said yet.

    baseline, target: the level, in `unit` ("%" or a word such as "days").
    gap_from, gap_to: distance between focus group and reference without a sign: percentage points
    where the unit is "%", else in the unit itself.
    guards_everyone: the team promises that nobody's rate gets worse on the way.
    """

    direction: str = INCREASE
    measure: str = ""
    population: str = ""
    place: str = ""
    focus_group: str = ""
    reference_group: str = ""
    unit: str = PERCENT
    baseline: Decimal | None = None
    target: Decimal | None = None
    due_on: date | None = None
    gap_from: Decimal | None = None
    gap_to: Decimal | None = None
    guards_everyone: bool = False


@dataclass(frozen=True)
class Piece:
    """A stretch of the sentence. is_missing: it names what has to be filled in."""

    text: str
    is_missing: bool = False


def format_amount(value: Decimal, unit: str) -> str:
    """61% or 12.5 days: no more decimals than were given, at most one."""
    number = f"{value:.1f}".removesuffix(".0")
    return f"{number}%" if unit == PERCENT else f"{number} {unit}".strip()


def gap_unit(unit: str) -> str:
    return "points" if unit == PERCENT else unit


def build_sentence(parts: AimParts) -> tuple[Piece, ...]:
    """The sentence in pieces; the texts joined are the sentence."""
    increases = parts.direction != DECREASE
    pieces: list[Piece] = []

    def say(text: str) -> None:
        pieces.append(Piece(text))

    def fill(text: str, missing: str) -> None:
        pieces.append(Piece(text) if text else Piece(f"[{missing}]", True))

    def amount(value: Decimal | None, missing: str) -> None:
        fill("" if value is None else format_amount(value, parts.unit), missing)

    say("Increase " if increases else "Decrease ")
    fill(_lowered(parts.measure), "what you measure")
    say(" for ")
    fill(parts.population.strip(), "which patients")
    if parts.focus_group.strip():
        say(f", {parts.focus_group.strip()} patients among them,")
    if parts.place.strip():
        say(f" at {parts.place.strip()}")
    say(" from ")
    amount(parts.baseline, "where you are")
    say(" to ")
    amount(parts.target, "where you want to be")
    say(" by ")
    fill(
        f"{parts.due_on:%B} {parts.due_on.day}, {parts.due_on.year}" if parts.due_on else "",
        "a date",
    )
    say(", and reduce the gap between ")
    fill(parts.focus_group.strip(), "the focus group")
    say(" and ")
    fill(parts.reference_group.strip(), "the reference")
    say(" patients from ")
    fill("" if parts.gap_from is None else f"{parts.gap_from:.1f}".removesuffix(".0"), "gap now")
    say(" to ")
    fill("" if parts.gap_to is None else f"{parts.gap_to:.1f}".removesuffix(".0"), "gap then")
    say(f" {gap_unit(parts.unit)}".rstrip())
    if parts.guards_everyone:
        say(f" without {'lowering' if increases else 'raising'} anyone’s rate")
    say(".")
    return tuple(pieces)


def sentence_text(parts: AimParts) -> str:
    return "".join(piece.text for piece in build_sentence(parts))


def _lowered(text: str) -> str:
    """A measure's name inside a sentence: its first letter small, unless the word is an abbreviation."""
    text = text.strip()
    rest_of_first_word = text.partition(" ")[0][1:]
    return text[0].lower() + text[1:] if rest_of_first_word.islower() else text

"""The live checks of an aim: each says what holds, or what to add, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from pdsa.aims.sentence import DECREASE, PERCENT, AimParts, format_amount, gap_unit

#: An aim further away is a wish: nobody on the team plans a test for it.
_FARTHEST = timedelta(days=3 * 366)
#: Words that name everybody, and so no focus group.
_EVERYBODY = frozenset(
    {"all", "all patients", "everybody", "everyone", "total", "total population", "patients"}
)


@dataclass(frozen=True)
class AimCheck:
    """code: stable name. label: two or three words. sentence: what holds, or what to do."""

    code: str
    label: str
    passed: bool
    sentence: str


def check_aim(parts: AimParts, *, today: date) -> tuple[AimCheck, ...]:
    """All checks, in the order in which the sentence is read. today: a due date has to lie after it."""
    return (
        _check_number(parts),
        _check_date(parts, today),
        _check_population(parts),
        _check_focus_group(parts),
        _check_level_and_gap(parts),
        _check_floor(parts),
    )


def count_passed(checks: tuple[AimCheck, ...]) -> int:
    return sum(check.passed for check in checks)


def _check_number(parts: AimParts) -> AimCheck:
    problem = _number_problem(parts)
    if problem:
        return AimCheck("number", "A number", False, problem)
    assert parts.baseline is not None and parts.target is not None  # said by _number_problem
    start, end = (format_amount(v, parts.unit) for v in (parts.baseline, parts.target))
    return AimCheck("number", "A number", True, f"The level goes from {start} to {end}.")


def _number_problem(parts: AimParts) -> str:
    if not parts.measure.strip():
        return "Say what you measure."
    if parts.baseline is None and parts.target is None:
        return "Say from which number to which number."
    if parts.target is None:
        return "Say which number you want to reach."
    if parts.baseline is None:
        return "Say where you are today. A first count of 20 charts is enough to start."
    for value in (parts.baseline, parts.target):
        if parts.unit == PERCENT and not 0 <= value <= 100:
            return "A percentage lies between 0 and 100."
    if parts.target == parts.baseline:
        return "Start and target are the same number."
    if (parts.target < parts.baseline) != (parts.direction == DECREASE):
        word = "decrease" if parts.direction == DECREASE else "increase"
        side = "above" if parts.direction == DECREASE else "below"
        return f"You want to {word} it, but the target is {side} the start."
    return ""


def _check_date(parts: AimParts, today: date) -> AimCheck:
    if parts.due_on is None:
        sentence, passed = "Say by which day.", False
    elif parts.due_on <= today:
        sentence, passed = "This day is over. Choose one that is still to come.", False
    elif parts.due_on - today > _FARTHEST:
        sentence = "This is more than three years away. Choose a day that your team can plan for."
        passed = False
    else:
        days = (parts.due_on - today).days
        left = f"{days} days" if days < 60 else f"{round(days / 30.4)} months"
        sentence, passed = "One day is left." if days == 1 else f"There are {left} left.", True
    return AimCheck("date", "A date", passed, sentence)


def _check_population(parts: AimParts) -> AimCheck:
    if parts.population.strip():
        return AimCheck("population", "The patients", True, "It says which patients are meant.")
    return AimCheck(
        "population",
        "The patients",
        False,
        "Say which patients are meant, for example “adults with hypertension”.",
    )


def _check_focus_group(parts: AimParts) -> AimCheck:
    focus, reference = parts.focus_group.strip(), parts.reference_group.strip()
    label = "The focus group"
    if not focus:
        sentence = "Name the group of patients that is behind today. “All patients” hides it."
    elif focus.casefold() in _EVERYBODY:
        sentence = "This is everybody. Name the group of patients that is behind today."
    elif not reference:
        sentence = f"Say with whom {focus} patients are compared."
    elif reference.casefold() == focus.casefold():
        sentence = "The focus group cannot be compared with itself. Choose another reference."
    else:
        return AimCheck("focus", label, True, f"{focus} patients, compared with {reference}.")
    return AimCheck("focus", label, False, sentence)


def _check_level_and_gap(parts: AimParts) -> AimCheck:
    label = "Level and gap"
    has_level = parts.baseline is not None and parts.target is not None
    has_gap = parts.gap_from is not None and parts.gap_to is not None
    if has_level and not has_gap:
        sentence = "Add the gap, now and then. A level can rise for all while the gap widens."
    elif has_gap and not has_level:
        sentence = "Add the level, now and then. A gap can also close because others fall."
    elif not has_gap:
        sentence = "Say two things: how good it shall be, and how small the gap."
    else:
        assert parts.gap_from is not None and parts.gap_to is not None
        if parts.gap_from < 0 or parts.gap_to < 0:
            sentence = "Write the gap as a distance, without a minus."
        elif parts.gap_to >= parts.gap_from:
            sentence = "The gap has to become smaller than it is now."
        elif parts.unit == PERCENT and parts.gap_from > 100:
            sentence = "A gap is at most 100 points."
        else:
            closed = format_amount(parts.gap_from - parts.gap_to, gap_unit(parts.unit))
            return AimCheck("gap", label, True, f"The gap shrinks by {closed}.")
    return AimCheck("gap", label, False, sentence)


def _check_floor(parts: AimParts) -> AimCheck:
    label = "Nobody loses"
    lowered = "raised" if parts.direction == DECREASE else "lowered"
    if parts.guards_everyone:
        fall = "rise" if parts.direction == DECREASE else "fall"
        return AimCheck("floor", label, True, f"No group’s rate may {fall} on the way.")
    return AimCheck(
        "floor",
        label,
        False,
        f"Promise that nobody’s rate is {lowered}: a gap that closes because others get worse helps nobody.",
    )

"""The scale of progress from 0.5 to 5.0, and what the evidence suggests.

The method is the Assessment Scale for Collaboratives of the Institute for Healthcare Improvement; the words are
our own. A suggestion is never a score: the team and its coach give theirs, with reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Level:
    """One step of the scale: its value, its name, and what it means in one sentence."""

    value: Decimal
    name: str
    meaning: str


LEVELS = (
    Level(Decimal("0.5"), "Intent to take part", "A project is named; there is no team and no charter yet."),
    Level(Decimal("1.0"), "Charter and team", "The charter is agreed and people are assigned; work has not begun."),
    Level(Decimal("1.5"), "Planning", "Aim, measures and the next meeting are set; it is clear where to begin."),
    Level(Decimal("2.0"), "Activity, no changes", "The team studies its process and has a baseline; nothing was changed."),
    Level(Decimal("2.5"), "Changes tested", "First tests are done and the key measures are followed; no improvement yet."),
    Level(Decimal("3.0"), "Modest improvement", "Some tests worked; about a fifth of the way to the goal."),
    Level(Decimal("3.5"), "Improvement", "Testing goes on, a change is in place, a process measure has moved."),
    Level(Decimal("4.0"), "Significant improvement", "Half of the way to the goal; the outcome has moved."),
    Level(Decimal("4.5"), "Sustainable improvement", "The improvement has held for half a year of points."),
    Level(Decimal("5.0"), "Outstanding, lasting results", "The goals are met, and the change will stay when the grant ends."),
)  # fmt: skip
LEVEL_OF = {level.value: level for level in LEVELS}

#: From here on the gap must be known not to be widening: improvement for most people while some fall behind is not meant.
EQUITY_GUARD_FROM = Decimal("3.0")
#: Difference between the team's and the coach's score that is worth a talk.
TALK_ABOUT_IT = Decimal("1.0")


@dataclass(frozen=True)
class Facts:
    """What the system knows of a team on one day. Counts are whole numbers; progress is in percent, 0 to 100.

    progress_percent: the best of the key measures, on the mean of the present phase; None without aim or data.
    changes_funded: changes that stay after the grant with an owner and a budget line.
    gap_widening: None when the gap cannot be judged.
    """

    charter_agreed: bool = False
    member_count: int = 0
    has_lead: bool = False
    aim_complete: bool = False
    measure_count: int = 0
    next_meeting_planned: bool = False
    baseline_points: int = 0
    process_map_count: int = 0
    stratified_results: bool = False
    tests_past_do: int = 0
    measures_with_target: int = 0
    tests_kept: int = 0
    progress_percent: float | None = None
    process_signals: int = 0
    outcome_signals: int = 0
    changes_implemented: int = 0
    points_held: int = 0
    goals_met: bool = False
    control_plans: int = 0
    changes_funded: int = 0
    gap_widening: bool | None = None


@dataclass(frozen=True)
class Evidence:
    """One condition of one level: whether it is met, and a sentence with the number that decides it."""

    level: Decimal
    met: bool
    sentence: str


@dataclass(frozen=True)
class Suggestion:
    value: Decimal
    evidence: tuple[Evidence, ...]


def suggest_score(facts: Facts) -> Suggestion:
    """The highest level whose conditions, and those of every level below, are all met.

    The lowest level needs nothing: whoever is enrolled has it.
    """
    evidence = tuple(_conditions(facts))
    value = LEVELS[0].value
    for level in LEVELS[1:]:
        if not all(piece.met for piece in evidence if piece.level == level.value):
            break
        value = level.value
    return Suggestion(value, evidence)


def _conditions(facts: Facts) -> list[Evidence]:
    progress = facts.progress_percent
    shown = "not known yet" if progress is None else f"{progress:.0f} percent"
    looks = facts.baseline_points >= 3 or facts.process_map_count > 0 or facts.stratified_results
    rows = [
        ("1.0", facts.charter_agreed, "The charter is agreed."),
        (
            "1.0",
            facts.member_count >= 3 and facts.has_lead,
            (
                f"At least three people with a lead: {facts.member_count}"
                f"{', with a lead' if facts.has_lead else ', without a lead'}."
            ),
        ),
        (
            "1.5",
            facts.aim_complete,
            "The aim names number, date, population, focus group, level and gap.",
        ),
        (
            "1.5",
            facts.measure_count >= 1,
            f"At least one measure is defined: {facts.measure_count}.",
        ),
        (
            "1.5",
            # Whoever has tested something is past planning: a lost date takes nothing of that back.
            facts.next_meeting_planned or facts.tests_past_do >= 1,
            "The next call or meeting has a date, or a test was carried out already.",
        ),
        (
            "2.0",
            looks,
            (
                f"A baseline of three points ({facts.baseline_points} so far), a process map "
                f"({facts.process_map_count}) or a first stratified look "
                f"({'done' if facts.stratified_results else 'not yet'})."
            ),
        ),
        (
            "2.5",
            facts.tests_past_do >= 1,
            f"At least one test was carried out: {facts.tests_past_do}.",
        ),
        (
            "2.5",
            facts.measures_with_target >= 1,
            f"A key measure is charted with its target: {facts.measures_with_target}.",
        ),
        (
            "3.0",
            facts.tests_kept >= 1,
            f"At least one change was adopted, or adapted and tested again: {facts.tests_kept}.",
        ),
        ("3.0", (progress or 0) >= 20, f"A fifth of the way from baseline to target: {shown}."),
        (
            "3.5",
            facts.process_signals >= 1,
            f"A process measure shows a favourable signal: {facts.process_signals}.",
        ),
        (
            "3.5",
            facts.changes_implemented >= 1,
            f"At least one change is in place: {facts.changes_implemented}.",
        ),
        ("4.0", (progress or 0) >= 50, f"Half of the way from baseline to target: {shown}."),
        (
            "4.0",
            facts.outcome_signals >= 1,
            f"An outcome measure shows a favourable signal: {facts.outcome_signals}.",
        ),
        (
            "4.5",
            facts.points_held >= 6,
            f"The new level has held for six further points: {facts.points_held}.",
        ),
        ("5.0", facts.goals_met, "Every goal is met."),
        (
            "5.0",
            facts.control_plans >= 1,
            f"A control plan with an owner keeps it: {facts.control_plans}.",
        ),
        (
            "5.0",
            facts.changes_funded >= 1,
            (
                "A change has an owner and a budget line after the grant, in the sustainability plan: "
                f"{facts.changes_funded}."
            ),
        ),
    ]
    rows.insert(
        [row[0] for row in rows].index(str(EQUITY_GUARD_FROM)),
        (
            str(EQUITY_GUARD_FROM),
            facts.gap_widening is False,
            {
                True: "The gap is widening, so nothing from here on is suggested.",
                False: "The gap is not widening.",
                None: (
                    "Whether the gap is widening cannot be said yet, so nothing from here on is suggested."
                    " It needs ten points of a focus group and its reference."
                ),
            }[facts.gap_widening],
        ),
    )
    return [Evidence(Decimal(level), bool(met), sentence) for level, met, sentence in rows]

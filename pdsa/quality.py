"""Quality of a test's documentation: seven deterministic checks, as quiet hints. PURE.

Features and questions follow Taylor et al. 2014, "Systematic review of the application of the
plan-do-study-act method", BMJ Quality & Safety 23:290 (table 2: iterative cycles, prediction, small scale,
data over time, documentation), and Knudsen et al. 2019, BMC Health Services Research 19:683 (theory).
The equity check is this project's own. The wording is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

#: Shortest prediction that says something, in characters.
LEAST_PREDICTION = 10
#: What still counts as small for the first test of a ramp.
FIRST_PATIENTS, FIRST_CLINICIANS, FIRST_DAYS = 5, 1, 14
#: The next test may be this many times larger than the one before.
LARGEST_STEP = 5
#: Points of a linked measure that make a line.
LEAST_POINTS = 3
#: Days after the planned end within which a test should be closed.
CLOSED_WITHIN_DAYS = 14


_NUMBER = re.compile(
    r"\d|\b(?:half|none|two|three|four|five|six|seven|eight|nine|ten)\b", re.IGNORECASE
)


def names_number(text: str) -> bool:
    """Whether a prediction in words has a number in it: "3 of 5", "60%", "half of them"."""
    return _NUMBER.search(text) is not None


@dataclass(frozen=True)
class PredictionFacts:
    """One question of a cycle. expected: a number was predicted; compared: Study says whether it held."""

    text: str
    expected: bool
    compared: bool


@dataclass(frozen=True)
class CycleFacts:
    """What the checks look at. Counts are of people, sites or days; None: nobody said.

    ramp_length: cycles of the idea; linked: this one follows or is followed by another of them.
    is_first: nothing came before it. is_change: it tests, implements or spreads (small scale does not apply
    to collecting information). measure_points: points of the linked measures during or after the test;
    None: no measure is linked. has_driver: the idea hangs under a driver.
    """

    state_closed: bool
    is_retrospective: bool
    not_predicted: bool
    predictions: tuple[PredictionFacts, ...]
    ramp_length: int
    linked: bool
    next_change: str
    is_first: bool
    is_test: bool
    patient_count: int | None
    clinician_count: int | None
    duration_days: int | None
    previous_patient_count: int | None
    measure_points: int | None
    has_plan: bool
    has_do: bool
    has_study: bool
    has_act: bool
    planned_end_on: date | None
    closed_on: date | None
    has_driver: bool
    has_focus: bool
    focus_result: str
    patient_input: str


@dataclass(frozen=True)
class Hint:
    """One feature. credit: 0, 0.5 or 1; text: the question to think about, empty with full credit."""

    code: str
    label: str
    credit: float
    text: str


def _iterative(facts: CycleFacts) -> tuple[float, str]:
    if (facts.ramp_length >= 2 and facts.linked) or facts.next_change.strip():
        return 1, ""
    return 0, "Which test comes next?"


def _prediction(facts: CycleFacts) -> tuple[float, str]:
    if facts.is_retrospective:
        return 0, "This was written down afterwards. Next time, guess a number before you start."
    said = [p for p in facts.predictions if len(p.text.strip()) >= LEAST_PREDICTION or p.expected]
    if facts.not_predicted or not said:
        return 0, "Guess a number before you start; a wrong guess teaches most."
    if not any(p.expected for p in said):
        return 0.5, "Could the prediction have a number in it?"
    if facts.state_closed and not any(p.compared for p in said):
        return 0.5, "Did the prediction hold? One click says it."
    return 1, ""


def _small_scale(facts: CycleFacts) -> tuple[float, str]:
    if not facts.is_test:
        return 1, ""
    patients, before = facts.patient_count, facts.previous_patient_count
    if facts.is_first:
        sizes = (
            (patients, FIRST_PATIENTS),
            (facts.clinician_count, FIRST_CLINICIANS),
            (facts.duration_days, FIRST_DAYS),
        )
        if all(size is None for size, _ in sizes):
            return 0, "How small is it? Say with how many patients."
        if patients is not None and patients <= FIRST_PATIENTS:
            return 1, ""
        one_clinician = facts.clinician_count is not None and facts.clinician_count <= 1
        two_weeks = facts.duration_days is not None and facts.duration_days <= FIRST_DAYS
        if one_clinician and two_weeks:
            return 1, ""
        return 0, "Could this be tried with 1 patient tomorrow?"
    if patients is None:
        return 0.5, "With how many patients this time?"
    if before is not None and patients > LARGEST_STEP * before:
        return 0, scale_hint(patients, before)
    return 1, ""


def scale_hint(patients: int, before: int) -> str:
    """The hint when the next test is more than five times the last one; empty when it is not."""
    if patients <= LARGEST_STEP * before:
        return ""
    return (
        f"{patients:,} patients after {before:,} is a large step. "
        f"Would {LARGEST_STEP * before:,} teach you enough?"
    )


def _data_over_time(facts: CycleFacts) -> tuple[float, str]:
    if facts.measure_points is None:
        return 0, "Link the measure this should move."
    if facts.measure_points < LEAST_POINTS:
        return 0.5, "Three points make a line: keep entering the measure."
    return 1, ""


def _documentation(facts: CycleFacts) -> tuple[float, str]:
    missing = [
        what
        for there, what in (
            (facts.has_plan, "what you wanted to try"),
            (facts.has_do, "what happened"),
            (facts.has_study, "what you learned"),
            (facts.has_act, "what you decided"),
        )
        if not there
    ]
    if missing:
        return (0.5 if len(missing) <= 2 else 0), f"Add one line on {missing[0]}."
    if facts.closed_on and facts.planned_end_on:
        late = (facts.closed_on - facts.planned_end_on).days
        if late > CLOSED_WITHIN_DAYS:
            return (
                0.5,
                "It closed long after its planned end. Shorter tests are easier to remember.",
            )
    return 1, ""


def _theory(facts: CycleFacts) -> tuple[float, str]:
    return (1, "") if facts.has_driver else (0, "Which driver does this act on?")


def _equity(facts: CycleFacts) -> tuple[float, str]:
    if not facts.has_focus:
        return 0, "Who might this leave out? Choose whose patients it is for."
    if facts.state_closed and not facts.focus_result.strip():
        return 0.5, "What did it do for the group it was for? If you cannot tell, say why."
    if not facts.patient_input or facts.patient_input == "none":
        return 0.5, "Has a patient of that group seen the plan?"
    return 1, ""


_CHECKS: tuple[tuple[str, str, Callable[[CycleFacts], tuple[float, str]]], ...] = (
    ("iterative", "One leads to the next", _iterative),
    ("prediction", "Prediction", _prediction),
    ("small_scale", "Small scale", _small_scale),
    ("data_over_time", "Data over time", _data_over_time),
    ("documentation", "Written down", _documentation),
    ("theory", "Theory", _theory),
    ("equity", "Equity", _equity),
)


def check_quality(facts: CycleFacts) -> list[Hint]:
    """All seven checks in a fixed order; the same facts always give the same hints."""
    return [Hint(code, label, *check(facts)) for code, label, check in _CHECKS]

"""What a condition of a payment can ask, and who answers.

The app grants knows nothing of tests of change, sessions or results. Each fact has a name and an answer that
somebody registers when the site starts: the app itself for agreements and reports, the composition root for
the rest. A fact that nobody answers is unknown: then people decide on a document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Question:
    """What is asked: of a team and its award, with the condition's parameters, on a day."""

    team_id: int
    award_id: int
    milestone_id: int
    since: date
    parameters: dict[str, Any]
    on: date


@dataclass(frozen=True)
class Finding:
    """What the system sees. met None: it cannot tell. path: where a reader sees it too, empty for nowhere."""

    met: bool | None
    text: str
    path: str = ""


@dataclass(frozen=True)
class Fact:
    """One kind of condition. number_label: what the one number means that it needs; empty for none."""

    name: str
    label: str
    number_key: str = ""
    number_label: str = ""


FACTS: tuple[Fact, ...] = (
    Fact("agreement_signed", "The signed agreement is on file"),
    Fact("team_named", "The group has named its lead"),
    Fact("report_accepted", "Reports are accepted", "reports", "How many"),
    Fact("document_on_file", "A document for this condition is on file"),
    Fact("charter_agreed", "The project's charter is agreed"),
    Fact("first_test_closed", "The first test is finished"),
    Fact("tests_closed", "Tests are finished", "tests", "How many"),
    Fact("completeness_gained", "Self-reported race data became more complete", "points", "Percentage points"),
    Fact("baseline_stratified", "The results are there by race and ethnicity"),
    Fact("sessions_attended", "Learning sessions were attended", "sessions", "How many"),
    Fact("monthly_reports_sent", "Monthly reports were handed in", "reports", "How many"),
)  # fmt: skip
FACT_BY_NAME = {fact.name: fact for fact in FACTS}

#: One finding for each question, in their order, with a number of queries that does not grow with them.
Answer = Callable[[Sequence[Question]], list[Finding]]
_ANSWERS: dict[str, Answer] = {}

UNKNOWN = Finding(None, "The system cannot see this. Put a document on file and decide.")


def register_answer(name: str, answer: Answer) -> None:
    """name: one of FACTS. Called when the site starts. Raises KeyError for a fact that does not exist."""
    _ANSWERS[FACT_BY_NAME[name].name] = answer


def ask(asked: Sequence[tuple[str, Question]]) -> list[Finding]:
    """asked: name of a fact and what is asked of it. The findings come in the same order."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, (name, _) in enumerate(asked):
        places[name].append(place)
    found = [UNKNOWN] * len(asked)
    for name, of_fact in places.items():
        answer = _ANSWERS.get(name)
        if answer is None:
            continue
        findings = answer([asked[place][1] for place in of_fact])
        for place, finding in zip(of_fact, findings, strict=True):
            found[place] = finding
    return found


# --- what else the app asks without knowing who answers ----------------------------------------------------


@dataclass(frozen=True)
class WorkSummary:
    """What a team did since a day: for the card beside the money. path: the team's tests."""

    tests_started: int
    tests_closed: int
    sessions_attended: int
    patients_reached: int | None
    last_test_on: date | None
    path: str = ""


@dataclass(frozen=True)
class TeamSpan:
    """The days of a team that are summed up, first and last included."""

    team_id: int
    since: date
    until: date


Summarise = Callable[[Sequence[TeamSpan]], list[WorkSummary | None]]
_WORK: list[Summarise] = []


def register_work_summary(summarise: Summarise) -> None:
    """summarise(spans) → one for each, in their order. Called once, when the site starts."""
    _WORK[:] = [summarise]


def work_summaries(spans: Sequence[TeamSpan]) -> list[WorkSummary | None]:
    """In the order of the spans; None where nobody keeps tests of change."""
    return _WORK[0](spans) if _WORK else [None] * len(spans)


@dataclass(frozen=True)
class AimedGap:
    """A gap that a group wants to close: of which measure, for which stratum of the set `combined`."""

    measure_id: int
    stratum_id: int


ListAims = Callable[[Iterable[int]], dict[int, list[AimedGap]]]
_AIMS: list[ListAims] = []


def register_aims(list_aims: ListAims) -> None:
    """list_aims(team_ids) → aims by team, the oldest first. Called once, when the site starts."""
    _AIMS[:] = [list_aims]


def aimed_gaps(team_ids: Iterable[int]) -> dict[int, list[AimedGap]]:
    """Empty where nobody keeps aims."""
    return _AIMS[0](team_ids) if _AIMS else {}

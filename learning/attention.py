"""Which team needs its coach next, by stated rules: each has a name, a meaning and a weight.

Pure. The order of a caseload is the sum of the weights of the rules that apply, and the alphabet where sums
are equal. It says where to look first; it says nothing about how good a team is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

QUIET_AFTER_DAYS = 45
DATA_STALE_AFTER_DAYS = 60
PILOT_EXPECTED_AFTER_DAYS = 60


class Rule(StrEnum):
    HELP_ASKED = "help_asked"
    NO_PILOT = "no_pilot"
    GRANT_BLOCKED = "grant_blocked"
    CONTROL_FIRED = "control_fired"
    REPORT_OVERDUE = "report_overdue"
    QUIET = "quiet"
    SIGNAL = "signal"
    SCORES_APART = "scores_apart"
    ACTIONS_OVERDUE = "actions_overdue"
    DATA_STALE = "data_stale"
    NO_CALL = "no_call"


#: Rule → (its name on the page, what makes it apply, its weight).
RULES: dict[Rule, tuple[str, str, int]] = {
    Rule.HELP_ASKED: ("Help asked", "The team asked for help and has no answer yet.", 5),
    Rule.NO_PILOT: (
        "No test since the award",
        f"A grant began more than {PILOT_EXPECTED_AFTER_DAYS} days ago and no test was ever started.",
        4,
    ),
    Rule.GRANT_BLOCKED: (
        "Grant step blocked",
        "A condition of the next payment is overdue.",
        3,
    ),
    Rule.CONTROL_FIRED: (
        "Control plan fired",
        "A watched measure slipped and nobody has written down what was done.",
        4,
    ),
    Rule.REPORT_OVERDUE: ("Report overdue", "Last month's report is due and was not handed in.", 3),
    Rule.QUIET: (
        "Quiet",
        f"No test was started, changed or closed for {QUIET_AFTER_DAYS} days.",
        3,
    ),
    Rule.SIGNAL: (
        "Signal the wrong way",
        "A chart shows a signal in the unfavourable direction.",
        3,
    ),
    Rule.SCORES_APART: (
        "Scores apart",
        "The team's and the coach's score differ by 1.0 or more: talk about it.",
        2,
    ),
    Rule.ACTIONS_OVERDUE: ("Actions overdue", "An action of the team is past its day.", 2),
    Rule.DATA_STALE: (
        "Data stale",
        f"The newest number that the team entered is older than {DATA_STALE_AFTER_DAYS} days.",
        2,
    ),
    Rule.NO_CALL: ("No call planned", "The next coaching call has no date.", 1),
}


@dataclass(frozen=True)
class TeamState:
    """What the rules look at, for one team on one day. None means that there is no such thing."""

    help_asked_at: datetime | None = None
    award_began_on: date | None = None
    blocked_steps: tuple[str, ...] = ()
    fired_plans: tuple[str, ...] = ()
    first_test_on: date | None = None
    last_test_at: datetime | None = None
    report_due_on: date | None = None
    report_handed_in: bool = False
    unfavourable_signals: tuple[str, ...] = ()
    team_score: Decimal | None = None
    coach_score: Decimal | None = None
    overdue_actions: int = 0
    data_until: date | None = None
    next_call_at: datetime | None = None


@dataclass(frozen=True)
class Reason:
    """A rule that applies, with a sentence that says why."""

    rule: Rule
    sentence: str

    @property
    def weight(self) -> int:
        return RULES[self.rule][2]

    @property
    def name(self) -> str:
        return RULES[self.rule][0]


def list_reasons(state: TeamState, today: date) -> list[Reason]:
    """Reasons to look at a team, the heaviest first."""
    reasons = []

    def add(rule: Rule, sentence: str) -> None:
        reasons.append(Reason(rule, sentence))

    if state.help_asked_at is not None:
        add(Rule.HELP_ASKED, f"Asked for help on {state.help_asked_at:%-d %b}, no answer yet.")
    began = state.award_began_on
    if began is not None and state.first_test_on is None:
        days = (today - began).days
        if days > PILOT_EXPECTED_AFTER_DAYS:
            add(Rule.NO_PILOT, f"{days} days since the award began, no test started yet.")
    for because in state.fired_plans:
        add(Rule.CONTROL_FIRED, f"{because}.")
    for step in state.blocked_steps:
        add(Rule.GRANT_BLOCKED, step)
    if state.report_due_on is not None and not state.report_handed_in:
        late = (today - state.report_due_on).days
        if late > 0:
            add(
                Rule.REPORT_OVERDUE,
                f"The monthly report was due {late} day{'s' if late > 1 else ''} ago.",
            )
    if state.last_test_at is None:
        if state.first_test_on is None and began is None:
            add(Rule.QUIET, "No test has been logged yet.")
    elif (quiet := (today - state.last_test_at.date()).days) > QUIET_AFTER_DAYS:
        add(Rule.QUIET, f"Nothing happened in a test for {quiet} days.")
    for signal in state.unfavourable_signals:
        add(Rule.SIGNAL, signal)
    if state.team_score is not None and state.coach_score is not None:
        apart = abs(state.team_score - state.coach_score)
        if apart >= 1:
            add(
                Rule.SCORES_APART,
                f"The team gave {state.team_score}, the coach {state.coach_score}.",
            )
    if state.overdue_actions:
        count = state.overdue_actions
        add(
            Rule.ACTIONS_OVERDUE,
            f"{count} action{'s are' if count > 1 else ' is'} past the day.",
        )
    if state.data_until is not None:
        old = (today - state.data_until).days
        if old > DATA_STALE_AFTER_DAYS:
            add(Rule.DATA_STALE, f"The newest numbers are of {state.data_until:%-d %b %Y}.")
    if state.next_call_at is None:
        add(Rule.NO_CALL, "The next call has no date.")
    return sorted(reasons, key=lambda reason: -reason.weight)


def attention(reasons: list[Reason]) -> int:
    """The sum of the weights: a rule that applies twice counts once."""
    return sum(RULES[rule][2] for rule in {reason.rule for reason in reasons})

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
    CALL_NOT_RECORDED = "call_not_recorded"
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
        f"A grant began more than {PILOT_EXPECTED_AFTER_DAYS} days ago and no test was started since.",
        4,
    ),
    Rule.GRANT_BLOCKED: (
        "Grant step blocked",
        "A condition or report of a grant is overdue, a payment is on hold or failed, or the grant is suspended.",
        3,
    ),
    Rule.CONTROL_FIRED: (
        "Control plan fired",
        "A watched measure slipped and nobody has written down what was done.",
        4,
    ),
    Rule.CALL_NOT_RECORDED: (
        "Call not recorded",
        "The day of a planned call is past and nobody said whether it took place.",
        2,
    ),
    Rule.REPORT_OVERDUE: (
        "Report overdue",
        "A monthly report is due and was not handed in, also where the team has never written one.",
        3,
    ),
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
        "In the latest month with both, the team's and the coach's score differ by 1.0 or more: talk about it.",
        2,
    ),
    Rule.ACTIONS_OVERDUE: ("Actions overdue", "An action of the team is past its day.", 2),
    Rule.DATA_STALE: (
        "Data stale",
        f"The last numbers of a measure, or its beginning without any, are over {DATA_STALE_AFTER_DAYS} days old.",
        2,
    ),
    Rule.NO_CALL: ("No call planned", "The next coaching call has no date.", 1),
}


@dataclass(frozen=True)
class Series:
    """What a team has entered of one measure. until: the last day of the newest period with a number, with the
    usual delay of the measure added. since: from when on numbers could have come, where there are none."""

    measure: str
    until: date | None = None
    since: date | None = None


@dataclass(frozen=True)
class TeamState:
    """What the rules look at, for one team on one day. None means that there is no such thing."""

    help_asked_at: datetime | None = None
    award_began_on: date | None = None
    blocked_steps: tuple[str, ...] = ()
    fired_plans: tuple[str, ...] = ()
    last_test_started_on: date | None = None
    last_test_at: datetime | None = None
    #: Months whose report is past its day and not handed in, the oldest first, and the day of the oldest.
    months_overdue: tuple[date, ...] = ()
    report_due_on: date | None = None
    unfavourable_signals: tuple[str, ...] = ()
    team_score: Decimal | None = None
    coach_score: Decimal | None = None
    scored_month: date | None = None
    overdue_actions: int = 0
    series: tuple[Series, ...] = ()
    #: When the programme began for the team: from then on numbers are expected at all.
    began_on: date | None = None
    next_call_on: date | None = None

    @property
    def data_until(self) -> date | None:
        """The newest of all numbers."""
        return max((one.until for one in self.series if one.until), default=None)


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
    last_started = state.last_test_started_on
    if began is not None and (last_started is None or last_started < began):
        days = (today - began).days
        if days > PILOT_EXPECTED_AFTER_DAYS:
            add(Rule.NO_PILOT, f"{days} days since the award began, no test started since.")
    for because in state.fired_plans:
        add(Rule.CONTROL_FIRED, f"{because}.")
    for step in state.blocked_steps:
        add(Rule.GRANT_BLOCKED, step)
    if state.months_overdue:
        add(Rule.REPORT_OVERDUE, _reports_overdue(state, today))
    if state.last_test_at is None:
        if began is None:
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
                f"The team gave {state.team_score}, the coach {state.coach_score}"
                f"{f' for {state.scored_month:%B}' if state.scored_month else ''}.",
            )
    if state.overdue_actions:
        count = state.overdue_actions
        add(
            Rule.ACTIONS_OVERDUE,
            f"{count} action{'s are' if count > 1 else ' is'} past the day.",
        )
    if stale := _stale(state, today):
        add(Rule.DATA_STALE, stale)
    if state.next_call_on is None:
        add(Rule.NO_CALL, "The next call has no date.")
    elif state.next_call_on < today:
        add(Rule.CALL_NOT_RECORDED, f"Call of {state.next_call_on:%-d %b} not recorded.")
    return sorted(reasons, key=lambda reason: -reason.weight)


def _reports_overdue(state: TeamState, today: date) -> str:
    first, *others = state.months_overdue
    if others:
        return f"{len(others) + 1} monthly reports are overdue, the first of {first:%B %Y}."
    late = (today - state.report_due_on).days if state.report_due_on else 1
    return f"The report of {first:%B} was due {late} day{'s' if late > 1 else ''} ago."


def _stale(state: TeamState, today: date) -> str:
    """Which measures have old numbers or none, as a sentence; empty where all is well."""

    def is_long_ago(day: date | None) -> bool:
        return day is not None and (today - day).days > DATA_STALE_AFTER_DAYS

    if not state.series:
        return "No numbers have been entered yet." if is_long_ago(state.began_on) else ""
    old = [
        f"{one.measure} until {one.until:%-d %b %Y}"
        for one in state.series
        if one.until and is_long_ago(one.until)
    ]
    never = [
        one.measure
        for one in state.series
        if one.until is None
        and is_long_ago(max(filter(None, (one.since, state.began_on)), default=None))
    ]
    said = []
    if old:
        said.append(f"The newest numbers: {', '.join(old)}.")
    if never:
        said.append(f"No numbers yet: {', '.join(never)}.")
    return " ".join(said)


def attention(reasons: list[Reason]) -> int:
    """The sum of the weights: a rule that applies twice counts once."""
    return sum(RULES[rule][2] for rule in {reason.rule for reason in reasons})

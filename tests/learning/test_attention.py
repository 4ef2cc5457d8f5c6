"""The rules that decide where a coach looks first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from learning.attention import RULES, Rule, Series, TeamState, attention, list_reasons

TODAY = date(2026, 6, 15)
NOW = timezone.make_aware(datetime(2026, 6, 15, 9, 0))
DAY = timedelta(days=1)

CALM = TeamState(
    award_began_on=TODAY - 300 * DAY,
    last_test_started_on=TODAY - 200 * DAY,
    last_test_at=NOW - 45 * DAY,
    team_score=Decimal("2.5"),
    coach_score=Decimal("2.0"),
    series=(Series("Blood pressure", until=TODAY - 60 * DAY),),
    began_on=TODAY - 400 * DAY,
    next_call_on=TODAY,
)


def test_team_for_which_all_is_well_has_no_reason() -> None:
    assert list_reasons(CALM, TODAY) == []
    assert attention([]) == 0


@pytest.mark.parametrize(
    ("change", "rule", "says"),
    [
        ({"help_asked_at": NOW - 3 * DAY}, Rule.HELP_ASKED, "12 Jun"),
        ({"last_test_started_on": None, "last_test_at": None}, Rule.NO_PILOT, "300 days"),
        ({"last_test_started_on": TODAY - 301 * DAY}, Rule.NO_PILOT, "300 days"),
        ({"blocked_steps": ("The charter is overdue.",)}, Rule.GRANT_BLOCKED, "charter"),
        ({"fired_plans": ("Black: 60% in May",)}, Rule.CONTROL_FIRED, "60% in May"),
        (
            {"months_overdue": (date(2026, 5, 1),), "report_due_on": TODAY - DAY},
            Rule.REPORT_OVERDUE,
            "The report of May was due 1 day ago.",
        ),
        (
            {"months_overdue": (date(2026, 2, 1), date(2026, 4, 1))},
            Rule.REPORT_OVERDUE,
            "2 monthly reports are overdue, the first of February 2026.",
        ),
        ({"last_test_at": NOW - 46 * DAY}, Rule.QUIET, "46 days"),
        ({"unfavourable_signals": ("Blood pressure fell.",)}, Rule.SIGNAL, "Blood pressure"),
        ({"coach_score": Decimal("3.5")}, Rule.SCORES_APART, "3.5"),
        ({"overdue_actions": 2}, Rule.ACTIONS_OVERDUE, "2 actions are"),
        (
            {"series": (*CALM.series, Series("Screening", until=TODAY - 61 * DAY))},
            Rule.DATA_STALE,
            "The newest numbers: Screening until 15 Apr 2026.",
        ),
        (
            {"series": (*CALM.series, Series("Screening", since=TODAY - 61 * DAY))},
            Rule.DATA_STALE,
            "No numbers yet: Screening.",
        ),
        ({"series": ()}, Rule.DATA_STALE, "No numbers have been entered yet."),
        ({"next_call_on": None}, Rule.NO_CALL, "no date"),
        ({"next_call_on": TODAY - DAY}, Rule.CALL_NOT_RECORDED, "Call of 14 Jun not recorded."),
    ],
)
def test_each_rule_applies_alone_and_says_why(
    change: dict[str, Any], rule: Rule, says: str
) -> None:
    (reason,) = list_reasons(replace(CALM, **change), TODAY)
    assert reason.rule == rule
    assert says in reason.sentence
    assert attention([reason]) == RULES[rule][2]


def test_team_without_award_and_without_tests_is_quiet_and_not_blamed_for_a_pilot() -> None:
    state = replace(CALM, award_began_on=None, last_test_started_on=None, last_test_at=None)
    assert [reason.rule for reason in list_reasons(state, TODAY)] == [Rule.QUIET]


def test_measure_that_is_new_or_a_programme_that_has_just_begun_may_have_no_numbers() -> None:
    new = replace(CALM, series=(Series("Screening", since=TODAY - 60 * DAY),))
    assert list_reasons(new, TODAY) == []
    young = replace(CALM, series=(), began_on=TODAY - 60 * DAY)
    assert list_reasons(young, TODAY) == []


def test_rule_that_applies_twice_weighs_once() -> None:
    state = replace(CALM, unfavourable_signals=("One chart.", "Another chart."))
    reasons = list_reasons(state, TODAY)
    assert len(reasons) == 2
    assert attention(reasons) == RULES[Rule.SIGNAL][2]


def test_heaviest_reason_comes_first() -> None:
    state = replace(CALM, next_call_on=None, help_asked_at=NOW, overdue_actions=1)
    weights = [reason.weight for reason in list_reasons(state, TODAY)]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == 3

"""What the evidence suggests on the scale of progress."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.scale import LEVELS, Facts, suggest_score

EVERYTHING = Facts(
    charter_agreed=True,
    member_count=3,
    has_lead=True,
    aim_complete=True,
    measure_count=1,
    next_meeting_planned=True,
    baseline_points=3,
    process_map_count=0,
    stratified_results=False,
    tests_past_do=1,
    measures_with_target=1,
    tests_kept=1,
    progress_percent=100.0,
    process_signals=1,
    outcome_signals=1,
    changes_implemented=1,
    points_held=6,
    goals_met=True,
    control_plans=1,
    changes_funded=1,
    gap_widening=False,
)


def test_nothing_known_is_the_lowest_level() -> None:
    assert suggest_score(Facts()).value == Decimal("0.5")


def test_everything_met_is_the_highest_level() -> None:
    suggestion = suggest_score(EVERYTHING)
    assert suggestion.value == Decimal("5.0")
    assert all(piece.met for piece in suggestion.evidence)


@pytest.mark.parametrize(
    ("missing", "reached"),
    [
        ({"charter_agreed": False}, "0.5"),
        ({"member_count": 2}, "0.5"),
        ({"has_lead": False}, "0.5"),
        ({"aim_complete": False}, "1.0"),
        ({"measure_count": 0}, "1.0"),
        ({"next_meeting_planned": False, "tests_past_do": 0}, "1.0"),
        ({"baseline_points": 2}, "1.5"),
        ({"tests_past_do": 0}, "2.0"),
        ({"measures_with_target": 0}, "2.0"),
        ({"tests_kept": 0}, "2.5"),
        ({"progress_percent": 19.9}, "2.5"),
        ({"progress_percent": None}, "2.5"),
        ({"gap_widening": True}, "2.5"),
        ({"gap_widening": None}, "2.5"),
        ({"process_signals": 0}, "3.0"),
        ({"changes_implemented": 0}, "3.0"),
        ({"progress_percent": 49.9}, "3.5"),
        ({"outcome_signals": 0}, "3.5"),
        ({"points_held": 5}, "4.0"),
        ({"goals_met": False}, "4.5"),
        ({"control_plans": 0}, "4.5"),
        ({"changes_funded": 0}, "4.5"),
    ],
)
def test_one_missing_piece_holds_the_level_below(missing: dict[str, object], reached: str) -> None:
    assert suggest_score(replace(EVERYTHING, **missing)).value == Decimal(reached)


@pytest.mark.parametrize("one", [{"process_map_count": 1}, {"stratified_results": True}])
def test_any_first_look_counts_as_activity(one: dict[str, object]) -> None:
    facts = replace(EVERYTHING, baseline_points=0, tests_past_do=0, **one)
    assert suggest_score(facts).value == Decimal("2.0")


def test_lost_date_of_a_call_takes_nothing_from_a_team_that_has_tested() -> None:
    """One cancelled call once put a team from 4.0 to 1.0."""
    assert suggest_score(replace(EVERYTHING, next_meeting_planned=False)).value == Decimal("5.0")


def test_gap_that_cannot_be_judged_says_what_is_missing() -> None:
    (guard,) = (
        piece
        for piece in suggest_score(replace(EVERYTHING, gap_widening=None)).evidence
        if "cannot be said yet" in piece.sentence
    )
    assert (guard.level, guard.met) == (Decimal("3.0"), False)
    assert "reference" in guard.sentence


@given(st.data())
def test_another_piece_of_evidence_never_lowers_the_suggestion(data: st.DataObject) -> None:
    names = [field.name for field in fields(Facts)]
    held = data.draw(st.sets(st.sampled_from(names)))
    more = data.draw(st.sampled_from(names))

    def of(chosen: set[str]) -> Facts:
        return Facts(**{name: getattr(EVERYTHING, name) for name in chosen})

    assert suggest_score(of(held)).value <= suggest_score(of(held | {more})).value


def test_every_level_above_the_first_has_evidence() -> None:
    levels = {piece.level for piece in suggest_score(Facts()).evidence}
    assert levels == {level.value for level in LEVELS[1:]}

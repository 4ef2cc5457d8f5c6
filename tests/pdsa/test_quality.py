"""The seven checks: each one met, partly met and missed, on facts that differ in one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pdsa.quality import CycleFacts, PredictionFacts, check_quality, scale_hint

GOOD = CycleFacts(
    state_closed=True,
    is_retrospective=False,
    not_predicted=False,
    predictions=(PredictionFacts("8 of 10 will answer", expected=True, compared=True),),
    ramp_length=2,
    linked=True,
    next_change="",
    is_first=True,
    is_test=True,
    patient_count=5,
    clinician_count=None,
    duration_days=None,
    previous_patient_count=None,
    measure_points=3,
    has_plan=True,
    has_do=True,
    has_study=True,
    has_act=True,
    planned_end_on=date(2026, 3, 1),
    closed_on=date(2026, 3, 15),
    has_driver=True,
    has_focus=True,
    focus_result="All five were Black patients.",
    patient_input="asked",
)


def credits(**changes: Any) -> dict[str, float]:
    return {hint.code: hint.credit for hint in check_quality(replace(GOOD, **changes))}


def test_everything_is_met() -> None:
    hints = check_quality(GOOD)
    assert [hint.credit for hint in hints] == [1] * 7
    assert [hint.text for hint in hints] == [""] * 7


WORDS_ONLY = (PredictionFacts("most will answer", expected=False, compared=True),)
NOT_COMPARED = (PredictionFacts("8 of 10 will answer", expected=True, compared=False),)
TOO_SHORT = (PredictionFacts("better", expected=False, compared=True),)


@pytest.mark.parametrize(
    ("code", "credit", "changes"),
    [
        ("iterative", 0, {"ramp_length": 1, "linked": False}),
        ("iterative", 0, {"ramp_length": 2, "linked": False}),
        ("iterative", 1, {"ramp_length": 1, "linked": False, "next_change": "Two clinics"}),
        ("prediction", 0, {"predictions": ()}),
        ("prediction", 0, {"predictions": TOO_SHORT}),
        ("prediction", 0, {"not_predicted": True}),
        ("prediction", 0, {"is_retrospective": True}),
        ("prediction", 0.5, {"predictions": WORDS_ONLY}),
        ("prediction", 0.5, {"predictions": NOT_COMPARED}),
        ("prediction", 1, {"predictions": NOT_COMPARED, "state_closed": False}),
        ("small_scale", 0, {"patient_count": 6}),
        ("small_scale", 0, {"patient_count": None}),
        ("small_scale", 1, {"patient_count": 6, "is_test": False}),
        (
            "small_scale",
            1,
            {"patient_count": None, "clinician_count": 1, "duration_days": 14},
        ),
        (
            "small_scale",
            0,
            {"patient_count": None, "clinician_count": 2, "duration_days": 14},
        ),
        (
            "small_scale",
            0,
            {"patient_count": None, "clinician_count": 1, "duration_days": 15},
        ),
        (
            "small_scale",
            1,
            {"is_first": False, "patient_count": 25, "previous_patient_count": 5},
        ),
        (
            "small_scale",
            0,
            {"is_first": False, "patient_count": 26, "previous_patient_count": 5},
        ),
        ("small_scale", 0.5, {"is_first": False, "patient_count": None}),
        ("data_over_time", 0, {"measure_points": None}),
        ("data_over_time", 0.5, {"measure_points": 2}),
        ("documentation", 0.5, {"has_study": False}),
        ("documentation", 0, {"has_do": False, "has_study": False, "has_act": False}),
        ("documentation", 0.5, {"closed_on": date(2026, 3, 16)}),
        ("theory", 0, {"has_driver": False}),
        ("equity", 0, {"has_focus": False}),
        ("equity", 0.5, {"focus_result": " "}),
        ("equity", 0.5, {"patient_input": ""}),
        ("equity", 0.5, {"patient_input": "none"}),
        ("equity", 1, {"focus_result": "", "state_closed": False}),
    ],
)
def test_one_thing_changes_one_check(code: str, credit: float, changes: dict[str, Any]) -> None:
    found = credits(**changes)
    assert found.pop(code) == credit
    assert set(found.values()) == {1}


def test_missing_credit_always_says_a_sentence() -> None:
    empty = replace(
        GOOD,
        predictions=(),
        ramp_length=1,
        linked=False,
        patient_count=None,
        measure_points=None,
        has_plan=False,
        has_do=False,
        has_study=False,
        has_act=False,
        has_driver=False,
        has_focus=False,
    )
    hints = check_quality(empty)
    assert [hint.credit for hint in hints] == [0] * 7
    assert all(hint.text.endswith((".", "?")) for hint in hints)
    assert hints[4].text == "Add one line on what you wanted to try."


def test_a_large_step_is_said_with_the_number_that_would_do() -> None:
    assert scale_hint(25, 5) == ""
    assert scale_hint(26, 5) == ("26 patients after 5 is a large step. Would 25 teach you enough?")

"""Each check of an aim, passing and failing for each reason; the sentence; differences of versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdsa.aims.checks import check_aim, count_passed
from pdsa.aims.differences import Change, compare_fields, compare_texts
from pdsa.aims.sentence import AimParts, build_sentence, sentence_text

TODAY = date(2026, 3, 1)
WHOLE = AimParts(
    direction="increase",
    measure="Controlling high blood pressure",
    population="adults with hypertension",
    place="Harborlight Dorchester",
    focus_group="Black",
    reference_group="White",
    baseline=Decimal(61),
    target=Decimal("70.5"),
    due_on=date(2026, 12, 31),
    gap_from=Decimal("9.2"),
    gap_to=Decimal(4),
    guards_everyone=True,
)


def test_whole_aim_is_one_sentence_without_gaps_and_passes_all_checks() -> None:
    assert sentence_text(WHOLE) == (
        "Increase controlling high blood pressure for adults with hypertension, Black patients among them, "
        "at Harborlight Dorchester from 61% to 70.5% by December 31, 2026, and reduce the gap between Black "
        "and White patients from 9.2 to 4 points without lowering anyone’s rate."
    )
    assert not any(piece.is_missing for piece in build_sentence(WHOLE))
    checks = check_aim(WHOLE, today=TODAY)
    assert [check.code for check in checks] == [
        "number",
        "date",
        "population",
        "focus",
        "gap",
        "floor",
    ]
    assert count_passed(checks) == 6


def test_inverse_measure_in_another_unit() -> None:
    parts = replace(
        WHOLE,
        direction="decrease",
        measure="HbA1c above 9",
        unit="days",
        baseline=Decimal(30),
        target=Decimal(12),
    )
    text = sentence_text(parts)
    assert text.startswith("Decrease HbA1c above 9 for ")
    assert "from 30 days to 12 days" in text
    assert text.endswith("from 9.2 to 4 days without raising anyone’s rate.")
    assert count_passed(check_aim(parts, today=TODAY)) == 6


def test_empty_aim_names_everything_that_is_missing_and_passes_nothing() -> None:
    pieces = [piece.text for piece in build_sentence(AimParts()) if piece.is_missing]
    assert pieces == [
        "[what you measure]",
        "[which patients]",
        "[where you are]",
        "[where you want to be]",
        "[a date]",
        "[the focus group]",
        "[the reference]",
        "[gap now]",
        "[gap then]",
    ]
    assert count_passed(check_aim(AimParts(), today=TODAY)) == 0


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"measure": " "}, "number", "what you measure"),
        ({"baseline": None, "target": None}, "number", "which number to which"),
        ({"target": None}, "number", "want to reach"),
        ({"baseline": None}, "number", "where you are today"),
        ({"target": Decimal(101)}, "number", "between 0 and 100"),
        ({"target": Decimal(61)}, "number", "the same number"),
        ({"target": Decimal(50)}, "number", "target is below the start"),
        ({"direction": "decrease"}, "number", "target is above the start"),
        ({"due_on": None}, "date", "by which day"),
        ({"due_on": TODAY}, "date", "is over"),
        ({"due_on": date(2030, 1, 1)}, "date", "more than three years"),
        ({"population": ""}, "population", "which patients"),
        ({"focus_group": ""}, "focus", "that is behind today"),
        ({"focus_group": "All patients"}, "focus", "This is everybody"),
        ({"reference_group": ""}, "focus", "with whom"),
        ({"reference_group": "black"}, "focus", "with itself"),
        ({"gap_to": None}, "gap", "Add the gap"),
        ({"baseline": None, "target": None}, "gap", "Add the level"),
        ({"baseline": None, "gap_from": None}, "gap", "Say two things"),
        ({"gap_from": Decimal(-9)}, "gap", "without a minus"),
        ({"gap_to": Decimal("9.2")}, "gap", "become smaller"),
        ({"gap_from": Decimal(101)}, "gap", "at most 100"),
        ({"guards_everyone": False}, "floor", "nobody’s rate is lowered"),
    ],
)  # fmt: skip
def test_each_reason_to_fail_has_its_sentence(
    change: dict[str, Any], code: str, words: str
) -> None:
    checks = {check.code: check for check in check_aim(replace(WHOLE, **change), today=TODAY)}
    assert not checks[code].passed
    assert words in checks[code].sentence


def test_date_check_says_how_long_is_left() -> None:
    def sentence(day: date) -> str:
        return check_aim(replace(WHOLE, due_on=day), today=TODAY)[1].sentence

    assert sentence(date(2026, 3, 2)) == "One day is left."
    assert sentence(date(2026, 3, 31)) == "There are 30 days left."
    assert sentence(date(2026, 9, 1)) == "There are 6 months left."


_texts = st.text(alphabet="ab \n", max_size=30)


@given(_texts, _texts)
def test_a_difference_holds_both_texts(before: str, after: str) -> None:
    stretches = compare_texts(before, after)
    kept = {Change.REMOVED: "", Change.ADDED: ""}
    for stretch in stretches:
        for other in kept:
            if stretch.change != other:
                kept[other] += stretch.text
    assert kept == {Change.REMOVED: after, Change.ADDED: before}


def test_fields_that_are_equal_are_not_listed() -> None:
    found = compare_fields(
        {"problem": "Too few visits", "risks": "none"},
        {"problem": "Too few home visits", "risks": "none", "note": "new"},
        {"risks": "Risks", "problem": "Problem", "note": "Note"},
    )
    assert [difference.label for difference in found] == ["Problem", "Note"]
    assert [(s.change, s.text) for s in found[0].stretches] == [
        (Change.SAME, "Too few "),
        (Change.ADDED, "home "),
        (Change.SAME, "visits"),
    ]

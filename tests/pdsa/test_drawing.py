"""The ramp as steps: heights by scale, a word for every decision, and nothing outside the picture."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from pdsa.drawing import RampDrawing, draw_ramp, rung
from pdsa.enums import Decision
from pdsa.models import ChangeIdea, Cycle
from pdsa.wording import DECIDED
from teams.drawing.svg import PRINT, SCREEN, Palette

SVG = "{http://www.w3.org/2000/svg}"
IDEA = ChangeIdea(pk=7, title="Evening <calls> & rides")


def step(
    number: int, patients: int | None, state: str = "closed", decision: str = "adopt"
) -> Cycle:
    return Cycle(
        number=number,
        patient_count=patients,
        state=state,
        decision=decision if state == "closed" else "",
    )


def tiles(drawing: RampDrawing) -> list[dict[str, float]]:
    """Place and size of each step, from left to right."""
    groups = ElementTree.fromstring(drawing.svg).findall(f"{SVG}g")
    rects = [group.find(f"{SVG}rect") for group in groups]
    return [
        {name: float(rect.get(name, "nan")) for name in ("x", "y", "width", "height")}
        for rect in rects
        if rect is not None
    ]


@pytest.mark.parametrize(
    ("patients", "height"), [(None, 1), (0, 1), (1, 1), (5, 2), (25, 3), (125, 4), (625, 5)]
)
def test_five_times_the_patients_are_one_rung(patients: int | None, height: int) -> None:
    assert rung(patients) == pytest.approx(height)


def test_steps_rise_with_the_patients_and_stand_on_one_ground() -> None:
    found = tiles(draw_ramp(IDEA, [step(1, 1), step(2, 5), step(3, 25), step(4, None, "doing")]))
    heights = [tile["height"] for tile in found]
    assert heights[1] == pytest.approx(2 * heights[0])
    assert heights[2] == pytest.approx(3 * heights[0])
    assert heights[3] == heights[0]
    assert len({tile["y"] + tile["height"] for tile in found}) == 1
    for left, right in pairwise(found):
        assert left["x"] + left["width"] < right["x"]


@pytest.mark.parametrize("palette", [SCREEN, PRINT])
def test_every_decision_has_its_word_in_the_picture_and_beside_it(palette: Palette) -> None:
    cycles = [step(n, 5, decision=decision) for n, decision in enumerate(Decision, start=1)]
    drawn = draw_ramp(IDEA, [*cycles, step(6, 1, "paused")], palette=palette)
    root = ElementTree.fromstring(drawn.svg)
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert root.findtext(f"{SVG}title") == "Ramp of Evening <calls> & rides"
    for number, decision in enumerate(Decision, start=1):
        assert f"{number} · {DECIDED[decision]}" in texts
        assert drawn.lines[number - 1] == f"Test {number}: {DECIDED[decision]}, 5 patients"
    assert drawn.lines[5] == "Test 6: Paused, 1 patient" and "6 · Paused" in texts


def test_a_very_large_step_stays_in_the_picture() -> None:
    drawn = draw_ramp(IDEA, [step(1, 1), step(2, 1_000_000)])
    root = ElementTree.fromstring(drawn.svg)
    width, height = float(root.get("width", "nan")), float(root.get("height", "nan"))
    for tile in tiles(drawn):
        assert 0 <= tile["x"] and tile["x"] + tile["width"] <= width
        assert 0 <= tile["y"] and tile["y"] + tile["height"] <= height
    assert "1,000,000" in drawn.svg


def test_an_idea_without_tests_has_no_picture() -> None:
    assert draw_ramp(IDEA, []) == RampDrawing("", ())

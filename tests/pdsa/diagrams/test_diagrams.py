"""Layout of driver diagrams and process maps: nothing overlaps, nothing sticks out, slides hold native shapes."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE

from pdsa.diagrams.drivers import (
    DriverDiagram,
    DriverNode,
    IdeaNode,
    lay_out_drivers,
    split_drivers,
)
from pdsa.diagrams.lettering import measure, wrap
from pdsa.diagrams.picture import draw_scene
from pdsa.diagrams.process import (
    MapStep,
    add_up,
    format_minutes,
    lay_out_process,
    list_actors,
    split_process,
)
from pdsa.diagrams.scene import Scene, Shape
from pdsa.diagrams.slides import make_slides
from pdsa.enums import StepKind

IDEAS = (
    IdeaNode("i1", "Pharmacist adjusts medicines", ("3 tests: 2 adapt, 1 adopt",)),
    IdeaNode("i2", "Home blood pressure cuffs"),
    IdeaNode("i3", "Community health worker calls"),
)
DIAGRAM = DriverDiagram(
    "Increase blood pressure control by December 31, 2026.",
    (
        DriverNode(
            "d1",
            "Access",
            secondary=(
                DriverNode("d11", "Hours", ideas=("i2",)),
                DriverNode("d12", "Transport", ideas=("i3",)),
            ),
        ),
        DriverNode("d2", "Clinical process", ideas=("i1", "i2")),
    ),
    IDEAS,
)
STEPS = (
    MapStep("s1", "Patient calls", "Patient", StepKind.START),
    MapStep("s2", "Find a slot", "Front desk", minutes=Decimal(6), pain_point="Mornings only"),
    MapStep("s3", "Wait", "Patient", StepKind.WAIT, Decimal(20160), lost_percent=Decimal(20)),
    MapStep("s4", "Above 140?", "Nurse", StepKind.DECISION, branch_to="s6", branch_label="No"),
    MapStep(
        "s5", "Copy to paper", "Nurse", minutes=Decimal(4), will_stop=True, lost_percent=Decimal(10)
    ),
    MapStep("s6", "Next visit booked", "Front desk", StepKind.END),
)


def check_layout(scene: Scene) -> None:
    """Boxes lie inside, none covers another, and every line of text fits into its box."""
    for box in scene.boxes:
        assert box.x >= 0 and box.y >= 0 and box.right <= scene.width and box.bottom <= scene.height
        assert box.text_height <= box.height + 0.01
        for part in box.paragraphs:
            for line in part.lines:
                assert measure(line, part.size, part.weight) <= box.width - 2 * box.padding + 0.01
    for one, other in combinations(scene.boxes, 2):
        apart = (
            one.right <= other.x
            or other.right <= one.x
            or one.bottom <= other.y
            or other.bottom <= one.y
        )
        assert apart, (one.key, other.key)


_words = st.text(alphabet="abcde MW", min_size=1, max_size=120).map(lambda t: t.strip() or "a")


@st.composite
def diagrams(draw: st.DrawFn) -> DriverDiagram:
    ideas = tuple(
        IdeaNode(f"i{n}", draw(_words), tuple(draw(st.lists(_words, max_size=2))))
        for n in range(draw(st.integers(0, 7)))
    )
    some = (
        st.lists(st.sampled_from([i.key for i in ideas]), unique=True, max_size=4)
        if ideas
        else st.just([])
    )
    primary = tuple(
        DriverNode(
            f"p{p}",
            draw(_words),
            ideas=tuple(draw(some)),
            secondary=tuple(
                DriverNode(f"p{p}s{s}", draw(_words), ideas=tuple(draw(some)))
                for s in range(draw(st.integers(0, 3)))
            ),
        )
        for p in range(draw(st.integers(0, 4)))
    )
    return DriverDiagram(draw(_words), primary, ideas)


@settings(max_examples=60, deadline=None)
@given(diagrams())
def test_no_driver_diagram_overlaps(diagram: DriverDiagram) -> None:
    scene = lay_out_drivers(diagram)
    check_layout(scene)
    places = sum(
        len(node.ideas) for driver in diagram.primary for node in (driver, *driver.secondary)
    )
    nodes = sum(1 + len(driver.secondary) for driver in diagram.primary)
    assert len(scene.connectors) == places + nodes
    ET.fromstring(draw_scene(scene, ident="d"))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            MapStep,
            key=st.uuids().map(str),
            text=_words,
            actor=st.sampled_from(
                ["Patient", "Front desk", "A very long name of a team of nurses"]
            ),
            kind=st.sampled_from(StepKind),
            minutes=st.none() | st.decimals(0, 99999, places=0),
            note=st.just("") | _words,
            pain_point=st.just("") | _words,
            will_stop=st.booleans(),
        ),
        max_size=9,
    )
)
def test_no_process_map_overlaps(steps: list[MapStep]) -> None:
    scene = lay_out_process(steps, title="Visit", focus_group="Black")
    check_layout(scene)
    assert len(scene.grounds) == len(list_actors(steps))
    ET.fromstring(draw_scene(scene, ident="p"))


def test_an_idea_under_two_drivers_is_drawn_once_and_reached_twice() -> None:
    scene = lay_out_drivers(DIAGRAM)
    assert [box.key for box in scene.boxes].count("i2") == 1
    lines = {(c.source, c.target): c.dashed for c in scene.connectors}
    assert lines["d11", "i2"] is False
    assert lines["d2", "i2"] is True
    # It stands beside its first driver.
    assert scene.box("i2").middle == pytest.approx(scene.box("d11").middle)


def test_connectors_end_at_the_edges_of_their_boxes() -> None:
    scene = lay_out_drivers(DIAGRAM)
    for connector in scene.connectors:
        source, target = scene.box(connector.source), scene.box(connector.target)
        assert connector.points[0][0] == source.right
        assert connector.points[-1][0] == target.x
        assert target.y < connector.points[-1][1] < target.bottom


def test_picture_says_in_words_what_it_shows() -> None:
    svg = draw_scene(lay_out_drivers(DIAGRAM), ident="d")
    description = re.search(r'<desc id="d-d">(.*?)</desc>', svg)
    assert description is not None
    assert description[1] == (
        "Aim: Increase blood pressure control by December 31, 2026. Primary driver Access, through Hours; "
        "Transport. Change ideas: Home blood pressure cuffs; Community health worker calls. Primary driver "
        "Clinical process. Change ideas: Pharmacist adjusts medicines; Home blood pressure cuffs."
    )
    assert "style=" not in svg


def test_markup_in_a_text_stays_text() -> None:
    diagram = DriverDiagram("<script>alert(1)</script> & more", (), ())
    assert "<script>" not in draw_scene(lay_out_drivers(diagram), ident="d")


def test_long_word_is_broken_and_nothing_is_lost() -> None:
    lines = wrap("Supercalifragilisticexpialidocious idea", 60, 13)
    assert all(measure(line, 13) <= 60 for line in lines)
    assert "".join(lines).replace(" ", "") == "Supercalifragilisticexpialidociousidea"


def test_totals_of_a_process() -> None:
    totals = add_up(STEPS)
    assert (totals.touch, totals.wait, totals.unmeasured) == (10, 20160, 1)
    assert totals.handoffs == 4
    assert (totals.pain_points, totals.to_stop, totals.stopped_minutes) == (1, 1, 4)
    assert totals.of_hundred == 72
    assert totals.wait_percent == 100
    assert add_up(()).wait_percent is None
    assert add_up(()).of_hundred is None


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "0 min"),
        (59, "59 min"),
        (90, "1 h 30 min"),
        (120, "2 h"),
        (1500, "1 day 1 h"),
        (20165, "14 days"),
    ],
)
def test_minutes_in_words(minutes: int, text: str) -> None:
    assert format_minutes(Decimal(minutes)) == text


def test_steps_that_stop_and_losses_are_said_in_words() -> None:
    svg = draw_scene(lay_out_process(STEPS, title="Visit", focus_group="Black"), ident="p")
    for text in (
        "We will stop this",
        "20% of Black patients drop out here",
        "Pain point: Mornings only",
        ">No<",
    ):
        assert text in svg


def test_slides_are_native_shapes_with_connectors_that_hold_on() -> None:
    data = make_slides([lay_out_drivers(DIAGRAM)], title="Drivers", note="Own note")
    slide = Presentation(io.BytesIO(data)).slides[0]
    texts = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    assert "Pharmacist adjusts medicines\n3 tests: 2 adapt, 1 adopt" in texts
    assert "Own note" in texts
    lines = [s for s in slide.shapes if s.shape_type == MSO_SHAPE_TYPE.LINE]
    ids = {shape.shape_id for shape in slide.shapes}
    assert len(lines) == 8
    for line in lines:
        ends = [line._element.find(f".//{{*}}{name}") for name in ("stCxn", "endCxn")]
        assert all(int(end.get("id")) in ids for end in ends)
    assert not any(shape.shape_type == MSO_SHAPE_TYPE.PICTURE for shape in slide.shapes)


def test_everything_on_a_slide_lies_on_it() -> None:
    scenes = split_process(STEPS, title="Visit", focus_group="Black", height=300)
    assert len(scenes) > 1
    presentation = Presentation(io.BytesIO(make_slides(scenes, title="Visit", note="")))
    assert len(presentation.slides) == len(scenes)
    for slide in presentation.slides:
        for shape in slide.shapes:
            if shape.shape_type == MSO_SHAPE_TYPE.LINE:
                continue
            assert 0 <= shape.left and shape.left + shape.width <= presentation.slide_width
            assert 0 <= shape.top and shape.top + shape.height <= presentation.slide_height


def test_a_long_diagram_goes_over_several_slides_with_the_aim_on_each() -> None:
    scenes = split_drivers(DIAGRAM, height=150)
    assert [[b.key for b in s.boxes if b.key.startswith("d")] for s in scenes] == [
        ["d11", "d12", "d1"],
        ["d2"],
    ]
    assert all(scene.box("aim") for scene in scenes)
    assert all(b.shape == Shape.PLAIN for b in scenes[0].boxes if b.key.startswith("head"))

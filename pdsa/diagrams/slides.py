"""Scenes as slides of native shapes: text can be edited, boxes moved, and connectors follow them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from pptx import Presentation
from pptx.enum.dml import MSO_LINE_DASH_STYLE
from pptx.enum.shapes import MSO_CONNECTOR, MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from pdsa.diagrams.scene import Box, Connector, Scene, Shape, Tone
from teams.drawing.slides import rgb
from teams.drawing.svg import SCREEN

_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_MARGIN, _TOP, _FOOT = Inches(0.4), Inches(1.05), Inches(0.4)
#: Every office program has it, and its letters are about as wide as those that the boxes were made for.
_TYPEFACE = "Arial"
_SHAPES = {
    Shape.BOX: MSO_SHAPE.ROUNDED_RECTANGLE,
    Shape.PILL: MSO_SHAPE.FLOWCHART_TERMINATOR,
    Shape.HEXAGON: MSO_SHAPE.FLOWCHART_PREPARATION,
    Shape.DELAY: MSO_SHAPE.FLOWCHART_DELAY,
}
_PAINT: dict[Tone, tuple[str, str]] = {
    Tone.STRONG: (SCREEN.halo, SCREEN.ink),
    Tone.LEAD: (SCREEN.halo, SCREEN.blue),
    Tone.QUIET: (SCREEN.halo, SCREEN.grey),
    Tone.GROUND: (SCREEN.band, SCREEN.axis),
    Tone.ATTENTION: (SCREEN.halo, SCREEN.orange),
}
#: Sites of a shape where connectors hold on; the same four for every shape used here.
_TOP_SITE, _LEFT_SITE, _BOTTOM_SITE, _RIGHT_SITE = range(4)
_QUARTER_TURN = 5_400_000


def make_slides(scenes: Sequence[Scene], *, title: str, note: str) -> bytes:
    """A presentation with one slide for each scene, all in one scale. note: source and date, at the foot.

    Raises ValueError without a scene.
    """
    presentation = Presentation()
    presentation.slide_width, presentation.slide_height = _WIDTH, _HEIGHT
    presentation.core_properties.title = title
    room = _HEIGHT - _TOP - _FOOT
    scale = min(min((_WIDTH - 2 * _MARGIN) / scene.width, room / scene.height) for scene in scenes)
    for count, scene in enumerate(scenes, start=1):
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        heading = slide.shapes.title
        heading.left, heading.top = _MARGIN, Inches(0.3)
        heading.width, heading.height = _WIDTH - 2 * _MARGIN, Inches(0.65)
        heading.text = title if len(scenes) == 1 else f"{title} ({count} of {len(scenes)})"
        _type(heading.text_frame, Pt(22), bold=True)
        _Slide(slide, scale).draw(scene)
        foot = slide.shapes.add_textbox(
            _MARGIN, _HEIGHT - Inches(0.38), _WIDTH - 2 * _MARGIN, Inches(0.3)
        )
        foot.text_frame.text = note
        _type(foot.text_frame, Pt(9), colour=SCREEN.soft)
    buffer = io.BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def _type(frame: Any, size: int, *, bold: bool = False, colour: str = SCREEN.ink) -> None:
    for part in frame.paragraphs:
        part.alignment = PP_ALIGN.LEFT
        for run in part.runs:
            run.font.name, run.font.size, run.font.bold = _TYPEFACE, size, bold
            run.font.color.rgb = rgb(colour)


class _Slide:
    """One slide being drawn: pixels of the scene become lengths of the slide."""

    def __init__(self, slide: Any, scale: float) -> None:
        self.shapes = slide.shapes
        self.scale = scale
        self.drawn: dict[str, Any] = {}

    def _x(self, pixels: float) -> int:
        return int(_MARGIN + pixels * self.scale)

    def _y(self, pixels: float) -> int:
        return int(_TOP + pixels * self.scale)

    def _length(self, pixels: float) -> int:
        return max(1, int(pixels * self.scale))

    def draw(self, scene: Scene) -> None:
        for ground in scene.grounds:
            self._box(ground, anchor=MSO_ANCHOR.TOP)
        # Connectors need the shapes that they hold on to, and belong behind them.
        for box in scene.boxes:
            self._box(box)
        boxes = {box.key: box for box in scene.boxes}
        for connector in scene.connectors:
            line = self._connector(connector, boxes[connector.source], boxes[connector.target])
            self.drawn[scene.boxes[0].key]._element.addprevious(line._element)

    def _box(self, box: Box, *, anchor: Any = MSO_ANCHOR.MIDDLE) -> None:
        place = (self._x(box.x), self._y(box.y), self._length(box.width), self._length(box.height))
        if box.shape == Shape.PLAIN:
            shape = self.shapes.add_textbox(*place)
        else:
            shape = self.shapes.add_shape(_SHAPES[box.shape], *place)
            if box.shape == Shape.BOX:
                shape.adjustments[0] = min(0.5, 6 / min(box.width, box.height))
            fill, outline = _PAINT[box.tone]
            shape.fill.solid()
            shape.fill.fore_color.rgb = rgb(fill)
            shape.line.color.rgb = rgb(outline)
            shape.line.width = Pt(1.5 if box.tone in (Tone.STRONG, Tone.ATTENTION) else 1)
            if box.dashed:
                shape.line.dash_style = MSO_LINE_DASH_STYLE.DASH
            shape.shadow.inherit = False
        shape.name = box.paragraphs[0].text[:60] if box.paragraphs else box.key
        self._words(shape.text_frame, box, anchor)
        self.drawn[box.key] = shape

    def _words(self, frame: Any, box: Box, anchor: Any) -> None:
        frame.word_wrap = True
        frame.vertical_anchor = anchor
        # The office program may shrink text that a reader makes longer; nothing else moves.
        frame.auto_size = MSO_AUTO_SIZE.TEXT_TO_FIT_SHAPE
        inset = Emu(int(min(box.padding, 6) * self.scale))
        frame.margin_left = frame.margin_right = inset
        frame.margin_top = frame.margin_bottom = Emu(0)
        for index, words in enumerate(box.paragraphs):
            part = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
            part.alignment = PP_ALIGN.CENTER if box.centred else PP_ALIGN.LEFT
            run = part.add_run()
            run.text = words.text
            run.font.name = _TYPEFACE
            # Arial is a little wider than the typeface that the box was measured with.
            run.font.size = Pt(max(6, round(words.size * self.scale / 12700 * 0.94, 1)))
            run.font.bold = words.weight >= 600
            run.font.color.rgb = rgb(SCREEN.soft if words.soft else SCREEN.ink)

    def _connector(self, connector: Connector, source: Box, target: Box) -> Any:
        (x1, y1), (x2, y2) = connector.points[0], connector.points[-1]
        goes_down = abs(connector.points[0][0] - connector.points[1][0]) < 0.5
        returns = not goes_down and x2 >= target.right - 0.5
        kind = MSO_CONNECTOR.STRAIGHT if len(connector.points) == 2 else MSO_CONNECTOR.ELBOW
        line = self.shapes.add_connector(kind, self._x(x1), self._y(y1), self._x(x2), self._y(y2))
        if goes_down:
            sites = (_BOTTOM_SITE, _TOP_SITE)
        elif returns:
            sites = (_RIGHT_SITE, _RIGHT_SITE)
        else:
            sites = (_RIGHT_SITE, _LEFT_SITE)
        self._hold(line, self.drawn[connector.source], self.drawn[connector.target], sites)
        if kind == MSO_CONNECTOR.ELBOW and goes_down:
            self._turn(line, x1, y1, x2, y2)
        elif returns:
            self._bulge(line, connector.points[1][0], x1, x2)
        line.line.color.rgb = rgb(SCREEN.grey)
        line.line.width = Pt(1)
        if connector.dashed:
            line.line.dash_style = MSO_LINE_DASH_STYLE.DASH
        if connector.arrow:
            line.line._get_or_add_ln().append(
                line._element.makeelement(qn("a:tailEnd"), {"type": "triangle"})
            )
        line.name = f"{source.key} to {target.key}"
        return line

    def _hold(self, line: Any, source: Any, target: Any, sites: tuple[int, int]) -> None:
        """Tie the ends to sites of the shapes without moving them: the scene says where they are."""
        properties = line._element.nvCxnSpPr.cNvCxnSpPr
        for add, shape, site in (
            (properties._add_stCxn, source, sites[0]),
            (properties._add_endCxn, target, sites[1]),
        ):
            end = add()
            end.id, end.idx = shape.shape_id, site

    def _turn(self, line: Any, x1: float, y1: float, x2: float, y2: float) -> None:
        """Let an elbow leave downwards: its frame is the line's own, turned by a quarter about the middle."""
        frame = line._element.spPr.xfrm
        down, across = self._length(abs(y2 - y1)), self._length(abs(x2 - x1))
        middle_x, middle_y = self._x((x1 + x2) / 2), self._y((y1 + y2) / 2)
        frame.off.x, frame.off.y = middle_x - down // 2, middle_y - across // 2
        frame.ext.cx, frame.ext.cy = down, across
        frame.set("rot", str(_QUARTER_TURN))
        frame.flipH = False
        frame.flipV = x2 > x1

    def _bulge(self, line: Any, bend: float, x1: float, x2: float) -> None:
        """Let an elbow go out to `bend` and come back, where both ends lie on the same side."""
        width = max(abs(x2 - x1), 1.0)
        line._element.spPr.xfrm.ext.cx = self._length(width)
        towards = 1 if x2 > x1 else -1
        share = round(100_000 * (bend - x1) * towards / width)
        geometry = line._element.spPr.find(qn("a:prstGeom"))
        values = geometry.find(qn("a:avLst"))
        if values is None:
            values = geometry.makeelement(qn("a:avLst"), {})
            geometry.append(values)
        values.append(values.makeelement(qn("a:gd"), {"name": "adj1", "fmla": f"val {share}"}))

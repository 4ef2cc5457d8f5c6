"""A chart as a slide: title, sentences and notes as text, the chart with its numbers to edit."""

from __future__ import annotations

import io
import math
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE
from pptx.enum.dml import MSO_LINE_DASH_STYLE
from pptx.enum.text import MSO_AUTO_SIZE
from pptx.util import Inches, Pt

from measures.stats.spc import Glyph
from pdsa.charts.assemble import GroupChart, MeasureCharts, cycles_at
from pdsa.charts.reading import centre_word, finding, method_note, read_charts
from pdsa.enums import PointKind
from teams.drawing.svg import SCREEN

_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_MARGIN = Inches(0.5)
#: Every office program has it.
_TYPEFACE = "Arial"
_MARKS = {
    Glyph.FAVOURABLE: (XL_MARKER_STYLE.TRIANGLE, SCREEN.blue, SCREEN.blue, 10),
    Glyph.UNFAVOURABLE: (XL_MARKER_STYLE.SQUARE, SCREEN.halo, SCREEN.orange, 9),
    Glyph.NEUTRAL: (XL_MARKER_STYLE.CIRCLE, SCREEN.grey, SCREEN.grey, 7),
    Glyph.EXCLUDED: (XL_MARKER_STYLE.DIAMOND, SCREEN.halo, SCREEN.grey, 9),
}
#: Sentences that fit beside the chart.
_MOST_SENTENCES = 4


def make_chart_slide(charts: MeasureCharts, *, gap: bool, source: str) -> bytes:
    """A presentation of one slide. source: where the numbers come from, at the foot.

    Raises ValueError where there is nothing to draw.
    """
    lines = [charts.gap] if gap else [charts.focus, charts.reference]
    shown = [line for line in lines if line is not None]
    if not shown:
        raise ValueError("There is nothing to draw yet.")
    presentation = Presentation()
    presentation.slide_width, presentation.slide_height = _WIDTH, _HEIGHT
    title = finding(charts, gap=gap)
    presentation.core_properties.title = title
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    heading = slide.shapes.title
    heading.left, heading.top = _MARGIN, Inches(0.35)
    heading.width, heading.height = _WIDTH - 2 * _MARGIN, Inches(0.85)
    _write(heading.text_frame, [title], 24, bold=True)
    _chart(slide, charts, shown, gap)
    beside = slide.shapes.add_textbox(Inches(9.35), Inches(1.35), Inches(3.5), Inches(4.7))
    sentences = list(read_charts(charts)[:_MOST_SENTENCES])
    if tests := cycles_at(charts):
        labels = charts.data.labels
        sentences.append("Tests:")
        sentences += [
            f"• {cycle.title}, {labels[first]} to {labels[last] if cycle.ends_on else 'now'}"
            for cycle, first, last in tests[-5:]
        ]
    _write(beside.text_frame, sentences, 13, space=6)
    foot = slide.shapes.add_textbox(_MARGIN, Inches(6.5), _WIDTH - 2 * _MARGIN, Inches(0.8))
    key = "" if charts.rules_off else "Triangle: favourable signal; hollow square: unfavourable;"
    key += "" if charts.rules_off else " hollow diamond: taken out. "
    _write(
        foot.text_frame,
        [f"{key}{method_note(charts, gap=gap)}", source],
        10,
        colour=SCREEN.soft,
    )
    buffer = io.BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def _colour(text: str) -> RGBColor:
    return RGBColor.from_string(text.lstrip("#").upper())


def _write(
    frame: Any,
    paragraphs: list[str],
    size: int,
    *,
    bold: bool = False,
    colour: str = SCREEN.ink,
    space: int = 0,
) -> None:
    frame.word_wrap = True
    frame.auto_size = MSO_AUTO_SIZE.TEXT_TO_FIT_SHAPE
    for index, text in enumerate(paragraphs):
        part = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        part.space_after = Pt(space)
        run = part.add_run()
        run.text = text
        run.font.name, run.font.size, run.font.bold = _TYPEFACE, Pt(size), bold
        run.font.color.rgb = _colour(colour)
        part.alignment = 1


def _numbers(values: Any, factor: float) -> list[float | None]:
    return [round(float(v) * factor, 4) if math.isfinite(v) else None for v in values]


def _chart(slide: Any, charts: MeasureCharts, shown: list[GroupChart], gap: bool) -> None:
    share = charts.data.point_kind == PointKind.PROPORTION
    factor = 100.0 if share and not gap else 1.0
    leading = shown[0]
    data = CategoryChartData(number_format="0.0" if share else "General")
    data.categories = list(charts.data.labels)
    for line in shown:
        data.add_series(line.name, _numbers(line.chart.values, factor))
    lines = []
    if not charts.rules_off:
        word = centre_word(leading.chart)
        for name, values in (
            (f"{word.capitalize()}, {leading.name}", leading.chart.centre()),
            ("Upper limit", leading.chart.upper()),
            ("Lower limit", leading.chart.lower()),
        ):
            if any(math.isfinite(v) for v in values):
                data.add_series(name, _numbers(values, factor))
                lines.append(name)
    if charts.data.target is not None and not gap:
        data.add_series("Target", [round(charts.data.target * factor, 4)] * len(charts.data.labels))
        lines.append("Target")
    frame = slide.shapes.add_chart(
        XL_CHART_TYPE.LINE_MARKERS, _MARGIN, Inches(1.3), Inches(8.7), Inches(5.1), data
    )
    frame.name = "Chart"
    chart = frame.chart
    chart.has_title = False
    chart.has_legend = True
    chart.legend.position = XL_LEGEND_POSITION.BOTTOM
    chart.legend.include_in_layout = False
    chart.font.size, chart.font.name = Pt(11), _TYPEFACE
    chart.font.color.rgb = _colour(SCREEN.soft)
    axis = chart.value_axis
    axis.major_gridlines.format.line.color.rgb = _colour(SCREEN.grid)
    axis.format.line.fill.background()
    axis.tick_labels.number_format = '0"%"' if share and not gap else "General"
    axis.tick_labels.number_format_is_linked = False
    if share and not gap:
        axis.minimum_scale, axis.maximum_scale = 0, 100
    chart.category_axis.format.line.color.rgb = _colour(SCREEN.axis)
    series = list(chart.plots[0].series)
    for number, line in enumerate(shown):
        _group(series[number], line, leads=number == 0, rules_off=charts.rules_off)
    for one, name in zip(series[len(shown) :], lines, strict=True):
        one.smooth = False
        one.marker.style = XL_MARKER_STYLE.NONE
        ink = SCREEN.ink if name not in ("Upper limit", "Lower limit") else SCREEN.grey
        one.format.line.color.rgb = _colour(ink)
        one.format.line.width = Pt(1)
        if name != lines[0] or charts.rules_off:
            one.format.line.dash_style = (
                MSO_LINE_DASH_STYLE.ROUND_DOT if name == "Target" else MSO_LINE_DASH_STYLE.DASH
            )


def _group(series: Any, line: GroupChart, *, leads: bool, rules_off: bool) -> None:
    series.smooth = False
    series.format.line.color.rgb = _colour(SCREEN.ink if leads else SCREEN.grey)
    series.format.line.width = Pt(2 if leads else 1.5)
    _mark(series.marker, *(_MARKS[Glyph.NEUTRAL] if leads else _plain()))
    if not leads or rules_off:
        return
    for place, glyph in enumerate(line.glyphs):
        if glyph in (Glyph.FAVOURABLE, Glyph.UNFAVOURABLE, Glyph.EXCLUDED):
            _mark(series.points[place].marker, *_MARKS[glyph])


def _plain() -> tuple[Any, str, str, int]:
    return XL_MARKER_STYLE.SQUARE, SCREEN.halo, SCREEN.grey, 6


def _mark(marker: Any, style: Any, fill: str, outline: str, size: int) -> None:
    marker.style, marker.size = style, size
    marker.format.fill.solid()
    marker.format.fill.fore_color.rgb = _colour(fill)
    marker.format.line.color.rgb = _colour(outline)

"""A chart as a slide of one presentation: title, sentences and notes as text, numbers that can be edited."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE
from pptx.enum.text import MSO_AUTO_SIZE
from pptx.util import Inches, Pt

from teams.drawing.svg import SCREEN

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
MARGIN = Inches(0.5)
#: Every office program has it.
TYPEFACE = "Arial"


@dataclass(frozen=True)
class SlideSeries:
    """values: percent, one for each category; None leaves a hole."""

    name: str
    values: tuple[float | None, ...]
    is_reference: bool = False


@dataclass(frozen=True)
class SlideChart:
    """Rates in percent. over_time: lines over periods, else bars beside each other."""

    categories: tuple[str, ...]
    series: tuple[SlideSeries, ...]
    over_time: bool


def start_slide(title: str) -> tuple[Any, Any]:
    """A presentation and its only slide, with the title in place."""
    presentation = Presentation()
    presentation.slide_width, presentation.slide_height = WIDTH, HEIGHT
    presentation.core_properties.title = title
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    heading = slide.shapes.title
    heading.left, heading.top = MARGIN, Inches(0.35)
    heading.width, heading.height = WIDTH - 2 * MARGIN, Inches(0.85)
    write_lines(heading.text_frame, [title], 24, bold=True)
    return presentation, slide


def write_beside(slide: Any, sentences: Sequence[str]) -> None:
    """Sentences to the right of the chart."""
    beside = slide.shapes.add_textbox(Inches(9.35), Inches(1.35), Inches(3.5), Inches(4.7))
    write_lines(beside.text_frame, sentences, 13, space=6)


def write_foot(slide: Any, lines: Sequence[str]) -> None:
    """Method and source, at the foot."""
    foot = slide.shapes.add_textbox(MARGIN, Inches(6.5), WIDTH - 2 * MARGIN, Inches(0.8))
    write_lines(foot.text_frame, lines, 10, colour=SCREEN.soft)


def add_chart(slide: Any, kind: Any, data: CategoryChartData, *, percent: bool) -> Any:
    """A native chart with the look of the site's: quiet axes, a legend below; percent from 0 to 100."""
    frame = slide.shapes.add_chart(kind, MARGIN, Inches(1.3), Inches(8.7), Inches(5.1), data)
    frame.name = "Chart"
    chart = frame.chart
    chart.has_title = False
    chart.has_legend = True
    chart.legend.position = XL_LEGEND_POSITION.BOTTOM
    chart.legend.include_in_layout = False
    chart.font.size, chart.font.name = Pt(11), TYPEFACE
    chart.font.color.rgb = rgb(SCREEN.soft)
    axis = chart.value_axis
    axis.major_gridlines.format.line.color.rgb = rgb(SCREEN.grid)
    axis.format.line.fill.background()
    axis.tick_labels.number_format = '0"%"' if percent else "General"
    axis.tick_labels.number_format_is_linked = False
    if percent:
        axis.minimum_scale, axis.maximum_scale = 0, 100
    chart.category_axis.format.line.color.rgb = rgb(SCREEN.axis)
    return chart


def to_bytes(presentation: Any) -> bytes:
    buffer = io.BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def rgb(text: str) -> RGBColor:
    """A colour of the site, `#1f2a37`."""
    return RGBColor.from_string(text.lstrip("#").upper())


def write_lines(
    frame: Any,
    paragraphs: Sequence[str],
    size: int,
    *,
    bold: bool = False,
    colour: str = SCREEN.ink,
    space: int = 0,
) -> None:
    """One paragraph a line, in a frame that shrinks its text to fit."""
    frame.word_wrap = True
    frame.auto_size = MSO_AUTO_SIZE.TEXT_TO_FIT_SHAPE
    for index, text in enumerate(paragraphs):
        part = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        part.space_after = Pt(space)
        run = part.add_run()
        run.text = text
        run.font.name, run.font.size, run.font.bold = TYPEFACE, Pt(size), bold
        run.font.color.rgb = rgb(colour)
        part.alignment = 1


def make_slide(
    title: str, chart: SlideChart, sentences: Sequence[str], foot: Sequence[str]
) -> bytes:
    """Rates over time as lines, or of several groups or places as bars; the reference in dark ink."""
    presentation, slide = start_slide(title)
    data = CategoryChartData(number_format="0.0")
    data.categories = list(chart.categories)
    for series in chart.series:
        data.add_series(series.name, list(series.values))
    kind = XL_CHART_TYPE.LINE_MARKERS if chart.over_time else XL_CHART_TYPE.BAR_CLUSTERED
    drawn = add_chart(slide, kind, data, percent=True)
    if not chart.over_time:
        drawn.category_axis.reverse_order = True
        drawn.plots[0].gap_width = 60
    drawn.has_legend = len(chart.series) > 1
    for series, one in zip(chart.series, drawn.plots[0].series, strict=True):
        ink = SCREEN.ink if series.is_reference else SCREEN.blue
        if chart.over_time:
            one.smooth = False
            one.format.line.color.rgb = rgb(ink)
            one.format.line.width = Pt(2)
            one.marker.style = (
                XL_MARKER_STYLE.DIAMOND if series.is_reference else XL_MARKER_STYLE.CIRCLE
            )
            one.marker.size = 8
            one.marker.format.fill.solid()
            one.marker.format.fill.fore_color.rgb = rgb(ink)
        else:
            one.format.fill.solid()
            one.format.fill.fore_color.rgb = rgb(ink)
    write_beside(slide, sentences)
    write_foot(slide, foot)
    return to_bytes(presentation)

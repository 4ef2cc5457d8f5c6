"""A chart as a slide: title, sentences and notes as text, the chart with its numbers to edit."""

from __future__ import annotations

import math
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_MARKER_STYLE
from pptx.enum.dml import MSO_LINE_DASH_STYLE
from pptx.util import Pt

from measures.stats.spc import Glyph
from pdsa.charts.assemble import GroupChart, MeasureCharts, cycles_at
from pdsa.charts.reading import centre_word, finding, method_note, read_charts
from pdsa.enums import PointKind
from teams.drawing.slides import add_chart, rgb, start_slide, to_bytes, write_beside, write_foot
from teams.drawing.svg import SCREEN

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
    presentation, slide = start_slide(finding(charts, gap=gap))
    _chart(slide, charts, shown, gap)
    sentences = list(read_charts(charts)[:_MOST_SENTENCES])
    if tests := cycles_at(charts):
        labels = charts.data.labels
        sentences.append("Tests:")
        sentences += [
            f"• {cycle.title}, {labels[first]} to {labels[last] if cycle.ends_on else 'now'}"
            for cycle, first, last in tests[-5:]
        ]
    write_beside(slide, sentences)
    key = "" if charts.rules_off else "Triangle: favourable signal; hollow square: unfavourable;"
    key += "" if charts.rules_off else " hollow diamond: taken out. "
    write_foot(slide, [f"{key}{method_note(charts, gap=gap)}", source])
    return to_bytes(presentation)


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
    chart = add_chart(slide, XL_CHART_TYPE.LINE_MARKERS, data, percent=share and not gap)
    series = list(chart.plots[0].series)
    for number, line in enumerate(shown):
        _group(series[number], line, leads=number == 0, rules_off=charts.rules_off)
    for one, name in zip(series[len(shown) :], lines, strict=True):
        one.smooth = False
        one.marker.style = XL_MARKER_STYLE.NONE
        ink = SCREEN.ink if name not in ("Upper limit", "Lower limit") else SCREEN.grey
        one.format.line.color.rgb = rgb(ink)
        one.format.line.width = Pt(1)
        if name != lines[0] or charts.rules_off:
            one.format.line.dash_style = (
                MSO_LINE_DASH_STYLE.ROUND_DOT if name == "Target" else MSO_LINE_DASH_STYLE.DASH
            )


def _group(series: Any, line: GroupChart, *, leads: bool, rules_off: bool) -> None:
    series.smooth = False
    series.format.line.color.rgb = rgb(SCREEN.ink if leads else SCREEN.grey)
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
    marker.format.fill.fore_color.rgb = rgb(fill)
    marker.format.line.color.rgb = rgb(outline)

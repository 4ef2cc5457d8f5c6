"""Charts of the measure page as slides, from the figures that the page's reader sees."""

from __future__ import annotations

from collections.abc import Sequence

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_MARKER_STYLE, XL_TICK_LABEL_POSITION

from measures.queries import Figure, SetResult
from reports.charts import Chart, PeerComparison, peer_sentence
from reports.dashboards import marks
from reports.dashboards.measure import MeasurePage
from reports.dashboards.wording import rate_interval_text, rate_text
from teams.drawing.slides import (
    SlideChart,
    SlideSeries,
    add_chart,
    make_slide,
    rgb,
    start_slide,
    to_bytes,
    write_beside,
    write_foot,
)
from teams.drawing.svg import SCREEN


def measure_slide(
    chart: str,
    drawn: Chart,
    *,
    page: MeasurePage,
    results: Sequence[SetResult],
    site_results: Sequence[SetResult],
    periods: Sequence[str],
    note: str,
) -> bytes:
    """chart: strip, trend, sites or peers. note: where the numbers come from, at the foot."""
    current = page.block.result
    if chart == "peers" and page.peers_compared is not None:
        return _peer_slide(drawn.finding, page.peers_compared, page, note)
    shown = [f for f in current.compared if f.numbers_shown]
    code = page.trend_of.code if page.trend_of else ""
    if chart == "strip":
        made = SlideChart(
            tuple(f.stratum.short_label for f in shown),
            (SlideSeries("Rate", tuple(_percent(f) for f in shown)),),
            over_time=False,
        )
        sentences = [
            page.now_text,
            *(f"{f.stratum.short_label}: {rate_text(f)} ({rate_interval_text(f)})" for f in shown),
        ]
    elif chart == "trend":
        by_period = {r.period.label: r for r in results}
        made = SlideChart(
            tuple(periods),
            _series(current, code, [by_period.get(label) for label in periods]),
            over_time=True,
        )
        sentences = [page.trend_text]
    else:
        made = SlideChart(
            tuple(r.unit.name for r in site_results),
            _series(current, code, list(site_results)),
            over_time=False,
        )
        sentences = [page.sites_text]
    foot = [f"Rates in percent; 95% intervals. {page.reference_rule}".strip(), note]
    return make_slide(drawn.finding, made, [s for s in sentences if s], foot)


#: name, how it stands in the chart: shape, size in points, colour.
_PEER_SERIES = (
    ("Peers’ upper quartile", XL_MARKER_STYLE.DASH, 14, SCREEN.soft),
    ("Peers’ median", XL_MARKER_STYLE.DIAMOND, 8, SCREEN.ink),
    ("Peers’ lower quartile", XL_MARKER_STYLE.DASH, 14, SCREEN.soft),
    ("Yours", XL_MARKER_STYLE.CIRCLE, 11, SCREEN.blue),
)


def _peer_slide(title: str, compared: PeerComparison, page: MeasurePage, note: str) -> bytes:
    """Own gaps as points between the quartiles of the other groups, which are whole numbers without names."""
    presentation, slide = start_slide(title)
    data = CategoryChartData(number_format="0.0")
    data.categories = [row.label for row in compared.rows]
    bands = [row.band or (None, None, None) for row in compared.rows]
    columns = (
        [band[2] for band in bands],
        [band[1] for band in bands],
        [band[0] for band in bands],
        [None if row.own is None else round(row.own, row.decimals) for row in compared.rows],
    )
    for (name, *_), values in zip(_PEER_SERIES, columns, strict=True):
        data.add_series(name, values)
    drawn = add_chart(slide, XL_CHART_TYPE.LINE_MARKERS, data, percent=False)
    drawn.value_axis.has_title = True
    drawn.value_axis.axis_title.text_frame.text = "Gap to the reference, percentage points"
    # The names of the groups stand below all points, also where gaps are below zero.
    drawn.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    for (_, shape, size, colour), one in zip(_PEER_SERIES, drawn.plots[0].series, strict=True):
        one.smooth = False
        one.format.line.fill.background()
        one.marker.style, one.marker.size = shape, size
        one.marker.format.fill.solid()
        one.marker.format.fill.fore_color.rgb = rgb(colour)
        one.marker.format.line.color.rgb = rgb(colour)
    write_beside(
        slide,
        [page.peers_text, *(f"{peer_sentence(row, compared.unit)}." for row in compared.rows)],
    )
    write_foot(
        slide,
        [f"Gaps in percentage points. {compared.direction}. {page.reference_rule}".strip(), note],
    )
    return to_bytes(presentation)


def _series(
    current: SetResult, code: str, results: Sequence[SetResult | None]
) -> tuple[SlideSeries, ...]:
    """Group in focus and reference, one value a result; a hole where the reader gets no number."""
    found = []
    for figure in dict.fromkeys([current.figure(code), current.reference_figure]):
        if figure is None:
            continue
        found.append(
            SlideSeries(
                figure.stratum.short_label,
                tuple(_percent(marks.figure_at(r, figure.stratum)) if r else None for r in results),
                is_reference=figure == current.reference_figure,
            )
        )
    return tuple(found)


def _percent(figure: Figure | None) -> float | None:
    """No finer than the page writes it."""
    if figure is None or figure.rate is None:
        return None
    return round(100 * figure.rate, figure.decimals)

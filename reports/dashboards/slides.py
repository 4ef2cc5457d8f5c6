"""Charts of the measure page as slides, from the figures that the page's reader sees."""

from __future__ import annotations

from collections.abc import Sequence

from measures.queries import Figure, SetResult
from reports.charts import Chart
from reports.dashboards import marks
from reports.dashboards.measure import MeasurePage
from reports.dashboards.wording import rate_interval_text, rate_text
from teams.drawing.slides import SlideChart, SlideSeries, make_slide


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
    """chart: strip, trend or sites. note: where the numbers come from, at the foot."""
    current = page.block.result
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

"""Trend: rates of one to three strata over periods, named at the end of their lines."""

from __future__ import annotations

import itertools

from reports.charts.rows import NARROW, WIDE
from reports.charts.values import Trend, TrendPoint, TrendSeries
from teams.drawing.chart import Chart, drawn_once
from teams.drawing.scale import round_scale
from teams.drawing.svg import PRINT, SCREEN, Drawing, text_width, wrap
from teams.formats import format_percent, format_points

#: shape, colour, hollow of the strata in focus, in order; the reference is always a filled diamond.
_FOCUS = (("circle", "blue", False), ("down", "orange", True), ("square", "grey", False))
_REFERENCE = ("diamond", "ink", False)


def _look(trend: Trend) -> list[tuple[str, str, bool]]:
    focus = iter(_FOCUS)
    return [_REFERENCE if s.is_reference else next(focus) for s in trend.series]


def _spread(places: list[float], least: float, low: float, high: float) -> list[float]:
    """Move label places apart so that neighbours are `least` pixels from each other, inside the plot."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    if order and moved[order[-1]] > high:
        moved[order[-1]] = high
        for after, before in zip(order[::-1], order[-2::-1], strict=False):
            moved[before] = min(moved[before], moved[after] - least)
    return [max(low, m) for m in moved]


def _rate(point: TrendPoint) -> str:
    if point.rate is None:
        return point.absence.words if point.absence else "no data"
    return format_percent(point.rate, point.decimals)


def trend_summary(trend: Trend) -> str:
    """The trend in words: first and last shown value of each stratum, the change, what is missing."""
    parts = ["Higher is better." if trend.higher_is_better else "Lower is better."]
    for series in trend.series:
        shown = [
            (p, q) for p, q in zip(trend.periods, series.points, strict=True) if q.rate is not None
        ]
        name = f"{series.label} (reference)" if series.is_reference else series.label
        if not shown:
            parts.append(f"{name}: no value that can be shown.")
            continue
        # A change is only told within the stretch of comparable periods that ends today.
        since = max((b.period_index for b in trend.breaks), default=0)
        comparable = [
            (p, q)
            for p, q in list(zip(trend.periods, series.points, strict=True))[since:]
            if q.rate is not None
        ] or shown[-1:]
        (first_period, first), (last_period, last) = comparable[0], comparable[-1]
        text = f"{name}: {_rate(last)} in {last_period}"
        if first_period != last_period:
            change = 100 * ((last.rate or 0) - (first.rate or 0))
            text += f", was {_rate(first)} in {first_period} ({format_points(change)} points)"
        missing = [p for p, q in zip(trend.periods, series.points, strict=True) if q.rate is None]
        if missing:
            text += f"; no value for {', '.join(missing)}"
        parts.append(f"{text}.")
    parts += [
        f"Not comparable with earlier years from {trend.periods[b.period_index]} on: {b.note}."
        for b in trend.breaks
    ]
    return " ".join(parts)


@drawn_once
def draw_trend(trend: Trend, *, ident: str, finding: str = "", for_print: bool = False) -> Chart:
    """Draw the lines. A period without a value leaves a gap, and a series break cuts every line."""
    finding = finding or f"{trend.measure} over time"
    summary = trend_summary(trend)
    looks = _look(trend)
    values = [
        100 * v
        for s in trend.series
        for p in s.points
        for v in (p.rate, p.lower, p.upper)
        if v is not None
    ]
    if trend.target is not None:
        values.append(100 * trend.target)
    scale = round_scale(values, floor=0, ceiling=100, most_ticks=6)
    cuts = {b.period_index for b in trend.breaks}

    def draw(width: float, height: float, narrow: bool) -> str:
        size = 13.5 if narrow else 13.0
        names = max(text_width(f"{s.label} 00.0%", size) for s in trend.series)
        label_room = min(width * 0.34, names + 14)
        drawing = Drawing(
            width,
            height,
            ident=f"{ident}-{'n' if narrow else 'w'}",
            title=finding,
            description=summary,
            palette=PRINT if for_print else SCREEN,
        )
        left, right, top, bottom = 40.0, width - label_room - 10, 34.0, height - 30
        plot = scale.over(bottom, top)
        steps = max(len(trend.periods) - 1, 1)
        inset = 16.0

        def at(index: int) -> float:
            if len(trend.periods) == 1:
                return (left + right) / 2
            return left + inset + (right - left - 2 * inset) * index / steps

        arrow = "↑ Higher is better" if trend.higher_is_better else "↓ Lower is better"
        drawing.text(0, 14, arrow, size=12, soft=True)
        for value in plot.ticks:
            y = plot(value)
            drawing.line(left, y, right, y, "grid")
            drawing.text(left - 8, y + 4, f"{value:g}%", size=12, anchor="end", soft=True)
        drawing.line(left, bottom, right, bottom, "axis")
        every = 1 if (right - left) / len(trend.periods) > 34 else 2
        for index, period in enumerate(trend.periods):
            if (len(trend.periods) - 1 - index) % every == 0:
                drawing.text(at(index), bottom + 19, period, size=12.5, anchor="middle", soft=True)
        if trend.target is not None:
            y = plot(100 * trend.target)
            drawing.line(left, y, right, y, "ink", 1.2, dash="4 3")
            drawing.text(left + 4, y - 5, "Target", size=11.5, soft=True, halo=True)
        for cut in trend.breaks:
            x = (at(cut.period_index - 1) + at(cut.period_index)) / 2 if cut.period_index else left
            drawing.line(x, top - 8, x, bottom, "grey", 1.4, dash="2 4")
            drawing.text(x, top - 13, cut.note, size=11.5, anchor="middle", soft=True, halo=True)
        ends: list[tuple[TrendSeries, str, float]] = []
        for number, (series, (shape, ink, hollow)) in enumerate(
            zip(trend.series, looks, strict=True)
        ):
            # Whiskers of different strata stand a little apart, so that none hides another.
            shift = (number - (len(trend.series) - 1) / 2) * 4
            run: list[tuple[float, float]] = []
            runs = [run]
            for index, point in enumerate(series.points):
                if point.rate is None or index in cuts:
                    run = []
                    runs.append(run)
                if point.rate is not None:
                    run.append((at(index) + shift, plot(100 * point.rate)))
            for points in runs:
                if len(points) > 1:
                    drawing.polyline(points, ink)
            for index, point in enumerate(series.points):
                if point.rate is None:
                    continue
                x = at(index) + shift
                tip = f"{series.label}, {trend.periods[index]}: {_rate(point)}"
                if point.lower is not None and point.upper is not None:
                    low, high = (
                        format_percent(v, point.decimals) for v in (point.lower, point.upper)
                    )
                    tip += f", 95% interval {low} to {high}"
                with drawing.group(tip):
                    if point.lower is not None and point.upper is not None:
                        drawing.line(
                            x,
                            plot(100 * point.lower),
                            x,
                            plot(100 * point.upper),
                            ink,
                            1.4,
                            cap="round",
                        )
                    drawing.mark(shape, x, plot(100 * point.rate), ink, 5, hollow)
            last = next((p for p in reversed(series.points) if p.rate is not None), None)
            if last is not None and last.rate is not None:
                ends.append((series, _rate(last), plot(100 * last.rate)))
        places = _spread([y for _, _, y in ends], 34 if narrow else 18, top, bottom)
        for (series, rate, _), y in zip(ends, places, strict=True):
            x = right + 4
            if narrow:
                name = wrap(series.label, label_room, size, 1)[0]
                drawing.text(x, y - 2, name, size=size, weight=600, halo=True)
                drawing.text(x, y + 14, rate, size=size, halo=True)
            else:
                drawing.text(x, y + 4.5, f"{series.label} {rate}", size=size, weight=600, halo=True)
        return drawing.svg()

    return Chart(
        finding=finding,
        subtitle=f"{trend.measure}, rate with 95% interval",
        summary=summary,
        wide=draw(WIDE, 300, False),
        narrow=draw(NARROW, 280, True),
        columns=("Group", *trend.periods),
        rows=tuple((s.label, *(_rate(p) for p in s.points)) for s in trend.series),
    )


@drawn_once
def draw_sparkline(trend: Trend, *, ident: str, for_print: bool = False) -> str:
    """A small line for a table cell or card, 120 by 36 pixels; the numbers must stand beside it."""
    values = [100 * p.rate for s in trend.series for p in s.points if p.rate is not None]
    scale = round_scale(values, floor=0, ceiling=100)
    drawing = Drawing(
        120,
        36,
        ident=ident,
        title=f"{trend.measure} over time",
        description=trend_summary(trend),
        palette=PRINT if for_print else SCREEN,
    )
    plot = scale.over(31, 5)
    steps = max(len(trend.periods) - 1, 1)
    cuts = {b.period_index for b in trend.breaks}
    for series, (shape, ink, hollow) in zip(trend.series, _look(trend), strict=True):
        run: list[tuple[float, float]] = []
        runs = [run]
        for index, point in enumerate(series.points):
            if point.rate is None or index in cuts:
                run = []
                runs.append(run)
            if point.rate is not None:
                run.append((6 + 108 * index / steps, plot(100 * point.rate)))
        for points in runs:
            if len(points) > 1:
                drawing.polyline(points, ink, 1.6)
        if shown := [p for points in runs for p in points]:
            drawing.mark(shape, *shown[-1], ink, 3.6, hollow)
    return drawing.svg()

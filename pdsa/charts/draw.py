"""Charts over time drawn as SVG: two groups or their gap, phases, limits, and the lane of tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from measures.stats.spc import Glyph, Stage
from pdsa.charts.assemble import GroupChart, MeasureCharts, cycles_at
from pdsa.charts.periods import label as period_label
from pdsa.charts.reading import (
    STATE_WORDS,
    centre_word,
    finding,
    number_words,
    point_words,
    read_charts,
)
from pdsa.charts.values import LaneCycle
from pdsa.enums import PointKind
from teams.drawing.chart import Chart
from teams.drawing.scale import Scale, free_scale, round_scale
from teams.drawing.svg import SCREEN, Drawing, text_width, wrap
from teams.formats import MINUS

WIDE, NARROW = 860.0, 358.0
_LANE_ROW = 32.0
_MOST_LANES = 5
#: glyph → shape, ink, hollow.
_LOOK = {
    Glyph.FAVOURABLE: ("up", "blue", False),
    Glyph.UNFAVOURABLE: ("down", "orange", True),
    Glyph.NEUTRAL: ("circle", "grey", False),
    Glyph.EXCLUDED: ("diamond", "grey", True),
}
_KEY = (
    (Glyph.FAVOURABLE, "favourable signal"),
    (Glyph.UNFAVOURABLE, "unfavourable signal"),
    (Glyph.NEUTRAL, "no signal"),
    (Glyph.EXCLUDED, "taken out"),
)


@dataclass(frozen=True)
class _Bar:
    """A test of the lane in pixels: its bar, and where its name begins."""

    cycle: LaneCycle
    x1: float
    x2: float
    text_x: float
    text_end: float


@dataclass(frozen=True, eq=False)
class _Line:
    """One line to draw: what its values are multiplied with, and whether it carries limits and glyphs."""

    group: GroupChart
    factor: float
    leads: bool


def _lines(charts: MeasureCharts, gap: bool) -> list[_Line]:
    if gap:
        return [_Line(charts.gap, 1.0, True)] if charts.gap else []
    factor = 100.0 if charts.data.point_kind == PointKind.PROPORTION else 1.0
    found = []
    if charts.focus is not None:
        found.append(_Line(charts.focus, factor, True))
    if charts.reference is not None:
        found.append(_Line(charts.reference, factor, False))
    return found


def _scale(charts: MeasureCharts, lines: Sequence[_Line], gap: bool) -> Scale:
    values: list[float] = [0.0] if gap else []
    for line in lines:
        chart = line.group.chart
        numbers = [chart.values, chart.centre()]
        if line.leads:
            numbers += [chart.lower(), chart.upper()]
        values += [float(v) * line.factor for row in numbers for v in row if math.isfinite(v)]
    share = charts.data.point_kind == PointKind.PROPORTION
    if charts.data.target is not None and not gap:
        values.append(charts.data.target * (100 if share else 1))
    if share:
        bounds = {} if gap else {"floor": 0.0, "ceiling": 100.0}
        return round_scale(values, most_ticks=7, **bounds)
    return free_scale(values, floor=0.0 if values and min(values) >= 0 and not gap else None)


def _tick(value: float, charts: MeasureCharts, gap: bool) -> str:
    text = f"{value:g}".replace("-", MINUS)
    if charts.data.point_kind != PointKind.PROPORTION:
        return text
    return (f"+{text}" if gap and value > 0 else text) if gap else f"{text}%"


def _runs(places: Sequence[int], starts: set[int]) -> list[list[int]]:
    """Neighbouring places, cut where one is missing and where a phase begins."""
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][-1] == place - 1 and place not in starts:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


class _Plot:
    """One drawing in the making: wide or narrow."""

    def __init__(
        self, charts: MeasureCharts, *, gap: bool, ident: str, narrow: bool, title: str, words: str
    ) -> None:
        self.charts, self.gap, self.narrow = charts, gap, narrow
        self.lines = _lines(charts, gap)
        self.width = NARROW if narrow else WIDE
        self.plot_height = 230.0 if narrow else 300.0
        names = [line.group.name for line in self.lines]
        room = max((text_width(name, 13) for name in names), default=0) + 18
        self.left = 44.0
        self.right = self.width - 12 if narrow else self.width - min(max(room, 96), 190)
        self.count = len(charts.data.periods)
        self.top = 46.0 if not narrow else 46.0 + 18 * len(self.lines)
        self.rows, self.left_over = self._stack(cycles_at(charts))
        self.bottom = self.top + self.plot_height
        lane = len(self.rows) * _LANE_ROW + (30 if self.rows else 0) + (16 if self.left_over else 0)
        self.key_lines = 2 if narrow else 1
        self.lane_top = self.bottom + 44
        self.height = self.lane_top + lane + 10 + 20 * self.key_lines
        self.drawing = Drawing(
            self.width,
            self.height,
            ident=f"{ident}-{'n' if narrow else 'w'}",
            title=title,
            description=words,
            palette=SCREEN,
        )
        self.scale = _scale(charts, self.lines, gap).over(self.bottom, self.top)

    def x(self, place: float) -> float:
        inset = 14.0
        if self.count == 1:
            return (self.left + self.right) / 2
        return self.left + inset + (self.right - self.left - 2 * inset) * place / (self.count - 1)

    @property
    def pitch(self) -> float:
        return self.x(1) - self.x(0) if self.count > 1 else self.right - self.left

    def _stack(self, cycles: list[tuple[LaneCycle, int, int]]) -> tuple[list[list[_Bar]], int]:
        """Rows of tests that overlap neither in bar nor in name, and how many tests found no row."""
        half = max(self.pitch / 2, 4)
        rows: list[list[_Bar]] = []
        left_over = 0
        for cycle, first, last in cycles:
            x1 = max(self.x(first) - half + 1, self.left)
            x2 = max(min(self.x(last) + half - 1, self.right), x1 + 5)
            length = min(text_width(cycle.title, 11.5), self.width - self.left)
            start = min(x1, self.width - length)
            bar = _Bar(cycle, x1, x2, start, start + length)
            ends = [max(row[-1].x2, row[-1].text_end) for row in rows]
            place = next((i for i, end in enumerate(ends) if end + 8 < min(x1, start)), None)
            if place is not None:
                rows[place].append(bar)
            elif len(rows) < _MOST_LANES:
                rows.append([bar])
            else:
                left_over += 1
        return rows, left_over

    def draw(self) -> str:
        self._axes()
        leading = next((line for line in self.lines if line.leads), None)
        if leading is not None:
            self._limits(leading)
        self._target()
        if leading is not None:
            self._centre(leading)
        for line in reversed(self.lines):
            self._points(line)
        self._line_words(leading)
        self._phases()
        self._missing()
        self._names()
        self._lane()
        self._key()
        return self.drawing.svg()

    def _axes(self) -> None:
        d, data = self.drawing, self.charts.data
        arrow = "↑ Higher is better" if data.higher_is_better else "↓ Lower is better"
        if self.gap and data.point_kind == PointKind.PROPORTION:
            arrow += ". Gap in percentage points"
        elif data.unit and data.point_kind != PointKind.PROPORTION:
            arrow += f". {data.unit[0].upper()}{data.unit[1:]}"
        d.text(0, 14, arrow, size=12, soft=True)
        for value in self.scale.ticks:
            y = self.scale(value)
            strong = self.gap and value == 0
            d.line(self.left, y, self.right, y, "axis" if strong else "grid")
            d.text(
                self.left - 7,
                y + 4,
                _tick(value, self.charts, self.gap),
                size=12,
                anchor="end",
                soft=True,
            )
        if self.gap:
            d.text(self.left + 4, self.scale(0) - 5, "No gap", size=11.5, soft=True, halo=True)
        d.line(self.left, self.bottom, self.right, self.bottom, "axis")
        every = max(1, math.ceil((34 if self.narrow else 40) / self.pitch))
        yearly = data.frequency == "month" and len(data.labels[0]) > 5 if data.labels else False
        for place, day in enumerate(data.periods):
            if (self.count - 1 - place) % every:
                continue
            x = self.x(place)
            short = period_label(day, data.frequency, short=True) if yearly else data.labels[place]
            d.text(x, self.bottom + 18, short, size=12, anchor="middle", soft=True)
        if yearly:
            for place, day in enumerate(data.periods):
                # The first point's year gives way to a January that is too near.
                to_january = (13 - day.month) * self.pitch
                if day.month == 1 or (place == 0 and to_january > 36):
                    d.text(self.x(place), self.bottom + 33, f"{day:%Y}", size=11.5, anchor="middle")

    def _target(self) -> None:
        target = self.charts.data.target
        if target is None or self.gap:
            return
        y = self.scale(target * self.lines[0].factor)
        self.drawing.line(self.left, y, self.right, y, "ink", 1.3, dash="2 4")

    def _limits(self, line: _Line) -> None:
        chart = line.group.chart
        half = self.pitch / 2 if self.count > 1 else 20
        for phase in chart.phases:
            if not phase.limits_shown or self.charts.rules_off:
                continue
            lower, upper = chart.lower(), chart.upper()
            places = [p for p in range(phase.start, phase.end) if math.isfinite(lower[p])]
            for run in _runs(places, set()):
                tops, bottoms = [], []
                for place in run:
                    for edge in (-half, half):
                        x = min(max(self.x(place) + edge, self.left), self.right)
                        tops.append((x, self.scale(float(upper[place]) * line.factor)))
                        bottoms.append((x, self.scale(float(lower[place]) * line.factor)))
                self.drawing.area([*tops, *reversed(bottoms)])
                dash = "5 4" if phase.stage < Stage.LOCKED else ""
                self.drawing.polyline(tops, "grey", 1, dash=dash)
                self.drawing.polyline(bottoms, "grey", 1, dash=dash)

    def _centre(self, line: _Line) -> None:
        chart = line.group.chart
        half = self.pitch / 2 if self.count > 1 else 20
        for phase in chart.phases:
            if (
                not phase.centre_shown
                or self.charts.rules_off
                or not math.isfinite(phase.limits.centre)
            ):
                continue
            y = self.scale(phase.limits.centre * line.factor)
            x1, x2 = self._reach(phase.start, phase.end)
            middle = min(self.x(phase.baseline_end - 1) + half, x2)
            self.drawing.line(x1, y, middle, y, "ink", 1.2)
            if middle < x2:
                # Beyond the baseline the line is a comparison, not a description.
                self.drawing.line(middle, y, x2, y, "ink", 1.2, dash="6 4")

    def _reach(self, start: int, end: int) -> tuple[float, float]:
        half = self.pitch / 2 if self.count > 1 else 20
        return max(self.x(start) - half, self.left), min(self.x(end - 1) + half, self.right)

    def _line_words(self, leading: _Line | None) -> None:
        """What the target and the centre lines are called, where the fewest points are in the way."""
        target = self.charts.data.target
        if target is not None and not self.gap and self.lines:
            y = self.scale(target * self.lines[0].factor)
            self._words_at("Target", y, self.left, self.right)
        if leading is None or self.narrow or self.charts.rules_off:
            return
        for phase in leading.group.chart.phases:
            if phase.centre_shown and math.isfinite(phase.limits.centre):
                value = number_words(self.charts.data, phase.limits.centre, gap=self.gap)
                text = f"{centre_word(leading.group.chart)} {value.removesuffix(' points')}"
                y = self.scale(phase.limits.centre * leading.factor)
                self._words_at(text, y, *self._reach(phase.start, phase.end))

    def _words_at(self, text: str, y: float, x1: float, x2: float) -> None:
        drawn = [
            (self.x(p), self.scale(float(v) * line.factor))
            for line in self.lines
            for p, v in enumerate(line.group.chart.values)
            if math.isfinite(v)
        ]
        width = text_width(text, 11.5)
        places = [
            (x1 + 4 + share * max(x2 - x1 - width - 8, 0), y + shift)
            for share in (0.0, 0.25, 0.5, 0.75, 1.0)
            for shift in (-6.0, 15.0)
        ]
        x, at = min(
            places,
            key=lambda place: sum(
                place[0] - 10 < px < place[0] + width + 10 and place[1] - 18 < py < place[1] + 8
                for px, py in drawn
            ),
        )
        self.drawing.text(x, at, text, size=11.5, soft=True, halo=True)

    def _points(self, line: _Line) -> None:
        d, chart, data = self.drawing, line.group.chart, self.charts.data
        values = chart.values
        places = [p for p in range(self.count) if math.isfinite(values[p])]
        starts = {phase.start for phase in chart.phases}
        ink = "ink" if line.leads else "grey"
        counted = [p for p in places if chart.series.included[p]]
        for run in _runs(counted, starts):
            if len(run) > 1:
                points = [(self.x(p), self.scale(float(values[p]) * line.factor)) for p in run]
                d.polyline(points, ink, 1.8 if line.leads else 1.4)
        size = max(2.4, min(5.4, self.pitch * 0.36))
        for place in places:
            x, y = self.x(place), self.scale(float(values[place]) * line.factor)
            glyph = line.group.glyphs[place]
            told = "" if self.charts.rules_off else f". {glyph.words}"
            names = ", ".join(s.name for s in chart.signals_at(place))
            value = number_words(data, float(values[place]), gap=self.gap)
            tip = f"{line.group.name}, {data.labels[place]}: {value}{told}"
            if names and not self.charts.rules_off:
                tip += f" ({names})"
            with d.group(tip):
                if self.charts.rules_off:
                    d.mark("circle" if line.leads else "square", x, y, ink, size, not line.leads)
                elif line.leads:
                    shape, colour, hollow = _LOOK[glyph]
                    larger = 1.25 if glyph != Glyph.NEUTRAL else 0.9
                    d.mark(shape, x, y, colour, size * larger, hollow)
                else:
                    taken = glyph == Glyph.EXCLUDED
                    d.mark("diamond" if taken else "square", x, y, "grey", size * 0.8, True)

    def _phases(self) -> None:
        for start, decision in self.charts.phase_decisions.items():
            x = (self.x(start - 1) + self.x(start)) / 2
            self.drawing.line(x, self.top - 12, x, self.bottom, "grey", 1.3, dash="2 4")
            anchor, room = (
                ("end", x - self.left) if x > self.width * 0.6 else ("start", self.right - x)
            )
            words = wrap(f"New phase: {decision.reason}", max(room - 8, 60), 11.5, 1)[0]
            shift = -5 if anchor == "end" else 5
            self.drawing.text(
                x + shift, self.top - 5, words, size=11.5, anchor=anchor, soft=True, halo=True
            )

    def _missing(self) -> None:
        focus = self.charts.data.focus
        if focus is None or self.gap:
            return
        for place, point in enumerate(focus.points):
            if point.number is None:
                x = self.x(place)
                with self.drawing.group(
                    f"{focus.name}, {self.charts.data.labels[place]}: {STATE_WORDS[point.state]}"
                ):
                    self.drawing.line(x - 3, self.bottom - 9, x + 3, self.bottom - 3, "grey", 1.6)
                    self.drawing.line(x - 3, self.bottom - 3, x + 3, self.bottom - 9, "grey", 1.6)

    def _names(self) -> None:
        """Names at the ends of the lines; on a phone above the plot."""
        d = self.drawing
        ends = []
        for line in self.lines:
            values = line.group.chart.values
            last = max((p for p in range(self.count) if math.isfinite(values[p])), default=None)
            if last is not None:
                value = number_words(self.charts.data, float(values[last]), gap=self.gap)
                ends.append((line, self.scale(float(values[last]) * line.factor), value))
        if self.narrow:
            for row, (line, _, value) in enumerate(ends):
                y = 34.0 + 18 * row
                d.line(0, y - 4, 22, y - 4, "ink" if line.leads else "grey", 2)
                if not line.leads:
                    d.mark("square", 11, y - 4, "grey", 4, True)
                name = wrap(f"{line.group.name}: {value}", self.width - 30, 12.5, 1)[0]
                d.text(28, y, name, size=12.5, weight=600 if line.leads else 400)
            return
        if len(ends) == 2 and abs(ends[0][1] - ends[1][1]) < 36:
            upper, lower = sorted(ends, key=lambda end: end[1])
            middle = min(max((upper[1] + lower[1]) / 2, self.top + 18), self.bottom - 18)
            ends = [(upper[0], middle - 18, upper[2]), (lower[0], middle + 18, lower[2])]
        for line, y, value in ends:
            x, room = self.right + 10, self.width - self.right - 10
            d.text(
                x,
                y - 2,
                wrap(line.group.name, room, 13, 1)[0],
                size=13,
                weight=600,
                soft=not line.leads,
            )
            d.text(x, y + 14, value, size=13, soft=not line.leads)

    def _lane(self) -> None:
        if not self.rows:
            return
        d = self.drawing
        d.text(0, self.lane_top + 12, "Tests", size=12, weight=600)
        y = self.lane_top + 30
        for row in self.rows:
            for bar in row:
                tip = f"{bar.cycle.title}: {bar.cycle.state.lower()}"
                if bar.cycle.decision:
                    tip += f", {bar.cycle.decision.lower()}"
                with d.group(tip):
                    words = wrap(bar.cycle.title, bar.text_end - bar.text_x + 2, 11.5, 1)[0]
                    d.text(bar.text_x, y, words, size=11.5)
                    pattern = "solid" if bar.cycle.ends_on else "hatch"
                    d.tile(bar.x1, y + 5, bar.x2 - bar.x1, 9, "blue", pattern)
            y += _LANE_ROW
        if self.left_over:
            d.text(self.left, y + 8, f"and {self.left_over} more", size=11, soft=True)

    def _key(self) -> None:
        if self.charts.rules_off:
            return
        d = self.drawing
        x, y = 6.0, self.height - 20 * self.key_lines + 10
        for number, (glyph, words) in enumerate(_KEY):
            if self.narrow and number == 2:
                x, y = 6.0, y + 20
            shape, ink, hollow = _LOOK[glyph]
            d.mark(shape, x, y - 4, ink, 5, hollow)
            d.text(x + 11, y, words, size=12, soft=True)
            x += text_width(words, 12) + 34


def _cell(value: float, charts: MeasureCharts, gap: bool = False) -> str:
    return number_words(charts.data, value, gap=gap) if math.isfinite(value) else ""


def _signal_cell(group: GroupChart, place: int, rules_off: bool) -> str:
    glyph = group.glyphs[place]
    if glyph == Glyph.EXCLUDED:
        return "Taken out"
    names = "; ".join(s.name for s in group.chart.signals_at(place))
    return "" if rules_off else names


def table_of(
    charts: MeasureCharts, *, gap: bool
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Columns and rows of the data table: a row for every period."""
    data = charts.data
    if gap and charts.gap is not None:
        chart = charts.gap.chart
        lines = (chart.centre(), chart.lower(), chart.upper())
        return (
            ("Period", "Gap", "Centre", "Lower limit", "Upper limit", "Signals"),
            tuple(
                (
                    label,
                    _cell(float(chart.values[i]), charts, True) or "No number for both",
                    *(_cell(float(line[i]), charts, True) for line in lines),
                    _signal_cell(charts.gap, i, charts.rules_off),
                )
                for i, label in enumerate(data.labels)
            ),
        )
    if charts.focus is None or data.focus is None:
        return ("Period",), ()
    chart = charts.focus.chart
    lines = (chart.centre(), chart.lower(), chart.upper())
    columns = ["Period", data.focus.name, "Centre", "Lower limit", "Upper limit", "Signals"]
    others = [g for g in data.groups if g is not data.focus]
    columns += [g.name for g in others]
    rows = []
    for i, label in enumerate(data.labels):
        rows.append(
            (
                label,
                point_words(data, data.focus.points[i]),
                *(_cell(float(line[i]), charts) for line in lines),
                _signal_cell(charts.focus, i, charts.rules_off),
                *(point_words(data, g.points[i]) for g in others),
            )
        )
    return tuple(columns), tuple(rows)


def draw_measure(charts: MeasureCharts, *, gap: bool = False, ident: str = "measure") -> Chart:
    """The chart of a measure with its words and its table. gap: one line, focus less reference.

    Raises ValueError where there is nothing to draw, or no gap.
    """
    if not charts.data.periods or not _lines(charts, gap):
        raise ValueError("There is nothing to draw yet.")
    words = " ".join(read_charts(charts))
    title = finding(charts, gap=gap)
    columns, rows = table_of(charts, gap=gap)
    data = charts.data
    first, last = data.labels[0], data.labels[-1]
    what = (
        "gap between the groups"
        if gap
        else "focus group and comparison"
        if charts.reference
        else ""
    )
    subtitle = ", ".join(part for part in (what, f"{first} to {last}") if part)
    return Chart(
        finding=title,
        subtitle=f"{subtitle[0].upper()}{subtitle[1:]}",
        summary=words,
        wide=_Plot(charts, gap=gap, ident=ident, narrow=False, title=title, words=words).draw(),
        narrow=_Plot(charts, gap=gap, ident=ident, narrow=True, title=title, words=words).draw(),
        columns=columns,
        rows=rows,
    )


def draw_spark(charts: MeasureCharts, *, ident: str) -> str:
    """A small picture for a list, 160 by 40 pixels; the numbers stand beside it. Empty without numbers."""
    lines = _lines(charts, False)
    if not charts.data.periods or not lines:
        return ""
    drawing = Drawing(
        160,
        40,
        ident=ident,
        title=finding(charts),
        description="",
        palette=SCREEN,
    )
    scale = _scale(charts, lines, False).over(35, 5)
    count = len(charts.data.periods)

    def x(place: int) -> float:
        return 80.0 if count == 1 else 6 + 148 * place / (count - 1)

    for line in reversed(lines):
        values = line.group.chart.values
        places = [p for p in range(count) if math.isfinite(values[p])]
        ink = "ink" if line.leads else "grey"
        for run in _runs(places, set()):
            if len(run) > 1:
                drawing.polyline(
                    [(x(p), scale(float(values[p]) * line.factor)) for p in run], ink, 1.5
                )
        if places:
            last = places[-1]
            glyph = line.group.glyphs[last]
            shape, colour, hollow = _LOOK.get(glyph, _LOOK[Glyph.NEUTRAL])
            if not line.leads:
                shape, colour, hollow = "square", "grey", True
            drawing.mark(
                shape, x(last), scale(float(values[last]) * line.factor), colour, 4, hollow
            )
    return drawing.svg(decorative=True)

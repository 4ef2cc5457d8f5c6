"""The frame that row charts share: a name, a plot and figures per row, one axis for all.

Wide: name | plot | figures on one line. Narrow (phone): name and figures on one line, the plot below it,
because shrinking the wide one would make its text unreadable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from teams.drawing.scale import Scale
from teams.drawing.svg import PRINT, SCREEN, Drawing, text_width, wrap

WIDE = 620.0
NARROW = 358.0


@dataclass(frozen=True)
class Row:
    """One row. `draw` gets the drawing, the scale in pixels and the row's middle; `note` stands in the plot
    instead of marks. `figures` are texts for the columns on the right, `tip` is for the pointer."""

    label: str
    figures: tuple[str, ...]
    tip: str
    draw: Callable[[Drawing, Scale, float], None] | None = None
    note: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Key:
    """One entry of the legend."""

    shape: str
    ink: str
    hollow: bool
    label: str


@dataclass(frozen=True)
class Rule:
    """A vertical line at a value: ink dashed for the reference, grey dotted for a target."""

    value: float
    ink: str = "ink"


DASHES = {"ink": "5 3", "grey": "1.5 3"}


def _columns(rows: list[Row], heads: tuple[str, ...], size: float) -> list[float]:
    widths = []
    for index, head in enumerate(heads):
        texts = [head, *(r.figures[index] for r in rows if index < len(r.figures))]
        widths.append(max(text_width(t, size) for t in texts) + 16)
    return widths


def _legend_lines(keys: list[Key], width: float) -> list[list[Key]]:
    lines: list[list[Key]] = []
    used = 0.0
    for key in keys:
        room = text_width(key.label, 12) + 36
        if not lines or used + room > width:
            lines.append([])
            used = 0.0
        lines[-1].append(key)
        used += room
    return lines


def _draw_legend(drawing: Drawing, lines: list[list[Key]], x: float, y: float) -> None:
    for index, line in enumerate(lines):
        at = x
        for key in line:
            middle = y + index * 20
            if key.shape == "line":
                drawing.line(
                    at + 7, middle - 8, at + 7, middle + 8, key.ink, 1.6, dash=DASHES[key.ink]
                )
            else:
                drawing.mark(key.shape, at + 7, middle, key.ink, 5, key.hollow)
            drawing.text(at + 20, middle + 4, key.label, size=12, soft=True)
            at += text_width(key.label, 12) + 36


def draw_rows(
    *,
    rows: list[Row],
    heads: tuple[str, ...],
    scale: Scale,
    tick: Callable[[float], str],
    direction: str,
    keys: list[Key],
    rules: list[Rule],
    ident: str,
    title: str,
    description: str,
    for_print: bool,
) -> tuple[str, str]:
    """The wide and the narrow SVG of a row chart.

    rules: vertical lines through all rows; the legend says what they are.
    """
    palette = PRINT if for_print else SCREEN
    common = {"title": title, "description": description, "palette": palette}

    def wide() -> str:
        row_height, top, size = 32.0, 34.0, 13.5
        label_width = min(168.0, max(80.0, *(text_width(r.label, size) + 18 for r in rows)))
        columns = _columns(rows, heads, size)
        left, right = label_width + 8, WIDE - sum(columns) - 14
        legend = _legend_lines(keys, WIDE)
        bottom = top + row_height * len(rows)
        height = bottom + 30 + 20 * len(legend) + (6 if legend else 0)
        drawing = Drawing(WIDE, height, ident=f"{ident}-w", **common)
        plot = scale.over(left, right)
        _axis(drawing, plot, tick, top, bottom, size=12)
        at = right + 14
        for head, width in zip(heads, columns, strict=True):
            at += width
            drawing.text(at, top - 12, head, size=12, soft=True, anchor="end")
        _direction(drawing, direction, left, right, top - 12)
        _rules(drawing, plot, rules, top, bottom)
        for index, row in enumerate(rows):
            middle = top + row_height * (index + 0.5)
            lines = wrap(row.label, label_width, size)
            for n, line in enumerate(lines):
                y = middle + 4.5 + (n - (len(lines) - 1) / 2) * 14
                drawing.text(
                    0,
                    y,
                    line,
                    size=size if len(lines) == 1 else 12,
                    weight=600 if row.strong else 400,
                )
            with drawing.group(row.tip):
                if row.draw is None:
                    drawing.text(left + 8, middle + 4.5, row.note, size=12.5, soft=True, halo=True)
                else:
                    row.draw(drawing, plot, middle)
            at = right + 14
            for n, (text, width) in enumerate(zip(row.figures, columns, strict=False)):
                at += width
                drawing.text(
                    at, middle + 4.5, text, size=size, anchor="end", weight=600 if n == 0 else 400
                )
        _draw_legend(drawing, legend, 0, bottom + 46)
        return drawing.svg()

    def narrow() -> str:
        row_height, top, size = 54.0, 42.0, 14.5
        left, right = 8.0, NARROW - 8
        columns = _columns(rows, heads, size)
        legend = _legend_lines(keys, NARROW)
        bottom = top + row_height * len(rows)
        height = bottom + 34 + 20 * len(legend) + (6 if legend else 0)
        drawing = Drawing(NARROW, height, ident=f"{ident}-n", **common)
        plot = scale.over(left, right)
        _axis(drawing, plot, tick, top, bottom, size=12.5)
        _direction(drawing, direction, 0, NARROW, 12)
        starts = [NARROW - sum(columns[n + 1 :]) for n in range(len(columns))]
        for head, at in zip(heads, starts, strict=True):
            drawing.text(at, 31, head, size=12, anchor="end", soft=True)
        for index, row in enumerate(rows):
            base = top + row_height * index
            name_y, middle = base + 19, base + 37
            filled = [n for n, text in enumerate(row.figures) if text]
            room = starts[filled[0]] - columns[filled[0]] if filled else NARROW
            drawing.text(
                0,
                name_y,
                wrap(row.label, room, size, most=1)[0],
                size=size,
                weight=600 if row.strong else 500,
                halo=True,
            )
            for n in filled:
                drawing.text(
                    starts[n],
                    name_y,
                    row.figures[n],
                    size=size,
                    anchor="end",
                    weight=600 if n == 0 else 400,
                    halo=True,
                )
            _rules(drawing, plot, rules, base + 26, base + 48)
            with drawing.group(row.tip):
                if row.draw is None:
                    drawing.text(0, middle + 4.5, row.note, size=13, soft=True, halo=True)
                else:
                    row.draw(drawing, plot, middle)
        _draw_legend(drawing, legend, 0, bottom + 48)
        return drawing.svg()

    return wide(), narrow()


def _axis(
    drawing: Drawing,
    plot: Scale,
    tick: Callable[[float], str],
    top: float,
    bottom: float,
    size: float,
) -> None:
    for value in plot.ticks:
        x = plot(value)
        drawing.line(x, top, x, bottom, "grid")
        anchor = "middle"
        if x < 14:
            anchor = "start"
        elif x > drawing.width - 14:
            anchor = "end"
        drawing.text(x, bottom + 18, tick(value), size=size, anchor=anchor, soft=True)
    drawing.line(plot.low, bottom, plot.high, bottom, "axis")


def _direction(drawing: Drawing, direction: str, left: float, right: float, y: float) -> None:
    """The arrow points where better is, so it stands at that end."""
    if not direction:
        return
    if direction.endswith("→"):
        drawing.text(right, y, direction, size=12, anchor="end", soft=True)
    else:
        drawing.text(left, y, direction, size=12, soft=True)


def _rules(drawing: Drawing, plot: Scale, rules: list[Rule], top: float, bottom: float) -> None:
    for rule in rules:
        x = plot(rule.value)
        drawing.line(x, top, x, bottom, rule.ink, 1.5, dash=DASHES[rule.ink])

"""A chart as a file that stands alone: its finding above it, where it comes from below it."""

from __future__ import annotations

import re
from html import escape

import typst

from teams.drawing.chart import Chart
from teams.drawing.svg import SCREEN, number, wrap
from teams.drawing.typefaces import SANS, font_folders

_MARGIN = 24.0
_SIZE = re.compile(r'width="([0-9.]+)" height="([0-9.]+)"')
#: Pixels of the picture per pixel of the drawing, as points per inch: twice the size on a screen.
_PPI = 144 * 4 / 3
_PAGE = """
#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg")
"""


def chart_svg(chart: Chart, note: str) -> str:
    """The wide drawing with title, subtitle and note on a white ground. note: source, date, method."""
    found = _SIZE.search(chart.wide)
    if found is None:
        raise ValueError("A chart without a size cannot become a file.")
    width, height = float(found[1]), float(found[2])
    parts = []
    y = _MARGIN + 8
    for text, size, weight, colour in (
        (chart.finding, 19.0, 600, SCREEN.ink),
        (chart.subtitle, 13.0, 400, SCREEN.soft),
    ):
        for line in wrap(text, width, size, most=4):
            y += size * 1.05
            parts.append(_text(y, line, size, weight, colour))
            y += size * 0.3
        y += 4
    y += 12
    parts.append(
        chart.wide.replace(
            "<svg ", f'<svg overflow="visible" x="{number(_MARGIN)}" y="{number(y)}" ', 1
        )
    )
    y += height + 10
    for line in wrap(note, width, 11.5, most=8):
        y += 15
        parts.append(_text(y, line, 11.5, 400, SCREEN.soft))
    full_width, full_height = number(width + 2 * _MARGIN), number(y + _MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full_width} {full_height}"'
        f' width="{full_width}" height="{full_height}" font-family="{SANS}, sans-serif">'
        f'<rect width="{full_width}" height="{full_height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def chart_png(chart: Chart, note: str) -> bytes:
    """The same as a picture, twice the size of the drawing."""
    result = typst.compile(
        _PAGE.encode(),
        format="png",
        ppi=_PPI,
        font_paths=[str(folder) for folder in font_folders()],
        ignore_system_fonts=True,
        sys_inputs={"svg": chart_svg(chart, note)},
    )
    return bytes(result)


def _text(y: float, line: str, size: float, weight: int, colour: str) -> str:
    return (
        f'<text x="{number(_MARGIN)}" y="{number(y)}" font-size="{number(size)}"'
        f' font-weight="{weight}" fill="{colour}">{escape(line)}</text>'
    )

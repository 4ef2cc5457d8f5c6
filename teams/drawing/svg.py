"""A drawing surface for SVG text: escaped, finite numbers only, coloured for three destinations.

Every mark carries its colour as presentation attributes, so that a file or a document shows it as it is;
in a page the classes (`c-blue`, `c-text` …) let `static/css/charts.css` take over, dark theme included.
No style attribute is written: the content security policy forbids them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from teams.drawing.typefaces import SANS


@dataclass(frozen=True)
class Palette:
    """Colours of one destination, by the names that marks use. `css` is the class of the whole drawing.

    thin_regular: typst draws a variable typeface inside an SVG in its lightest cut, so regular text gets a
    hair of stroke to come out as heavy as the text around the chart.
    """

    css: str
    ink: str
    soft: str
    grid: str
    axis: str
    blue: str
    orange: str
    grey: str
    band: str
    halo: str
    thin_regular: bool = False


SCREEN = Palette(
    css="chart",
    ink="#18222f",
    soft="#465160",
    grid="#e4e0d6",
    axis="#7d8793",
    blue="#1f62b4",
    orange="#c0580c",
    grey="#69727e",
    band="#e3e6ea",
    halo="#ffffff",
)
#: For paper without colour: shapes and words carry the meaning alone.
PRINT = Palette(
    css="chart-print",
    ink="#000000",
    soft="#333333",
    grid="#d9d9d9",
    axis="#666666",
    blue="#000000",
    orange="#000000",
    grey="#595959",
    band="#e4e4e4",
    halo="#ffffff",
    thin_regular=True,
)


@lru_cache(maxsize=8192)
def number(value: float) -> str:
    """A coordinate with at most two decimals. Raises ValueError for NaN and infinity."""
    if not math.isfinite(value):
        raise ValueError("a coordinate must be a finite number")
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@lru_cache(maxsize=8192)
def text_width(text: str, size: float) -> float:
    """Rough width of a text in pixels: enough to choose a column, not to set type."""
    narrow = sum(character in "iIjltf.,:;'|!()[] " for character in text)
    wide = sum(character in "mwMW%@" for character in text)
    return size * (0.54 * (len(text) - narrow - wide) + 0.29 * narrow + 0.84 * wide)


def wrap(text: str, width: float, size: float, most: int = 2) -> list[str]:
    """Break a text into at most `most` lines of about `width` pixels; the last one ends in … when cut."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    last = lines[-1] if lines else ""
    if text_width(last, size) > width:
        while last and text_width(f"{last}…", size) > width:
            last = last[:-1]
        lines[-1] = f"{last.rstrip()}…"
    return lines


class Drawing:
    """One SVG being drawn. Coordinates are pixels of the viewBox, origin top left."""

    def __init__(
        self,
        width: float,
        height: float,
        *,
        ident: str,
        title: str,
        description: str,
        palette: Palette,
    ) -> None:
        self.width = width
        self.height = height
        self.ident = ident
        self.palette = palette
        self._title = title
        self._description = description
        self._defs: dict[str, str] = {}
        self._parts: list[str] = []

    def _colour(self, ink: str) -> str:
        return str(getattr(self.palette, ink))

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        ink: str = "ink",
        width: float = 1,
        dash: str = "",
        cap: str = "butt",
    ) -> None:
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        extra += f' stroke-linecap="{cap}"' if cap != "butt" else ""
        css = {"ink": "c-rule", "axis": "c-axis", "grid": "c-grid"}.get(ink, f"c-{ink}")
        self._parts.append(
            f'<line class="{css}" x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
            f' stroke="{self._colour(ink)}" stroke-width="{number(width)}"{extra}/>'
        )

    def bar(
        self, x: float, y: float, width: float, height: float, ink: str, opacity: float = 1
    ) -> None:
        """A plain filled rectangle without outline."""
        self._parts.append(
            f'<rect class="c-{ink} c-area" x="{number(x)}" y="{number(y)}" width="{number(width)}"'
            f' height="{number(height)}" fill="{self._colour(ink)}" fill-opacity="{number(opacity)}"'
            ' stroke="none"/>'
        )

    def band(self, x: float, y: float, width: float, height: float) -> None:
        """A neutral band with an outline that can be seen on its ground."""
        self._parts.append(
            f'<rect class="c-band" x="{number(x)}" y="{number(y)}" width="{number(width)}"'
            f' height="{number(height)}" rx="2" fill="{self.palette.band}"'
            f' stroke="{self.palette.axis}" stroke-width="1"/>'
        )

    def tile(
        self, x: float, y: float, width: float, height: float, ink: str, pattern: str = "solid"
    ) -> None:
        """A rectangle of one category: a colour and a pattern, outlined."""
        colour = self._colour(ink)
        fill, css = colour, f"c-{ink}"
        if pattern != "solid":
            fill, css = f"url(#{self._pattern(pattern, ink)})", f"c-{ink} c-pattern"
        self._parts.append(
            f'<rect class="{css}" x="{number(x)}" y="{number(y)}" width="{number(width)}"'
            f' height="{number(height)}" fill="{fill}" stroke="{colour}" stroke-width="1"/>'
        )

    def _pattern(self, pattern: str, ink: str) -> str:
        ident = f"{self.ident}-{pattern}-{ink}"
        colour, halo = self._colour(ink), self.palette.halo
        ground = f'<rect class="c-ground" width="8" height="8" fill="{halo}"/>'
        stroke = f'class="c-{ink} c-line" fill="none" stroke="{colour}"'
        marks = {
            "hatch": f'<path {stroke} stroke-width="2.6" d="M-2 2 2-2M0 8 8 0M6 10l4-4"/>',
            "back": f'<path {stroke} stroke-width="1.2" d="M-2 6 2 10M0 0 8 8M6-2l4 4"/>',
            "dots": f'<circle class="c-{ink}" cx="4" cy="4" r="1.4" fill="{colour}" stroke="none"/>',
            "plain": "",
        }[pattern]
        self._defs[ident] = (
            f'<pattern id="{ident}" width="8" height="8" patternUnits="userSpaceOnUse">'
            f"{ground}{marks}</pattern>"
        )
        return ident

    def polyline(
        self, points: Iterable[tuple[float, float]], ink: str, width: float = 2, dash: str = ""
    ) -> None:
        path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<polyline class="c-{ink} c-line" points="{path}" fill="none" stroke="{self._colour(ink)}"'
            f' stroke-width="{number(width)}" stroke-linejoin="round" stroke-linecap="round"{extra}/>'
        )

    def area(self, points: Iterable[tuple[float, float]]) -> None:
        """A neutral area without outline, such as what lies between two limits."""
        path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._parts.append(
            f'<polygon class="c-band c-area" points="{path}" fill="{self.palette.band}"'
            ' fill-opacity="0.55" stroke="none"/>'
        )

    def mark(
        self, shape: str, x: float, y: float, ink: str, size: float = 6, hollow: bool = False
    ) -> None:
        """A mark centred on a point: circle, diamond, up, down or square; `size` is half its height."""
        css = f"c-{ink}{' c-open' if hollow else ''}"
        colour = self._colour(ink)
        paint = (
            f'class="{css}" fill="{self.palette.halo if hollow else colour}" stroke="{colour}"'
            ' stroke-width="1.8" stroke-linejoin="round"'
        )
        if shape == "circle":
            body = f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(size * 0.92)}" {paint}/>'
        else:
            corners = {
                "diamond": [(0, -1.15), (1.15, 0), (0, 1.15), (-1.15, 0)],
                "up": [(0, -1.05), (1.05, 0.8), (-1.05, 0.8)],
                "down": [(0, 1.05), (1.05, -0.8), (-1.05, -0.8)],
                "square": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
            }[shape]
            points = " ".join(
                f"{number(x + dx * size)},{number(y + dy * size)}" for dx, dy in corners
            )
            body = f'<polygon points="{points}" {paint}/>'
        self._parts.append(body)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 13,
        anchor: str = "start",
        soft: bool = False,
        weight: int = 400,
        halo: bool = False,
    ) -> None:
        """A line of text on its baseline. `halo` keeps it readable over marks."""
        colour = self.palette.soft if soft else self.palette.ink
        place = f'x="{number(x)}" y="{number(y)}" font-size="{number(size)}"'
        if anchor != "start":
            place += f' text-anchor="{anchor}"'
        if weight != 400:
            place += f' font-weight="{weight}"'
        words = escape(text)
        if halo:
            ground = self.palette.halo
            self._parts.append(
                f'<text class="c-halo" {place} fill="{ground}" stroke="{ground}" stroke-width="4"'
                f' stroke-linejoin="round" aria-hidden="true">{words}</text>'
            )
        paint = f'fill="{colour}"'
        if self.palette.thin_regular and weight == 400:
            paint += f' stroke="{colour}" stroke-width="0.3"'
        css = "c-text-soft" if soft else "c-text"
        self._parts.append(f'<text class="{css}" {place} {paint}>{words}</text>')

    @contextmanager
    def group(self, tip: str) -> Iterator[None]:
        """Marks that belong together; `tip` is shown when the pointer rests on them."""
        self._parts.append(f"<g><title>{escape(tip)}</title>")
        yield
        self._parts.append("</g>")

    def svg(self, *, decorative: bool = False) -> str:
        """The whole drawing as SVG text. decorative: its words stand beside it."""
        defs = f"<defs>{''.join(self._defs.values())}</defs>" if self._defs else ""
        width, height = number(self.width), number(self.height)
        if decorative:
            return (
                f'<svg class="{self.palette.css}" xmlns="http://www.w3.org/2000/svg"'
                f' viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">'
                f"{defs}{''.join(self._parts)}</svg>"
            )
        return (
            f'<svg class="{self.palette.css}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img" font-family="{SANS}, sans-serif"'
            f' aria-labelledby="{self.ident}-t {self.ident}-d">'
            f'<title id="{self.ident}-t">{escape(self._title)}</title>'
            f'<desc id="{self.ident}-d">{escape(self._description)}</desc>'
            f"{defs}{''.join(self._parts)}</svg>"
        )

"""A scene as SVG, with the colours and classes that all drawings share."""

from __future__ import annotations

import math
from dataclasses import replace

from pdsa.diagrams.scene import LEADING, Box, Connector, Scene, Shape, Tone
from teams.drawing.svg import SCREEN, Drawing, number

#: tone → (class, fill, stroke) by the palette's names, and the width of the outline.
_PAINT: dict[Tone, tuple[str, str, str, float]] = {
    Tone.STRONG: ("c-ink c-open", "halo", "ink", 2),
    Tone.LEAD: ("c-blue c-open", "halo", "blue", 1.6),
    Tone.QUIET: ("c-grey c-open", "halo", "grey", 1.2),
    Tone.GROUND: ("c-band", "band", "axis", 1),
    Tone.ATTENTION: ("c-orange c-open", "halo", "orange", 1.8),
}
_SLANT = 14.0
_ARROW = 7.0


class _Picture(Drawing):
    """The shared surface with the few shapes that only diagrams have."""

    def shape(self, box: Box) -> None:
        if box.shape == Shape.PLAIN:
            return
        css, fill, stroke, width = _PAINT[box.tone]
        paint = (
            f'class="{css}" fill="{self._colour(fill)}" stroke="{self._colour(stroke)}"'
            f' stroke-width="{number(width)}"'
        )
        if box.dashed:
            paint += ' stroke-dasharray="6 4"'
        if box.shape == Shape.HEXAGON:
            corners = (
                (box.x + _SLANT, box.y),
                (box.right - _SLANT, box.y),
                (box.right, box.middle),
                (box.right - _SLANT, box.bottom),
                (box.x + _SLANT, box.bottom),
                (box.x, box.middle),
            )
            points = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
            self._parts.append(f'<polygon points="{points}" {paint} stroke-linejoin="round"/>')
        elif box.shape == Shape.DELAY:
            bulge = min(box.height / 2, 24)
            path = (
                f"M{number(box.x)} {number(box.y)}H{number(box.right - bulge)}"
                f"Q{number(box.right + bulge * 0.9)} {number(box.middle)} {number(box.right - bulge)}"
                f" {number(box.bottom)}H{number(box.x)}Z"
            )
            self._parts.append(f'<path d="{path}" {paint} stroke-linejoin="round"/>')
        else:
            radius = min(box.height / 2, 22) if box.shape == Shape.PILL else 6
            self._parts.append(
                f'<rect x="{number(box.x)}" y="{number(box.y)}" width="{number(box.width)}"'
                f' height="{number(box.height)}" rx="{number(radius)}" {paint}/>'
            )

    def words(self, box: Box, *, from_top: bool = False) -> None:
        """The box's text, in its middle or (a lane's name) at its top."""
        y = box.y + (box.padding if from_top else (box.height - box.text_height) / 2)
        x, anchor = (box.centre, "middle") if box.centred else (box.x + box.padding, "start")
        for part in box.paragraphs:
            y += part.space_before
            for line in part.lines:
                # The base line stands where the letters are in the middle of the line's height.
                self.text(
                    x,
                    y + part.size * (LEADING / 2 + 0.35),
                    line,
                    size=part.size,
                    anchor=anchor,
                    soft=part.soft,
                    weight=part.weight,
                )
                y += part.size * LEADING

    def connector(self, connector: Connector) -> None:
        points = " ".join(f"{number(x)},{number(y)}" for x, y in connector.points)
        dash = ' stroke-dasharray="5 4"' if connector.dashed else ""
        self._parts.append(
            f'<polyline class="c-grey c-line" points="{points}" fill="none"'
            f' stroke="{self.palette.grey}" stroke-width="1.4" stroke-linejoin="round"{dash}/>'
        )
        if connector.arrow:
            self._arrow_head(*connector.points[-2:])
        if connector.label:
            x, y = connector.points[0]
            self.text(x + 5, y - 5, connector.label, size=11.5, halo=True)

    def _arrow_head(self, before: tuple[float, float], tip: tuple[float, float]) -> None:
        angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
        corners = [tip]
        for side in (2.6, -2.6):
            corners.append(
                (tip[0] + _ARROW * math.cos(angle + side), tip[1] + _ARROW * math.sin(angle + side))
            )
        points = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
        grey = self.palette.grey
        self._parts.append(
            f'<polygon class="c-grey" points="{points}" fill="{grey}" stroke="{grey}"/>'
        )


def draw_scene(scene: Scene, *, ident: str, for_file: bool = False) -> str:
    """The scene as SVG text.

    ident: prefix of element ids, unique on the page. for_file: for a picture that typst makes, which
    draws a variable typeface in its lightest cut.
    """
    picture = _Picture(
        scene.width,
        scene.height,
        ident=ident,
        title=scene.title,
        description=scene.description,
        palette=replace(SCREEN, thin_regular=for_file),
    )
    for ground in scene.grounds:
        picture.shape(ground)
        picture.words(ground, from_top=True)
    for connector in scene.connectors:
        picture.connector(connector)
    for box in scene.boxes:
        picture.shape(box)
        picture.words(box)
    return picture.svg()

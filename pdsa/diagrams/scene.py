"""A diagram as boxes and connectors with places: what the SVG and the slides are both drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pdsa.diagrams.lettering import wrap


class Shape(StrEnum):
    BOX = "box"
    PILL = "pill"
    HEXAGON = "hexagon"
    DELAY = "delay"
    PLAIN = "plain"


class Tone(StrEnum):
    """How a box is painted. Meaning never rests on it: the words in the box say the same."""

    STRONG = "strong"
    LEAD = "lead"
    QUIET = "quiet"
    GROUND = "ground"
    ATTENTION = "attention"


@dataclass(frozen=True)
class Paragraph:
    """Text as it was written, and the lines into which it was broken. size: pixels; weight: 400 or 600."""

    text: str
    lines: tuple[str, ...]
    size: float
    weight: int = 400
    soft: bool = False
    space_before: float = 0

    @property
    def height(self) -> float:
        return self.space_before + len(self.lines) * self.size * LEADING


#: Distance of base lines in units of the size.
LEADING = 1.3


def paragraph(
    text: str,
    width: float,
    size: float,
    *,
    weight: int = 400,
    soft: bool = False,
    space_before: float = 0,
) -> Paragraph:
    """A paragraph broken to a width in pixels."""
    return Paragraph(
        text, wrap(text, width, size, weight), size, weight, soft, space_before if text else 0
    )


@dataclass(frozen=True)
class Box:
    """A rectangle (or a shape in it) with text. key: unique in the scene. Pixels, origin top left."""

    key: str
    x: float
    y: float
    width: float
    height: float
    paragraphs: tuple[Paragraph, ...]
    shape: Shape = Shape.BOX
    tone: Tone = Tone.QUIET
    centred: bool = False
    dashed: bool = False
    padding: float = 10

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def centre(self) -> float:
        return self.x + self.width / 2

    @property
    def text_height(self) -> float:
        return sum(p.height for p in self.paragraphs)


@dataclass(frozen=True)
class Connector:
    """A line between two boxes along points. label: a word at its beginning."""

    source: str
    target: str
    points: tuple[tuple[float, float], ...]
    dashed: bool = False
    arrow: bool = False
    label: str = ""


@dataclass(frozen=True)
class Scene:
    """A laid-out diagram. grounds: boxes behind everything, such as the lanes of a process map."""

    title: str
    description: str
    width: float
    height: float
    boxes: tuple[Box, ...]
    connectors: tuple[Connector, ...] = ()
    grounds: tuple[Box, ...] = ()

    def box(self, key: str) -> Box:
        """Raises KeyError for a box that is not there."""
        for box in self.boxes:
            if box.key == key:
                return box
        raise KeyError(key)

"""A driver diagram: aim, primary drivers, secondary drivers, change ideas, laid out in four columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pdsa.diagrams.scene import Box, Connector, Scene, Shape, Tone, paragraph


@dataclass(frozen=True)
class IdeaNode:
    """A change idea. notes: measures, owner, tally of tests: one line each."""

    key: str
    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DriverNode:
    """A driver with what hangs under it. ideas: keys of the ideas, in their order."""

    key: str
    text: str
    notes: tuple[str, ...] = ()
    ideas: tuple[str, ...] = ()
    secondary: tuple[DriverNode, ...] = ()


@dataclass(frozen=True)
class DriverDiagram:
    """The whole diagram. An idea is listed once and can hang under several drivers."""

    aim: str
    primary: tuple[DriverNode, ...]
    ideas: tuple[IdeaNode, ...]

    def idea(self, key: str) -> IdeaNode:
        return next(idea for idea in self.ideas if idea.key == key)


AIM, PRIMARY, SECONDARY, IDEA = range(4)
HEADS = ("Aim", "Primary drivers", "Secondary drivers", "Change ideas")
_WIDTHS = (200.0, 190.0, 220.0, 270.0)
_CHANNEL = 44.0
_GAP, _FAMILY_GAP = 10.0, 20.0
_PADDING = 10.0
_TOP = 34.0
_LEFTS = tuple(sum(_WIDTHS[:i]) + i * _CHANNEL for i in range(4))
_SIZES = (14.0, 14.0, 13.5, 13.5)
_TONES = (Tone.STRONG, Tone.LEAD, Tone.QUIET, Tone.GROUND)
WIDTH = _LEFTS[3] + _WIDTHS[3]


def _box(key: str, column: int, text: str, notes: Sequence[str]) -> Box:
    inner = _WIDTHS[column] - 2 * _PADDING
    weight = 600 if column < SECONDARY else 400
    parts = [paragraph(text, inner, _SIZES[column], weight=weight)]
    parts += [paragraph(note, inner, 11.5, soft=True, space_before=3) for note in notes]
    height = sum(part.height for part in parts) + 2 * _PADDING
    return Box(
        key,
        _LEFTS[column],
        0,
        _WIDTHS[column],
        height,
        tuple(parts),
        tone=_TONES[column],
        padding=_PADDING,
    )


class _Layout:
    """Places boxes from top to bottom: every node gets a band as high as itself or all that hangs under it."""

    def __init__(self, diagram: DriverDiagram) -> None:
        self.diagram = diagram
        self.placed: dict[str, Box] = {}
        self.connectors: list[tuple[str, str, bool]] = []

    def _put(self, box: Box, y: float) -> None:
        self.placed[box.key] = Box(**{**vars(box), "y": y})

    def _ideas(self, driver: DriverNode) -> list[IdeaNode]:
        """The ideas whose first place is here; every idea is connected, wherever it stands."""
        own = []
        for key in driver.ideas:
            is_first = key not in self._seen
            self.connectors.append((driver.key, key, not is_first))
            if is_first:
                self._seen.add(key)
                own.append(self.diagram.idea(key))
        return own

    def _column_of_ideas(self, driver: DriverNode, top: float) -> float:
        y = top
        for idea in self._ideas(driver):
            box = _box(idea.key, IDEA, idea.text, idea.notes)
            self._put(box, y)
            y = self.placed[idea.key].bottom + _GAP
        return y

    def _with_children(self, box: Box, top: float, children_end: float) -> float:
        """Put a box beside the middle of what hangs under it; where its band ends, gap included."""
        span = children_end - _GAP - top
        if span > box.height:
            self._put(box, top + (span - box.height) / 2)
            return children_end
        # What hangs under it is lower than the box itself: it moves down to the box's middle.
        shift = (box.height - span) / 2 if span > 0 else 0
        for key in self._below(top, children_end):
            self._put(self.placed[key], self.placed[key].y + shift)
        self._put(box, top)
        return top + box.height + _GAP

    def _below(self, top: float, end: float) -> list[str]:
        return [key for key, box in self.placed.items() if box.y >= top and box.bottom <= end]

    def run(self) -> Scene:
        self._seen: set[str] = set()
        y = _TOP
        for driver in self.diagram.primary:
            top = y
            self.connectors.append(("aim", driver.key, False))
            end = top
            for secondary in driver.secondary:
                self.connectors.append((driver.key, secondary.key, False))
                box = _box(secondary.key, SECONDARY, secondary.text, secondary.notes)
                end = self._with_children(box, end, self._column_of_ideas(secondary, end))
            end = self._column_of_ideas(driver, end)
            y = self._with_children(_box(driver.key, PRIMARY, driver.text, driver.notes), top, end)
            y += _FAMILY_GAP - _GAP
        loose = [idea for idea in self.diagram.ideas if idea.key not in self._seen]
        for idea in loose:
            self._put(_box(idea.key, IDEA, idea.text, idea.notes), y)
            y = self.placed[idea.key].bottom + _GAP
        aim = _box("aim", AIM, self.diagram.aim or "No aim yet", ())
        bottom = max([box.bottom for box in self.placed.values()], default=_TOP)
        height = max(bottom, _TOP + aim.height)
        self._put(aim, max(_TOP, _TOP + (bottom - _TOP - aim.height) / 2))
        heads = tuple(
            Box(
                f"head-{column}",
                _LEFTS[column],
                0,
                _WIDTHS[column],
                24,
                (paragraph(head, _WIDTHS[column], 12, weight=600, soft=True),),
                shape=Shape.PLAIN,
                padding=0,
            )
            for column, head in enumerate(HEADS)
        )
        return Scene(
            title="Driver diagram",
            description=describe_drivers(self.diagram),
            width=WIDTH,
            height=height + 2,
            boxes=(*heads, *self.placed.values()),
            connectors=self._connect(),
        )

    def _connect(self) -> tuple[Connector, ...]:
        found = []
        again = 0
        for source, target, is_again in self.connectors:
            start, end = self.placed[source], self.placed[target]
            bend, y1, y2 = end.x - _CHANNEL / 2, start.middle, end.middle
            if is_again:
                # Further parents: beside the first line and beside each other, so that each can be followed.
                bend = end.x - 6 - 4 * (again % 4)
                y1, y2 = y1 + 7, y2 + 7
                again += 1
            points = ((start.right, y1), (bend, y1), (bend, y2), (end.x, y2))
            found.append(Connector(source, target, points, dashed=is_again))
        return tuple(found)


def lay_out_drivers(diagram: DriverDiagram) -> Scene:
    """Boxes in four columns with the connectors between them; pixels, about 1010 wide.

    An idea stands beside the first driver that it hangs under; its other drivers reach it with a dashed line.
    """
    return _Layout(diagram).run()


def split_drivers(diagram: DriverDiagram, *, height: float) -> tuple[Scene, ...]:
    """The diagram in scenes of at most `height` pixels, each with the aim and some of the primary drivers.

    A primary driver with more under it than fits stands alone on a higher scene.
    """
    groups: list[tuple[DriverNode, ...]] = [()]
    for driver in diagram.primary:
        longer = (*groups[-1], driver)
        if groups[-1] and _lay_out_some(diagram, longer).height > height:
            groups.append((driver,))
        else:
            groups[-1] = longer
    return tuple(_lay_out_some(diagram, group) for group in groups)


def _lay_out_some(diagram: DriverDiagram, primary: tuple[DriverNode, ...]) -> Scene:
    used = {key for driver in primary for node in (driver, *driver.secondary) for key in node.ideas}
    ideas = tuple(idea for idea in diagram.ideas if idea.key in used)
    return lay_out_drivers(DriverDiagram(diagram.aim, primary, ideas))


def describe_drivers(diagram: DriverDiagram) -> str:
    """The diagram in words, for those who do not see it."""
    sentences = [f"Aim: {diagram.aim or 'not written yet'}"]
    for driver in diagram.primary:
        names = [s.text for s in driver.secondary]
        ideas = [
            diagram.idea(key).text for node in (driver, *driver.secondary) for key in node.ideas
        ]
        text = f"Primary driver {driver.text}"
        if names:
            text += f", through {'; '.join(names)}"
        text += f". Change ideas: {'; '.join(dict.fromkeys(ideas)) or 'none yet'}"
        sentences.append(text)
    return ". ".join(sentence.rstrip(".") for sentence in sentences) + "."

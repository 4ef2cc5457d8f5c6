"""A process map: steps from top to bottom in one lane for each actor, with times, losses and pain points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from pdsa.diagrams.scene import Box, Connector, Paragraph, Scene, Shape, Tone, paragraph
from pdsa.enums import StepKind


@dataclass(frozen=True)
class MapStep:
    """One step. minutes: of work, or of waiting for a step of kind wait; None: nobody measured it.

    lost_percent: of the focus group's patients who reach this step, those who do not get past it.
    branch_to: key of the step that the other answer of a decision leads to; branch_label: that answer.
    """

    key: str
    text: str
    actor: str
    kind: StepKind = StepKind.STEP
    minutes: Decimal | None = None
    note: str = ""
    pain_point: str = ""
    lost_percent: Decimal | None = None
    will_stop: bool = False
    branch_to: str = ""
    branch_label: str = ""


@dataclass(frozen=True)
class MapTotals:
    """touch, wait: minutes. unmeasured: steps of work, decision or wait without minutes.

    handoffs: how often the patient's case goes from one actor to another.
    of_hundred: how many of 100 patients of the focus group reach the end; None where no loss is known.
    stopped_minutes: minutes of work and waiting that go away with the steps that the team will stop.
    """

    steps: int
    touch: Decimal
    wait: Decimal
    unmeasured: int
    handoffs: int
    pain_points: int
    to_stop: int
    stopped_minutes: Decimal
    of_hundred: int | None

    @property
    def total(self) -> Decimal:
        return self.touch + self.wait

    @property
    def wait_percent(self) -> int | None:
        """Share of the time that is waiting, in whole percent; None where no time is known."""
        return round(100 * self.wait / self.total) if self.total else None


_TIMED = (StepKind.STEP, StepKind.DECISION, StepKind.WAIT)


def add_up(steps: Sequence[MapStep]) -> MapTotals:
    """The totals of a map, following its steps in their order."""

    def minutes(chosen: Sequence[MapStep]) -> Decimal:
        return sum((step.minutes or Decimal(0) for step in chosen), Decimal(0))

    timed = [step for step in steps if step.kind in _TIMED]
    left, any_loss = Decimal(100), False
    for step in steps:
        if step.lost_percent is not None:
            any_loss = True
            left *= 1 - step.lost_percent / 100
    return MapTotals(
        steps=len(steps),
        touch=minutes([s for s in timed if s.kind != StepKind.WAIT]),
        wait=minutes([s for s in timed if s.kind == StepKind.WAIT]),
        unmeasured=sum(step.minutes is None for step in timed),
        handoffs=sum(a.actor != b.actor for a, b in pairwise(steps)),
        pain_points=sum(bool(step.pain_point) for step in steps),
        to_stop=sum(step.will_stop for step in steps),
        stopped_minutes=minutes([step for step in timed if step.will_stop]),
        of_hundred=round(left) if any_loss else None,
    )


def format_minutes(minutes: Decimal) -> str:
    """5 min, 1 h 30 min, 14 days: the two largest units at most; a day has 24 hours, as a patient waits."""
    whole = round(minutes)
    days, rest = divmod(whole, 24 * 60)
    hours, mins = divmod(rest, 60)
    parts = []
    if days:
        parts.append(f"{days} day{'s' if days != 1 else ''}")
    if hours and days < 7:
        parts.append(f"{hours} h")
    if mins and not days:
        parts.append(f"{mins} min")
    return " ".join(parts) or "0 min"


_LANE, _LANE_GAP, _REMARKS = 180.0, 8.0, 230.0
_HEAD, _ROW_GAP, _PADDING = 40.0, 26.0, 10.0
_SHAPES = {
    StepKind.START: Shape.PILL,
    StepKind.STEP: Shape.BOX,
    StepKind.DECISION: Shape.HEXAGON,
    StepKind.WAIT: Shape.DELAY,
    StepKind.END: Shape.PILL,
}
#: Words in front of a step, so that its kind does not rest on its shape.
_KIND_WORDS = {StepKind.DECISION: "Decision", StepKind.WAIT: "Wait"}


def list_actors(steps: Sequence[MapStep]) -> tuple[str, ...]:
    """The lanes: actors in the order in which they first act."""
    return tuple(dict.fromkeys(step.actor for step in steps))


def lay_out_process(
    steps: Sequence[MapStep],
    *,
    title: str,
    focus_group: str,
    actors: tuple[str, ...] | None = None,
) -> Scene:
    """Steps in lanes with arrows between them; remarks stand in a column on the right. Pixels.

    focus_group: name of the patients for whom losses are given. actors: the lanes, where they are more
    than these steps need.
    """
    actors = list_actors(steps) if actors is None else actors
    lefts = {actor: i * (_LANE + _LANE_GAP) for i, actor in enumerate(actors)}
    lanes_end = len(actors) * (_LANE + _LANE_GAP)
    boxes: list[Box] = []
    remarks: list[Box] = []
    y = _HEAD + 14.0
    for step in steps:
        parts = _step_text(step)
        height = sum(part.height for part in parts) + 2 * _PADDING
        remark_parts = _remarks(step, focus_group)
        remark_height = sum(part.height for part in remark_parts)
        row = max(height, remark_height)
        boxes.append(
            Box(
                step.key,
                lefts[step.actor] + 10,
                y + (row - height) / 2,
                _LANE - 20,
                height,
                parts,
                shape=_SHAPES[step.kind],
                tone=Tone.ATTENTION if step.will_stop else _tone(step.kind),
                centred=True,
                dashed=step.will_stop,
                padding=_PADDING,
            )
        )
        if remark_parts:
            remarks.append(
                Box(
                    f"remark-{step.key}",
                    lanes_end + 12,
                    y + (row - remark_height) / 2,
                    _REMARKS,
                    remark_height,
                    remark_parts,
                    shape=Shape.PLAIN,
                    padding=0,
                )
            )
        y += row + _ROW_GAP
    height = y - _ROW_GAP + 14
    grounds = tuple(
        Box(
            f"lane-{i}",
            lefts[actor],
            0,
            _LANE,
            height,
            (paragraph(actor, _LANE - 16, 13, weight=600),),
            tone=Tone.GROUND,
            centred=True,
            padding=8,
        )
        for i, actor in enumerate(actors)
    )
    return Scene(
        title=title,
        description=describe_process(steps, focus_group),
        width=lanes_end + 12 + (_REMARKS if remarks else 0),
        height=height,
        boxes=(*boxes, *remarks),
        connectors=_connect(steps, {box.key: box for box in boxes}, lanes_end),
        grounds=grounds,
    )


def split_process(
    steps: Sequence[MapStep], *, title: str, focus_group: str, height: float
) -> tuple[Scene, ...]:
    """The map in scenes of at most `height` pixels with the same lanes on each."""
    actors = list_actors(steps)

    def scene(some: Sequence[MapStep]) -> Scene:
        return lay_out_process(some, title=title, focus_group=focus_group, actors=actors)

    groups: list[list[MapStep]] = [[]]
    for step in steps:
        if groups[-1] and scene([*groups[-1], step]).height > height:
            groups.append([])
        groups[-1].append(step)
    return tuple(scene(group) for group in groups)


def _tone(kind: StepKind) -> Tone:
    return Tone.STRONG if kind in (StepKind.START, StepKind.END) else Tone.LEAD


def _step_text(step: MapStep) -> tuple[Paragraph, ...]:
    # A hexagon and a delay lose some of their width to their slanted sides.
    inner = _LANE - 20 - 2 * _PADDING - (20 if _SHAPES[step.kind] != Shape.BOX else 0)
    parts = []
    small = [_KIND_WORDS.get(step.kind, "")]
    if step.minutes is not None:
        small.append(format_minutes(step.minutes))
    text = ", ".join(word for word in small if word)
    parts.append(
        paragraph(
            step.text, inner, 13, weight=600 if step.kind in (StepKind.START, StepKind.END) else 400
        )
    )
    if text:
        parts.append(paragraph(text, inner, 11.5, soft=True, space_before=2))
    if step.will_stop:
        parts.append(paragraph("We will stop this", inner, 11.5, weight=600, space_before=2))
    return tuple(parts)


def _remarks(step: MapStep, focus_group: str) -> tuple[Paragraph, ...]:
    parts = []
    if step.lost_percent:
        text = f"{_lost(step.lost_percent)} of {focus_group} patients drop out here"
        parts.append(paragraph(text, _REMARKS, 12.5, weight=600))
    if step.pain_point:
        parts.append(
            paragraph(
                f"Pain point: {step.pain_point}", _REMARKS, 12.5, space_before=2 if parts else 0
            )
        )
    if step.note:
        parts.append(paragraph(step.note, _REMARKS, 12, soft=True, space_before=2 if parts else 0))
    return tuple(parts)


def _lost(percent: Decimal) -> str:
    return f"{percent:.1f}".removesuffix(".0") + "%"


def _connect(
    steps: Sequence[MapStep], boxes: dict[str, Box], lanes_end: float
) -> tuple[Connector, ...]:
    """Arrows to the next step, and from a decision to where its other answer leads."""
    found = []
    for step, following in pairwise(steps):
        if step.kind == StepKind.END:
            continue
        found.append(_arrow(boxes[step.key], boxes[following.key]))
    for number, step in enumerate(
        step for step in steps if step.branch_to in boxes and step.branch_to
    ):
        start, end = boxes[step.key], boxes[step.branch_to]
        # Beside the lanes, so that it crosses no box of its own lane; each branch has a line of its own.
        lane_right = max(start.right, end.right) + 10 + 4 * (number % 3)
        x = min(lane_right, lanes_end - 2)
        points = (
            (start.right, start.middle),
            (x, start.middle),
            (x, end.middle),
            (end.right, end.middle),
        )
        found.append(
            Connector(
                step.key, step.branch_to, points, dashed=True, arrow=True, label=step.branch_label
            )
        )
    return tuple(found)


def _arrow(start: Box, end: Box) -> Connector:
    if abs(start.centre - end.centre) < 1:
        points: tuple[tuple[float, float], ...] = (
            (start.centre, start.bottom),
            (end.centre, end.y),
        )
    else:
        bend = end.y - _ROW_GAP / 2
        bend = max(bend, start.bottom + 4)
        points = (
            (start.centre, start.bottom),
            (start.centre, bend),
            (end.centre, bend),
            (end.centre, end.y),
        )
    return Connector(start.key, end.key, points, arrow=True)


def describe_process(steps: Sequence[MapStep], focus_group: str) -> str:
    """The map in words: every step with its actor and what goes wrong there."""
    sentences = []
    for number, step in enumerate(steps, start=1):
        text = f"{number}. {step.actor}: {step.text}"
        if step.minutes is not None:
            text += f" ({format_minutes(step.minutes)})"
        if step.lost_percent:
            text += f"; {_lost(step.lost_percent)} of {focus_group} patients drop out"
        if step.pain_point:
            text += f"; pain point: {step.pain_point.rstrip('.')}"
        if step.will_stop:
            text += "; the team will stop this step"
        sentences.append(text)
    return ". ".join(sentences) + ("." if sentences else "No steps yet.")

"""Funnel: gaps of several units against how surely each is known, with the limits that chance alone gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from measures.stats.funnel import CONTROL, WARNING, Position
from reports.charts.rows import NARROW, WIDE
from teams.drawing.chart import Chart
from teams.drawing.scale import round_scale
from teams.drawing.svg import PRINT, SCREEN, Drawing, text_width, wrap
from teams.formats import format_points

_OUTSIDE = (
    Position.BELOW_WARNING,
    Position.ABOVE_WARNING,
    Position.BELOW_CONTROL,
    Position.ABOVE_CONTROL,
)
_WORDS = {
    Position.NOT_PLACED: "not placed",
    Position.WITHIN: "within the limits",
    Position.BELOW_WARNING: "below the 95% limit",
    Position.ABOVE_WARNING: "above the 95% limit",
    Position.BELOW_CONTROL: "below the 99.8% limit",
    Position.ABOVE_CONTROL: "above the 99.8% limit",
}


@dataclass(frozen=True)
class FunnelPoint:
    """One unit: gap and its standard error in points; digits in which the gap is written."""

    label: str
    gap: float
    error: float
    position: Position
    digits: int


@dataclass(frozen=True)
class GapFunnel:
    """centre: mean gap in points. widening: √φ, at least 1, by which units usually differ more than by chance."""

    measure: str
    people: str
    reference: str
    higher_is_better: bool
    points: tuple[FunnelPoint, ...]
    centre: float
    widening: float


def outside_of(funnel: GapFunnel) -> tuple[FunnelPoint, ...]:
    return tuple(p for p in funnel.points if p.position in _OUTSIDE)


def draw_gap_funnel(
    funnel: GapFunnel, *, ident: str, finding: str, for_print: bool = False
) -> Chart:
    """Draw the units; only those outside a limit are named in the drawing, all in the table."""
    precision = [1.0 / p.error for p in funnel.points]
    first, last = min(precision) * 0.9, max(precision) * 1.05
    along = np.linspace(first, last, 48)
    widest = CONTROL * funnel.widening / first
    values = [p.gap for p in funnel.points] + [
        max(-100.0, funnel.centre - widest),
        min(100.0, funnel.centre + widest),
        0.0,
    ]
    scale = round_scale(values, floor=-100, ceiling=100)
    summary = (
        "Each mark is one group. Groups with fewer people stand further left, where chance moves a gap more; the limits "
        f"widen accordingly{', also because these groups differ by more than chance' if funnel.widening > 1.05 else ''}. "
        "A group within the limits does not differ clearly from the others; all of them may have the gap."
    )

    def draw(width: float, height: float, narrow: bool) -> str:
        drawing = Drawing(
            width,
            height,
            ident=f"{ident}-{'n' if narrow else 'w'}",
            title=finding,
            description=summary,
            palette=PRINT if for_print else SCREEN,
        )
        left, right, top, bottom = 40.0, width - 12, 34.0, height - 34
        plot = scale.over(bottom, top)

        def at(value: float) -> float:
            return left + (right - left) * (value - first) / (last - first)

        def clipped(value: float) -> float:
            return plot(min(max(value, scale.start), scale.end))

        direction = "↑ Better" if funnel.higher_is_better else "↓ Better"
        drawing.text(0, 14, f"{direction}; gap to {funnel.reference}, points", size=12, soft=True)
        for value in plot.ticks:
            drawing.line(left, plot(value), right, plot(value), "grid")
            drawing.text(
                left - 8, plot(value) + 4, format_points(value, 0), size=12, anchor="end", soft=True
            )
        limits = {z: [funnel.widening * z / float(x) for x in along] for z in (WARNING, CONTROL)}
        for z, dash in ((WARNING, ""), (CONTROL, "5 3")):
            for side in (-1, 1):
                drawing.polyline(
                    [
                        (at(float(x)), clipped(funnel.centre + side * off))
                        for x, off in zip(along, limits[z], strict=True)
                    ],
                    "grey",
                    1.3,
                    dash,
                )
        drawing.line(left, plot(funnel.centre), right, plot(funnel.centre), "ink", 1.2)
        drawing.line(left, plot(0), right, plot(0), "ink", 1, dash="2 3")
        for point, x_value in zip(funnel.points, precision, strict=True):
            x, y = at(x_value), plot(point.gap)
            is_out = point.position in _OUTSIDE
            better = (point.gap > funnel.centre) == funnel.higher_is_better
            shape, ink, hollow = (
                ("circle", "grey", False)
                if not is_out
                else ("up", "blue", False)
                if better
                else ("down", "orange", True)
            )
            with drawing.group(f"{point.label}: {_gap(point)} points, {_WORDS[point.position]}"):
                drawing.mark(shape, x, y, ink, 5, hollow)
            if is_out:
                name = wrap(point.label, width * 0.4, 12, 1)[0]
                fits = x + 9 + text_width(name, 12) < right
                drawing.text(
                    x + (9 if fits else -9), y + 4, name, size=12, halo=True,
                    anchor="start" if fits else "end",
                )  # fmt: skip
        drawing.text(left, bottom + 22, "Fewer people", size=12, soft=True)
        drawing.text(right, bottom + 22, "More people", size=12, anchor="end", soft=True)
        return drawing.svg()

    return Chart(
        finding=finding,
        subtitle=(
            f"{funnel.measure}: gap of {funnel.people} in each group. Line: mean of the groups. Limits: 95% (solid), 99.8% "
            "(dashed). Dotted: no gap"
        ),
        summary=summary,
        wide=draw(WIDE, 320, False),
        narrow=draw(NARROW, 320, True),
        columns=("Group", "Gap, points", "Place"),
        rows=tuple((p.label, _gap(p), _WORDS[p.position]) for p in funnel.points),
    )


def _gap(point: FunnelPoint) -> str:
    return format_points(point.gap, point.digits)

"""Peer band: the own value against the middle half of the other groups, which stay anonymous."""

from __future__ import annotations

from reports.charts.rows import Key, Row, Rule, draw_rows
from reports.charts.values import PeerComparison, PeerRow
from teams.drawing.chart import Chart, drawn_once
from teams.drawing.scale import Scale, round_scale
from teams.drawing.svg import Drawing
from teams.formats import format_percent, format_points


def _value(value: float, unit: str, decimals: int) -> str:
    if unit == "percent":
        return format_percent(value / 100, decimals)
    return format_points(value, decimals)


def peer_sentence(row: PeerRow, unit: str) -> str:
    """A row in words. unit: percent or points."""
    if row.own is None:
        own = f"{row.label}: {row.absence.words if row.absence else 'no value'}"
    else:
        own = f"{row.label}: yours {_value(row.own, unit, row.decimals)}"
    if row.band is None:
        return f"{own}; fewer than five peers can be compared"
    low, median, high = (_value(v, unit, 0) for v in row.band)
    return f"{own}; middle half of {row.peer_count} peers {low} to {high}, median {median}"


@drawn_once
def draw_peer_band(
    comparison: PeerComparison, *, ident: str, finding: str = "", for_print: bool = False
) -> Chart:
    """Draw own values against peer bands, one row per measure or stratum, all on one axis."""
    unit = comparison.unit
    values = [v for r in comparison.rows for v in (r.own, *(r.band or ())) if v is not None]
    bounds = {"floor": 0.0, "ceiling": 100.0} if unit == "percent" else {}
    scale = round_scale(values if unit == "percent" else [*values, 0], **bounds)

    def row(item: PeerRow) -> Row:
        def draw(drawing: Drawing, plot: Scale, middle: float) -> None:
            if item.band is not None:
                low, median, high = (plot(v) for v in item.band)
                drawing.band(low, middle - 8, max(high - low, 2), 16)
                drawing.line(median, middle - 8, median, middle + 8, "ink", 2)
            if item.own is not None:
                drawing.mark("circle", plot(item.own), middle, "blue", 6.5)

        note = ""
        if item.own is None and item.band is None:
            note = "Fewer than five peers can be compared"
        own = "" if item.own is None else _value(item.own, unit, item.decimals)
        peers = "–" if item.band is None else _value(item.band[1], unit, 0)
        return Row(
            item.label, (own or "–", peers), peer_sentence(item, unit), None if note else draw, note
        )

    finding = finding or comparison.title
    summary = ". ".join(peer_sentence(r, unit) for r in comparison.rows) + "."
    wide, narrow = draw_rows(
        rows=[row(r) for r in comparison.rows],
        heads=("Yours", "Peer median"),
        scale=scale,
        tick=(lambda v: f"{v:g}%") if unit == "percent" else (lambda v: format_points(v, 0)),
        direction=comparison.direction,
        keys=[
            Key("circle", "blue", False, "Yours"),
            *([Key("line", "ink", False, "No gap")] if unit == "points" else []),
            Key("square", "grey", True, "Middle half of peers, line: median"),
        ],
        rules=[Rule(0.0)] if unit == "points" else [],
        ident=ident,
        title=finding,
        description=summary,
        for_print=for_print,
    )

    def band_text(item: PeerRow) -> tuple[str, str]:
        if item.band is None:
            return "fewer than five peers", ""
        low, median, high = (_value(v, unit, 0) for v in item.band)
        return f"{low} to {high}", median

    return Chart(
        finding=finding,
        subtitle="Peers are anonymous; their values are whole numbers",
        summary=summary,
        wide=wide,
        narrow=narrow,
        columns=("", "Yours", "Middle half of peers", "Peer median", "Peers"),
        rows=tuple(
            (
                r.label,
                (r.absence.words if r.absence else "–")
                if r.own is None
                else _value(r.own, unit, r.decimals),
                *band_text(r),
                str(r.peer_count),
            )
            for r in comparison.rows
        ),
    )

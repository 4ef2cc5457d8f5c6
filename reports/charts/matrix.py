"""Small multiples: the gap of every stratum in every group, one panel a stratum, all on one axis."""

from __future__ import annotations

from dataclasses import dataclass

from reports.charts.gap_strip import MARKS, direction_text, legend_keys
from reports.charts.rows import NARROW, Key
from reports.charts.values import Absence, StratumRate, Verdict
from teams.drawing.chart import Chart, drawn_once
from teams.drawing.scale import Scale, round_scale
from teams.drawing.svg import PRINT, SCREEN, Drawing, text_width, wrap
from teams.formats import format_points

#: Wider than other charts: several panels stand beside each other.
WIDE = 1080.0
MOST_PANELS_ABREAST = 5
LEAST_COMPARED = 2
"""A stratum that can be compared in fewer units gets no panel; the table has it."""
_SHORT_WORDS = {
    Absence.NO_DENOMINATOR: "none",
    Absence.SUPPRESSED: "protected",
    Absence.TOO_FEW: "too few",
}


@dataclass(frozen=True)
class MatrixRow:
    """One group: a stratum's value per panel. A gap that is not given needs `gap_absences` to say why."""

    label: str
    cells: tuple[StratumRate, ...]
    gap_absences: tuple[Absence | None, ...]


@dataclass(frozen=True)
class GapMatrix:
    """Gaps of several strata to one reference, in several units, in the order given (by name).

    units: plural noun of the rows ("groups", "sites").
    """

    measure: str
    period: str
    reference: str
    higher_is_better: bool
    strata: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    units: str = "groups"


@drawn_once
def draw_gap_matrix(
    matrix: GapMatrix, *, ident: str, finding: str = "", for_print: bool = False
) -> Chart:
    """Draw the panels. The table holds every gap with its interval, or why there is none."""
    cells = [cell for row in matrix.rows for cell in row.cells if _is_drawn(cell)]
    values = [v for c in cells for v in (c.gap_points, c.gap_lower, c.gap_upper) if v is not None]
    # One wide interval of a small group must not flatten all the others: marks are what counts.
    points = [c.gap_points for c in cells if c.gap_points is not None]
    reach = 1.6 * max((abs(p) for p in points), default=10.0)
    scale = round_scale([0.0, *(max(-reach, min(reach, v)) for v in values)], most_ticks=5)
    panels = [
        column
        for column in range(len(matrix.strata))
        if sum(_is_drawn(r.cells[column]) for r in matrix.rows) >= LEAST_COMPARED
    ]
    finding = finding or matrix_finding(matrix)
    summary = matrix_summary(matrix)
    verdicts = {c.verdict(matrix.higher_is_better) for c in cells}
    keys = legend_keys(verdicts)
    palette = PRINT if for_print else SCREEN

    def draw(width: float, narrow: bool) -> str:
        size = 13.0
        abreast = 1 if narrow else min(MOST_PANELS_ABREAST, max(len(panels), 1))
        longest = max((text_width(r.label, size) for r in matrix.rows), default=60.0)
        label_width = min(width * (0.42 if narrow else 0.24), longest + 14)
        row_height, head, foot, between = 26.0, 40.0, 32.0, 26.0
        # Half a tick label hangs over the last panel.
        panel_width = (width - label_width - 8 - (abreast - 1) * between) / abreast
        bands = [panels[start : start + abreast] for start in range(0, len(panels), abreast)]
        band_height = head + row_height * len(matrix.rows) + foot
        lines = _legend_lines(keys, width)
        drawing = Drawing(
            width,
            max(band_height * len(bands) + 24 * len(lines) + 4, 40),
            ident=f"{ident}-{'n' if narrow else 'w'}",
            title=finding,
            description=summary,
            palette=palette,
        )
        if not panels:
            drawing.text(0, 20, "No gap can be compared here.", size=13, soft=True)
        for band_index, band in enumerate(bands):
            top = band_height * band_index + head
            bottom = top + row_height * len(matrix.rows)
            drawing.text(0, top - 10, direction_text(matrix.higher_is_better), size=12, soft=True)
            for index, row in enumerate(matrix.rows):
                middle = top + row_height * (index + 0.5)
                if index:
                    drawing.line(0, middle - row_height / 2, width, middle - row_height / 2, "grid")
                drawing.text(
                    0, middle + 4.5, wrap(row.label, label_width - 8, size, 1)[0], size=size
                )
            for place, column in enumerate(band):
                left = label_width + place * (panel_width + between)
                plot = scale.over(left + 10, left + panel_width - 10)
                _panel(drawing, matrix, column, plot, left, panel_width, top, bottom, row_height)
        y = band_height * len(bands) + 12
        for line in lines:
            x = 0.0
            for key in line:
                drawing.mark(key.shape, x + 7, y, key.ink, 5, key.hollow)
                drawing.text(x + 20, y + 4, key.label, size=12, soft=True)
                x += text_width(key.label, 12) + 40
            y += 24
        return drawing.svg()

    return Chart(
        finding=finding,
        subtitle=(
            f"{matrix.measure}, {matrix.period}. Gap to {matrix.reference} in points with 95% interval; "
            f"{matrix.units} by name"
        ),
        summary=summary,
        wide=draw(WIDE, False),
        narrow=draw(NARROW, True),
        columns=(matrix.units.removesuffix("s").capitalize(), *matrix.strata),
        rows=tuple(
            (
                row.label,
                *(
                    _cell_text(cell, absence)
                    for cell, absence in zip(row.cells, row.gap_absences, strict=True)
                ),
            )
            for row in matrix.rows
        ),
    )


def _legend_lines(keys: list[Key], width: float) -> list[list[Key]]:
    lines: list[list[Key]] = []
    used = width + 1
    for key in keys:
        room = text_width(key.label, 12) + 40
        if used + room > width:
            lines.append([])
            used = 0.0
        lines[-1].append(key)
        used += room
    return lines


def _panel(
    drawing: Drawing,
    matrix: GapMatrix,
    column: int,
    plot: Scale,
    left: float,
    width: float,
    top: float,
    bottom: float,
    row_height: float,
) -> None:
    label = matrix.strata[column]
    drawing.text(
        left + width / 2,
        top - 10,
        wrap(label, width, 13, 1)[0],
        size=13,
        weight=600,
        anchor="middle",
    )
    for tick in (plot.ticks[0], 0.0, plot.ticks[-1]):
        drawing.text(
            plot(tick), bottom + 18, format_points(tick, 0), size=12, anchor="middle", soft=True
        )
    drawing.line(plot(0), top, plot(0), bottom, "ink", 1.2, dash="3 3")
    drawing.line(left, bottom, left + width, bottom, "axis")
    for index, row in enumerate(matrix.rows):
        cell, absence = row.cells[column], row.gap_absences[column]
        middle = top + row_height * (index + 0.5)
        with drawing.group(f"{row.label}, {label}: {_cell_text(cell, absence)}"):
            if not _is_drawn(cell):
                word = "few" if cell.caution else _SHORT_WORDS.get(absence, "")
                drawing.text(plot(0) + 7, middle + 4, word, size=11.5, soft=True)
                continue
            shape, ink, hollow = MARKS[cell.verdict(matrix.higher_is_better)]
            low, high = max(cell.gap_lower or 0, plot.start), min(cell.gap_upper or 0, plot.end)
            drawing.line(plot(low), middle, plot(high), middle, ink, 1.8, cap="round")
            drawing.mark(shape, plot(cell.gap_points or 0), middle, ink, 5, hollow)


def _is_drawn(cell: StratumRate) -> bool:
    """A gap of fewer than 30 people stands in the table only: its interval would flatten all others."""
    return cell.gap_points is not None and not cell.caution


def _cell_text(cell: StratumRate, absence: Absence | None) -> str:
    if cell.gap_points is None:
        return absence.words if absence else ""
    caution = "; few people, read with caution" if cell.caution else ""
    return f"{cell.gap_text} ({cell.gap_interval_text}){caution}"


def _behind(matrix: GapMatrix) -> list[tuple[str, int, int]]:
    """(stratum, groups where it is behind, groups where it can be compared)."""
    found = []
    for column, label in enumerate(matrix.strata):
        cells = [r.cells[column] for r in matrix.rows if _is_drawn(r.cells[column])]
        worse = sum(c.verdict(matrix.higher_is_better) == Verdict.WORSE for c in cells)
        found.append((label, worse, len(cells)))
    return found


def matrix_finding(matrix: GapMatrix) -> str:
    """In how many groups each stratum is behind, without naming or ordering any group."""
    parts = [
        f"{label} in {worse} of {compared}" for label, worse, compared in _behind(matrix) if worse
    ]
    if not any(compared for _, _, compared in _behind(matrix)):
        return f"{matrix.measure}: no gap can be compared in any of the {matrix.units}"
    if not parts:
        return f"{matrix.measure}: the numbers of no single one of the {matrix.units} can show a gap to {matrix.reference}"
    return f"{matrix.measure}: behind {matrix.reference} are {', '.join(parts)} {matrix.units} with numbers"


def matrix_summary(matrix: GapMatrix) -> str:
    better = "Higher is better." if matrix.higher_is_better else "Lower is better."
    counts = _behind(matrix)
    parts = [
        f"{label}: compared in {compared} of {len(matrix.rows)} {matrix.units}, behind in {worse}"
        for label, worse, compared in counts
        if compared >= LEAST_COMPARED
    ]
    rare = [label for label, _, compared in counts if compared < LEAST_COMPARED]
    if rare:
        parts.append(f"In the table only, for want of numbers: {', '.join(rare)}")
    return f"{better} {'. '.join(parts)}."

"""Completeness of race, ethnicity or language: one bar per unit, split by what is known."""

from __future__ import annotations

from reports.charts.rows import NARROW, WIDE
from reports.charts.values import Completeness, CompletenessRow
from teams.drawing.chart import Chart
from teams.drawing.svg import PRINT, SCREEN, Drawing, text_width, wrap
from teams.formats import format_count, format_percent

#: category → (label, colour, pattern): every category has its own pattern, so that colour is never alone.
CATEGORIES: dict[str, tuple[str, str, str]] = {
    "self_reported": ("Self-reported", "blue", "solid"),
    "other_direct": ("Other direct source", "blue", "hatch"),
    "source_unknown": ("Source not stated", "blue", "dots"),
    "indirect": ("Imputed", "orange", "dots"),
    "declined": ("Asked, declined", "grey", "solid"),
    "unknown": ("Unknown", "grey", "back"),
    "not_collected": ("Not collected", "grey", "plain"),
}


def _share(row: CompletenessRow, key: str) -> float:
    return row.counts.get(key, 0) / row.total


def _sentence(row: CompletenessRow) -> str:
    if not row.total:
        return f"{row.label}: nobody eligible"
    parts = [
        f"{label.lower()} {format_percent(_share(row, key), 0)}"
        for key, (label, _, _) in CATEGORIES.items()
        if row.counts.get(key)
    ]
    return f"{row.label}: {', '.join(parts)}"


def draw_completeness(
    completeness: Completeness, *, ident: str, finding: str = "", for_print: bool = False
) -> Chart:
    """Draw the bars. Raises ValueError for a category that is not in CATEGORIES."""
    for row in completeness.rows:
        if strange := set(row.counts) - set(CATEGORIES):
            raise ValueError(f"unknown categories of completeness: {sorted(strange)}")
    used = [k for k in CATEGORIES if any(r.counts.get(k) for r in completeness.rows)]
    finding = finding or _finding(completeness)
    summary = ". ".join(_sentence(r) for r in completeness.rows) + "."
    if completeness.rounded:
        summary += " Counts are rounded to tens."

    def draw(width: float, narrow: bool) -> str:
        size = 14.5 if narrow else 13.5
        label_width = 0.0
        if not narrow:
            label_width = min(
                190.0, max(60.0, *(text_width(r.label, size) + 16 for r in completeness.rows))
            )
        row_height = 54.0 if narrow else 34.0
        legend: list[list[str]] = [[]]
        room = 0.0
        for key in used:
            needed = text_width(CATEGORIES[key][0], 12) + 44
            if legend[-1] and room + needed > width:
                legend.append([])
                room = 0.0
            legend[-1].append(key)
            room += needed
        height = row_height * len(completeness.rows) + 16 + 22 * len(legend)
        drawing = Drawing(
            width,
            height,
            ident=f"{ident}-{'n' if narrow else 'w'}",
            title=finding,
            description=summary,
            palette=PRINT if for_print else SCREEN,
        )
        left, right = label_width + 1, width - 1
        for index, row in enumerate(completeness.rows):
            top = index * row_height
            share = format_percent(_share(row, "self_reported"), 0) if row.total else ""
            if narrow:
                drawing.text(
                    0, top + 17, wrap(row.label, width - 110, size, 1)[0], size=size, weight=500
                )
                if share:
                    drawing.text(
                        width,
                        top + 17,
                        f"{share} self-reported",
                        size=12.5,
                        anchor="end",
                        soft=True,
                    )
                bar_top = top + 26
            else:
                drawing.text(0, top + 21, wrap(row.label, label_width, size, 1)[0], size=size)
                bar_top = top + 5
            if not row.total:
                drawing.text(left + 6, bar_top + 16, "Nobody eligible", size=12.5, soft=True)
                continue
            x = left
            with drawing.group(_sentence(row)):
                for key in used:
                    part = (right - left) * _share(row, key)
                    if part <= 0:
                        continue
                    _, ink, pattern = CATEGORIES[key]
                    drawing.tile(x, bar_top, part, 22, ink, pattern)
                    x += part
        for line_index, line in enumerate(legend):
            x = 1.0
            y = row_height * len(completeness.rows) + 12 + 22 * line_index
            for key in line:
                label, ink, pattern = CATEGORIES[key]
                drawing.tile(x, y, 18, 12, ink, pattern)
                drawing.text(x + 24, y + 10.5, label, size=12, soft=True)
                x += text_width(label, 12) + 44
        return drawing.svg()

    return Chart(
        finding=finding,
        subtitle=f"{completeness.what}: how it is known, share of eligible members",
        summary=summary,
        wide=draw(WIDE, False),
        narrow=draw(NARROW, True),
        columns=("", *(CATEGORIES[k][0] for k in used), "Members"),
        rows=tuple(
            (
                r.label,
                *(format_percent(_share(r, k), 0) if r.total else "–" for k in used),
                format_count(r.total),
            )
            for r in completeness.rows
        ),
    )


def _finding(completeness: Completeness) -> str:
    total = sum(r.total for r in completeness.rows)
    if not total:
        return f"{completeness.what}: nobody is eligible"
    known = sum(r.counts.get("self_reported", 0) for r in completeness.rows) / total
    return f"{completeness.what} is self-reported for {format_percent(known, 0)} of members"

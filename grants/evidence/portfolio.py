"""The portfolio as a document and as slides: what is committed, paid and spent, by name of the group."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.text import PP_ALIGN
from pptx.util import Inches, Pt

from grants.evidence.document import Block, Document, document_pdf
from grants.outcomes import COST_BASIS, NO_CAUSE
from grants.queries.money import FundTotals
from grants.queries.portfolio import WORK_SPAN, Portfolio, PortfolioRow
from teams.drawing.slides import (
    MARGIN,
    TYPEFACE,
    WIDTH,
    add_chart,
    rgb,
    start_slide,
    to_bytes,
    write_beside,
    write_foot,
    write_lines,
)
from teams.drawing.svg import SCREEN
from teams.formats import NO_NUMBER, format_money, format_percent, format_points
from teams.queries import get_programme

_ROWS_A_SLIDE = 11
_HEADER = (
    "Group and award", "Committed", "Paid", "Spent", "Time gone", "Next payment", "Blocked by", "Tests",
    "Points closer (95%)", "Per patient gained",
)  # fmt: skip


def _dollars(amount: Decimal) -> str:
    return format_money(amount, cents=False)


def gap_cell(row: PortfolioRow) -> str:
    """Points by which the group came closer, with the interval; a dash where nothing can be said."""
    first = row.outcome.first
    if first is None or first.moved is None:
        return NO_NUMBER
    m = first.moved
    return (
        f"{format_points(m.closed_points)} ({format_points(m.closed_lower)} to"
        f" {format_points(m.closed_upper)})"
    )


def cost_cell(row: PortfolioRow) -> str:
    first = row.outcome.first
    if first is None or first.moved is None:
        return NO_NUMBER
    if first.cost is None:
        return "no gain beyond chance"
    return (
        f"{_dollars(first.cost.middle)} ({_dollars(first.cost.low)} to {_dollars(first.cost.high)})"
    )


def _cells(row: PortfolioRow) -> list[str]:
    following = row.next_tranche
    return [
        f"{row.award.team.name}: {row.award.title} ({row.award.number})",
        _dollars(row.committed),
        _dollars(row.paid),
        _dollars(row.spent),
        format_percent(float(row.time_gone), 0),
        f"{_dollars(following.amount)}, {following.planned_on:%-d %b %Y}"
        if following
        else "all settled",
        row.blocking.title if row.blocking else NO_NUMBER,
        f"{row.work.tests_started}" if row.work else NO_NUMBER,
        gap_cell(row),
        cost_cell(row),
    ]


def _sums(portfolio: Portfolio) -> list[str]:
    return [
        "All awards",
        _dollars(portfolio.committed),
        _dollars(portfolio.paid),
        _dollars(portfolio.spent),
        *[""] * 6,
    ]


def _sentence(portfolio: Portfolio) -> str:
    return (
        f"{len(portfolio.rows)} awards: {_dollars(portfolio.committed)} committed,"
        f" {_dollars(portfolio.paid)} paid to the groups, {_dollars(portfolio.spent)} reported as spent."
    )


def _fund_rows(totals: Sequence[FundTotals]) -> list[list[str]]:
    return [
        [
            t.fund.name, _dollars(t.fund.amount), _dollars(t.committed), _dollars(t.left),
            _dollars(t.received), _dollars(t.paid), _dollars(t.held),
        ]
        for t in totals
    ]  # fmt: skip


_FUND_HEADER = (
    "Fund",
    "Amount",
    "Committed",
    "Not committed",
    "Received",
    "Paid to groups",
    "Held",
)


def portfolio_pdf(portfolio: Portfolio, totals: Sequence[FundTotals], *, as_of: datetime) -> bytes:
    rows = [_cells(row) for row in portfolio.rows]
    return document_pdf(
        Document(
            title="Portfolio of grants",
            eyebrow=get_programme().name,
            lead=_sentence(portfolio),
            wide=True,
            blocks=[
                Block(
                    "The funds", (), _FUND_HEADER, _fund_rows(totals),
                    (3, 2, 2, 2, 2, 2, 2), (1, 2, 3, 4, 5, 6),
                ),
                Block(
                    "Awards, by name of the group", (), _HEADER, [*rows, _sums(portfolio)],
                    (5, 2, 2, 2, 1, 3, 3, 1, 3, 3), (1, 2, 3, 4, 7), True,
                ),
                Block("", [WORK_SPAN, COST_BASIS, NO_CAUSE]),
            ],
        ),
        as_of=as_of,
    )  # fmt: skip


def portfolio_slides(
    portfolio: Portfolio, totals: Sequence[FundTotals], *, as_of: datetime
) -> bytes:
    """First the money of the funds as a chart, then the awards as tables that can be edited."""
    foot = [
        f"{get_programme().name}. As of {timezone.localtime(as_of):%-d %b %Y}. {WORK_SPAN} {COST_BASIS}",
        NO_CAUSE,
    ]
    presentation, slide = start_slide(_sentence(portfolio))
    data = CategoryChartData(number_format='"$"#,##0.0')
    data.categories = [t.fund.name for t in totals]
    for name, amounts in (
        ("Fund", [t.fund.amount for t in totals]),
        ("Committed", [t.committed for t in totals]),
        ("Paid", [t.paid for t in totals]),
        ("Spent, as reported", [_spent_of(portfolio, t) for t in totals]),
    ):
        data.add_series(name, [round(float(a) / 1e6, 3) for a in amounts])
    chart = add_chart(slide, XL_CHART_TYPE.COLUMN_CLUSTERED, data, percent=False)
    chart.value_axis.tick_labels.number_format = '"$"0"M"'
    chart.plots[0].gap_width = 60
    chart.plots[0].has_data_labels = True
    chart.plots[0].data_labels.number_format = '"$"0.0"M"'
    chart.plots[0].data_labels.number_format_is_linked = False
    chart.plots[0].data_labels.font.size = Pt(10)
    for one, ink in zip(
        chart.plots[0].series, (SCREEN.grey, SCREEN.ink, SCREEN.blue, SCREEN.orange), strict=True
    ):
        one.format.fill.solid()
        one.format.fill.fore_color.rgb = rgb(ink)
    write_beside(
        slide,
        [f"{t.fund.name}: {_dollars(t.left)} not committed, {_dollars(t.held)} with the institute." for t in totals],
    )  # fmt: skip
    write_foot(slide, foot)
    rows = [_cells(row) for row in portfolio.rows]
    for start in range(0, len(rows), _ROWS_A_SLIDE):
        part = rows[start : start + _ROWS_A_SLIDE]
        is_last = start + _ROWS_A_SLIDE >= len(rows)
        _table_slide(
            presentation, f"Awards by name of the group, {start + 1} to {start + len(part)}",
            [*part, _sums(portfolio)] if is_last else part, foot,
        )  # fmt: skip
    return to_bytes(presentation)


def _spent_of(portfolio: Portfolio, total: FundTotals) -> Decimal:
    return sum(
        (r.spent for r in portfolio.rows if r.award.fund_id == total.fund.pk), Decimal("0.00")
    )


_WIDTHS = (3.1, 1.05, 1.0, 1.0, 0.6, 1.55, 1.35, 0.5, 1.2, 0.98)


def _table_slide(presentation: Any, title: str, rows: list[list[str]], foot: list[str]) -> None:
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    heading = slide.shapes.title
    heading.left, heading.top = MARGIN, Inches(0.3)
    heading.width, heading.height = WIDTH - 2 * MARGIN, Inches(0.6)
    write_lines(heading.text_frame, [title], 22, bold=True)
    shape = slide.shapes.add_table(
        len(rows) + 1, len(_HEADER), MARGIN, Inches(1.0), WIDTH - 2 * MARGIN, Inches(0.3)
    )
    shape.name = title
    table = shape.table
    for place, width in enumerate(_WIDTHS):
        table.columns[place].width = Inches(width)
    for y, cells in enumerate([list(_HEADER), *rows]):
        table.rows[y].height = Inches(0.3)
        for x, text in enumerate(cells):
            cell = table.cell(y, x)
            cell.margin_left = cell.margin_right = Inches(0.05)
            cell.margin_top = cell.margin_bottom = Inches(0.02)
            cell.fill.solid()
            cell.fill.fore_color.rgb = rgb("#e9e6df" if y == 0 else "#ffffff")
            paragraph = cell.text_frame.paragraphs[0]
            paragraph.alignment = PP_ALIGN.RIGHT if x in (1, 2, 3, 4, 7) else PP_ALIGN.LEFT
            run = paragraph.add_run()
            run.text = text
            run.font.name, run.font.size = TYPEFACE, Pt(9)
            run.font.bold = y == 0 or text == "All awards"
            run.font.color.rgb = rgb(SCREEN.ink)
    write_foot(slide, foot)

"""Need against sources over five years, drawn by the server. Pure."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from grants.business_case import Case
from teams.formats import format_money

_WIDTH, _HEIGHT, _BASE, _LEFT, _TOP = 640, 260, 216, 16, 34


def plan_svg(case: Case, years: list[int]) -> str:
    """A bar of sources beside a bar of need for each year; what is missing is named above."""
    largest = max([*case.need, *case.sources, Decimal(1)])
    step = (_WIDTH - 2 * _LEFT) / 5
    label = escape(plan_sentence(case, years))
    head = f'<svg class="chart grant-plan-chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
    parts = [f'{head} aria-label="{label}" xmlns="http://www.w3.org/2000/svg">']
    for n, year in enumerate(years):
        x = _LEFT + n * step
        for offset, amount, css in (
            (0.12, case.need[n], "grant-need"),
            (0.5, case.sources[n], "grant-source"),
        ):
            height = float(amount / largest) * (_BASE - _TOP)
            parts.append(
                f'<rect class="{css}" x="{x + offset * step:.1f}" y="{_BASE - height:.1f}"'
                f' width="{0.34 * step:.1f}" height="{height:.1f}"/>'
            )
        parts.append(
            f'<text class="grant-year" x="{x + step / 2:.1f}" y="{_BASE + 18}" text-anchor="middle">{year}</text>'
        )
        if case.gap[n] > 0:
            top = _BASE - float(case.need[n] / largest) * (_BASE - _TOP)
            parts.append(
                f'<text class="grant-gap" x="{x + step / 2:.1f}" y="{top - 8:.1f}" text-anchor="middle">'
                f"{_short(case.gap[n])} missing</text>"
            )
    parts.append(
        f'<line class="grant-axis" x1="{_LEFT}" x2="{_WIDTH - _LEFT}" y1="{_BASE}" y2="{_BASE}"/>'
        f'<rect class="grant-need" x="{_LEFT}" y="{_HEIGHT - 14}" width="10" height="10"/>'
        f'<text class="grant-year" x="{_LEFT + 16}" y="{_HEIGHT - 5}">What it costs</text>'
        f'<rect class="grant-source" x="{_LEFT + 130}" y="{_HEIGHT - 14}" width="10" height="10"/>'
        f'<text class="grant-year" x="{_LEFT + 146}" y="{_HEIGHT - 5}">Where the money comes from</text></svg>'
    )
    return "".join(parts)


def plan_sentence(case: Case, years: list[int]) -> str:
    """The finding, in words."""
    need = f"Five years cost {format_money(case.total_need, cents=False)}"
    share = case.grant_share
    said = (
        f"{need}; the grant covers {100 * share:.0f}% of it."
        if share is not None
        else "No costs yet."
    )
    if case.cliff is not None:
        said += (
            f" From {years[case.cliff - 1]}, without the grant,"
            f" {format_money(case.gap[case.cliff - 1], cents=False)} a year are missing."
        )
    elif case.total_gap == 0 and case.total_need:
        said += " Every year is covered."
    return said


def _short(amount: Decimal) -> str:
    if amount >= 1_000_000:
        return f"${amount / 1_000_000:.1f} M"
    return f"${amount / 1000:.0f} k"

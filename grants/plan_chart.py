"""Need against sources over five years, drawn by the server. Pure."""

from __future__ import annotations

import textwrap
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


def gaps_svg(plans: list[tuple[str, Case]], years: list[int]) -> str:
    """What is missing year by year, a panel for each scenario on one scale, so that they can be compared.

    years: of the first scenario; the others are read by their first to fifth year.
    """
    largest = max([Decimal(1), *(amount for _, case in plans for amount in case.gap)])
    row, left, width = 84, 176, _WIDTH
    height = row * len(plans) + 34
    said = "; ".join(
        f"{name}: {format_money(case.total_gap, cents=False)} missing in five years"
        for name, case in plans
    )
    head = f'<svg class="chart grant-plan-chart" viewBox="0 0 {width} {height}" role="img"'
    parts = [f'{head} aria-label="{escape(said)}" xmlns="http://www.w3.org/2000/svg">']
    step = (width - left - _LEFT) / 5
    for n, (name, case) in enumerate(plans):
        base = row * (n + 1) - 8
        for line, text in enumerate(_wrapped(name)):
            parts.append(
                f'<text class="grant-year" x="{_LEFT}" y="{base - 26 + 16 * line}">{escape(text)}</text>'
            )
        for year, amount in enumerate(case.gap):
            x, tall = left + year * step, float(amount / largest) * (row - 32)
            parts.append(
                f'<rect class="grant-need" x="{x + 0.15 * step:.1f}" y="{base - tall:.1f}"'
                f' width="{0.7 * step:.1f}" height="{tall:.1f}"/>'
                f'<text class="grant-gap" x="{x + step / 2:.1f}" y="{base - tall - 5:.1f}"'
                f' text-anchor="middle">{_short(amount) if amount else "covered"}</text>'
            )
        parts.append(
            f'<line class="grant-axis" x1="{left}" x2="{width - _LEFT}" y1="{base}" y2="{base}"/>'
        )
    parts += [
        f'<text class="grant-year" x="{left + (n + 0.5) * step:.1f}" y="{height - 8}"'
        f' text-anchor="middle">{year}</text>'
        for n, year in enumerate(years)
    ]
    return "".join([*parts, "</svg>"])


def _wrapped(name: str, width: int = 24) -> list[str]:
    """A name in at most two lines."""
    lines = textwrap.wrap(name, width) or [""]
    return lines if len(lines) <= 2 else [lines[0], f"{lines[1][: width - 1]}…"]


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

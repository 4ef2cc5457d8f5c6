"""The measure page: one measure of one team, all its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from measures.queries import Figure, PeerBand, SetResult, StratumLabel
from measures.stats.decisions import DecisionRule
from reports import charts
from reports.dashboards import evidence, marks
from reports.dashboards.conclusions import (
    JUDGEMENT_WORDS,
    NO_GAP_OVER_TIME,
    NO_REFERENCE_OVER_TIME,
    PEERS_CONCLUSION,
    all_changes_conclusion,
    change_conclusion,
    change_digits,
    change_note,
    detectable_note,
    now_conclusion,
    pace_text,
    sites_conclusion,
    spread_conclusion,
    trend_conclusion,
)
from reports.dashboards.tables import FigureRow, figure_row, figure_rows
from reports.dashboards.team import MeasureBlock, measure_block, peers_chart, sites_chart
from reports.dashboards.wording import gap_decimals, gap_interval_text, gap_text, people_of
from teams.formats import format_count, format_percent, format_points

_MARKERS = ("circle", "triangle-down", "square", "triangle-up", "x", "star", "hexagon")
_COLOURS = ("mark-blue", "mark-orange", "mark-grey")


@dataclass(frozen=True)
class UnitRows:
    """One site or line of business.

    rows: one for each stratum of the table; None where nobody there is of it. closed: the reader may see
    nothing at all of this unit, not even which strata it has.
    """

    name: str
    overall: FigureRow | None
    rows: tuple[FigureRow | None, ...]
    closed: bool


@dataclass(frozen=True)
class UnitTable:
    """Units in rows, strata in columns. strata: the short labels of those that somebody in some unit is of."""

    strata: tuple[str, ...]
    units: tuple[UnitRows, ...]


@dataclass(frozen=True)
class ChangeRow:
    """How one gap changed, as texts; only `text` where the change is not told."""

    label: str
    text: str
    before: str = ""
    after: str = ""
    change: str = ""
    interval: str = ""
    pace: str = ""


@dataclass(frozen=True)
class RuleRows:
    """One decision rule and what it says of each group, in words."""

    rule: DecisionRule
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PlanRow:
    """Patients that one site would need for the group in focus, as texts."""

    site: str
    gap: str
    gap_interval: str
    to_parity: str
    to_half: str
    between: str
    detectable: str
    caution: bool


@dataclass(frozen=True)
class MeasurePage:
    block: MeasureBlock
    rows: tuple[FigureRow, ...]
    strip: charts.Chart | None
    trend: charts.Chart | None
    trend_figure: dict[str, Any] | None
    peers: charts.Chart | None
    peers_compared: charts.PeerComparison | None
    peers_why_not: str
    sites: charts.Chart | None
    site_table: UnitTable
    line_table: UnitTable
    focus: str
    reference: str
    reference_rule: str
    now_text: str
    spread_text: str
    seed: int
    trend_of: StratumLabel | None
    trend_text: str
    all_groups_text: str
    change_period: str
    changes: tuple[ChangeRow, ...]
    rules: tuple[RuleRows, ...]
    peers_text: str
    sites_text: str
    site_plans: tuple[PlanRow, ...]


def measure_page(
    *,
    results: Sequence[SetResult],
    period: str,
    periods: Sequence[str],
    focus: StratumLabel | None,
    bands: Mapping[tuple[int, int], PeerBand],
    peers_why_not: str,
    site_results: Sequence[SetResult],
    line_results: Sequence[SetResult],
    seed: int,
) -> MeasurePage | None:
    """results: one measure over `periods`. None where `period` has no result. seed: of simulated intervals."""
    current = next((r for r in results if r.period.label == period), None)
    if current is None:
        return None
    shown_focus = focus or _largest(current)
    trend = sites = peers = compared = None
    if shown_focus is not None and len(periods) > 1:
        drawn = marks.trend_of(results, periods, shown_focus.code)
        trend = (
            charts.draw_trend(drawn, ident="trend", finding=_trend_finding(drawn))
            if drawn
            else None
        )
    if focus is not None:
        sites = sites_chart(site_results, focus)
        compared = None if peers_why_not else marks.gap_peers_of_strata(current, bands)
        peers = peers_chart(compared) if compared else None
    rows = tuple(
        replace(row, detectable=detectable_note(evidence.detectable_points(current, figure)))
        for row, figure in zip(figure_rows(current, bands=bands), current.figures, strict=True)
    )
    changes = evidence.changes_of(results, period)
    change_of_focus = next(
        (c for c in changes if shown_focus is not None and c.stratum.id == shown_focus.id),
        None,
    )
    spread = evidence.spread_of(current, seed=seed)
    block = measure_block(current)
    few = {f.stratum.label for f in marks.few_of(current)}
    sentences = " ".join(row.finding for row in rows if row.gap and row.label not in few)
    return MeasurePage(
        block=block,
        rows=rows,
        # The table below holds all that the chart's own table would.
        strip=replace(block.chart, summary=sentences or block.chart.summary, rows=())
        if block.chart
        else None,
        trend=trend,
        trend_figure=interactive_trend(results, periods) if len(periods) > 1 else None,
        peers=peers,
        peers_compared=compared,
        peers_why_not=peers_why_not,
        sites=sites,
        site_table=unit_table(site_results),
        line_table=unit_table(line_results),
        focus=people_of(focus) if focus else "",
        reference=people_of(current.reference) if current.reference else "",
        reference_rule=current.rule.sentence,
        now_text=now_conclusion(current),
        spread_text=spread_conclusion(spread) if spread else "",
        seed=seed,
        trend_of=shown_focus,
        trend_text=_trend_text(
            current, changes, change_of_focus, several=sum(bool(r.compared) for r in results) > 1
        ),
        all_groups_text=all_changes_conclusion(changes)
        if current.reference
        else "Where intervals overlap, which line is higher may be chance.",
        change_period=next(
            (c.earlier.period.label for c in changes if isinstance(c, evidence.ChangeOfGap)), ""
        ),
        changes=tuple(_change_row(c) for c in changes),
        rules=tuple(
            RuleRows(
                judged.rule,
                tuple((s.label, JUDGEMENT_WORDS[judgement]) for s, judgement in judged.judged),
            )
            for judged in evidence.judgements_of(current)
        ),
        peers_text=PEERS_CONCLUSION,
        sites_text=sites_conclusion(site_results, focus) if focus and site_results else "",
        site_plans=tuple(_plan_row(plan) for plan in evidence.site_plans(site_results, focus)),
    )


def _largest(result: SetResult) -> StratumLabel | None:
    """The group with the most people: whose trend is drawn where no group is in focus."""
    shown = [f for f in result.compared if f.numbers_shown]
    return max(shown, key=lambda f: f.denominator or 0).stratum if shown else None


def _trend_text(
    current: SetResult,
    changes: Sequence[evidence.ChangeOfGap | evidence.NoChange],
    of_focus: evidence.ChangeOfGap | evidence.NoChange | None,
    *,
    several: bool,
) -> str:
    if several and not changes:
        return NO_GAP_OVER_TIME if current.reference else NO_REFERENCE_OVER_TIME
    return trend_conclusion(of_focus) if of_focus or not changes else ""


def _change_row(change: evidence.ChangeOfGap | evidence.NoChange) -> ChangeRow:
    label = change.stratum.label
    if isinstance(change, evidence.NoChange):
        return ChangeRow(label, change_conclusion(change))
    digits = change_digits(change)
    found = change.found
    low, high = (
        format_points(100 * float(v), digits) for v in (found.interval.lower, found.interval.upper)
    )
    return ChangeRow(
        label=label,
        text=change_note(change),
        before=format_points(100 * float(found.before), digits),
        after=format_points(100 * float(found.after), digits),
        change=format_points(100 * float(found.change), digits),
        interval=f"{low} to {high}",
        pace=pace_text(change),
    )


def _plan_row(plan: evidence.SitePlan) -> PlanRow:
    digits = gap_decimals(plan.figure, plan.reference)
    return PlanRow(
        site=plan.site,
        gap=gap_text(plan.figure, digits),
        gap_interval=gap_interval_text(plan.figure, digits),
        to_parity=format_count(plan.to_parity),
        to_half=format_count(plan.to_half),
        between=f"{format_count(plan.least)} to {format_count(plan.most)}",
        detectable=detectable_note(plan.detectable),
        caution=plan.figure.caution or plan.reference.caution,
    )


def unit_table(results: Sequence[SetResult]) -> UnitTable:
    """Sites or lines of business in the order given. A result holds only the strata that somebody is of."""
    somebody = {f.stratum for r in results for f in r.compared if f.state.name != "NO_DENOMINATOR"}
    strata = sorted(somebody, key=lambda s: s.position)
    units = []
    for result in results:
        figures = {f.stratum.id: f for f in result.compared}
        of_unit = [figures.get(s.id) for s in strata]
        units.append(
            UnitRows(
                name=result.unit.line_of_business.label
                if result.unit.line_of_business is not None
                else result.unit.name,
                overall=figure_row(result.total, result) if result.total else None,
                rows=tuple(
                    figure_row(f, result, label=f.stratum.short_label) if f else None
                    for f in of_unit
                ),
                closed=not result.figures,
            )
        )
    return UnitTable(tuple(s.short_label for s in strata), tuple(units))


def _trend_finding(trend: charts.Trend) -> str:
    """First and last shown rate of the group in focus, without calling the change anything."""
    series = trend.series[0]
    shown = [
        (label, p)
        for label, p in zip(trend.periods, series.points, strict=True)
        if p.rate is not None
    ]
    if len(shown) < 2:
        return f"{trend.measure} over time"
    (first_label, first), (last_label, last) = shown[0], shown[-1]
    return (
        f"{series.label}: {format_percent(first.rate, first.decimals)} in {first_label}, "
        f"{format_percent(last.rate, last.decimals)} in {last_label}"
    )


def _arm(figure: Figure | None, side: int) -> float | None:
    """From the rate to one end of its interval, in points; a benchmark has none."""
    if figure is None or figure.rate is None:
        return None
    end = figure.rate_upper if side > 0 else figure.rate_lower
    return None if end is None else round(100 * side * (end - figure.rate), 1)


def interactive_trend(
    results: Sequence[SetResult], periods: Sequence[str]
) -> dict[str, Any] | None:
    """All strata over time as a plotly figure; only numbers that the reader may see are in it."""
    by_period = {r.period.label: r for r in results}
    latest = by_period[max(by_period)]
    traces = []
    others = 0
    reference = latest.reference_figure
    drawn = list(latest.compared)
    if reference is not None and reference not in drawn:
        drawn.append(reference)
    for figure in drawn:
        points = []
        for label in periods:
            result = by_period.get(label)
            then = marks.figure_at(result, figure.stratum) if result else None
            points.append(then if then is not None and then.numbers_shown else None)
        if not any(points):
            continue
        is_reference = latest.reference is not None and latest.reference.id == figure.stratum.id
        colour = "mark-ink" if is_reference else _COLOURS[others % len(_COLOURS)]
        marker = "diamond" if is_reference else _MARKERS[others % len(_MARKERS)]
        dash = "solid" if is_reference or others < len(_COLOURS) else "dot"
        others += not is_reference
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": figure.stratum.short_label + (" (reference)" if is_reference else ""),
                "x": list(periods),
                "y": [None if p is None else round(100 * p.rate, p.decimals) for p in points],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "thickness": 1,
                    "width": 3,
                    "array": [_arm(p, 1) for p in points],
                    "arrayminus": [_arm(p, -1) for p in points],
                },
                "line": {"color": colour, "width": 2, "dash": dash},
                "marker": {"color": colour, "symbol": marker, "size": 9},
                "connectgaps": False,
                # Intervals of a few people would cover all others; a press on the name shows them.
                "visible": "legendonly"
                if any(p is not None and p.caution for p in points)
                else True,
                "hovertemplate": "%{y}% in %{x}<extra>%{fullData.name}</extra>",
            }
        )
    if not traces:
        return None
    return {
        "data": traces,
        "layout": {
            "height": 380,
            "hovermode": "closest",
            "legend": {"orientation": "h", "y": -0.18},
            "xaxis": {"type": "category"},
            "yaxis": {"ticksuffix": "%"},
        },
    }

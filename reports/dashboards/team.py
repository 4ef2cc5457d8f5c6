"""The team dashboard: results of one team as sections of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from measures.queries import CompletenessRow, PeerBand, SetResult, StratumLabel
from reports import charts
from reports.dashboards import evidence, marks
from reports.dashboards.conclusions import NO_GAP_OVER_TIME, sites_conclusion, trend_conclusion
from reports.dashboards.tables import Unseen, figure_row, unseen_of
from reports.dashboards.wording import (
    Reading,
    completeness_finding,
    counted_text,
    direction_words,
    finding_sentence,
    gap_decimals,
    gap_interval_text,
    gap_text,
    headline,
    measure_finding,
    peers_finding,
    people_of,
    rate_text,
    read_figure,
    reference_words,
    rule_words,
    sites_finding,
)

_SEEN = (Reading.BEHIND, Reading.AHEAD)


@dataclass(frozen=True)
class MeasureBlock:
    """One measure: its strip and what the strip shows in words.

    seen: sentences about the strata that are behind or ahead. few: the group's own strata of fewer
    than 30, which the strip leaves out.
    """

    code: str
    name: str
    short_name: str
    direction: str
    overall: str
    overall_counted: str
    finding: str
    seen: tuple[str, ...]
    chart: charts.Chart | None
    unseen: tuple[Unseen, ...]
    few: str
    reference: str
    result: SetResult


@dataclass(frozen=True)
class Domain:
    name: str
    blocks: tuple[MeasureBlock, ...]


def measure_block(
    result: SetResult,
    *,
    ident: str = "",
    legend: bool = True,
) -> MeasureBlock:
    """ident: prefix of ids within the page. legend: without it the page explains the marks once."""
    definition = result.definition
    strip = marks.strip_of(result)
    chart = None
    finding = measure_finding(result)
    if strip is not None:
        chart = charts.draw_gap_strip(
            strip, ident=f"{ident}strip-{definition.measure_id}", finding=finding, legend=legend
        )
    total = result.total
    return MeasureBlock(
        code=definition.measure.code,
        name=definition.name,
        short_name=definition.short_name,
        direction=direction_words(result.higher_is_better),
        overall=rate_text(total) if total and total.numbers_shown else "",
        overall_counted=(
            counted_text(total, definition.counting_unit) if total and total.numbers_shown else ""
        ),
        finding=finding,
        seen=tuple(
            finding_sentence(f, result)
            for f in result.compared
            if read_figure(f, higher_is_better=result.higher_is_better) in _SEEN
        ),
        chart=chart,
        unseen=unseen_of(result.compared),
        few=", ".join(f.stratum.short_label for f in marks.few_of(result)),
        reference=result.reference.short_label if result.reference else "",
        result=result,
    )


def domains_of(results: Sequence[SetResult]) -> tuple[Domain, ...]:
    """Measures of one period by domain, in the order of pages; never by size of the gap."""
    return tuple(
        Domain(
            name,
            tuple(measure_block(result, legend=False) for result in results_of),
        )
        for name, results_of in groupby(results, key=lambda r: r.definition.domain)
    )


def care_results(results: Sequence[SetResult]) -> list[SetResult]:
    """Without the measures of completeness: they are shown as completeness, not as gaps."""
    return [r for r in results if not r.definition.measure.completeness_of]


@dataclass(frozen=True)
class TrendCell:
    """A gap in one period as text, or why there is none; both empty when nothing was sent."""

    gap: str = ""
    interval: str = ""
    excludes_zero: bool = False
    caution: bool = False
    absence: str = ""
    reason: str = ""


@dataclass(frozen=True)
class TrendRow:
    code: str
    name: str
    higher_is_better: bool
    cells: tuple[TrendCell, ...]
    spark: str
    broken: bool


def trend_rows(
    results: Sequence[SetResult], periods: Sequence[str], focus: StratumLabel
) -> tuple[TrendRow, ...]:
    """The gap of the group in focus, one row a measure and one cell a period."""
    rows = []
    for _, of_measure in groupby(results, key=lambda r: r.definition.measure_id):
        by_period = {r.period.label: r for r in of_measure}
        latest = by_period[max(by_period)]
        drawn = marks.trend_of(list(by_period.values()), periods, focus.code)
        cells = tuple(_trend_cell(by_period.get(label), focus) for label in periods)
        if not any(cell.gap or cell.absence for cell in cells):
            continue
        rows.append(
            TrendRow(
                latest.definition.measure.code,
                latest.definition.short_name,
                latest.higher_is_better,
                cells,
                charts.draw_sparkline(drawn, ident=f"spark-{latest.definition.measure_id}")
                if drawn
                else "",
                bool(drawn and drawn.breaks),
            )
        )
    return tuple(rows)


def _trend_cell(result: SetResult | None, focus: StratumLabel) -> TrendCell:
    figure = result.figure(focus.code) if result else None
    if result is None or figure is None:
        return TrendCell()
    if figure.gap_shown:
        digits = gap_decimals(figure, result.reference_figure)
        return TrendCell(
            gap_text(figure, digits),
            gap_interval_text(figure, digits),
            figure.gap_excludes_zero,
            figure.caution,
        )
    row = figure_row(figure, result)
    reference = result.reference_figure
    absence = marks.absence_of(figure) or (marks.absence_of(reference) if reference else None)
    return TrendCell(absence=absence.value if absence else "no_denominator", reason=row.note)


@dataclass(frozen=True)
class TeamPage:
    headline: str
    domains: tuple[Domain, ...]
    trend: charts.Chart | None
    trend_rows: tuple[TrendRow, ...]
    trend_periods: tuple[str, ...]
    peers: charts.Chart | None
    peers_why_not: str
    sites: charts.Chart | None
    sites_of: str
    sites_text: str
    trend_text: str
    completeness: charts.Chart | None
    focus: str
    reference: str
    reference_rule: str
    results: tuple[SetResult, ...]
    mark_key: tuple[tuple[str, str], ...]


def team_page(
    *,
    results: Sequence[SetResult],
    period: str,
    periods: Sequence[str],
    focus: StratumLabel | None,
    bands: Mapping[tuple[int, int], PeerBand],
    site_results: Sequence[SetResult],
    completeness: Sequence[CompletenessRow],
    peers_why_not: str = "",
) -> TeamPage:
    """results: of all `periods`; the page shows `period` and the others as the trend."""
    care = care_results(results)
    current = [r for r in care if r.period.label == period]
    one_measure = len({r.definition.measure_id for r in care}) == 1
    trend = peers = sites = None
    rows: tuple[TrendRow, ...] = ()
    if focus is not None:
        if len(periods) > 1:
            rows = trend_rows(care, periods, focus)
            drawn = marks.trend_of(care, periods, focus.code) if one_measure else None
            trend = charts.draw_trend(drawn, ident="trend") if drawn else None
        compared = (
            marks.gap_peers_of_strata(current[0], bands)
            if one_measure and current
            else marks.gap_peers_of_measures(current, bands, focus=focus)
        )
        if compared and not peers_why_not:
            peers = peers_chart(compared)
        sites = sites_chart(site_results, focus)
    return TeamPage(
        headline=headline(current),
        domains=domains_of(current),
        trend=trend,
        trend_rows=rows,
        trend_periods=tuple(periods),
        peers=peers,
        peers_why_not=peers_why_not,
        sites=sites,
        sites_of=site_results[0].definition.short_name if site_results else "",
        sites_text=sites_conclusion(site_results, focus) if focus and site_results else "",
        trend_text=_trend_text(care, period, focus) if trend and focus else "",
        completeness=completeness_chart(completeness),
        focus=people_of(focus) if focus else "",
        reference=reference_words(current),
        reference_rule=rule_words(current),
        results=tuple(current),
        mark_key=charts.mark_key(),
    )


def _trend_text(results: Sequence[SetResult], period: str, focus: StratumLabel) -> str:
    """results: of one measure."""
    changes = evidence.changes_of(results, period)
    change = next((c for c in changes if c.stratum.id == focus.id), None)
    return NO_GAP_OVER_TIME if change is None else trend_conclusion(change)


def sites_chart(results: Sequence[SetResult], focus: StratumLabel) -> charts.Chart | None:
    """Every site's gap of the group in focus, with a finding that counts sites and names none."""
    by_site = marks.site_gaps_of(results, focus=focus)
    if by_site is None:
        return None
    finding, summary = sites_finding(results, focus)
    return replace(charts.draw_site_gaps(by_site, ident="sites", finding=finding), summary=summary)


def peers_chart(compared: charts.PeerComparison) -> charts.Chart:
    """Own gaps beside the peers', with a finding that counts them."""
    finding, summary = peers_finding(compared)
    return replace(charts.draw_peer_band(compared, ident="peers", finding=finding), summary=summary)


def completeness_chart(rows: Sequence[CompletenessRow]) -> charts.Chart | None:
    """One bar a field; None without rows."""
    bars = marks.completeness_of(rows, what="Race, ethnicity and language", by="field")
    if bars is None:
        return None
    return replace(
        charts.draw_completeness(bars, ident="completeness", finding=completeness_finding(rows)),
        summary="Imputed is never counted as known. Who was asked and declined need not be asked again.",
    )

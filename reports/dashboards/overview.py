"""The programme over all groups: totals for everybody who may see the overview, groups by name for few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from measures.enums import RealField
from measures.queries import CompletenessRow, SetResult, StratumLabel
from reports import charts
from reports.dashboards import marks
from reports.dashboards.across import Split, funnel_of, splits_of
from reports.dashboards.conclusions import now_conclusion
from reports.dashboards.tables import FigureRow, figure_row
from reports.dashboards.team import MeasureBlock, care_results, measure_block
from reports.dashboards.wording import (
    direction_words,
    headline,
    rate_text,
    reference_words,
    rule_words,
)


@dataclass(frozen=True)
class TotalRow:
    """One measure over all groups: a line of marks and the gap of every stratum."""

    code: str
    name: str
    direction: str
    overall: str
    overall_absence: str
    line: str
    cells: tuple[FigureRow, ...]


@dataclass(frozen=True)
class TotalDomain:
    name: str
    rows: tuple[TotalRow, ...]


@dataclass(frozen=True)
class OverviewPage:
    headline: str
    strata: tuple[str, ...]
    domains: tuple[TotalDomain, ...]
    block: MeasureBlock | None
    matrix: charts.Chart | None
    group_count: int
    completeness: tuple[charts.Chart, ...]
    mark_key: tuple[tuple[str, str], ...]
    now_text: str
    reference: str
    reference_rule: str
    splits: tuple[Split, ...]
    funnel: charts.Chart | None


def overview_page(
    *,
    programme: Sequence[SetResult],
    groups: Sequence[SetResult],
    measure_code: str,
    strata: Sequence[StratumLabel],
    completeness: Sequence[CompletenessRow],
) -> OverviewPage:
    """programme: all measures of one period. groups: the measure chosen, one result a group in scope."""
    care = care_results(programme)
    compared = [
        s
        for s in strata
        if not _is_reference_of_all(s, care)
        and any(f.numbers_shown for r in care if (f := r.figure(s.code)) is not None)
    ]
    chosen = next((r for r in care if r.definition.measure.code == measure_code), None)
    matrix = None
    if groups:
        drawn = marks.matrix_of(groups, strata=strata)
        matrix = charts.draw_gap_matrix(drawn, ident="matrix") if drawn else None
    bars = []
    by_field = sorted(completeness, key=lambda r: list(RealField).index(r.field))
    for field, rows in groupby(by_field, key=lambda r: r.field):
        drawn_bars = marks.completeness_of(list(rows), what=RealField(field).label, by="team")
        if drawn_bars:
            bars.append(charts.draw_completeness(drawn_bars, ident=f"completeness-{field}"))
    return OverviewPage(
        headline=headline(care),
        strata=tuple(s.short_label for s in compared),
        domains=tuple(
            TotalDomain(name, tuple(_total_row(r, compared) for r in results))
            for name, results in groupby(care, key=lambda r: r.definition.domain)
        ),
        block=measure_block(chosen, ident="total-") if chosen else None,
        matrix=matrix,
        group_count=len(groups),
        completeness=tuple(bars),
        mark_key=charts.mark_key(),
        now_text=now_conclusion(chosen) if chosen else "",
        reference=reference_words(care),
        reference_rule=chosen.rule.sentence if chosen else rule_words(care),
        splits=splits_of(groups),
        funnel=funnel_of(groups),
    )


def _is_reference_of_all(stratum: StratumLabel, results: Sequence[SetResult]) -> bool:
    """Its column would be empty: it is what all measures are compared with."""
    return bool(results) and all(
        r.reference is not None and r.reference.id == stratum.id for r in results
    )


def _total_row(result: SetResult, strata: Sequence[StratumLabel]) -> TotalRow:
    strip = marks.strip_of(result)
    total = result.total
    absence = marks.absence_of(total) if total else None
    return TotalRow(
        code=result.definition.measure.code,
        name=result.definition.short_name,
        direction=direction_words(result.higher_is_better),
        overall=rate_text(total) if total and total.numbers_shown else "",
        overall_absence=absence.value if absence else "",
        line=charts.draw_gap_line(strip, ident=f"line-{result.definition.measure_id}")
        if strip
        else "",
        cells=tuple(
            figure_row(figure, result)
            for s in strata
            if (figure := result.figure(s.code)) is not None
        ),
    )

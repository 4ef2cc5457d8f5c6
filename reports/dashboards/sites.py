"""The site view: where the gap sits within a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from measures.enums import RealField
from measures.queries import CompletenessRow, SetResult, StratumLabel
from reports import charts
from reports.dashboards import marks
from reports.dashboards.conclusions import sites_conclusion
from reports.dashboards.measure import UnitTable, unit_table
from reports.dashboards.team import sites_chart
from reports.dashboards.wording import people_of


@dataclass(frozen=True)
class SitesPage:
    measure: str
    chart: charts.Chart | None
    matrix: charts.Chart | None
    table: UnitTable
    text: str
    reference: str
    result: SetResult | None
    completeness: tuple[charts.Chart, ...]


def sites_page(
    *,
    results: Sequence[SetResult],
    focus: StratumLabel | None,
    completeness: Sequence[CompletenessRow],
) -> SitesPage:
    """results: one measure and period, one result a site."""
    chart = matrix = None
    if focus is not None and results:
        chart = sites_chart(results, focus)
        strata = {f.stratum.id: f.stratum for r in results for f in r.compared}
        ordered = sorted(strata.values(), key=lambda s: s.position)
        if len(ordered) > 2:
            drawn = marks.matrix_of(results, strata=ordered, units="sites")
            matrix = charts.draw_gap_matrix(drawn, ident="site-matrix") if drawn else None
    bars = []
    for field, rows in groupby(
        sorted(completeness, key=lambda r: list(RealField).index(r.field)), key=lambda r: r.field
    ):
        drawn_bars = marks.completeness_of(list(rows), what=RealField(field).label, by="site")
        if drawn_bars:
            bars.append(charts.draw_completeness(drawn_bars, ident=f"completeness-{field}"))
    return SitesPage(
        measure=results[0].definition.short_name if results else "",
        chart=chart,
        matrix=matrix,
        table=unit_table(results),
        text=sites_conclusion(results, focus) if focus is not None and results else "",
        reference=people_of(results[0].reference) if results and results[0].reference else "",
        result=results[0] if results else None,
        completeness=tuple(bars),
    )

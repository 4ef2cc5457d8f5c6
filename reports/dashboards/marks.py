"""Results as the values that charts draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from measures.enums import CountingUnit, RealCategory
from measures.queries import CompletenessRow, Figure, PeerBand, SetResult, StratumLabel
from measures.stats.states import CellState
from reports.charts import GapMatrix, MatrixRow, values
from reports.dashboards.wording import (
    direction_words,
    gap_decimals,
    people_of,
    reference_words,
)

_NOTHING_SENT = values.TrendPoint()


def absence_of(figure: Figure) -> values.Absence | None:
    """Why a figure has no numbers; None where it has them, with caution or without."""
    return None if figure.numbers_shown else values.Absence.of(figure.state)


def stratum_rate(
    figure: Figure, *, reference: Figure | None = None, label: str | None = None
) -> values.StratumRate:
    """One figure as a mark. reference: of the same result, for the decimals of the gap."""
    is_reference = reference is not None and reference.stratum.id == figure.stratum.id
    if not figure.numbers_shown:
        return values.StratumRate(
            label=label or figure.stratum.short_label,
            is_reference=is_reference,
            absence=values.Absence.of(figure.state),
        )
    return values.StratumRate(
        label=label or figure.stratum.short_label,
        rate=figure.rate,
        lower=figure.rate_lower,
        upper=figure.rate_upper,
        denominator=figure.denominator,
        numerator=figure.numerator,
        gap_points=figure.gap_points,
        gap_lower=figure.gap_points_lower,
        gap_upper=figure.gap_points_upper,
        decimals=figure.decimals,
        gap_decimals=gap_decimals(figure, reference),
        is_reference=is_reference,
        caution=figure.caution,
    )


def strip_of(result: SetResult) -> values.GapStrip | None:
    """The strata with a number on one axis; None where no stratum has one.

    Strata without a number are said beside the chart, each with its reason: a row of "protected"
    in every strip would bury the numbers. So are the group's own strata of fewer than 30, whose
    intervals would squeeze all others into a corner, unless there is nothing else to compare.
    """
    reference = result.reference_figure
    shown = [f for f in result.compared if f.numbers_shown]
    if not shown:
        return None
    few = {f.stratum.id for f in few_of(result)}
    shown = [f for f in shown if f.stratum.id not in few]
    if reference is not None and reference.numbers_shown and reference not in result.compared:
        # Everybody, or a benchmark: no stratum of the set, and still what the others are held against.
        shown.append(reference)
    definition = result.definition
    return values.GapStrip(
        measure=definition.short_name,
        period=result.period.label,
        higher_is_better=result.higher_is_better,
        strata=tuple(stratum_rate(f, reference=reference) for f in shown),
        who="events" if definition.counting_unit == CountingUnit.EVENT else "patients",
        target=definition.target_rate,
    )


def few_of(result: SetResult) -> list[Figure]:
    """The group's own strata of fewer than 30 that a strip leaves out."""
    shown = [f for f in result.compared if f.numbers_shown]
    few = [f for f in shown if f.caution]
    others = len(shown) - len(few)
    return few if others >= 2 or (result.reference is None and others) else []


def figure_at(result: SetResult, stratum: StratumLabel) -> Figure | None:
    """What a result has of something that is drawn: a stratum, everybody, or the year's benchmark."""
    if stratum.set_code == result.stratum_set.code:
        return result.figure(stratum.code)
    if result.total is not None and result.total.stratum.id == stratum.id:
        return result.total
    reference = result.reference_figure
    same_kind = reference is not None and reference.stratum.set_code == stratum.set_code
    return reference if same_kind else None


def trend_of(
    results: Sequence[SetResult], periods: Sequence[str], focus: str
) -> values.Trend | None:
    """Focus and reference over periods; None where neither has a number in any.

    results: of one measure, one a period, any order. periods: labels, oldest first.
    """
    by_period = {r.period.label: r for r in results}
    if not by_period:
        return None
    latest = by_period[max(by_period)]

    def point(label: str, stratum: StratumLabel) -> values.TrendPoint:
        result = by_period.get(label)
        figure = figure_at(result, stratum) if result else None
        if figure is None:
            return _NOTHING_SENT
        if not figure.numbers_shown:
            return values.TrendPoint(absence=values.Absence.of(figure.state))
        return values.TrendPoint(
            rate=figure.rate,
            lower=figure.rate_lower,
            upper=figure.rate_upper,
            decimals=figure.decimals,
        )

    series = []
    drawn = dict.fromkeys([latest.figure(focus), latest.reference_figure])
    for figure in [f for f in drawn if f is not None]:
        series.append(
            values.TrendSeries(
                label=figure.stratum.short_label,
                points=tuple(point(label, figure.stratum) for label in periods),
                is_reference=figure == latest.reference_figure,
            )
        )
    if not any(p.rate is not None for s in series for p in s.points):
        return None
    return values.Trend(
        measure=latest.definition.short_name,
        periods=tuple(periods),
        series=tuple(series),
        higher_is_better=latest.higher_is_better,
        breaks=_breaks(by_period, periods),
        target=latest.definition.target_rate,
    )


def same_meaning(earlier: SetResult, now: SetResult) -> bool:
    """Whether two periods' numbers of a measure count the same thing."""
    return (
        earlier.definition.denominator_meaning == now.definition.denominator_meaning
        and earlier.definition.numerator_meaning == now.definition.numerator_meaning
        and earlier.definition.direction == now.definition.direction
    )


def _breaks(
    by_period: Mapping[str, SetResult], periods: Sequence[str]
) -> tuple[values.SeriesBreak, ...]:
    breaks = []
    before = None
    for index, label in enumerate(periods):
        result = by_period.get(label)
        if result is None:
            continue
        if before is not None and not same_meaning(before, result):
            breaks.append(values.SeriesBreak(index, "definition changed"))
        before = result
    return tuple(breaks)


def site_gaps_of(results: Sequence[SetResult], *, focus: StratumLabel) -> values.SiteGaps | None:
    """Every site's focus and reference rate for one measure, by name; None without a site or a reference."""
    reference = results[0].reference if results else None
    if reference is None or reference.id == focus.id:
        return None
    pairs = []
    for result in results:
        at_reference, at_focus = result.reference_figure, result.figure(focus.code)
        pairs.append(
            values.SitePair(
                label=result.unit.name,
                focus=_or_nobody(at_focus, at_reference, focus),
                reference=_or_nobody(at_reference, at_reference, reference, is_reference=True),
            )
        )
    if not pairs:
        return None
    first = results[0]
    return values.SiteGaps(
        measure=first.definition.short_name,
        period=first.period.label,
        stratum=focus.short_label,
        reference=reference.short_label,
        higher_is_better=first.higher_is_better,
        sites=tuple(pairs),
    )


def _or_nobody(
    figure: Figure | None,
    reference: Figure | None,
    label: StratumLabel,
    *,
    is_reference: bool = False,
) -> values.StratumRate:
    if figure is None:
        return values.StratumRate(
            label=label.short_label,
            is_reference=is_reference,
            absence=values.Absence.NO_DENOMINATOR,
        )
    return stratum_rate(figure, reference=reference)


def gap_peers_of_measures(
    results: Sequence[SetResult],
    bands: Mapping[tuple[int, int], PeerBand],
    *,
    focus: StratumLabel,
) -> values.PeerComparison | None:
    """The gap of the group in focus against the other groups', one row a measure in page order.

    Only measures with a band: beside nothing, a gap of a few people would stretch the axis for all.
    """
    rows = []
    for result in results:
        figure = result.figure(focus.code)
        band = bands.get((result.definition.measure_id, focus.id))
        if figure is None or band is None or band.gap_points is None:
            continue
        name = result.definition.short_name
        if not result.higher_is_better:
            name = f"{name} (lower is better)"
        rows.append(_peer_row(name, figure, result, band))
    if not rows:
        return None
    return values.PeerComparison(
        title=f"Gaps of {people_of(focus)} to {reference_words(results)} beside the other groups",
        rows=tuple(rows),
        unit="points",
    )


def gap_peers_of_strata(
    result: SetResult, bands: Mapping[tuple[int, int], PeerBand]
) -> values.PeerComparison | None:
    """Every stratum's gap against the other groups', one row a stratum with a band."""
    rows = []
    for figure in result.compared:
        if result.reference is not None and figure.stratum.id == result.reference.id:
            continue
        band = bands.get((result.definition.measure_id, figure.stratum.id))
        if band is None or band.gap_points is None:
            continue
        rows.append(_peer_row(figure.stratum.short_label, figure, result, band))
    if not rows:
        return None
    return values.PeerComparison(
        title=f"{result.definition.short_name} beside the other groups",
        rows=tuple(rows),
        unit="points",
        direction=direction_words(result.higher_is_better),
    )


def _peer_row(label: str, figure: Figure, result: SetResult, band: PeerBand) -> values.PeerRow:
    reference = result.reference_figure
    return values.PeerRow(
        label=label,
        own=figure.gap_points,
        band=band.gap_points,
        peer_count=band.gap_peer_count,
        decimals=gap_decimals(figure, reference),
        absence=_gap_absence(figure, reference),
        higher_is_better=result.higher_is_better,
    )


def completeness_of(
    rows: Sequence[CompletenessRow], *, what: str, by: str
) -> values.Completeness | None:
    """Completeness as bars. by: "field", "team", "site" or "period" names each bar."""
    if not rows:
        return None
    labels = {
        "field": lambda r: r.field.label,
        "team": lambda r: r.team.name,
        "site": lambda r: r.site.name if r.site else "Site not listed",
        "period": lambda r: r.period.label,
    }
    return values.Completeness(
        what=what,
        rows=tuple(
            values.CompletenessRow(
                label=labels[by](row),
                counts={c.value: row.counts[c] for c in RealCategory if row.counts.get(c)},
            )
            for row in rows
        ),
        rounded=any(row.rounded for row in rows),
    )


def matrix_of(
    results: Sequence[SetResult],
    *,
    strata: Sequence[StratumLabel],
    units: str = "groups",
) -> GapMatrix | None:
    """One measure in several groups or sites. Strata that nobody's numbers cover are left out."""
    reference = results[0].reference if results else None
    if reference is None:
        return None
    present = [
        s
        for s in strata
        if s.id != reference.id
        and any(f.state != CellState.NO_DENOMINATOR for r in results if (f := r.figure(s.code)))
    ]
    rows = []
    for result in results:
        at_reference = result.reference_figure
        cells = [_or_nobody(result.figure(s.code), at_reference, s) for s in present]
        rows.append(
            MatrixRow(
                result.unit.name,
                tuple(cells),
                tuple(_gap_absence(result.figure(s.code), at_reference) for s in present),
            )
        )
    first = results[0]
    line = first.unit.line_of_business
    return GapMatrix(
        measure=first.definition.short_name,
        period=first.period.label if line is None else f"{first.period.label}, {line.label}",
        reference=reference.short_label,
        higher_is_better=first.higher_is_better,
        strata=tuple(s.short_label for s in present),
        rows=tuple(rows),
        units=units,
    )


def _gap_absence(figure: Figure | None, reference: Figure | None) -> values.Absence | None:
    """Why there is no gap: the figure's own reason, or else that of the reference."""
    if figure is None:
        return values.Absence.NO_DENOMINATOR
    if figure.gap_shown:
        return None
    return (
        absence_of(figure)
        or (absence_of(reference) if reference is not None else None)
        or values.Absence.NO_DENOMINATOR
    )

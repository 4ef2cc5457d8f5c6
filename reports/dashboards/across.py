"""One measure across the groups that the reader may see by name: where its gap arises, and who differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from measures.queries import Figure, SetResult, StratumLabel
from measures.stats.decomposition import decompose
from measures.stats.funnel import Position, gap_funnel
from measures.stats.rates import z_value
from reports import charts
from reports.dashboards.conclusions import funnel_finding
from reports.dashboards.evidence import both_arms, compared_arm
from reports.dashboards.wording import gap_decimals, people_of
from teams.formats import format_points

#: Fewer groups say nothing about what is usual among them.
LEAST_GROUPS = 5


@dataclass(frozen=True)
class Split:
    """The gap of one stratum over several groups as texts; points."""

    label: str
    total: str
    within: str
    within_interval: str
    between: str
    groups: str


def splits_of(groups: Sequence[SetResult]) -> tuple[Split, ...]:
    """Within and between the groups, for every stratum with numbers in two groups or more.

    Over the groups of which the reader sees both arms, so it is no more than those numbers tell.
    """
    found = []
    for stratum in _strata(groups):
        arms = _arms(groups, stratum, both_arms)
        if len(arms) < 2:
            continue
        split = decompose(
            [f.numerator for f, _, _ in arms],  # type: ignore[arg-type]
            [f.denominator for f, _, _ in arms],  # type: ignore[arg-type]
            [r.numerator for _, r, _ in arms],  # type: ignore[arg-type]
            [r.denominator for _, r, _ in arms],  # type: ignore[arg-type]
        )
        within, error = 100 * float(split.within), 100 * z_value(0.95) * float(split.within_error)
        found.append(
            Split(
                label=stratum.label,
                total=format_points(100 * float(split.total), 1),
                within=format_points(within, 1),
                within_interval=f"{format_points(within - error, 1)} to {format_points(within + error, 1)}",
                between=format_points(100 * float(split.between), 1),
                groups=f"{len(arms)} of {len(groups)}",
            )
        )
    return tuple(found)


def funnel_of(groups: Sequence[SetResult]) -> charts.Chart | None:
    """The gaps of the stratum that most groups have a gap for, small numbers left out; None for few groups."""
    placed = {
        stratum: [
            a for a in _arms(groups, stratum, compared_arm) if not (a[0].caution or a[1].caution)
        ]
        for stratum in _strata(groups)
    }
    stratum = max(placed, key=lambda s: (len(placed[s]), -s.position), default=None)
    if stratum is None or len(placed[stratum]) < LEAST_GROUPS:
        return None
    arms = placed[stratum]
    errors = [_error(figure) for figure, _, _ in arms]
    found = gap_funnel(
        [figure.gap_points / 100 for figure, _, _ in arms],  # type: ignore[operator]
        errors,
        [min(f.denominator or 0, r.denominator or f.denominator or 0) for f, r, _ in arms],
    )
    first = arms[0]
    funnel = charts.GapFunnel(
        measure=first[2].definition.short_name,
        people=people_of(stratum),
        reference=first[1].stratum.short_label,
        higher_is_better=first[2].higher_is_better,
        points=tuple(
            charts.FunnelPoint(
                label=result.unit.name,
                gap=figure.gap_points,  # type: ignore[arg-type]
                error=100 * error,
                position=Position(int(position)),
                digits=gap_decimals(figure, reference),
            )
            for (figure, reference, result), error, position in zip(
                arms, errors, found.position, strict=True
            )
        ),
        centre=100 * float(found.centre),
        widening=max(1.0, float(found.dispersion)) ** 0.5,
    )
    finding = funnel_finding(people_of(stratum), len(charts.outside_of(funnel)), len(funnel.points))
    return charts.draw_gap_funnel(funnel, ident="funnel", finding=finding)


def _strata(groups: Sequence[SetResult]) -> list[StratumLabel]:
    found = {f.stratum for result in groups for f in result.compared if f.gap_shown}
    return sorted(found, key=lambda s: s.position)


def _arms(
    groups: Sequence[SetResult],
    stratum: StratumLabel,
    arm_of: Callable[[SetResult, Figure], Figure | None],
) -> list[tuple[Figure, Figure, SetResult]]:
    found = []
    for result in groups:
        figure = result.figure(stratum.code)
        reference = arm_of(result, figure) if figure is not None else None
        if figure is not None and reference is not None:
            found.append((figure, reference, result))
    return found


def _error(figure: Figure) -> float:
    """Standard error with which the width of the gap's interval would be that of a normal one."""
    width = figure.gap_points_upper - figure.gap_points_lower  # type: ignore[operator]
    return width / 100 / (2 * z_value(0.95))

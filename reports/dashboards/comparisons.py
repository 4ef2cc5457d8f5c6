"""What an expert may want to know of each comparison beyond gap and ratio: odds, and many comparisons at once.

All of it is worked out from figures that the reader sees.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from measures.queries import Figure, SetResult, StratumLabel
from measures.stats.familywise import bonferroni, holm
from measures.stats.gaps import benjamini_yekutieli
from measures.stats.odds import mantel_haenszel, odds_mover_wilson
from measures.stats.reliability import reliability, shrunken_interval, shrunken_rate
from reports.dashboards.evidence import both_arms, fit_sites, site_counts, site_figures
from reports.dashboards.reliability import (
    PRESENTATION_CODES,
    PRESENTATION_WORDS,
    presentations_of,
)
from reports.dashboards.wording import probability_text, rate_text
from teams.formats import format_percent


@dataclass(frozen=True)
class Adjusted:
    """p-values of one comparison: as it is, and with the number of comparisons allowed for; None where not in it."""

    plain: float | None
    benjamini_hochberg: float | None
    benjamini_yekutieli: float | None
    holm: float | None
    bonferroni: float | None


@dataclass(frozen=True)
class ComparisonFamily:
    """The comparisons among which a p-value is looked at: of one place, period and set, over all measures.

    Only those that readers outside the group may see are in it; they are the ones with a q-value.
    """

    size: int
    by_comparison: dict[tuple[int, int], Adjusted]

    def of(self, result: SetResult, figure: Figure) -> Adjusted:
        alone = Adjusted(figure.p_value, None, None, None, None)
        return self.by_comparison.get((result.definition.measure_id, figure.stratum.id), alone)


@dataclass(frozen=True)
class ComparisonRow:
    """One group against its reference as texts; empty where there is no such number."""

    label: str
    odds: str
    odds_interval: str
    plain: str
    q: str
    yekutieli: str
    holm: str
    bonferroni: str
    presentation: str


@dataclass(frozen=True)
class LayeredOdds:
    """The odds ratio of the group in focus within sites, all sites together; texts."""

    odds: str
    interval: str
    p_value: str
    p_equal: str
    sites: int


@dataclass(frozen=True)
class SiteRate:
    """A site's rate of the group in focus, and what it becomes with the other sites' rates in mind; texts."""

    site: str
    rate: str
    counted: str
    reliability: str
    shrunken: str
    interval: str


@dataclass(frozen=True)
class SiteRates:
    """spread: standard deviation of the sites' true rates in points with its limits, as a text."""

    rows: tuple[SiteRate, ...]
    spread: str


def family_of(results: Sequence[SetResult]) -> ComparisonFamily:
    """results: every measure of one place, period and stratum set."""
    found = [
        (result.definition.measure_id, figure)
        for result in results
        for figure in result.figures
        if figure.q_value is not None
    ]
    p = np.array([f.p_value for _, f in found], dtype=np.float64)
    columns = (benjamini_yekutieli(p, 0), holm(p, 0), bonferroni(p, 0))
    return ComparisonFamily(
        len(found),
        {
            (measure_id, figure.stratum.id): Adjusted(
                figure.p_value, figure.q_value, *(float(column[at]) for column in columns)
            )
            for at, (measure_id, figure) in enumerate(found)
        },
    )


def comparison_rows(result: SetResult, family: ComparisonFamily) -> tuple[ComparisonRow, ...]:
    """Every group with a number, the reference among them."""
    rows = []
    shown = [f for f in result.compared if f.numbers_shown]
    for figure, said in zip(shown, presentations_of(shown), strict=True):
        odds = _odds(result, figure)
        adjusted = family.of(result, figure)
        rows.append(
            ComparisonRow(
                label=figure.stratum.label,
                odds=_two(odds[0], without_end="∞") if odds else "",
                odds_interval=f"{_two(odds[1])} to {_two(odds[2])}" if odds else "",
                plain=probability_text(adjusted.plain),
                q=probability_text(adjusted.benjamini_hochberg),
                yekutieli=probability_text(adjusted.benjamini_yekutieli),
                holm=probability_text(adjusted.holm),
                bonferroni=probability_text(adjusted.bonferroni),
                presentation=PRESENTATION_WORDS[said],
            )
        )
    return tuple(rows)


def _odds(result: SetResult, figure: Figure) -> tuple[float, float, float] | None:
    """Odds ratio and limits; None without a reference that is another group of people."""
    reference = both_arms(result, figure)
    if reference is None:
        return None
    found = odds_mover_wilson(*_arms(figure, reference))
    return float(found.value), float(found.interval.lower), float(found.interval.upper)


def _arms(figure: Figure, reference: Figure) -> tuple[int, int, int, int]:
    counts = (figure.numerator, figure.denominator, reference.numerator, reference.denominator)
    return counts  # type: ignore[return-value]


def _two(value: float, without_end: str = "no limit") -> str:
    if math.isnan(value):
        return "–"
    return without_end if math.isinf(value) else f"{value:.2f}"


# --- over sites -------------------------------------------------------------------------------------


def layered_odds(results: Sequence[SetResult], focus: StratumLabel | None) -> LayeredOdds | None:
    """Sites whose both arms the reader sees; None with fewer than two."""
    arms = []
    for result in results:
        figure = result.figure(focus.code) if focus is not None else None
        reference = both_arms(result, figure) if figure is not None else None
        if figure is not None and reference is not None:
            arms.append(_arms(figure, reference))
    if len(arms) < 2:
        return None
    found = mantel_haenszel(*np.array(arms).T)
    low, high = (float(limit) for limit in found.interval)
    if math.isnan(low):
        return None
    return LayeredOdds(
        odds=_two(float(found.odds_ratio)),
        interval=f"{_two(low)} to {_two(high)}",
        p_value=probability_text(float(found.p_value)),
        p_equal="" if math.isnan(found.p_equal) else probability_text(float(found.p_equal)),
        sites=len(arms),
    )


def site_rates(results: Sequence[SetResult], focus: StratumLabel | None) -> SiteRates | None:
    """For the group itself only; None where `site_figures` has none."""
    found = site_figures(results, focus)
    if not found:
        return None
    hits, sizes = site_counts(found)
    fit = fit_sites(hits, sizes)
    told = reliability(sizes, fit)
    pulled = shrunken_rate(hits, sizes, fit)
    low, high = shrunken_interval(hits, sizes, fit)
    rows = tuple(
        SiteRate(
            site=result.unit.name,
            rate=rate_text(figure),
            counted=f"{figure.numerator:,} of {figure.denominator:,}",
            reliability=f"{told[at]:.2f}",
            shrunken=format_percent(float(pulled[at]), 1),
            interval=f"{format_percent(float(low[at]), 1)} to {format_percent(float(high[at]), 1)}",
        )
        for at, (result, figure) in enumerate(found)
    )
    points = [100 * math.sqrt(v) for v in (fit.variance, fit.variance_lower, fit.variance_upper)]
    return SiteRates(rows, f"{points[0]:.1f} points ({points[1]:.1f} to {points[2]:.1f})")


# --- files ------------------------------------------------------------------------------------------

COMPARISON_COLUMNS = (
    "period", "team_code", "team", "measure", "direction", "stratum_set", "stratum", "reference",
    "odds_ratio", "odds_ratio_lower", "odds_ratio_upper", "p_value", "q_value",
    "q_value_benjamini_yekutieli", "p_value_holm", "p_value_bonferroni", "family_size",
    "nchs_rule", "audience", "method_version",
)  # fmt: skip


def comparison_lines(result: SetResult, family: ComparisonFamily) -> Iterator[tuple[object, ...]]:
    """One row for each group with a number, in the order of COMPARISON_COLUMNS."""
    team = result.unit.team

    def number(value: float | None, digits: int = 6) -> object:
        return "" if value is None or not math.isfinite(value) else round(value, digits) + 0.0

    shown = [f for f in result.compared if f.numbers_shown]
    for figure, said in zip(shown, presentations_of(shown), strict=True):
        adjusted = family.of(result, figure)
        yield (
            result.period.label,
            team.code if team else "",
            team.name if team else "",
            result.definition.measure.code,
            result.definition.direction,
            result.stratum_set.code,
            figure.stratum.code,
            result.reference.code if result.reference else "",
            *(number(v, 4) for v in _odds(result, figure) or (None, None, None)),
            number(adjusted.plain),
            number(adjusted.benjamini_hochberg),
            number(adjusted.benjamini_yekutieli),
            number(adjusted.holm),
            number(adjusted.bonferroni),
            family.size,
            PRESENTATION_CODES[said] or "",
            result.audience.value,
            result.method_version,
        )

"""The expert view of a measure: every summary index over its groups, odds and families of comparisons, sites,
and the programme's second reference.

All of it is worked out from figures that the reader sees; indices over groups with 30 people or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measures.queries import Figure, Panel, SetResult, StratumLabel
from measures.stats import bootstrap, gaps, overall, references
from measures.stats.presentation import NCHS, PresentationRule
from reports.dashboards.comparisons import (
    ComparisonFamily,
    ComparisonRow,
    LayeredOdds,
    SiteRates,
    comparison_rows,
    layered_odds,
    site_rates,
)
from reports.dashboards.conclusions import detectable_text, reliability_text
from reports.dashboards.evidence import (
    ChangeOfGap,
    NoChange,
    counted_figures,
    detectable_points,
    site_reliability,
)
from reports.dashboards.indices import IndexRow, indices_of
from reports.dashboards.persons import EventRow, PairedRow, event_rows, paired_rows
from teams.enums import SecondReference
from teams.formats import format_points


@dataclass(frozen=True)
class SecondRow:
    """One group against the second reference."""

    label: str
    gap: str
    interval: str


@dataclass(frozen=True)
class SecondComparison:
    """sentence: the rule and what it chose. rows are empty where nothing can be compared, `why_not` says why."""

    sentence: str
    rows: tuple[SecondRow, ...]
    why_not: str = ""


@dataclass(frozen=True)
class ExpertView:
    comparisons: tuple[ComparisonRow, ...]
    family_size: int
    presentation: PresentationRule
    layered: LayeredOdds | None
    site_rates: SiteRates | None
    paired: tuple[PairedRow, ...]
    events: tuple[EventRow, ...]
    indices: tuple[IndexRow, ...]
    strata: tuple[str, ...]
    seed: int
    draws: int
    reference_sentence: str
    second: SecondComparison | None
    detectable: tuple[tuple[str, str], ...]
    reliability: str


def expert_view(
    result: SetResult,
    *,
    family: ComparisonFamily,
    changes: Sequence[ChangeOfGap | NoChange],
    panel: Panel | None,
    seed: int,
    second: SecondComparison | None,
    site_results: Sequence[SetResult],
    focus: StratumLabel | None,
) -> ExpertView:
    figures = counted_figures(result)
    told = site_reliability(site_results, focus)
    return ExpertView(
        comparisons=comparison_rows(result, family),
        family_size=family.size,
        presentation=NCHS,
        layered=layered_odds(site_results, focus),
        site_rates=site_rates(site_results, focus),
        paired=paired_rows(changes, panel),
        events=event_rows(result, panel),
        indices=indices_of(result, seed=seed),
        strata=tuple(f.stratum.label for f in figures),
        seed=seed,
        draws=bootstrap.DRAWS,
        reference_sentence=result.rule.sentence,
        second=second,
        detectable=tuple(
            (f.stratum.label, detectable_text(detectable_points(result, f)))
            for f in result.compared
            if detectable_points(result, f) is not None
        ),
        reliability=reliability_text(told) if told else "",
    )


# --- the second reference ---------------------------------------------------------------------------


def second_comparison(
    rule: SecondReference,
    result: SetResult,
    *,
    programme: SetResult | None,
    programme_before: SetResult | None,
) -> SecondComparison | None:
    """The groups of a result against the programme's second reference; None where it has none.

    programme, programme_before: all groups together in this and the earlier period, as everybody may see
    them. Best and largest are chosen there, so that every team has the same reference.
    """
    if rule == SecondReference.NONE:
        return None
    shown = [f for f in result.compared if f.numbers_shown]
    if rule == SecondReference.OVERALL:
        return _against_overall(result, shown)
    if rule == SecondReference.BENCHMARK:
        return _against_benchmark(result, shown)
    found = _chosen(rule, result, programme, programme_before)
    chosen_rule = references.ReferenceRule(references.Strategy(rule.value))
    if found is None:
        return SecondComparison(chosen_rule.sentence, (), "No group qualifies.")
    sentence = f"{chosen_rule.sentence} Over all groups together this is {found.label}."
    arm = next((f for f in shown if f.stratum.id == found.id), None)
    if arm is None:
        return SecondComparison(sentence, (), "It has no number that can be shown here.")
    rows = []
    for figure in shown:
        if figure.stratum.id == found.id:
            continue
        arms = (figure.numerator, figure.denominator, arm.numerator, arm.denominator)
        limits = gaps.newcombe(*arms)  # type: ignore[arg-type]
        rows.append(
            _second_row(
                figure,
                float(gaps.absolute_gap(*arms)),  # type: ignore[arg-type]
                float(limits.lower),
                float(limits.upper),
                min(figure.decimals, arm.decimals),
            )
        )
    return SecondComparison(sentence, tuple(rows))


def _chosen(
    rule: SecondReference,
    result: SetResult,
    programme: SetResult | None,
    before: SetResult | None,
) -> StratumLabel | None:
    if programme is None or (rule == SecondReference.BEST and before is None):
        return None
    labels = [f.stratum for f in programme.compared]

    def counts(of: SetResult) -> tuple[list[int], list[int]]:
        figures = [of.figure(label.code) for label in labels]
        return (
            [(f.numerator or 0) if f and f.numbers_shown else 0 for f in figures],
            [(f.denominator or 0) if f and f.numbers_shown else 0 for f in figures],
        )

    x, n = counts(programme)
    earlier_x, earlier_n = counts(before) if before is not None else (None, None)
    picked = references.choose(
        references.ReferenceRule(references.Strategy(rule.value)),
        x,
        n,
        eligible=np.ones(len(labels), dtype=bool),
        higher_is_better=result.higher_is_better,
        earlier_x=earlier_x,
        earlier_n=earlier_n,
    )
    at = int(picked.index)
    return labels[at] if at >= 0 else None


def _against_overall(result: SetResult, shown: Sequence[Figure]) -> SecondComparison:
    sentence = references.ReferenceRule(references.Strategy.OVERALL).sentence
    total = result.total
    if total is None or not total.numbers_shown:
        return SecondComparison(sentence, (), "The overall rate cannot be shown here.")
    rows = []
    for figure in shown:
        x, n = figure.numerator or 0, figure.denominator or 0
        rest = (total.numerator or 0) - x, (total.denominator or 0) - n
        found = overall.against_overall([x, rest[0]], [n, rest[1]])
        if np.isnan(found.gap[0]):
            continue
        rows.append(
            _second_row(
                figure,
                float(found.gap[0]),
                float(found.interval.lower[0]),
                float(found.interval.upper[0]),
                min(figure.decimals, total.decimals),
            )
        )
    return SecondComparison(sentence, tuple(rows))


def _against_benchmark(result: SetResult, shown: Sequence[Figure]) -> SecondComparison:
    benchmark = result.definition.benchmark_rate
    if benchmark is None:
        return SecondComparison("Reference: a benchmark.", (), "This measure has none.")
    rule = references.ReferenceRule(
        references.Strategy.BENCHMARK,
        benchmark=float(benchmark),
        label=result.definition.benchmark_source or "the benchmark of the measure",
    )
    rows = []
    for figure in shown:
        found = overall.against_benchmark(figure.numerator, figure.denominator, float(benchmark))  # type: ignore[arg-type]
        rows.append(
            _second_row(
                figure,
                float(found.gap),
                float(found.interval.lower),
                float(found.interval.upper),
                figure.decimals,
            )
        )
    return SecondComparison(rule.sentence, tuple(rows))


def _second_row(figure: Figure, gap: float, low: float, high: float, digits: int) -> SecondRow:
    points = [format_points(100 * v, digits) for v in (gap, low, high)]
    return SecondRow(figure.stratum.label, points[0], f"{points[1]} to {points[2]}")

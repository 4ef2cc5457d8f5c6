"""The expert view of a measure: every summary index over its groups, and the programme's second reference.

All of it is worked out from figures that the reader sees, over groups with 30 people or more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from measures.queries import Figure, SetResult, StratumLabel
from measures.stats import bootstrap, gaps, indices, overall, references
from reports.dashboards.conclusions import detectable_text, reliability_text
from reports.dashboards.evidence import counted_figures, detectable_points, site_reliability
from teams.enums import SecondReference
from teams.formats import format_points

_Index = Callable[..., indices.Estimate]


@dataclass(frozen=True)
class _Kind:
    """One index. needs: "reference", "direction" or nothing. signed: may lie below 0."""

    code: str
    name: str
    unit: str
    factor: float
    function: _Index
    needs: str = ""
    signed: bool = False


_POINTS, _PERCENT, _RATIO, _THOUSAND = "points", "percent", "ratio", "× 1,000"


def _kinds() -> tuple[_Kind, ...]:
    weighted, plain = {"weighted": True}, {"weighted": False}
    ix = indices
    return (
        _Kind("bgsd_corrected", "Between-group standard deviation, less chance", _POINTS, 100, ix.between_group_sd_corrected),
        _Kind("bgsd", "Between-group standard deviation", _POINTS, 100, ix.between_group_sd),
        _Kind("bgv", "Between-group variance", "points squared", 10_000, ix.between_group_variance),
        _Kind("cov", "Coefficient of variation", _PERCENT, 100, ix.coefficient_of_variation),
        _Kind("theil", "Theil index", _THOUSAND, 1_000, ix.theil),
        _Kind("mld", "Mean log deviation", _THOUSAND, 1_000, ix.mean_log_deviation),
        _Kind("idis_mean", "Index of disparity around the overall rate", _PERCENT, 100, partial(ix.index_of_disparity, **plain)),
        _Kind("idis_mean_weighted", "Index of disparity around the overall rate, by people", _PERCENT, 100, partial(ix.index_of_disparity, **weighted)),
        _Kind("idis_reference", "Index of disparity from the reference (Pearcy and Keppel)", _PERCENT, 100, ix.index_of_disparity_from_reference, "reference"),
        _Kind("mdm", "Mean distance from the overall rate", _POINTS, 100, partial(ix.mean_difference_from_mean, **plain)),
        _Kind("mdm_weighted", "Mean distance from the overall rate, by people", _POINTS, 100, partial(ix.mean_difference_from_mean, **weighted)),
        _Kind("mdb", "Mean distance from the best rate", _POINTS, 100, partial(ix.mean_difference_from_best, **plain), "direction"),
        _Kind("mdb_weighted", "Mean distance from the best rate, by people", _POINTS, 100, partial(ix.mean_difference_from_best, **weighted), "direction"),
        _Kind("mdr", "Mean distance from the reference", _POINTS, 100, partial(ix.mean_difference_from_reference, **plain), "reference"),
        _Kind("mdr_weighted", "Mean distance from the reference, by people", _POINTS, 100, partial(ix.mean_difference_from_reference, **weighted), "reference"),
        _Kind("mdr_signed_weighted", "Signed mean difference from the reference, by people", _POINTS, 100, partial(ix.signed_difference_from_reference, **weighted), "reference", signed=True),
        _Kind("par", "Population attributable risk: best rate less overall rate", _POINTS, 100, ix.population_attributable_risk, "direction", signed=True),
        _Kind("paf", "The same as a part of the overall rate", _PERCENT, 100, ix.population_attributable_fraction, "direction", signed=True),
        _Kind("range", "Highest less lowest rate", _POINTS, 100, ix.range_difference),
        _Kind("range_ratio", "Highest by lowest rate, interval from its standard error", _RATIO, 1, ix.range_ratio),
    )  # fmt: skip


_KINDS = _kinds()


@dataclass(frozen=True)
class IndexRow:
    """One index; numbers in its unit, None where there is no such number."""

    code: str
    name: str
    unit: str
    value: float | None
    lower: float | None
    upper: float | None

    @property
    def text(self) -> str:
        return _written(self.value)

    @property
    def interval(self) -> str:
        if self.lower is None or self.upper is None:
            return ""
        return f"{_written(self.lower)} to {_written(self.upper)}"


def _written(value: float | None) -> str:
    """Two decimals, three below 1."""
    if value is None:
        return ""
    return f"{value:.{3 if abs(value) < 1 else 2}f}".replace("-", "−")


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
    seed: int,
    second: SecondComparison | None,
    site_results: Sequence[SetResult],
    focus: StratumLabel | None,
) -> ExpertView:
    figures = counted_figures(result)
    told = site_reliability(site_results, focus)
    return ExpertView(
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


def indices_of(result: SetResult, *, seed: int) -> tuple[IndexRow, ...]:
    """All indices of one result; empty with fewer than two groups that have numbers."""
    figures = counted_figures(result)
    if len(figures) < 2:
        return ()
    at = next(
        (
            i
            for i, f in enumerate(figures)
            if result.reference and f.stratum.id == result.reference.id
        ),
        None,
    )
    return _indices(
        tuple(f.numerator for f in figures),  # type: ignore[misc]
        tuple(f.denominator for f in figures),  # type: ignore[misc]
        at,
        result.higher_is_better,
        seed,
    )


@lru_cache(maxsize=500)
def _indices(
    hits: tuple[int, ...],
    sizes: tuple[int, ...],
    reference: int | None,
    higher_is_better: bool,
    seed: int,
) -> tuple[IndexRow, ...]:
    rows = []
    for kind in _KINDS:
        function = kind.function
        if kind.needs == "reference":
            if reference is None:
                continue
            function = partial(function, reference=reference)
        elif kind.needs == "direction":
            function = partial(function, higher_is_better=higher_is_better)
        estimate = function(hits, sizes)
        value = float(estimate.value)
        if kind.unit == _RATIO:
            # Draws in which the lowest rate is 0 have no finite ratio; its logarithm has an error.
            factor = math.exp(1.959964 * float(estimate.error))
            lower, upper = value / factor, value * factor
        else:
            limits = bootstrap.bootstrap_interval(
                function, hits, sizes, seed=seed, least=-math.inf if kind.signed else 0.0
            )
            lower, upper = float(limits.lower), float(limits.upper)
        rows.append(
            IndexRow(
                kind.code,
                kind.name,
                kind.unit,
                *(v * kind.factor if math.isfinite(v) else None for v in (value, lower, upper)),
            )
        )
    return tuple(rows)


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


# --- files ------------------------------------------------------------------------------------------

INDEX_COLUMNS = (
    "period", "team_code", "team", "measure", "stratum_set", "index", "index_name", "unit", "value",
    "lower", "upper", "reference", "groups", "seed", "draws", "audience", "method_version",
)  # fmt: skip


def index_lines(result: SetResult, *, seed: int) -> Iterator[tuple[object, ...]]:
    """One row an index, in the order of INDEX_COLUMNS."""
    groups = " ".join(f.stratum.code for f in counted_figures(result))
    team = result.unit.team

    def number(value: float | None) -> object:
        return "" if value is None else round(value, 6) + 0.0

    for row in indices_of(result, seed=seed):
        yield (
            result.period.label,
            team.code if team else "",
            team.name if team else "",
            result.definition.measure.code,
            result.stratum_set.code,
            row.code,
            row.name,
            row.unit,
            number(row.value),
            number(row.lower),
            number(row.upper),
            result.reference.code if result.reference else "",
            groups,
            seed,
            bootstrap.DRAWS,
            result.audience.value,
            result.method_version,
        )

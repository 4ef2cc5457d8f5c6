"""Summary indices over the groups of one measure: rows of the expert view, lines of its file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from measures.queries import SetResult
from measures.stats import bootstrap, indices, ordered
from measures.stats.rates import z_value
from reports.dashboards.evidence import counted_figures

_Index = Callable[..., indices.Estimate]


#: Sets whose strata have an order, those with the least advantage first.
ORDERED_SETS = frozenset({"deprivation"})


@dataclass(frozen=True)
class _Kind:
    """One index. needs: "reference", "direction", both, "order" or nothing. signed: may lie below 0."""

    code: str
    name: str
    unit: str
    factor: float
    function: _Index
    needs: frozenset[str] = frozenset()
    signed: bool = False


_POINTS, _PERCENT, _RATIO, _THOUSAND = "points", "percent", "ratio", "× 1,000"


def _kinds() -> tuple[_Kind, ...]:
    weighted, plain = {"weighted": True}, {"weighted": False}
    ix = indices
    reference, direction = frozenset({"reference"}), frozenset({"direction"})
    order = frozenset({"order"})
    return (
        _Kind("bgsd_corrected", "Between-group standard deviation, less chance", _POINTS, 100, ix.between_group_sd_corrected),
        _Kind("bgsd", "Between-group standard deviation", _POINTS, 100, ix.between_group_sd),
        _Kind("bgv", "Between-group variance", "points squared", 10_000, ix.between_group_variance),
        _Kind("bgv_corrected", "Between-group variance, less chance", "points squared", 10_000, ix.between_group_variance_corrected),
        _Kind("cov", "Coefficient of variation", _PERCENT, 100, ix.coefficient_of_variation),
        _Kind("theil", "Theil index", _THOUSAND, 1_000, ix.theil),
        _Kind("mld", "Mean log deviation", _THOUSAND, 1_000, ix.mean_log_deviation),
        _Kind("idis_mean", "Index of disparity around the overall rate", _PERCENT, 100, partial(ix.index_of_disparity, **plain)),
        _Kind("idis_mean_weighted", "Index of disparity around the overall rate, by people", _PERCENT, 100, partial(ix.index_of_disparity, **weighted)),
        _Kind("idis_reference", "Index of disparity from the reference (Pearcy and Keppel)", _PERCENT, 100, ix.index_of_disparity_from_reference, reference),
        _Kind("mdm", "Mean distance from the overall rate", _POINTS, 100, partial(ix.mean_difference_from_mean, **plain)),
        _Kind("mdm_weighted", "Mean distance from the overall rate, by people", _POINTS, 100, partial(ix.mean_difference_from_mean, **weighted)),
        _Kind("mdb", "Mean distance from the best rate", _POINTS, 100, partial(ix.mean_difference_from_best, **plain), direction),
        _Kind("mdb_weighted", "Mean distance from the best rate, by people", _POINTS, 100, partial(ix.mean_difference_from_best, **weighted), direction),
        _Kind("mdr", "Mean distance from the reference", _POINTS, 100, partial(ix.mean_difference_from_reference, **plain), reference),
        _Kind("mdr_weighted", "Mean distance from the reference, by people", _POINTS, 100, partial(ix.mean_difference_from_reference, **weighted), reference),
        _Kind("mdr_signed_weighted", "Signed mean difference from the reference, by people", _POINTS, 100, partial(ix.signed_difference_from_reference, **weighted), reference, signed=True),
        _Kind("mdr_signed", "Signed mean difference from the reference", _POINTS, 100, partial(ix.signed_difference_from_reference, **plain), reference, signed=True),
        _Kind("par", "Population attributable risk: best rate less overall rate", _POINTS, 100, ix.population_attributable_risk, direction, signed=True),
        _Kind("paf", "The same as a part of the overall rate", _PERCENT, 100, ix.population_attributable_fraction, direction, signed=True),
        _Kind("range", "Highest less lowest rate", _POINTS, 100, ix.range_difference),
        _Kind("range_ratio", "Highest by lowest rate, interval from its standard error", _RATIO, 1, ix.range_ratio),
        _Kind("worst", "Worst other group less the reference", _POINTS, 100, ix.worst_difference, reference | direction, signed=True),
        _Kind("worst_ratio", "Worst other group by the reference, interval from its standard error", _RATIO, 1, ix.worst_ratio, reference | direction),
        _Kind("aci", "Absolute concentration index, most deprived first", _POINTS, 100, ordered.absolute_concentration, order, signed=True),
        _Kind("rci", "Relative concentration index, most deprived first", _PERCENT, 100, ordered.relative_concentration, order, signed=True),
    )  # fmt: skip


_KINDS = _kinds()


@dataclass(frozen=True)
class IndexRow:
    """One index; numbers in its unit, None where there is no such number.

    error: standard error by formula, of a ratio that of its logarithm; None where only simulation has one.
    """

    code: str
    name: str
    unit: str
    value: float | None
    lower: float | None
    upper: float | None
    error: float | None

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
        tuple(f.numerator for f in figures),
        tuple(f.denominator for f in figures),
        at,
        result.higher_is_better,
        result.stratum_set.code in ORDERED_SETS,
        seed,
    )


@lru_cache(maxsize=500)
def _indices(
    hits: tuple[int, ...],
    sizes: tuple[int, ...],
    reference: int | None,
    higher_is_better: bool,
    has_order: bool,
    seed: int,
) -> tuple[IndexRow, ...]:
    given: dict[str, dict[str, int]] = {"direction": {"higher_is_better": higher_is_better}}
    if reference is not None:
        given["reference"] = {"reference": reference}
    if has_order:
        given["order"] = {}
    rows = []
    for kind in _KINDS:
        if not kind.needs <= given.keys():
            continue
        arguments = {name: v for need in kind.needs for name, v in given[need].items()}
        function = partial(kind.function, **arguments)
        estimate = function(hits, sizes)
        value, error = float(estimate.value), float(estimate.error)
        if kind.unit == _RATIO:
            # Draws in which the lowest rate is 0 have no finite ratio; its logarithm has an error.
            factor = math.exp(z_value(0.95) * error)
            lower, upper = value / factor, value * factor
        else:
            limits = bootstrap.bootstrap_interval(
                function, hits, sizes, seed=seed, least=-math.inf if kind.signed else 0.0
            )
            lower, upper = float(limits.lower), float(limits.upper)
            error *= kind.factor
        numbers = [*(v * kind.factor for v in (value, lower, upper)), error]
        rows.append(_row(kind.code, kind.name, kind.unit, numbers))
    return (*rows, *(_slopes(hits, sizes) if has_order else ()))


def _row(code: str, name: str, unit: str, numbers: Iterable[float]) -> IndexRow:
    """numbers: value, lower, upper and standard error."""
    return IndexRow(code, name, unit, *(v if math.isfinite(v) else None for v in numbers))


def _slopes(hits: tuple[int, ...], sizes: tuple[int, ...]) -> Iterator[IndexRow]:
    """Slope indices over ordered groups; their intervals come from the regression, not from draws."""
    fits = (
        ("", "logistic", ordered.slope_logit(hits, sizes)),
        ("_linear", "straight line", ordered.slope_linear(hits, sizes)),
    )
    for ending, how, found in fits:
        points = [100 * float(v) for v in (found.sii.value, *found.sii_interval, found.sii.error)]
        ratio = [float(v) for v in (found.rii.value, *found.rii_interval, found.rii.error)]
        yield _row(f"sii{ending}", f"Slope index of inequality, {how}", _POINTS, points)
        yield _row(f"rii{ending}", f"Relative index of inequality, {how}", _RATIO, ratio)


# --- files ------------------------------------------------------------------------------------------

INDEX_COLUMNS = (
    "period", "team_code", "team", "measure", "stratum_set", "index", "index_name", "unit", "value",
    "lower", "upper", "standard_error", "reference", "groups", "seed", "draws", "audience", "method_version",
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
            number(row.error),
            result.reference.code if result.reference else "",
            groups,
            seed,
            bootstrap.DRAWS,
            result.audience.value,
            result.method_version,
        )

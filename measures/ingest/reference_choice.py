"""What the programme's rules choose as reference, once for every family: the same stratum for every team.

Best and largest are looked for over all groups together. Which stratum it is must not tell more than the
numbers do: strata that rest on a small count cannot be the best one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from measures.enums import ReferenceStrategy, StratumKind
from measures.ingest.families import FamilyTable, Unit, read_cells
from measures.models import MeasureDefinition, Period, Slice
from measures.queries.axis import StratumAxis
from measures.queries.references import ReferenceUsed, list_rules_in_force, rule_of
from measures.stats.references import ReferenceRule, Strategy, choose
from measures.stats.suppression import LEAST_COUNT

Family = tuple[int, int]
Rules = dict[str, ReferenceUsed]


def choose_references(
    source_id: int, table: FamilyTable, definitions: Mapping[Family, MeasureDefinition]
) -> list[Rules]:
    """Set code → rule and what it chose, for each family of the table; only sets with a rule are in it."""
    years = sorted({d.year for d in definitions.values()})
    in_force = {
        year: {code: rule_of(setting) for code, setting in list_rules_in_force(year).items()}
        for year in years
    }
    if not any(in_force.values()):
        return [{} for _ in table.families]
    wanted = [in_force[definitions[family].year] for family in table.families]
    asks_best = [
        family
        for family, rules in zip(table.families, wanted, strict=True)
        if any(rule.strategy == ReferenceStrategy.BEST for rule in rules.values())
    ]
    earlier = _Earlier(source_id, asks_best, table.axis)
    index = {code: indices for code, indices, _ in table.axis.sets()}
    at_programme = table.units.index(Unit()) if Unit() in table.units else None
    found = []
    for m, (family, rules) in enumerate(zip(table.families, wanted, strict=True)):
        chosen = {}
        for code, rule in rules.items():
            if code not in index:
                continue
            if rule.strategy == ReferenceStrategy.BENCHMARK:
                chosen[code] = _benchmark(rule, definitions[family])
            elif rule.strategy == ReferenceStrategy.LARGEST and at_programme is not None:
                n = table.counts["denominator"][m, at_programme]
                chosen[code] = _picked(rule, table.axis, index[code], n * 0, n)
            elif rule.strategy == ReferenceStrategy.BEST:
                chosen[code] = earlier.best(rule, family, index[code])
            else:
                chosen[code] = rule
        found.append(chosen)
    return found


def list_followers(source_id: int, families: Sequence[Family]) -> list[Family]:
    """Families whose best group is looked for in one of these: they are to be worked out after them."""
    rules_of: dict[int, bool] = {}
    periods = _periods_of(source_id, {m for m, _ in families})
    wanted, found = set(families), []
    for measure_id, of_measure in periods.items():
        for period in of_measure:
            if period.year not in rules_of:
                rules = list_rules_in_force(period.year).values()
                rules_of[period.year] = any(r.strategy == ReferenceStrategy.BEST for r in rules)
            before = _period_before(period, of_measure) if rules_of[period.year] else None
            if before is not None and (measure_id, before.pk) in wanted:
                found.append((measure_id, period.pk))
    return found


def _benchmark(rule: ReferenceUsed, definition: MeasureDefinition) -> ReferenceUsed:
    if definition.benchmark_rate is None:
        return rule
    label = definition.benchmark_source or "the benchmark of the measure"
    return replace(rule, benchmark=str(definition.benchmark_rate), label=label)


def _picked(
    rule: ReferenceUsed,
    axis: StratumAxis,
    indices: Sequence[int],
    x: np.ndarray,
    n: np.ndarray,
    *,
    higher_is_better: bool = True,
    chosen_in: str = "",
) -> ReferenceUsed:
    """x, n: of all groups together, over the axis."""
    some = list(indices)
    picked = choose(
        ReferenceRule(Strategy(rule.strategy.value), least_n=rule.least_n),
        x[some],
        n[some],
        eligible=[axis.strata[i].kind == StratumKind.SPECIFIED for i in some],
        higher_is_better=higher_is_better,
        earlier_x=x[some],
        earlier_n=n[some],
    )
    at = int(picked.index)
    if at < 0:
        return replace(rule, chosen_in=chosen_in)
    stratum = axis.strata[some[at]]
    return replace(rule, stratum_id=stratum.pk, label=stratum.label, chosen_in=chosen_in)


class _Earlier:
    """Counts of all groups together in the period before each family, read at once."""

    def __init__(self, source_id: int, families: Sequence[Family], axis: StratumAxis) -> None:
        self.axis = axis
        periods = _periods_of(source_id, {m for m, _ in families}) if families else {}
        self.before: dict[Family, Period] = {}
        for measure_id, period_id in families:
            of_measure = periods.get(measure_id, [])
            period = next((p for p in of_measure if p.pk == period_id), None)
            before = _period_before(period, of_measure) if period is not None else None
            if before is not None:
                self.before[measure_id, period_id] = before
        asked = sorted({(m, before.pk) for (m, _), before in self.before.items()})
        self.sums: dict[tuple[int, int, int], tuple[int, int]] = {}
        if asked:
            cells = read_cells(source_id, asked).filter(~pl.col("by_site"))
            keys = ["measure_id", "period_id", "stratum_id"]
            sums = cells.group_by(keys).agg(pl.col("denominator", "numerator").sum())
            self.sums = {(m, p, s): (n, x) for m, p, s, n, x in sums.iter_rows()}
        self.higher_is_better = {
            (d.measure_id, d.year): d.higher_is_better
            for d in MeasureDefinition.objects.filter(measure_id__in={m for m, _ in asked})
        }

    def best(self, rule: ReferenceUsed, family: Family, indices: Sequence[int]) -> ReferenceUsed:
        before = self.before.get(family)
        if before is None:
            return rule
        measure_id = family[0]
        n, x = np.zeros(self.axis.size, np.int64), np.zeros(self.axis.size, np.int64)
        for i in indices:
            people, met = self.sums.get((measure_id, before.pk, self.axis.strata[i].pk), (0, 0))
            # Of a small count nothing is told, not even that its rate is the best.
            if LEAST_COUNT <= met <= people - LEAST_COUNT:
                n[i], x[i] = people, met
        return _picked(
            rule,
            self.axis,
            indices,
            x,
            n,
            higher_is_better=self.higher_is_better.get((measure_id, before.year), True),
            chosen_in=before.label,
        )


def _periods_of(source_id: int, measure_ids: set[int]) -> dict[int, list[Period]]:
    """Measure id → periods in which it has current data."""
    pairs = set(
        Slice.objects.filter(source_id=source_id, is_current=True, measure_id__in=measure_ids)
        .values_list("measure_id", "period_id")
        .distinct()
    )
    periods = Period.objects.in_bulk({p for _, p in pairs})
    found: dict[int, list[Period]] = {}
    for measure_id, period_id in pairs:
        found.setdefault(measure_id, []).append(periods[period_id])
    return found


def _period_before(period: Period, others: Sequence[Period]) -> Period | None:
    """The latest of the same form that ended before the period began: none of its months are in both."""
    earlier = [
        p for p in others if p.ends_on < period.starts_on and len(p.label) == len(period.label)
    ]
    return max(earlier, key=lambda p: p.ends_on, default=None)

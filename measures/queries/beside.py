"""What is published beside the cells of cards, as the exact check wants to see it.

Completeness by field and imputed rates are read as readers outside the groups get them, so that what is
checked is what is shown. The true numbers behind them come along: the check looks around the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from measures.enums import CountingUnit, RealCategory, RealField, StratumKind
from measures.models import ImputedSlice, MeasureDefinition, Period, Source
from measures.queries.completeness import CompletenessRow, list_completeness
from measures.queries.imputation import (
    ImputedResult,
    list_current_sums,
    list_published_imputed,
    sums_of,
)
from measures.queries.imputed_protection import GROUP_STRATA
from measures.stats.imputed import RATED
from measures.stats.imputed_disclosure import PublishedImputed
from measures.stats.published_limits import imputed_limits, imputed_names, members_limits
from measures.stats.puzzle import NOTHING, Beside, Limit
from teams.scoping import NOBODY

if TYPE_CHECKING:
    from measures.queries.protection import CardTable

#: Which categories of members are the strata of a kind.
_CATEGORIES = {
    StratumKind.SPECIFIED: (
        RealCategory.SELF_REPORTED, RealCategory.OTHER_DIRECT, RealCategory.SOURCE_UNKNOWN,
        RealCategory.INDIRECT,
    ),
    StratumKind.DECLINED: (RealCategory.DECLINED,),
    StratumKind.UNKNOWN: (RealCategory.UNKNOWN, RealCategory.NOT_COLLECTED),
}  # fmt: skip
#: Fields of which a card shows the strata, or such as they follow from.
_FIELDS = (RealField.RACE, RealField.ETHNICITY)


def completeness_limits(source: Source, period: Period, table: CardTable) -> list[Limit]:
    """What tables of completeness by team tell of the race and ethnicity of each measure that counts persons."""
    ids = table.team_ids
    outside = replace(NOBODY, team_ids=ids)
    inside = replace(outside, own_team_ids=frozenset(ids))
    members = {
        (row.team.pk, row.field): row.eligible
        for row in list_completeness(inside, source=source, period=period)
    }
    persons = set(
        MeasureDefinition.objects.filter(
            year=period.year, measure_id__in=table.measure_ids, counting_unit=CountingUnit.PERSON
        ).values_list("measure_id", flat=True)
    )
    found: list[Limit] = []
    for row in list_completeness(outside, source=source, period=period):
        categories = _categories(table, row)
        unit = ids.index(row.team.pk) + 1
        for measure, measure_id in enumerate(table.measure_ids):
            total = table.number_of(table.axis.total)
            people = int(table.n[measure, unit, total])
            if categories and people and measure_id in persons:
                limits = members_limits(
                    measure=measure,
                    unit=unit,
                    total=total,
                    categories=categories,
                    counts_all=people == members[row.team.pk, row.field],
                )
                known = people if not table.hidden[measure, unit, total] else None
                found += (limit for limit in limits if known is None or _says_more(limit, known))
    return found


def _says_more(limit: Limit, people: int) -> bool:
    """Whether a limit of a part of so many people says more than that it is a part of them.

    Mostly a measure has far fewer people than the table has members; the check is quicker without those.
    """
    least = -people if len(set(limit.terms.values())) > 1 else 0
    return limit.high < people or limit.low > least


def _categories(
    table: CardTable, row: CompletenessRow
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(strata of the set of the field, members of the categories that they are), kind by kind."""
    if row.field not in _FIELDS:
        return []
    strata = [
        (table.number_of(i), s.kind)
        for i, s in enumerate(table.axis.strata)
        if s.stratum_set.code == row.field.value
    ]
    return [
        (
            tuple(number for number, of in strata if of == kind),
            tuple(row.counts.get(category, 0) for category in categories),
        )
        for kind, categories in _CATEGORIES.items()
    ]


def imputed_beside(source: Source, period: Period, table: CardTable) -> Beside:
    """What the imputed rates of programme and teams tell, with the imputed people behind them."""
    rows = list(list_current_sums(source, period))
    if not rows:
        return NOTHING
    limits: list[Limit] = []
    place = {
        s.code: table.number_of(i)
        for i, s in enumerate(table.axis.strata)
        if s.stratum_set.code == "combined"
    }
    for measure, unit, result in _published(source, period, table):
        shown = {
            rate.group: PublishedImputed(
                tuple(place[code] for code in GROUP_STRATA[rate.group]),
                rate.range.expected,
                rate.range.weighted,
            )
            for rate in result.rates
            if rate.range is not None
        }
        limits += imputed_limits(
            measure=measure,
            unit=unit,
            shown=shown,
            groups=list(GROUP_STRATA),
            imputed_about=round(result.imputed_share * result.row_count),
            unknown=place["unknown"],
        )
    others: dict[tuple[int, int, str], float] = {}
    for row in rows:
        if row.measure_id not in table.measure_ids or row.team_id not in table.team_ids:
            continue
        measure = table.measure_ids.index(row.measure_id)
        for unit in (0, table.team_ids.index(row.team_id) + 1):
            for name, value in zip(imputed_names(list(GROUP_STRATA)), _people(row), strict=True):
                key = measure, unit, name
                others[key] = others.get(key, 0.0) + value
    return Beside(limits, others)


def _published(
    source: Source, period: Period, table: CardTable
) -> Iterator[tuple[int, int, ImputedResult]]:
    for team_id, result in list_published_imputed(source, period):
        unit = 0 if team_id is None else table.team_ids.index(team_id) + 1
        yield table.measure_ids.index(result.definition.measure_id), unit, result


def _people(row: ImputedSlice) -> list[float]:
    """Imputed people of each group and of the others, met and missed, in the order of `imputed_names`."""
    sums = sums_of(row)
    found = []
    for number in range(len(RATED)):
        met = max(float(sums.expected_met[number]) - row.direct[len(RATED) + number], 0.0)
        everybody = max(float(sums.expected[number]) - row.direct[number], met)
        found += [met, everybody - met]
    return found

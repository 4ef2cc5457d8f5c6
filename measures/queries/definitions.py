"""Definitions for readers: measures by domain, what changed over the years, how people are grouped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch

from measures.models import MeasureDefinition, Stratum, StratumSet

#: Fields whose change begins a new stretch of years.
_TEXTS = (
    "name",
    "steward",
    "direction",
    "counting_unit",
    "denominator_meaning",
    "numerator_meaning",
    "minimum_denominator",
)


@dataclass(frozen=True)
class Domain:
    """Definitions of one domain in one measurement year."""

    name: str
    definitions: tuple[MeasureDefinition, ...]


@dataclass(frozen=True)
class Stretch:
    """Years, first to last, in which a measure means the same."""

    first: int
    last: int
    definition: MeasureDefinition

    @property
    def years(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def list_definition_years() -> list[int]:
    """Measurement years with any definition, latest first."""
    return list(
        MeasureDefinition.objects.order_by("-year").values_list("year", flat=True).distinct()
    )


def list_domains(*, year: int) -> list[Domain]:
    """Definitions of a year by domain, in the order of pages: one query."""
    domains: dict[str, list[MeasureDefinition]] = {}
    rows = MeasureDefinition.objects.filter(year=year).select_related("measure")
    for row in rows.order_by("measure__position"):
        domains.setdefault(row.domain, []).append(row)
    return [Domain(name, tuple(definitions)) for name, definitions in domains.items()]


def list_years_of(code: str) -> list[MeasureDefinition]:
    """Every year of a measure, latest first; empty for an unknown code."""
    rows = MeasureDefinition.objects.filter(measure__code=code).select_related("measure")
    return list(rows.order_by("-year"))


def list_stretches(definitions: Sequence[MeasureDefinition]) -> list[Stretch]:
    """Years that mean the same, taken together; latest first, like the years given."""
    stretches: list[Stretch] = []
    for row in definitions:
        latest = stretches[-1] if stretches else None
        if (
            latest
            and latest.first == row.year + 1
            and all(getattr(latest.definition, f) == getattr(row, f) for f in _TEXTS)
        ):
            stretches[-1] = Stretch(row.year, latest.last, latest.definition)
        else:
            stretches.append(Stretch(row.year, row.year, row))
    return stretches


def list_sharing(definition: MeasureDefinition) -> list[MeasureDefinition]:
    """Other measures that count the same people in the same year."""
    if not definition.shared_denominator:
        return []
    rows = MeasureDefinition.objects.filter(
        year=definition.year, shared_denominator=definition.shared_denominator
    ).exclude(pk=definition.pk)
    return list(rows.select_related("measure").order_by("measure__position"))


def list_sets_with_strata() -> list[StratumSet]:
    """Every way to group people, each with its strata in order: two queries."""
    strata = Stratum.objects.order_by("position")
    return list(
        StratumSet.objects.order_by("position").prefetch_related(Prefetch("strata", strata))
    )

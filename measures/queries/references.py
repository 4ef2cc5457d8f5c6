"""The reference of each stratum set: which rule holds in a year, and what it chose for a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db.models import QuerySet

from measures.enums import ReferenceStrategy, StratumKind
from measures.models import ReferenceSetting, Stratum, StratumSet
from measures.stats.disparity import StratumSetLayout
from measures.stats.references import ENOUGH, ReferenceRule, Strategy

#: Codes of references that are no stratum of the set that is compared.
EVERYONE_CODE, BENCHMARK_CODE = "all", "benchmark"


@dataclass(frozen=True)
class ReferenceUsed:
    """The rule behind the gaps of one result, and what it chose.

    stratum_id: None where it is no stratum, or none qualified. benchmark: text of a proportion, such as
    "0.715", so that it stays what was printed. label: of the stratum, or where the benchmark comes from.
    chosen_in: label of the earlier period in which the best group was looked for. version: of the
    programme's setting, 0 for the stratum that the definitions name.
    """

    strategy: ReferenceStrategy
    stratum_id: int | None = None
    label: str = ""
    benchmark: str | None = None
    least_n: int = ENOUGH
    chosen_in: str = ""
    version: int = 0

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> ReferenceUsed:
        """As `Computation.reference_rules` holds it."""
        return cls(**{**stored, "strategy": ReferenceStrategy(stored["strategy"])})

    def to_store(self) -> dict[str, Any]:
        return {
            "strategy": self.strategy.value,
            "stratum_id": self.stratum_id,
            "label": self.label,
            "benchmark": self.benchmark,
            "least_n": self.least_n,
            "chosen_in": self.chosen_in,
            "version": self.version,
        }

    @property
    def is_found(self) -> bool:
        """Whether there is anything to compare with."""
        return (
            self.strategy == ReferenceStrategy.OVERALL
            or self.stratum_id is not None
            or self.benchmark is not None
        )

    @property
    def sentence(self) -> str:
        """The rule as pages, cards and files print it, with what it chose; empty without a reference."""
        if self.strategy == ReferenceStrategy.NAMED and self.stratum_id is None:
            return ""
        if self.strategy == ReferenceStrategy.BENCHMARK and self.benchmark is None:
            return "Reference: the measure’s benchmark. It has none in this year."
        printed = ReferenceRule(
            Strategy(self.strategy.value),
            least_n=self.least_n,
            stratum=self.stratum_id if self.strategy == ReferenceStrategy.NAMED else None,
            benchmark=None if self.benchmark is None else float(self.benchmark),
            label=self.label,
        ).sentence
        if self.strategy not in (ReferenceStrategy.BEST, ReferenceStrategy.LARGEST):
            return printed
        if self.stratum_id is None:
            nobody = "No group qualifies." if self.chosen_in else "There is no earlier period."
            if self.strategy == ReferenceStrategy.LARGEST:
                nobody = "There is none."
            return f"{printed} {nobody}"
        when = f", chosen in {self.chosen_in}" if self.chosen_in else ""
        return f"{printed[:-1]}: {self.label}{when}, over all groups together."

    def layout(
        self, name: str, strata: Sequence[Stratum], indices: Sequence[int], whole: int
    ) -> StratumSetLayout:
        """Where the set stands on an axis of strata. whole: index of everyone."""
        found = next((i for i in indices if strata[i].pk == self.stratum_id), -1)
        return StratumSetLayout(
            name,
            tuple(indices),
            found,
            tuple(i for i in indices if strata[i].kind == StratumKind.SPECIFIED),
            whole=whole if self.strategy == ReferenceStrategy.OVERALL else -1,
            benchmark=None if self.benchmark is None else Fraction(self.benchmark),
        )


def named_in_definitions(strata: Iterable[Stratum]) -> ReferenceUsed:
    """Of the strata of one set: the one that the definitions name, if any."""
    stratum = next((s for s in strata if s.is_reference), None)
    if stratum is None:
        return ReferenceUsed(ReferenceStrategy.NAMED)
    return ReferenceUsed(ReferenceStrategy.NAMED, stratum_id=stratum.pk, label=stratum.label)


def used_by(
    rules: Mapping[str, Any], stratum_set: StratumSet, strata: Iterable[Stratum]
) -> ReferenceUsed:
    """The rule of a set in a computation's `reference_rules`, or the one of the definitions."""
    stored = rules.get(stratum_set.code)
    return ReferenceUsed.from_stored(stored) if stored else named_in_definitions(strata)


def list_reference_settings() -> QuerySet[ReferenceSetting]:
    """Every version, the latest of each set first."""
    return ReferenceSetting.objects.select_related("stratum_set", "stratum", "set_by").order_by(
        "stratum_set__position", "-version"
    )


def list_rules_in_force(year: int) -> dict[str, ReferenceSetting]:
    """Set code → the version that holds in a measurement year; sets without one are not in it."""
    found: dict[str, ReferenceSetting] = {}
    for setting in list_reference_settings():
        if setting.from_year <= year:
            found.setdefault(setting.stratum_set.code, setting)
    return found


def get_rule(stratum_set: StratumSet, *, year: int) -> ReferenceUsed:
    """The rule of a set in a year, before it has chosen anything for a measure."""
    setting = list_rules_in_force(year).get(stratum_set.code)
    if setting is None:
        return named_in_definitions(stratum_set.strata.all())
    return rule_of(setting)


def rule_of(setting: ReferenceSetting) -> ReferenceUsed:
    """A setting as a rule that has chosen nothing yet, but for a stratum that it names."""
    return ReferenceUsed(
        strategy=ReferenceStrategy(setting.strategy),
        stratum_id=setting.stratum_id,
        label=setting.stratum.label if setting.stratum else "",
        least_n=setting.least_n,
        version=setting.version,
    )

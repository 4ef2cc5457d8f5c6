"""The reference of each stratum set: which rule holds in a year, and what it chose for a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Protocol

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
    def is_settled(self) -> bool:
        """Whether anybody is compared at all: a set can be without a reference."""
        return self.strategy != ReferenceStrategy.NAMED or self.stratum_id is not None

    @property
    def sentence(self) -> str:
        """The rule as pages, cards and files print it, with what it chose; empty without a reference."""
        if self.strategy == ReferenceStrategy.NAMED and self.stratum_id is None:
            return ""
        if self.strategy == ReferenceStrategy.BENCHMARK and self.benchmark is None:
            return f"{self.rule_sentence} It has none in this year."
        if self.strategy == ReferenceStrategy.BENCHMARK:
            return ReferenceRule(
                Strategy.BENCHMARK, benchmark=float(self.benchmark or 0), label=self.label
            ).sentence
        printed = self.rule_sentence
        if self.strategy not in (ReferenceStrategy.BEST, ReferenceStrategy.LARGEST):
            return printed
        if self.stratum_id is None:
            if self.strategy == ReferenceStrategy.LARGEST:
                return f"{printed} There is none."
            nobody = "No group qualifies." if self.chosen_in else "There is no earlier period."
            return f"{printed} {nobody}"
        when = f", chosen in {self.chosen_in}" if self.chosen_in else ""
        return f"{printed[:-1]}: {self.label}{when}, over all groups together."

    @property
    def rule_sentence(self) -> str:
        """The rule alone, without what it chose; empty without a reference."""
        if not self.is_settled:
            return ""
        if self.strategy == ReferenceStrategy.BENCHMARK:
            return "Reference: the measure’s benchmark, a fixed number."
        return ReferenceRule(
            Strategy(self.strategy.value),
            least_n=self.least_n,
            stratum=self.stratum_id if self.strategy == ReferenceStrategy.NAMED else None,
            label=self.label,
        ).sentence

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


class _Named(Protocol):
    """What is asked of a stratum, or of its label."""

    @property
    def id(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def is_reference(self) -> bool: ...


def named_in_definitions(strata: Iterable[_Named]) -> ReferenceUsed:
    """Of the strata of one set: the one that the definitions name, if any."""
    stratum = next((s for s in strata if s.is_reference), None)
    if stratum is None:
        return ReferenceUsed(ReferenceStrategy.NAMED)
    return ReferenceUsed(ReferenceStrategy.NAMED, stratum_id=stratum.id, label=stratum.label)


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


def list_unapplied_rules(*, before: datetime) -> list[int]:
    """Ids of rules that were settled before a time and that not all results follow yet."""
    unapplied = ReferenceSetting.objects.filter(applied_at__isnull=True, set_at__lt=before)
    return list(unapplied.order_by("set_at").values_list("id", flat=True))


def list_rules_in_force(year: int) -> dict[str, ReferenceSetting]:
    """Set code → the version that holds in a measurement year; sets without one are not in it."""
    found: dict[str, ReferenceSetting] = {}
    for setting in list_reference_settings():
        if setting.from_year <= year:
            found.setdefault(setting.stratum_set.code, setting)
    return found


def get_rule(stratum_set: StratumSet, strata: Iterable[_Named], *, year: int) -> ReferenceUsed:
    """The rule of a set in a year, before it has chosen anything for a measure: one query.

    strata: those of the set.
    """
    setting = list_rules_in_force(year).get(stratum_set.code)
    return named_in_definitions(strata) if setting is None else rule_of(setting)


def rule_of(setting: ReferenceSetting) -> ReferenceUsed:
    """A setting as a rule that has chosen nothing yet, but for a stratum that it names."""
    return ReferenceUsed(
        strategy=ReferenceStrategy(setting.strategy),
        stratum_id=setting.stratum_id,
        label=setting.stratum.label if setting.stratum else "",
        least_n=setting.least_n,
        version=setting.version,
    )

"""What imputed rates may be shown beside the direct numbers of a card, to readers outside the group.

Two rules. A group of people with a hidden direct number has an imputed rate only if imputed people blur it by
more than a small count. And no imputed rate of a unit and measure is shown where, together with the shown
direct numbers, they would tell that a hidden count is small (`measures.stats.imputed_disclosure`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from measures.models import Period, Source, Stratum, StratumResult
from measures.stats import imputed_disclosure
from measures.stats.imputed import RATED, RateRange, Sums
from measures.stats.imputed_disclosure import PublishedImputed, imputed_leaks
from measures.stats.states import PRIVATE_STATES
from teams.models import Team

#: Group → strata of the combined set in which its direct answers stand.
GROUP_STRATA = {
    "white": ("nh_white",),
    "black": ("nh_black",),
    "hispanic": ("hispanic",),
    "api": ("nh_asian", "nh_nhpi"),
}


@dataclass(frozen=True)
class CardLine:
    """The combined strata of one unit and measure. codes in their order; arrays beside them."""

    codes: tuple[str, ...]
    n: Any
    x: Any
    hidden: Any

    @property
    def hidden_groups(self) -> frozenset[str]:
        """Groups with a direct number that is hidden from others."""
        hidden = {
            code for code, is_hidden in zip(self.codes, self.hidden, strict=True) if is_hidden
        }
        return frozenset(g for g, codes in GROUP_STRATA.items() if hidden & set(codes))

    def gives_away(self, rates: Sequence[RateRange], *, imputed_about: float) -> bool:
        """Whether these rates, as published, and the shown strata tell that a hidden count is small."""
        return _leaks(
            tuple(self.n.tolist()),
            tuple(self.x.tolist()),
            tuple(self.hidden.tolist()),
            tuple(published(rates, self.codes)),
            imputed_about,
            self.codes.index("unknown"),
        )


@lru_cache(maxsize=10_000)
def _leaks(
    n: tuple[int, ...],
    x: tuple[int, ...],
    hidden: tuple[bool, ...],
    groups: tuple[PublishedImputed, ...],
    imputed_about: float,
    unknown: int,
) -> bool:
    """The verdict follows from the numbers alone: a page of twenty measures solves its programs once."""
    return bool(
        imputed_leaks(
            np.array(n),
            np.array(x),
            np.array(hidden, dtype=bool),
            groups,
            imputed_about=imputed_about,
            unknown=unknown,
        )
    )


def published(rates: Sequence[RateRange], codes: Sequence[str]) -> list[PublishedImputed]:
    """Rates as the check takes them; codes: strata of the combined set in the order of its arrays."""
    return [
        PublishedImputed(
            strata=tuple(codes.index(code) for code in GROUP_STRATA[rate.group] if code in codes),
            expected=rate.expected,
            rate=rate.weighted,
        )
        for rate in rates
    ]


def read_card_lines(source: Source, period: Period, team: Team | None) -> dict[int, CardLine]:
    """Measure → its combined strata, of a team or of all groups together; two queries."""
    codes = tuple(
        Stratum.objects.filter(stratum_set__code="combined")
        .order_by("position")
        .values_list("code", flat=True)
    )
    rows: dict[int, dict[str, tuple[int, int, bool]]] = {}
    for measure_id, code, n, x, state in StratumResult.objects.filter(
        source=source, period=period, team=team, stratum__stratum_set__code="combined"
    ).values_list("measure_id", "stratum__code", "denominator", "numerator", "state"):
        rows.setdefault(measure_id, {})[code] = (n, x, state in PRIVATE_STATES)
    lines = {}
    for measure_id, found in rows.items():
        # Empty strata are not listed; where every listed one is hidden, nobody knows which are empty.
        closed = all(hidden for _, _, hidden in found.values())
        empty = (0, 0, closed)
        listed = [found.get(code, empty) for code in codes]
        lines[measure_id] = CardLine(
            codes=codes,
            n=np.array([n for n, _, _ in listed]),
            x=np.array([x for _, x, _ in listed]),
            hidden=np.array([hidden for _, _, hidden in listed], dtype=bool),
        )
    return lines


def is_blurred(direct: Sequence[Sequence[int]], each: Sequence[Sums], number: int) -> bool:
    """Whether imputed people hide every small direct count of a group, whichever team subtracts its own.

    direct, each: per team, counts of direct answers (denominators, then numerators) and sums; number: of
    the group.
    """
    n = np.array([s.expected[number] - d[number] for d, s in zip(direct, each, strict=True)])
    x = np.array(
        [s.expected_met[number] - d[len(RATED) + number] for d, s in zip(direct, each, strict=True)]
    )
    return imputed_disclosure.is_blurred(n, x)

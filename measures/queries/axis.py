"""All strata of all sets side by side, with what ties their numbers to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measures.models import Stratum
from measures.stats.suppression import Relation

#: Sets that readers outside a group see for the programme only. They overlap with the combined set:
#: shown together for a group, the two would give each other's small strata away.
PROGRAMME_ONLY = frozenset({"race", "ethnicity", "race2024"})

#: Sets that only the group itself sees: worked out from its member rows when it looks (ADR 22). They are in
#: no stored result and no published table, so they tie no published numbers to each other.
OWN_SETS = frozenset({"deprivation", "combined_sex", "payer"})


#: Sets whose answers say how they came to be known.
SOURCED_SETS = frozenset({"race", "ethnicity", "combined", "race2024", "language", "combined_sex"})


@dataclass(frozen=True)
class StratumAxis:
    """All strata on one axis: every stratum of every set, then the crossed cells that are never shown.

    Race, ethnicity and combined strata overlap, so together they would give away people whom none of
    them shows: of race r, those who are not in "r, not Hispanic"; and those who are not Hispanic and
    whose race is not known. Nobody publishes these crossed cells; they are here to be protected.
    """

    strata: tuple[Stratum, ...]
    relations: tuple[Relation, ...]
    crossed: tuple[tuple[int, tuple[int, ...]], ...]
    """(index of the whole, indices of its shown parts) of each crossed cell: the whole less the parts."""

    @property
    def size(self) -> int:
        return len(self.strata) + len(self.crossed)

    @property
    def total(self) -> int:
        return next(i for i, s in enumerate(self.strata) if s.stratum_set.code == "all")

    def in_sets(self, codes: frozenset[str]) -> NDArray[np.bool_]:
        """Mask [S] of the strata of some sets."""
        return np.array(
            [s.stratum_set.code in codes for s in self.strata] + [False] * len(self.crossed)
        )

    @property
    def is_crossed(self) -> NDArray[np.bool_]:
        """Mask [S] of the crossed cells."""
        return np.arange(self.size) >= len(self.strata)

    @property
    def is_shown_twice(self) -> NDArray[np.bool_]:
        """Mask [S] of the strata that are the same people as one of another set (both "Hispanic")."""
        mask = np.zeros(self.size, dtype=bool)
        mask[[r.total for r in self.relations if len(r.parts) == 1]] = True
        return mask

    @property
    def is_unspecified(self) -> NDArray[np.bool_]:
        """Mask [S] of declined and unknown: nobody compares them, so they are hidden before others."""
        mask = np.zeros(self.size, dtype=bool)
        mask[[i for i, s in enumerate(self.strata) if s.kind in ("declined", "unknown")]] = True
        return mask

    def sets(self) -> list[tuple[str, list[int], int]]:
        """(code, indices, index of the reference or -1) of every set but `all`."""
        found: dict[str, list[int]] = {}
        for index, stratum in enumerate(self.strata):
            found.setdefault(stratum.stratum_set.code, []).append(index)
        return [
            (code, indices, next((i for i in indices if self.strata[i].is_reference), -1))
            for code, indices in found.items()
            if code != "all"
        ]


def read_stratum_axis() -> StratumAxis:
    """Lay out the strata of the database with the relations among them: one query."""
    strata = tuple(
        Stratum.objects.exclude(stratum_set__code__in=OWN_SETS)
        .select_related("stratum_set")
        .order_by("stratum_set__position", "position")
    )
    index = {(s.stratum_set.code, s.code): i for i, s in enumerate(strata)}
    total = index["all", "all"]
    by_set: dict[str, list[int]] = {}
    for i, stratum in enumerate(strata):
        by_set.setdefault(stratum.stratum_set.code, []).append(i)
    relations = [
        Relation(total, tuple(indices)) for code, indices in by_set.items() if code != "all"
    ]
    crossed: list[tuple[int, tuple[int, ...]]] = []

    def cross(whole: int, parts: tuple[int, ...]) -> None:
        relations.append(Relation(whole, (*parts, len(strata) + len(crossed))))
        crossed.append((whole, parts))

    # "Hispanic" of the combined set and of ethnicity are the same people.
    relations.append(Relation(index["ethnicity", "hispanic"], (index["combined", "hispanic"],)))
    not_hispanic = {
        index["race", stratum.code.removeprefix("nh_")]: i
        for i, stratum in enumerate(strata)
        if stratum.stratum_set.code == "combined" and stratum.code.startswith("nh_")
    }
    for race, part in not_hispanic.items():
        cross(race, (part,))
    cross(index["ethnicity", "not_hispanic"], tuple(not_hispanic.values()))
    return StratumAxis(strata, tuple(relations), tuple(crossed))

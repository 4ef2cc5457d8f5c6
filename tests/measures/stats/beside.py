"""What is published beside the cells of generated programmes: completeness and imputed rates.

Made as the site makes it, and written down twice: as the site's check takes it (`Beside`), and as a reader
reads it off the page (`Told`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from measures.stats.imputed_disclosure import PublishedImputed, imputed_leaks, is_blurred
from measures.stats.published_limits import imputed_limits, imputed_names, members_limits
from measures.stats.puzzle import Beside
from measures.stats.rounding import published_members
from measures.stats.suppression import is_small
from tests.measures.stats.attacks import Told

#: Fewer expected people have no imputed rate.
LEAST_EXPECTED = 30


@dataclass(frozen=True)
class Rates:
    """Imputed rates of one measure and unit; groups: those that are shown, by their name."""

    measure: int
    unit: int
    groups: dict[str, PublishedImputed]
    imputed_about: int


@dataclass(frozen=True)
class Imputed:
    """Imputed people [M, U, G, met and missed] of the groups, and the strata of their direct answers.

    rest: imputed people [M, U, met and missed] that are likely in none of these.
    """

    people: NDArray[np.float64]
    rest: NDArray[np.float64]
    strata: list[tuple[int, ...]]
    unknown: int

    def rates(
        self, n: NDArray[np.int64], x: NDArray[np.int64], hidden: NDArray[np.bool_]
    ) -> Iterator[Rates]:
        """What others see, by the rules of the pages: n, x, hidden are cells [M, U, S]."""
        combined = sorted({s for strata in self.strata for s in strata} | {self.unknown})
        place = {s: i for i, s in enumerate(combined)}
        for measure, unit in np.ndindex(n.shape[:2]):
            of = self.people[measure]
            about = published_members(round(of[unit].sum() + self.rest[measure, unit].sum()))
            if not about:
                continue
            groups = {}
            teams = of[1:] if unit == 0 else of[[unit]]
            for g, strata in enumerate(self.strata):
                here = list(strata)
                known, met = int(n[measure, unit, here].sum()), int(x[measure, unit, here].sum())
                expected = known + of[unit, g].sum()
                if expected < LEAST_EXPECTED or is_small([known, met, known - met]).any():
                    continue
                if hidden[measure, unit, here].any() and not is_blurred(
                    teams[:, g].sum(axis=1), teams[:, g, 0]
                ):
                    continue
                rate = round((met + of[unit, g, 0]) / expected, 2)
                groups[str(g)] = PublishedImputed(strata, float(round(expected / 10) * 10), rate)
            leaks = imputed_leaks(
                n[measure, unit, combined],
                x[measure, unit, combined],
                hidden[measure, unit, combined],
                [
                    PublishedImputed(tuple(place[s] for s in p.strata), p.expected, p.rate)
                    for p in groups.values()
                ],
                imputed_about=about,
                unknown=place[self.unknown],
            )
            yield Rates(measure, unit, {} if leaks else groups, about)


def random_imputed(
    seed: int,
    n: NDArray[np.int64],
    x: NDArray[np.int64],
    *,
    unknown: int,
    strata: list[tuple[int, ...]],
) -> Imputed:
    """The people of the stratum unknown by team, most of them with a likely group; all groups together add up."""
    rng = np.random.default_rng(seed)
    people = np.zeros((*n.shape[:2], len(strata), 2))
    rest = np.zeros((*n.shape[:2], 2))
    for measure, unit in np.ndindex(n.shape[0], n.shape[1] - 1):
        met = x[measure, unit + 1, unknown]
        missed = n[measure, unit + 1, unknown] - met
        found = rng.uniform(0.7, 1.0)
        for kind, count in enumerate((met, missed)):
            shares = rng.dirichlet(np.full(len(strata) + 1, 0.7))
            people[measure, unit + 1, :, kind] = found * count * shares[:-1]
            rest[measure, unit + 1, kind] = found * count * shares[-1]
    people[:, 0], rest[:, 0] = people[:, 1:].sum(axis=1), rest[:, 1:].sum(axis=1)
    return Imputed(people, rest, strata, unknown)


def as_checked(imputed: Imputed, rates: list[Rates]) -> Beside:
    """As the site's check takes it."""
    groups = [str(g) for g in range(len(imputed.strata))]
    limits, others = [], {}
    for one in rates:
        limits += imputed_limits(
            measure=one.measure,
            unit=one.unit,
            shown=one.groups,
            groups=groups,
            imputed_about=one.imputed_about,
            unknown=imputed.unknown,
        )
        true = imputed.people[one.measure, one.unit]
        values = [*true.ravel().tolist(), *imputed.rest[one.measure, one.unit].tolist()]
        for name, value in zip(imputed_names(groups), values, strict=True):
            others[one.measure, one.unit, name] = value
    return Beside(limits, others)


def as_read(imputed: Imputed, rates: list[Rates]) -> list[Told]:
    """The same as a reader takes it off the pages."""
    found = []
    names = [
        f"{g} {kind}" for g in [*range(len(imputed.strata)), "rest"] for kind in ("met", "not")
    ]
    for one in rates:
        at = one.measure, one.unit
        for g, group in one.groups.items():
            everybody = dict.fromkeys(group.strata, 1.0)
            others = {f"{g} met": 1.0, f"{g} not": 1.0}
            low, high = group.expected - 5, group.expected + 5
            found.append(Told(*at, low, high, everybody, everybody, others))
            for low, high, rate in ((0, inf, group.rate - 0.005), (-inf, 0, group.rate + 0.005)):
                # Hits less the rate's share of everybody.
                met, missed = 1 - rate, -rate
                found.append(
                    Told(
                        *at, low, high,
                        dict.fromkeys(group.strata, met), dict.fromkeys(group.strata, missed),
                        {f"{g} met": met, f"{g} not": missed},
                    )
                )  # fmt: skip
        about = one.imputed_about
        found.append(
            Told(
                *at,
                about - 5 if about > 10 else min(about, 1),
                about + 5 if about else 0,
                others=dict.fromkeys(names, 1.0),
            )
        )
        for kind in ("met", "not"):
            of_kind = {name: 1.0 for name in names if name.endswith(kind)}
            unknown = {imputed.unknown: -1.0}
            found.append(
                Told(*at, -inf, 0, hits=unknown, others=of_kind)
                if kind == "met"
                else Told(*at, -inf, 0, misses=unknown, others=of_kind)
            )
    return found


# --- completeness -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Completeness:
    """Members in tens of each unit, for the two kinds of strata: answers and no answer."""

    measure: int
    known: tuple[int, ...]
    unknown: int
    total: int
    members: dict[int, tuple[int, int]]


def count_members(n: NDArray[np.int64], *, known: tuple[int, ...], unknown: int) -> Completeness:
    """Where the first measure counts all members: the table tells most then. The programme's adds up."""
    return Completeness(
        0,
        known,
        unknown,
        0,
        {
            unit: (
                published_members(int(n[0, unit, list(known)].sum())),
                published_members(int(n[0, unit, unknown])),
            )
            for unit in range(1, n.shape[1])
        },
    )


def members_checked(table: Completeness) -> Beside:
    limits = []
    for unit, (known, unknown) in table.members.items():
        limits += members_limits(
            measure=table.measure,
            unit=unit,
            total=table.total,
            categories=[(table.known, [known]), ((table.unknown,), [unknown])],
            counts_all=True,
        )
    return Beside(limits)


def members_read(table: Completeness) -> list[Told]:
    """5 to 14 members are ten, 15 to 25 twenty, 26 to 34 thirty; 1 to 4 are ten too, and none is none."""
    found = []
    for unit, members in table.members.items():
        for strata, shown in zip((table.known, (table.unknown,)), members, strict=True):
            fits = [
                c for c in range(shown + 9) if (max(10, round(c / 10) * 10) if c else 0) == shown
            ]
            everybody = dict.fromkeys(strata, 1.0)
            found.append(Told(table.measure, unit, fits[0], fits[-1], everybody, everybody))
    return found
